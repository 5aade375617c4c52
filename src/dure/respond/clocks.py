"""Golden-time clocks: rows that moments start and stop."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.respond.model import ClockTimes, joined_clocks
from dure.respond.types import IncidentType, Moment

_START = text(
    "insert into incident_clock (incident_id, name, target_s, own_started_at, started_at) "
    "values (:incident_id, :name, :target_s, :at, :at) on conflict (incident_id, name) do nothing"
)
_STOP = text(
    "update incident_clock set own_stopped_at = greatest(own_started_at, :at), "
    "stopped_at = coalesce(stopped_at, greatest(started_at, :at)) "
    "where incident_id = :incident_id and name = any(:names) and own_stopped_at is null"
)
_RESUME = text(
    "update incident_clock set own_stopped_at = null, stopped_at = null "
    "where incident_id = :incident_id and own_stopped_at = :closed_at"
)
_FAMILY = text(
    "select c.name, c.own_started_at, c.own_stopped_at, c.target_s from incident_clock c "
    "join incident i on i.id = c.incident_id where i.id = :root or i.merged_into = :root order by i.opened_at, c.name"
)
_SHOW = text(
    "update incident_clock set started_at = :started_at, stopped_at = :stopped_at "
    "where incident_id = :root and name = :name"
)


async def moment(tx: Tx, incident_id: UUID, kind: IncidentType, what: Moment, at: datetime) -> None:
    """Something happened `at`: stop the clocks that wait for it and start those it starts. Twice does nothing more."""
    stopped = [clock.name for clock in kind.stopped_by(what)]
    if stopped:
        tx.later(_STOP, {"incident_id": incident_id, "names": stopped, "at": at})
    for clock in kind.started_by(what):
        tx.later(_START, {"incident_id": incident_id, "name": clock.name, "target_s": clock.target_s, "at": at})


async def resume(tx: Tx, incident_id: UUID, closed_at: datetime) -> None:
    """The incident is open again: clocks that only its closing had stopped go on."""
    await tx.execute(_RESUME, {"incident_id": incident_id, "closed_at": closed_at})


async def rejoin(tx: Tx, root: UUID) -> None:
    """Show on `root` what its clocks and those of the incidents merged into it say together.

    A clock that only a merged incident has is shown there, not copied: it would stay after unmerging.
    """
    rows = await tx.rows(_FAMILY, {"root": root})
    joined = joined_clocks(
        ClockTimes(row["name"], row["own_started_at"], row["own_stopped_at"], row["target_s"]) for row in rows
    )
    own = await tx.rows(text("select name from incident_clock where incident_id = :root"), {"root": root})
    shown = [joined[row["name"]] for row in own]
    if shown:
        await tx.execute(
            _SHOW,
            [
                {"root": root, "name": each.name, "started_at": each.started_at, "stopped_at": each.stopped_at}
                for each in shown
            ],
        )
