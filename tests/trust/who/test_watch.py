"""The streams of a process are looked after together: two reads a second, however many there are."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import event, text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust import accounts, authentication, policy, sessions, tokens
from dure.trust.address import parsed
from dure.trust.principal import Principal, system
from dure.trust.roles import Role
from dure.trust.who.watch import Stream, Watch, valid

GRANTS = policy.GRANTS


async def people(database: Database, count: int) -> list[Principal]:
    """So many signed-in desks."""
    async with database.transaction() as tx:
        made = [
            await accounts.create(tx, system("test"), accounts.NewAccount(f"kim-{n}", "x", [Role.OPERATOR], "control"))
            for n in range(min(count, 20))
        ]
        secrets = [
            (await sessions.open_session(tx, made[n % 20]["id"], address="10.0.0.1", browser="", lasts=_DAY))[1]
            for n in range(count)
        ]
        return [await authentication.by_session(tx, one, parsed("10.0.0.1"), GRANTS, idle=_DAY) for one in secrets]


_DAY = timedelta(days=1)


async def test_a_thousand_streams_cost_two_reads(database: Database) -> None:
    streams = await people(database, 1000)
    watch = Watch(database)
    woken: list[int] = []
    for n, one in enumerate(streams):
        watch._streams[Stream(lambda n=n: woken.append(n))] = one  # type: ignore[misc]
    async with database.transaction() as tx:
        _row, _secret = await tokens.make(tx, system("test"), tokens.Wanted(Role.SERVICE, "x"))
        await tx.execute(text("update session set revoked_at = now() where id = :id"), {"id": streams[7].session_id})
    asked: list[str] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    await watch.look()
    assert woken == [7]
    assert len([one for one in asked if one.startswith("select")]) <= 2
    await watch.look()
    assert woken == [7], "each is told once"


async def test_whatever_changes_ends_a_stream(database: Database, clock: HeldClock) -> None:
    changes = {
        "state": "update account set state = 'suspended'",
        "agency": "update account set agency_id = 'fire'",
        "shared": "update account set shared_suspected_at = now()",
        "roles": "insert into grant_role (account_id, role, granted_by) select id, 'police', 'x' from account",
        "until": "update grant_role set until = '2020-01-01'",
        "networks": "update agency set networks = '{192.0.2.0/24}' where id = 'control'",
        "session": "update session set revoked_at = now()",
    }
    (one,) = await people(database, 1)
    for name, change in changes.items():
        async with database.transaction() as tx:
            assert one in await valid(tx, [one]), name
            await tx.execute(text(change))
            assert one not in await valid(tx, [one]), name
            await tx.connection.rollback()
    async with database.transaction() as tx:
        assert one in await valid(tx, [one, system("dure")])
        stranger = Principal("account", UUID(int=1), "x", frozenset(), session_id=UUID(int=2))
        assert await valid(tx, [stranger]) == set()
    watch, ended = Watch(database), []
    watch._streams[Stream(lambda: ended.append(1))] = one
    clock.advance(24 * 3600)
    await watch.look()
    assert ended == [1]
