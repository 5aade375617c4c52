"""What is told by a door, written at the moment of sending out of the rows: no copy of it is kept.

What it may carry is decided by the services under which it goes (`linked`). Who called is opened from the vault for it,
with a line in the audit log that is committed before anything is sent.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.respond.doors import linked
from dure.respond.doors.linked import Data, Service
from dure.respond.doors.model import What
from dure.respond.model import HandoffKind, city_day
from dure.trust import audit, vault
from dure.trust.principal import Principal
from dure.trust.vault import texts

VERSION = "1"
_HANDOFF = text(
    "select h.id, h.incident_id, h.agency_id, h.kind, h.note, h.sent_at, h.sent_by, h.outside_ref, "
    "a.kind as agency_kind, i.receipt_no, i.external_ref, i.type, i.severity, i.status as incident_status, i.mode, "
    "i.source, i.description, i.lon, i.lat, i.name, i.address, i.located, i.caller_id, i.opened_at, i.signal_at, "
    "i.closed_at, i.outcome, i.alarm_count, i.standing_alarms from handoff h "
    "join incident i on i.id = h.incident_id join agency a on a.id = h.agency_id where h.id = :id"
)
_CAMERAS = text(
    "select camera_id, distance_m, state from incident_camera where incident_id = :id order by rank limit 20"
)
_MESSAGE = text("select * from handoff_message where id = :id")


Find = Callable[[Tx, UUID], Awaitable[Any]]
_brought: dict[Data, Find] = {}


def bring(data: Data, find: Find) -> None:
    """Let a service above say what it knows of an incident, where a linked service allows it. Again is as once."""
    _brought[data] = find


@dataclass(frozen=True, slots=True)
class Letter:
    """What is told: plain values, as docs/en/handoff.md lists them; `services` under which it goes."""

    reference: UUID
    what: What
    value: Mapping[str, Any]
    services: tuple[Service, ...]
    row: RowMapping


async def write(tx: Tx, principal: Principal, send: RowMapping, reply_to: str) -> Letter | None:
    """The letter of a row of `handoff_send`; None where what it was about has been destroyed meanwhile.

    Raises Unavailable where the city's keys are not the ones that it was sealed by.
    """
    row = await tx.row(_HANDOFF, {"id": send["handoff_id"]})
    if row is None:
        return None
    what = What(send["what"])
    day = city_day(row["sent_at"], city_zone())
    found = linked.services(row["agency_kind"], row["type"], HandoffKind(row["kind"]), day)
    value: dict[str, Any] = {
        "version": VERSION,
        "reference": str(send["id"]),
        "type": what.value,
        "at": _time(tx.now()),
        "reply_to": reply_to,
        "handoff": {
            "id": str(row["id"]),
            "kind": row["kind"],
            "sent_at": _time(row["sent_at"]),
            "reference": row["outside_ref"],
        },
        "incident": {"id": str(row["incident_id"]), "receipt_no": row["receipt_no"], "mode": row["mode"]},
    }
    if what is What.MESSAGE:
        said = await tx.row(_MESSAGE, {"id": send["message_id"]})
        if said is None:
            return None
        (opened,) = texts.opened(tx, "handoff_message", [said], "words")
        value["message"] = {"text": opened["words"], "from": said["said_by"], "at": _time(said["said_at"])}
    elif what is What.CLOSED:
        value["incident"] |= {"closed_at": _time(row["closed_at"]), "outcome": row["outcome"]}
    else:
        value["handoff"] |= await _told(tx, row, found)
        value["incident"] |= await _incident(tx, principal, row, found)
    return Letter(send["id"], what, value, found, row)


async def _told(tx: Tx, row: RowMapping, found: tuple[Service, ...]) -> dict[str, Any]:
    (opened,) = texts.opened(tx, "handoff", [row], "note")
    return {
        "note": opened["note"],
        "from": row["sent_by"],
        "services": [{"code": one.code, "grounds": list(one.grounds)} for one in found],
    }


async def _incident(tx: Tx, principal: Principal, row: RowMapping, found: tuple[Service, ...]) -> dict[str, Any]:
    data = linked.carried(found)
    place = {name: row[name] for name in ("lon", "lat", "name", "address", "located")}
    value: dict[str, Any] = {
        "type": row["type"],
        "severity": row["severity"],
        "status": row["incident_status"],
        "source": row["source"],
        "external_ref": row["external_ref"],
        "opened_at": _time(row["opened_at"]),
        "signal_at": _time(row["signal_at"]),
        "place": place,
    }
    if Data.DESCRIPTION in data:
        (opened,) = texts.opened(tx, "incident", [row], "description", by="incident_id")
        value["description"] = opened["description"]
    if Data.CALLER in data:
        value["caller"] = await _caller(tx, principal, row, found)
    if Data.CAMERAS in data:
        cameras = await tx.rows(_CAMERAS, {"id": row["incident_id"]})
        value["cameras"] = [
            {"id": one["camera_id"], "distance_m": round(one["distance_m"], 1), "state": one["state"]}
            for one in cameras
        ]
    for more in data & _brought.keys():
        value[more.value] = await _brought[more](tx, row["incident_id"])
    if Data.ALARMS in data:
        value["alarms"] = {"count": row["alarm_count"], "standing": row["standing_alarms"]}
    return value


async def _caller(
    tx: Tx, principal: Principal, row: RowMapping, found: tuple[Service, ...]
) -> dict[str, str | None] | None:
    """Who called, opened for the agency. The line that says so is part of this transaction, before anything is sent."""
    if row["caller_id"] is None:
        return None
    grounds = next(one.grounds for one in found if Data.CALLER in one.data)
    await audit.record(
        tx, principal, "handoff.disclose", "person", row["caller_id"], person_id=row["caller_id"],
        case=row["incident_id"], purpose=f"{row['agency_id']}: {grounds[0]}"[:300],
    )  # fmt: skip
    people = await vault.of(tx).opened(tx, [row["caller_id"]], {"name", "phone"})
    person = people.get(row["caller_id"])
    return None if person is None else {"name": person.name or None, "phone": person.phone or None}


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")
