"""The nightly job on a real database: once a day, resumable, recorded; what is held stays, what is due goes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dure.engine.context import Context
from dure.engine.database import Database, Tx
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.clock import HeldClock
from dure.trust.retention import coming, holding, model, night, registry
from dure.trust.retention.model import Kind, Mark, Rule, Thing
from dure.trust.roles import Role
from tests.trust.conftest import MONDAY, principal

RULE = Rule(date(2026, 1, 1), 30, "시험 기준")
_DUE = text(
    "select * from old_thing where at < :before and (cast(:after_at as timestamptz) is null or (at, id) > "
    "(:after_at, :after_id)) order by at, id limit :most"
)


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    values = {"before": before, "most": most, "after_at": after.at if after else None}
    return [
        Thing(
            row["id"],
            row["at"],
            incidents=frozenset({row["incident"]} - {None}),
            cameras=frozenset({row["camera"]} - {None}),
        )
        for row in await tx.rows(_DUE, {**values, "after_id": after.id if after else None})
    ]


async def _destroy(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    await tx.execute(text("delete from old_thing where id = any(:ids)"), {"ids": [one.id for one in things]})


KIND = Kind("old_thing", (RULE,), _find_due, _destroy)


@pytest.fixture
async def context(database: Database, settings: Settings) -> Context:
    """A city with a table of old things."""
    async with database.transaction() as tx:
        await tx.execute(
            text("create table old_thing (id text primary key, at timestamptz not null, incident text, camera text)")
        )
    return Context(settings, database, None, catalogue())  # type: ignore[arg-type]


@pytest.fixture
def _kinds() -> Iterator[None]:
    """Only the old things are registered."""
    before, references = list(registry.kinds().values()), registry.references()
    registry.install([KIND])
    yield
    registry.install(before, references)


async def add(database: Database, *rows: tuple[str, datetime, str | None, str | None]) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            text("insert into old_thing values (:id, :at, :incident, :camera)"),
            [{"id": id_, "at": at, "incident": incident, "camera": camera} for id_, at, incident, camera in rows],
        )


async def left(database: Database) -> set[str]:
    async with database.transaction() as tx:
        return {row["id"] for row in await tx.rows(text("select id from old_thing"))}


async def records(database: Database) -> list[Any]:
    async with database.transaction() as tx:
        return list(await tx.rows(text("select * from retention_record order by at, id")))


def old(days: float) -> datetime:
    return MONDAY - timedelta(days=days)


async def test_what_is_due_goes_and_is_recorded(context: Context, database: Database) -> None:
    await add(database, ("a", old(31), None, None), ("b", old(40), None, None), ("c", old(29), None, None))
    assert await night.run(context, [KIND]) == date(2026, 3, 2)
    assert await left(database) == {"c"}
    (record,) = await records(database)
    gone = [Thing("a", old(31)), Thing("b", old(40))]
    assert (record["things"], bytes(record["digest"])) == (2, model.digest(gone))
    assert (record["rule_days"], record["rule_since"], record["source"]) == (30, RULE.since, RULE.source)
    assert (record["first_at"], record["last_at"]) == (old(40), old(31))
    async with database.transaction() as tx:
        line = await tx.row(text("select * from audit where action = 'retention.destroy'"))
    assert line is not None
    assert line["actor"] == "system:retention"


async def test_it_runs_once_a_day_and_again_the_next(context: Context, database: Database, clock: HeldClock) -> None:
    assert await night.run(context, [KIND]) is not None
    await add(database, ("late", old(31), None, None))
    assert await night.run(context, [KIND]) is None
    clock.set(datetime(2026, 3, 2, 17, 59, tzinfo=UTC))  # 02:59 in Korea
    assert await night.run(context, [KIND]) is None
    assert await left(database) == {"late"}
    clock.advance(60)
    assert await night.run(context, [KIND]) == date(2026, 3, 3)
    assert await left(database) == set()


async def test_it_goes_on_where_it_was_stopped(context: Context, database: Database) -> None:
    await add(database, *((f"{n:02}", old(60 - n), None, None) for n in range(20)))
    calls = 0

    async def stopped(context: Context, tx: Tx, things: Sequence[Thing]) -> None:
        nonlocal calls
        calls += 1
        await _destroy(context, tx, things)
        if calls == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await night.run(context, [replace(KIND, destroy=stopped)], most=3)
    assert len(await left(database)) == 14, "what the third batch took out came back with it"
    assert sum(one["things"] for one in await records(database)) == 6
    assert await night.run(context, [KIND], most=3) == date(2026, 3, 2)
    assert await left(database) == set()
    kept = await records(database)
    assert sum(one["things"] for one in kept) == 20
    assert len({bytes(one["digest"]) for one in kept}) == len(kept)


async def test_a_kind_that_fails_is_tried_again_and_stops_no_other(context: Context, database: Database) -> None:
    await add(database, ("a", old(31), None, None))

    async def broken(_context: Context, _tx: Tx, _things: Sequence[Thing]) -> None:
        raise OSError("no")

    bad = Kind("bad", (RULE,), _find_due, broken)
    assert await night.run(context, [bad, KIND]) is not None
    assert await left(database) == set()
    async with database.transaction() as tx:
        assert await tx.scalar(text("select problem from retention_step where kind = 'bad'")) == "OSError"
        assert await tx.scalar(text("select finished_at from retention_run")) is None
    assert await night.run(context, [Kind("bad", (RULE,), _find_due, _destroy), KIND]) is not None
    assert await night.run(context, [KIND]) is None


async def test_holds_keep_and_releases_let_go(context: Context, database: Database, clock: HeldClock) -> None:
    await add(
        database,
        ("case", old(50), "inc-1", None),
        ("camera in time", old(45), None, "cam-1"),
        ("camera before", old(60), None, "cam-1"),
        ("other", old(50), "inc-2", None),
    )
    who = principal(Role.AUDITOR)
    until = MONDAY + timedelta(days=10)
    async with database.transaction() as tx:
        case = await holding.place(tx, who, holding.Wanted("incident", "inc-1", "수사 협조", until))
        await holding.place(
            tx, who, holding.Wanted("camera", "cam-1", "수사 협조", until, from_at=old(46), to_at=old(44))
        )
    await night.run(context, [KIND])
    assert await left(database) == {"case", "camera in time"}
    async with database.transaction() as tx:
        await holding.release(tx, who, case, "수사 종결")
    clock.advance(86_400)
    await night.run(context, [KIND])
    assert await left(database) == {"camera in time"}
    clock.advance(10 * 86_400)  # the other hold has ended by itself
    await night.run(context, [KIND])
    assert await left(database) == set()


async def test_over_many_cities_nothing_held_goes_and_nothing_due_stays(
    context: Context, database: Database, clock: HeldClock
) -> None:
    chance = Random(20260302)
    who = principal(Role.AUDITOR)
    for _city in range(25):
        clock.advance(86_400)
        now = clock.now()
        rows = [
            (
                f"{chance.random()}",
                now - timedelta(hours=chance.uniform(0, 60 * 24)),
                chance.choice([None, "i1", "i2"]),
                chance.choice([None, "c1", "c2"]),
            )
            for _ in range(chance.randint(0, 25))
        ]
        if rows:
            await add(database, *rows)
        async with database.transaction() as tx:
            await tx.execute(text("delete from retention_hold"))
            for _ in range(chance.randint(0, 3)):
                scope, target = chance.choice([("incident", "i1"), ("camera", "c2"), ("period", None)])
                since = now - timedelta(hours=chance.uniform(0, 50 * 24))
                whole = scope != "period" and chance.random() < 0.5
                await holding.place(
                    tx,
                    who,
                    holding.Wanted(
                        scope,  # type: ignore[arg-type]
                        target,
                        "수사 협조",
                        now + timedelta(hours=chance.uniform(1, 40)),
                        None if whole else since,
                        None if whole else since + timedelta(hours=chance.uniform(1, 200)),
                    ),
                )
            there = await tx.rows(text("select * from old_thing"))
            held = await tx.rows(text("select * from retention_hold"))

        def kept(row: Any, held: Any = held) -> bool:
            return any(
                (one["from_at"] is None or one["from_at"] <= row["at"] < one["to_at"])
                and (one["scope"] == "period" or one["target"] == row[one["scope"]])
                for one in held
            )

        expected = {row["id"] for row in there if row["at"] >= now - timedelta(days=30) or kept(row)}
        await night.run(context, [KIND], most=chance.randint(1, 7))
        assert await left(database) == expected


@pytest.mark.usefixtures("_kinds")
async def test_tomorrow_tells_what_the_night_does(context: Context, database: Database, clock: HeldClock) -> None:
    await night.run(context, [KIND])
    await add(
        database,
        *((f"{n:03}", old(29.8), "inc-1" if n % 4 == 0 else None, None) for n in range(40)),
        ("young", old(10), None, None),
    )
    async with database.transaction() as tx:
        until = MONDAY + timedelta(days=9)
        await holding.place(tx, principal(Role.AUDITOR), holding.Wanted("incident", "inc-1", "수사 협조", until))
        at, (told,) = await coming.tomorrow(context, tx)
    assert at == datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
    assert (told.going, told.held, told.more) == (30, 10, False)
    assert len(told.examples) == coming.EXAMPLES
    clock.set(at)
    await night.look(context)
    assert len(await left(database)) == 11
    assert not {one.id for one in told.examples} & await left(database)


async def test_the_record_can_be_added_to_and_never_changed(context: Context, database: Database) -> None:
    await add(database, ("a", old(31), None, None))
    await night.run(context, [KIND])
    for statement in (
        "update retention_record set things = 2",
        "delete from retention_record",
        "truncate retention_record",
    ):
        with pytest.raises(DBAPIError):
            async with database.transaction() as tx:
                await tx.execute(text(statement))
