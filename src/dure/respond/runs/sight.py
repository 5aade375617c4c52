"""What a run sees of its incident: read anew each time, so that no event can be missed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.piped import Ask
from dure.kernel.severity import Severity
from dure.respond.model import Status
from dure.respond.playbooks.model import Happening
from dure.respond.runs import keeping
from dure.respond.runs.state import Settled, World

_HANDED = text(
    "select min(h.sent_at) filter (where h.kind <> 'tell') as handed_off, "
    "min(h.answered_at) filter (where h.status = 'acknowledged') as answered "
    "from handoff h join incident i on i.id = h.incident_id where i.id = :id or i.merged_into = :id"
)
BY_ITSELF = frozenset({"notice", "screen", "cameras", "warning"})
"""Attempts that are done once they are made; the others wait for somebody."""


async def seen(tx: Tx, incident: RowMapping, *, asks: frozenset[str], tells: frozenset[str] = frozenset()) -> World:
    """The world of a run. `asks` are the acts that wait for an answer, so that being made does not end them; `tells`
    are hand-offs that only tell: nobody has to acknowledge them.
    """
    return world_of(incident, await tx.look(*asked(incident["id"])), asks=asks, tells=tells)


def asked(incident_id: UUID) -> tuple[Ask, Ask]:
    """What `world_of` makes a world of."""
    return (_HANDED, {"id": incident_id}), (keeping.ATTEMPTS, {"incident": incident_id})


def world_of(
    incident: RowMapping,
    rows: Sequence[Sequence[RowMapping]],
    *,
    asks: frozenset[str],
    tells: frozenset[str] = frozenset(),
) -> World:
    """The world by the rows of what was asked."""
    (handed,), attempts = rows
    at: dict[Happening, datetime | None] = {
        Happening.SIGNAL: incident["signal_at"],
        Happening.CONFIRMED: incident["confirmed_at"],
        Happening.ACKNOWLEDGED: incident["acknowledged_at"],
        Happening.HANDED_OFF: handed["handed_off"],
        Happening.ANSWERED: handed["answered"],
        Happening.CLOSED: incident["closed_at"],
    }
    settled = tuple(_settled(attempts, asks, tells))
    return World(
        open=incident["status"] != Status.CLOSED and incident["merged_into"] is None,
        severity=Severity(incident["severity"]),
        moments={name.value: when for name, when in at.items() if when is not None},
        settled=settled,
    )


def _settled(rows: Sequence[RowMapping], asks: frozenset[str], tells: frozenset[str]) -> Iterable[Settled]:
    """What became of each attempt as a whole: done when all whom it went to have done theirs."""
    live = sorted((row for row in rows if row["status"] != "withdrawn"), key=_whose)
    for (act, attempt), group in groupby(live, key=_whose):
        each = list(group)
        refused = [row for row in each if _refused(row)]
        if refused:
            yield Settled(act, attempt, ok=False, at=refused[0]["at"])
        elif act in tells:
            yield Settled(act, attempt, ok=True, at=each[-1]["at"])
        elif act not in asks and all(_done(row) for row in each):
            last = max(each, key=lambda row: row["answered_at"] or row["at"])
            yield Settled(act, attempt, ok=True, at=last["answered_at"] or last["at"], by=last["answered_by"])


def _whose(row: RowMapping) -> Any:
    return row["act_id"], row["attempt"]


def _refused(row: RowMapping) -> bool:
    return bool(row["status"] == "failed" or row["handoff_status"] == "declined" or row["task_state"] == "cancelled")


def _done(row: RowMapping) -> bool:
    if row["kind"] == "task":
        return bool(row["task_state"] == "done")
    if row["kind"] == "hand_off":
        return bool(row["handoff_status"] == "acknowledged")
    if row["kind"] == "automation":
        return bool(row["call_status"] == "done")
    return row["status"] == "made" and row["kind"] in BY_ITSELF
