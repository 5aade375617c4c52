"""Break-glass reaches those who watch over personal data, at night too; whoever broke it is not asked to watch."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from dure.engine.consumers import Runner, register
from dure.engine.database import Database
from dure.engine.outbox import Relay
from dure.kernel.clock import HeldClock
from dure.notices import contacts, glass
from dure.notices.claiming import claim
from dure.notices.model import Channel, Medium
from dure.trust import accounts
from dure.trust.accounts import NewAccount
from dure.trust.principal import Principal, system
from dure.trust.purposes import glass as glasses
from dure.trust.roles import Role
from tests.notices.conftest import Someone

NIGHT = datetime(2026, 12, 4, 18, 0, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")


async def account(database: Database, name: str, role: Role, *media: Medium) -> UUID:
    async with database.transaction() as tx:
        row = await accounts.create(tx, None, NewAccount(name, name, [role], password_hash="x"))
        for medium in media:
            address = "010-2222-3333" if medium is Medium.TEXT else f"{name}@city.example"
            await contacts.add(tx, system("test"), f"account:{row['id']}", medium, address)
    found: UUID = row["id"]
    return found


async def told(database: Database) -> list[tuple[str, UUID, str]]:
    """Events reach the consumer as in a city; who was told by then, how and of what."""
    await relayed(database)
    async with database.transaction() as tx:
        rows = await tx.rows(text("select channel, account_id, template from notice order by template, channel, id"))
    return [(row["channel"], row["account_id"], row["template"]) for row in rows]


async def relayed(database: Database) -> None:
    relay = Relay(database, None, source="test")  # type: ignore[arg-type]  # it gives positions and publishes nothing
    await relay.take()
    await relay.number()
    async with database.transaction() as tx:
        await register(tx, [glass.CONSUMER])
    runner = Runner(database, glass.CONSUMER)
    while await runner.step():
        pass


async def test_the_watchers_are_told_at_once(database: Database, clock: HeldClock, someone: Someone) -> None:
    clock.advance((NIGHT - clock.now()).total_seconds())
    operator = await account(database, "oper-7", Role.OPERATOR)
    auditor = await account(database, "audit-1", Role.AUDITOR, Medium.TEXT, Medium.EMAIL)
    other = await account(database, "audit-2", Role.AUDITOR)
    await account(database, "admin-1", Role.ADMIN, Medium.TEXT)
    person = await someone()
    async with database.transaction() as tx:
        who = Principal("account", operator, "oper-7", frozenset({Role.OPERATOR}))
        await glasses.break_glass(tx, who, person, "life", None, "숨을 못 쉰다", SEOUL)
    expected = {("sms", auditor, "glass"), ("email", auditor, "glass"), ("sms", other, "glass")}
    found = await told(database)
    assert (len(found), set(found)) == (3, expected)
    async with database.transaction() as tx:
        await tx.execute(text("update consumer set position = 0"))
    assert set(await told(database)) == expected  # the same event again tells nobody twice
    async with database.transaction() as tx:
        messages = await claim(tx, [Channel.SMS], 10)
    assert [one.to for one in messages] == ["010-2222-3333"]
    assert messages[0].text.startswith("긴급 열람: oper-7 12-05 03:00 개인정보. ")
    assert "홍길동" not in messages[0].text
    assert str(person) not in messages[0].text


async def test_an_overdue_review_goes_to_administrators_and_never_to_who_broke_it(
    database: Database, clock: HeldClock, someone: Someone
) -> None:
    auditor = await account(database, "audit-1", Role.AUDITOR, Medium.TEXT)
    admin = await account(database, "admin-1", Role.ADMIN, Medium.TEXT)
    async with database.transaction() as tx:
        who = Principal("account", auditor, "audit-1", frozenset({Role.AUDITOR}))
        await glasses.break_glass(tx, who, await someone(), "life", None, "", SEOUL)
    assert await told(database) == [("sms", admin, "glass")]  # no auditor is left to watch
    clock.advance(timedelta(days=10).total_seconds())
    async with database.transaction() as tx:
        assert await glasses.escalate(tx) == 1
    assert await told(database) == [("sms", admin, "glass"), ("sms", admin, "glass_due")]
