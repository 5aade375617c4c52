"""A full disk of recordings is an alarm that operators see, and who leads the shift hears of it once."""

from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.events import Event
from dure.respond import recordings
from dure.video.past import sweep
from tests.respond.shifts.conftest import Desk
from tests.respond.shifts.test_rising import numbers

__all__ = ["numbers"]


async def heard(database: Database) -> list[tuple[str, bool, int]]:
    """All events of engines handled, twice; the stage of each alarm, whether it is open, its count."""
    async with database.transaction() as tx:
        rows = await tx.rows(text("select * from outbox where entity = 'engine' order by position"))
        for row in [*rows, *rows]:
            await recordings.on_engine(tx, Event(row["type"], "engine", row["entity_id"], row["entity_version"], {}))
        alarms = await tx.rows(text("select * from alarm order by raised_at, id"))
    return [(row["stage"], row["closed_at"] is None, row["count"]) for row in alarms]


async def test_the_oldest_going_and_a_stop_are_alarms_and_told_to_who_leads(
    desk: Desk, roster_id: str, numbers: dict[str, UUID], database: Database, clock: HeldClock
) -> None:
    assert roster_id
    clock.advance(8 * 3_600)  # the shift of lead-2, who has a number
    await sweep.tell(database, early=0, room=True, fault=None)
    assert await heard(database) == []
    await sweep.tell(database, early=3, room=True, fault=None)
    assert [one[1:] for one in await heard(database)] == [(True, 1)]
    clock.advance(60)
    await sweep.tell(database, early=0, room=False, fault=None)
    assert [one[1:] for one in await heard(database)] == [(True, 1)], "one alarm for as long as it lasts"
    async with database.transaction() as tx:
        told = await tx.rows(
            text("select a.label, n.key, n.channel, n.life_safety from notice n join account a on a.id = n.account_id")
        )
        alarm = await tx.row(text("select rule, category, severity, subject from alarm"))
    assert {row["label"] for row in told} == {"lead-2"}
    assert sorted(row["key"].split(":")[1] for row in told) == ["lagging", "stopped"]
    assert alarm is not None
    assert dict(alarm) == {
        "rule": "recordings_full",
        "category": "fault",
        "severity": "serious",
        "subject": "recordings",
    }
    http = await desk("oper-2")
    shown = (await http.get("/shifts/now")).status_code
    assert shown == 200
    clock.advance(60)
    await sweep.tell(database, early=0, room=True, fault=None)
    assert [one[1] for one in await heard(database)] == [False]
