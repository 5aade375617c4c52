"""The kinds that a city has: each finds what is due and takes out exactly that; the table tells all of them."""

from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

import dure
from dure import app
from dure.engine.context import Context
from dure.engine.database import Database, metadata
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.clock import HeldClock
from dure.kernel.messages import LANGUAGES
from dure.respond.kept import INCIDENT_WORDS
from dure.sense.kept import OBSERVATION, REFUSAL
from dure.trust import vault
from dure.trust.principal import system
from dure.trust.purposes import ledger
from dure.trust.retention import holding, kinds, night, registry
from dure.trust.retention.model import Kind
from dure.trust.roles import Role
from dure.trust.vault import Person, texts
from tests.trust.conftest import MONDAY, account, principal

BY_NAME = {kind.name: kind for kind in kinds.KINDS}


@pytest.fixture
def context(database: Database, settings: Settings) -> Context:
    """A city."""
    return Context(settings, database, None, catalogue())  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _whole_city() -> None:
    """The kinds as app.py installs them."""
    registry.install(
        (kind for room in app.ROOMS for kind in room.retention),
        (pair for room in app.ROOMS for pair in room.keeps_people),
    )


async def count(database: Database, table: str) -> int:
    async with database.transaction() as tx:
        return int(await tx.scalar(text(f"select count(*) from {table}")))


async def nights(context: Context, clock: HeldClock, many: int, *which: Kind) -> None:
    """So many nights pass."""
    for _ in range(many):
        assert await night.run(context, which) is not None
        clock.advance(86_400)


def test_every_kind_of_the_city_is_named_and_dated() -> None:
    found = registry.kinds()
    assert {"person", "session", "link", "video", "quarantine", "welfare", "audit", "observation", "refusal"} <= set(
        found
    )
    texts = catalogue()
    for kind in found.values():
        assert kind.rules
        assert all(rule.source and rule.days >= 0 for rule in kind.rules)
        assert kind.rule(date(2026, 3, 2))
        assert kind.destroy is None or kind.find_due is not None
        for language in LANGUAGES:
            for key in (f"trust.retention.kind.{kind.name}", kind.begins):
                assert key in texts.keys(language), key


def test_wherever_a_person_is_referred_to_the_table_of_references_knows() -> None:
    """A column that nobody listed would let a record go that is needed."""
    package = Path(dure.__file__).parent
    for file in package.rglob("tables.py"):  # whichever tables other tests have imported
        import_module(".".join(("dure", *file.relative_to(package).with_suffix("").parts)))
    own = {  # beside the person, about what happened, or decided by a condition of its own
        *("person", "person_index", "person_unused", "audit", "person_opening", "glass", "purpose", "rights_request"),
        *("vault_link_waiting", "audit_own"),
    }
    columns = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.name in {"person_id", "caller_id", "patient_id", "owner_id"}
        and table.name not in own
        and "account.id" not in {key.target_fullname for key in column.foreign_keys}
    }
    assert columns - set(registry.references()) == set()


def test_two_rooms_do_not_keep_one_kind_and_a_real_one_takes_the_lines_place() -> None:
    real = Kind("welfare", BY_NAME["welfare"].rules, OBSERVATION.find_due, OBSERVATION.destroy)
    for order in ([*kinds.KINDS, real], [real, *kinds.KINDS]):
        registry.install(order)
        assert registry.kinds()["welfare"] is real
    with pytest.raises(ValueError, match="two rooms"):
        registry.install([real, real])
    with pytest.raises(TypeError):
        registry.install(["welfare"])


async def test_a_record_goes_within_five_days_once_nothing_needs_it(
    context: Context, database: Database, clock: HeldClock, settings: Settings
) -> None:
    held = vault.at(settings.data)
    names = ("unused", "owner", "called", "consented", "held", "asked")
    async with database.transaction() as tx:
        ids = {name: (await held.put(tx, Person(name=name)))[0] for name in names}
        await tx.execute(
            text("insert into asset (id, kind, code, name, person_id) values (:id, 'stall', 's1', 's1', :person)"),
            {"id": uuid4(), "person": ids["owner"]},
        )
        await tx.execute(
            text("insert into care_person (id, code, kind, person_id) values (:id, 'c1', 'elder', :person)"),
            {"id": uuid4(), "person": ids["called"]},
        )
        until = MONDAY + timedelta(days=90)
        await ledger.begin(tx, system("test"), ids["consented"], "pipa.15.1.1", "안부 확인", until)
        await holding.place(tx, principal(Role.AUDITOR), holding.Wanted("person", str(ids["held"]), "수사 협조", until))
        await tx.execute(
            text(
                "insert into rights_request (id, person_id, kind, words, received_at, due_at, rule, state) "
                "values (:id, :person, 'access', '', :now, :now, '', 'open')"
            ),
            {"id": uuid4(), "person": ids["asked"], "now": tx.now()},
        )
    await nights(context, clock, 3, BY_NAME["person"])
    assert await count(database, "person") == 6
    await nights(context, clock, 2, BY_NAME["person"])
    async with database.transaction() as tx:
        left = set((await held.opened(tx, ids.values())).keys())
        assert left == {ids[name] for name in names if name != "unused"}
        await tx.execute(text("delete from asset"))
    await nights(context, clock, 5, BY_NAME["person"])
    async with database.transaction() as tx:
        assert ids["owner"] not in await held.opened(tx, [ids["owner"]])
        assert ids["held"] in await held.opened(tx, [ids["held"]])


async def test_a_record_that_is_needed_again_stays(
    context: Context, database: Database, clock: HeldClock, settings: Settings
) -> None:
    held = vault.at(settings.data)
    async with database.transaction() as tx:
        person = (await held.put(tx, Person(name="홍길동")))[0]
    await nights(context, clock, 3, BY_NAME["person"])
    async with database.transaction() as tx:
        await tx.execute(
            text("insert into care_person (id, code, kind, person_id) values (:id, 'c1', 'elder', :person)"),
            {"id": uuid4(), "person": person},
        )
    await nights(context, clock, 4, BY_NAME["person"])
    async with database.transaction() as tx:
        assert person in await held.opened(tx, [person])
        assert await tx.scalar(text("select count(*) from person_unused")) == 0


async def test_ended_sessions_go_after_a_month(context: Context, database: Database, clock: HeldClock) -> None:
    made = await account(database, "oper-1", Role.OPERATOR)
    rows = {"over": (-31, None), "revoked": (9, -31), "fresh": (-29, None), "going on": (1, None)}
    async with database.transaction() as tx:
        for name, (expires, revoked) in rows.items():
            await tx.execute(
                text(
                    "insert into session (id, secret_hash, account_id, browser, created_at, seen_at, expires_at, "
                    "revoked_at) values (:id, :secret, :account, :name, :now, :now, :expires, :revoked)"
                ),
                {
                    "id": uuid4(),
                    "secret": name.encode(),
                    "account": made.id,
                    "name": name,
                    "now": MONDAY,
                    "expires": MONDAY + timedelta(days=expires),
                    "revoked": None if revoked is None else MONDAY + timedelta(days=revoked),
                },
            )
    await night.run(context, [BY_NAME["session"]])
    async with database.transaction() as tx:
        left = {row["browser"] for row in await tx.rows(text("select browser from session"))}
    assert left == {"fresh", "going on"}


@pytest.mark.parametrize("name", ["link", "citizen_link", "purpose", "rights_request", "glass"])
async def test_trusts_own_kinds_find_nothing_in_a_new_city(context: Context, database: Database, name: str) -> None:
    await night.run(context, [BY_NAME[name]])
    assert await count(database, "retention_record") == 0
    async with database.transaction() as tx:
        assert (
            await tx.scalar(text("select done_at from retention_step where kind = :kind"), {"kind": name}) is not None
        )


async def test_purposes_and_judged_glass_are_kept_three_years(
    context: Context, database: Database, clock: HeldClock
) -> None:
    person, made = uuid4(), await account(database, "oper-1", Role.OPERATOR)
    async with database.transaction() as tx:
        await ledger.begin(tx, system("test"), person, "pipa.15.1.1", "안부 확인", MONDAY + timedelta(days=1))
        for reviewed in (True, False):
            await tx.execute(
                text(
                    "insert into glass (id, person_id, account_id, actor_name, reason, opened_at, until_at, "
                    "review_due_at, reviewed_at, reviewed_by, verdict) values (:id, :person, :account, 'x', 'life', "
                    ":now, :now, :now, :at, :by, :verdict)"
                ),
                {
                    "id": uuid4(),
                    "person": person,
                    "account": made.id,
                    "now": MONDAY,
                    "at": MONDAY if reviewed else None,
                    "by": UUID(int=8) if reviewed else None,
                    "verdict": "proper" if reviewed else None,
                },
            )
    which = [BY_NAME["purpose"], BY_NAME["glass"]]
    clock.set(MONDAY + timedelta(days=3 * 365 - 1))
    await night.run(context, which)
    assert (await count(database, "purpose"), await count(database, "glass")) == (1, 2)
    clock.advance(3 * 86_400)
    await night.run(context, which)
    assert (await count(database, "purpose"), await count(database, "glass")) == (0, 1), "unreviewed glass stays"


async def test_files_of_readings_go_by_the_citys_setting_and_a_hold_keeps_their_hours(
    context: Context, database: Database, clock: HeldClock
) -> None:
    async def file(days: int) -> None:
        hour = datetime(2026, 3, 2, 9, 0, tzinfo=UTC) - timedelta(days=days)
        values: dict[str, Any] = {"path": f"{days}", "hour": hour, "to": hour + timedelta(minutes=59)}
        async with database.transaction() as tx:
            await tx.execute(
                text(
                    "insert into history_file values (:path, '', 1, 1, 'o', 1, 1, :hour, :hour, :to, :hour)",
                ),
                values,
            )

    for days in (399, 401, 402, 403):
        await file(days)
    async with database.transaction() as tx:
        begin = MONDAY - timedelta(days=402)
        wanted = holding.Wanted(
            "device", "d1", "화재 조사", MONDAY + timedelta(days=9), begin, begin + timedelta(minutes=5)
        )
        await holding.place(tx, principal(Role.AUDITOR), wanted)
    await night.run(context, [OBSERVATION])
    async with database.transaction() as tx:
        left = {row["path"] for row in await tx.rows(text("select path from history_file"))}
    assert left == {"399", "402"}


async def test_counts_of_refusals_go_after_a_month(context: Context, database: Database) -> None:
    async with database.transaction() as tx:
        for device, days in (("old", 31), ("young", 29)):
            at = MONDAY - timedelta(days=days)
            await tx.execute(
                text("insert into refusal values ('mqtt', :device, 'too_large', 3, :at, :at, '')"),
                {"device": device, "at": at},
            )
    await night.run(context, [REFUSAL])
    async with database.transaction() as tx:
        assert [row["device"] for row in await tx.rows(text("select device from refusal"))] == ["young"]


async def test_the_words_of_an_incident_go_and_its_measures_stay(
    context: Context, database: Database, clock: HeldClock, settings: Settings
) -> None:
    ids = {name: uuid4() for name in ("old", "held", "young", "open")}
    held = vault.at(settings.data)
    async with database.transaction() as tx:
        caller = (await held.put(tx, Person(name="신고자")))[0]
        for name, closed in (("old", -1096), ("held", -1096), ("young", -1000), ("open", None)):
            at = MONDAY - timedelta(days=1097)
            await tx.execute(
                text(
                    "insert into incident (id, receipt_no, type, merge_group, severity, severity_by_signals, status, "
                    "mode, source, description, located, caller_id, opened_at, signal_at, last_signal_at, "
                    "acknowledge_by, closed_at, created_at, updated_at) values (:id, :name, 'fire', 'fire', 'watch', "
                    "'watch', :status, 'real', '119', :words, false, :caller, :at, :at, :at, :at, :closed, :at, :at)"
                ),
                {
                    "id": ids[name],
                    "name": name,
                    "status": "open" if closed is None else "closed",
                    "words": await texts.sealed(tx, ids[name], "incident.description", "3층에서 연기"),
                    "caller": caller,
                    "at": at,
                    "closed": None if closed is None else MONDAY + timedelta(days=closed),
                },
            )
        until = MONDAY + timedelta(days=90)
        wanted = holding.Wanted("incident", str(ids["held"]), "화재 조사", until)
        await holding.place(tx, principal(Role.AUDITOR), wanted)
    await nights(context, clock, 2, INCIDENT_WORDS)
    async with database.transaction() as tx:
        rows = await tx.rows(text("select * from incident"))
        words = {
            row["receipt_no"]: (row["description"], row["caller_id"])
            for row in texts.opened(tx, "incident", rows, "description", by="id")
        }
    assert words.pop("old") == ("", None)
    assert set(words.values()) == {("3층에서 연기", caller)}
    async with database.transaction() as tx:
        (record,) = await tx.rows(text("select * from retention_record"))
    assert (record["kind"], record["things"]) == ("incident_words", 1)


async def test_old_audit_lines_go_and_the_log_stays_whole(
    context: Context, database: Database, clock: HeldClock
) -> None:
    clock.set(MONDAY - timedelta(days=1098))
    await account(database, "long-ago", Role.OPERATOR)
    clock.set(MONDAY)
    before = await count(database, "audit")
    await night.run(context, [BY_NAME["audit"], BY_NAME["audit_rights"]])
    async with database.transaction() as tx:
        left = await tx.scalar(
            text("select count(*) from audit where at < :old"), {"old": MONDAY - timedelta(days=731)}
        )
        seals = await tx.scalar(text("select count(*) from audit_seal"))
    assert before > 0
    assert left == 0
    assert seals >= before
