"""A drill ends when its incident is closed: it is scored, and its finding counts as rehearsed where that was enough."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.events import Event, Scalar
from dure.learn import findings, measuring, policies
from dure.learn.drills import model
from dure.learn.drills.model import Done
from dure.respond.runs import keeping
from dure.respond.runs.index import index
from dure.respond.runs.keeping import Kept
from dure.respond.runs.said import answers
from dure.respond.runs.state import Item, ItemStatus

CHANGED = "DrillChanged.v1"
_OF = text("select * from drill where incident_id = :id for update")
_CLOCKS = text("select name, seconds, target_s from measured_clock where incident_id = :id order by name")
_END = text(
    "update drill set ended_at = :at, score = cast(:score as jsonb), version = version + 1 where id = :id "
    "returning version"
)


async def ended(tx: Tx, incident: RowMapping) -> None:
    """Score the drill that this incident was. Its clocks have been measured."""
    drill = await tx.row(_OF, {"id": incident["id"]})
    if drill is None:
        return
    clocks = [not measuring.over(row) for row in await tx.rows(_CLOCKS, {"id": incident["id"]})]
    kept = await keeping.load(tx, incident["id"], lock=False)
    parts = model.parts(_steps(kept), clocks, _decisions(kept))
    points = model.score(parts)
    needed = (await policies.on(tx, policies.today(tx))).pass_score
    score: dict[str, Any] = {
        "points": points,
        "needed": needed,
        "passed": points is not None and points >= needed,
        "parts": [{"name": part.name, "done": part.done, "of": part.of, "weight": part.weight} for part in parts],
    }
    await _write(tx, drill, incident["closed_at"], score)
    if score["passed"] and drill["finding_id"] is not None:
        await findings.rehearsed(tx, drill["finding_id"], drill["number"])


async def reopened(tx: Tx, incident_id: UUID) -> None:
    """It goes on: nothing is scored yet."""
    drill = await tx.row(_OF, {"id": incident_id})
    if drill is not None and drill["ended_at"] is not None:
        await _write(tx, drill, None, None)


async def _write(tx: Tx, drill: RowMapping, at: object, score: dict[str, Any] | None) -> None:
    told = None if score is None else msgspec.json.encode(score).decode()
    version = await tx.scalar(_END, {"id": drill["id"], "at": at, "score": told})
    data: dict[str, Scalar] = {"incident_id": str(drill["incident_id"])}
    await tx.emit(Event(CHANGED, "drill", str(drill["id"]), version, data))


def _steps(kept: Kept | None) -> list[Done]:
    """A step is done in time where it is done and nothing in it was late."""
    if kept is None:
        return []
    places, items = index(kept.plan), kept.state.items
    late = {places.steps[key] for key, item in items.items() if item.late_at is not None and ".g" not in key}
    return [Done(_done(items.get(str(step.number))), step.number in late) for step in kept.plan.steps]


def _decisions(kept: Kept | None) -> list[Done]:
    """What was asked of people. A branch that was never taken asked nothing."""
    if kept is None:
        return []
    asked = [(key, thing) for key, thing in index(kept.plan).things.items() if answers(thing)]
    items = kept.state.items
    return [
        Done(items[key].answer is not None, items[key].late_at is not None)
        for key, _thing in asked
        if key in items and items[key].status is not ItemStatus.WAITING
    ]


def _done(item: Item | None) -> bool:
    return item is not None and item.status is ItemStatus.DONE
