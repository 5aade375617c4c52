"""What operators do with an incident: take it up, note, weigh, close, reopen, choose cameras anew."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict
from dure.kernel.geometry import LonLat
from dure.kernel.severity import Severity
from dure.respond import cameras, clocks, opening, queries, signals, timeline
from dure.respond.changes import changed, taken
from dure.respond.doors import sending
from dure.respond.model import Act, Outcome, Status, after
from dure.respond.tasks import made as tasks
from dure.respond.timeline import Entry
from dure.respond.types import TYPES, Moment
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault import texts
from dure.video import openings


async def acknowledge(tx: Tx, principal: Principal, incident_id: UUID, expected: int | None = None) -> None:
    """Take it up. When somebody already has, nothing changes and it stays theirs. Raises Conflict when it is closed."""
    row = await taken(tx, principal, incident_id, expected)
    status = after(Status(row["status"]), Act.ACKNOWLEDGE)
    if row["acknowledged_at"] is not None:
        return
    await timeline.add(tx, incident_id, Entry.STATE, "acknowledged", actor=principal.name)
    await changed(tx, incident_id, "acknowledged", status=status.value, **await taking_up(tx, principal, row))
    await audit.record(tx, principal, "incident.acknowledge", "incident", incident_id)


async def taking_up(tx: Tx, principal: Principal, row: RowMapping) -> dict[str, Any]:
    """The first who acts on an incident has taken it up: clocks, the task of verifying, and the columns that say so.
    What dure does by itself is nobody's taking up.
    """
    if row["acknowledged_at"] is not None or principal.kind == "system":
        return {}
    await clocks.moment(tx, row["id"], TYPES.kept(row["type"]), Moment.ACKNOWLEDGED, tx.now())
    await tasks.done(tx, row["id"], opening.VERIFY, principal.name)
    return {
        "acknowledged_at": tx.now(),
        "acknowledged_by": principal.name,
        "acknowledged_by_id": principal.actor,
    }


async def note(tx: Tx, principal: Principal, incident_id: UUID, words: str) -> None:
    """Add what a person writes. It stands on the timeline and nowhere else."""
    await taken(tx, principal, incident_id, merged_too=True)
    await timeline.add(tx, incident_id, Entry.NOTE, "note", actor=principal.name, words=words)
    await changed(tx, incident_id, "note")
    await audit.record(tx, principal, "incident.note", "incident", incident_id)


async def weigh(
    tx: Tx, principal: Principal, incident_id: UUID, severity: Severity, reason: str, expected: int | None = None
) -> None:
    """Set the severity by hand. Signals raise it again only when they become graver than they were."""
    row = await taken(tx, principal, incident_id, expected)
    if row["status"] == Status.CLOSED:
        raise Conflict("respond.incident.closed")
    if row["severity"] == severity.value:
        return
    await timeline.add(
        tx,
        incident_id,
        Entry.SEVERITY,
        "severity_set",
        {"before": row["severity"], "after": severity.value},
        actor=principal.name,
        words=reason,
    )
    await changed(tx, incident_id, "severity", severity=severity.value)
    await audit.record(tx, principal, "incident.weigh", "incident", incident_id)


async def close(
    tx: Tx, principal: Principal, incident_id: UUID, outcome: Outcome, reason: str, expected: int | None = None
) -> None:
    """Close it and settle its alarms by the outcome. Raises Conflict when it is closed already, or a drill is called
    real.
    """
    row = await taken(tx, principal, incident_id, expected)
    status = after(Status(row["status"]), Act.CLOSE)
    if row["mode"] == "drill" and outcome is not Outcome.DRILL:
        raise Conflict("respond.incident.is_drill")
    now = tx.now()
    await clocks.moment(tx, incident_id, TYPES.kept(row["type"]), Moment.CLOSED, now)
    await timeline.add(
        tx, incident_id, Entry.STATE, "closed", {"outcome": outcome.value}, actor=principal.name, words=reason
    )
    await signals.settle(tx, incident_id, outcome)
    await changed(
        tx,
        incident_id,
        "closed",
        status=status.value,
        closed_at=now,
        closed_by=principal.name,
        outcome=outcome.value,
        outcome_reason=await texts.sealed(tx, incident_id, "incident.outcome_reason", reason),
        standing_alarms=0,
    )
    await sending.closed(tx, incident_id)
    await openings.end(tx, incident_id, "closed")
    await audit.record(tx, principal, "incident.close", "incident", incident_id)


async def reopen(tx: Tx, principal: Principal, incident_id: UUID, reason: str, expected: int | None = None) -> None:
    """Open it again, taken up by whoever reopens; clocks that its closing stopped go on. Raises Conflict when it is
    open.
    """
    row = await taken(tx, principal, incident_id, expected)
    after(Status(row["status"]), Act.REOPEN)
    handed = await tx.scalar(
        text("select exists (select from handoff where incident_id = :id and kind <> 'tell' and status <> 'declined')"),
        {"id": incident_id},
    )
    status = Status.HANDED_OFF if handed else Status.ACKNOWLEDGED
    await clocks.resume(tx, incident_id, row["closed_at"])
    await timeline.add(tx, incident_id, Entry.STATE, "reopened", actor=principal.name, words=reason)
    await signals.unsettle(tx, incident_id)
    cleared: dict[str, Any] = {"closed_at": None, "closed_by": None, "outcome": None, "outcome_reason": None}
    taker = await taking_up(tx, principal, row)
    await changed(tx, incident_id, "reopened", status=status.value, **taker, **cleared)
    await audit.record(tx, principal, "incident.reopen", "incident", incident_id)


async def choose_cameras(tx: Tx, principal: Principal, incident_id: UUID, expected: int | None = None) -> None:
    """Choose the cameras anew by where they stand and work now. Raises Conflict while the place is not known."""
    row = await taken(tx, principal, incident_id, expected)
    if not row["located"]:
        raise Conflict("respond.incident.not_located")
    kind = TYPES.kept(row["type"])
    await cameras.choose(tx, incident_id, kind, LonLat(row["lon"], row["lat"]), actor=principal.name)
    await changed(tx, incident_id, "cameras")
    await audit.record(tx, principal, "incident.cameras", "incident", incident_id)


async def configure(
    tx: Tx, principal: Principal, city_code: str, cameras_wanted: int, radius_m: float, expected: int | None = None
) -> dict[str, Any]:
    """Change the city's settings for incidents. Raises PreconditionFailed."""
    row = await tx.row(text("select version from respond_setting for update"))
    assert row is not None
    check_version(expected, row["version"])
    await tx.execute(
        text(
            "update respond_setting set city_code = :code, cameras = :cameras, camera_radius_m = :radius_m, "
            "version = version + 1"
        ),
        {"code": city_code, "cameras": cameras_wanted, "radius_m": radius_m},
    )
    await audit.record(tx, principal, "incident.configure", "respond_setting", "city")
    return dict(await queries.settings(tx))
