"""One incident, whole: its own rows, its alarms as detection has them, who called (masked), and what may be the same
thing.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.city import cameras as city_cameras
from dure.engine.database import Tx
from dure.kernel.geometry import distance_m
from dure.notices import queries as notice_queries
from dure.respond import practice, queries, reading, signals
from dure.respond.doors import shown as doors
from dure.respond.joining import Likeness, likeness
from dure.respond.model import Mode, Status
from dure.respond.policy import Scope
from dure.respond.types import TYPES
from dure.respond.views import Reader
from dure.trust.vault import Vault, texts


async def whole(tx: Tx, incident_id: UUID, scope: Scope, reader: Reader, vault: Vault) -> dict[str, Any]:
    """The incident as the API shows it. Raises NotFound where there is none that the reader may know of."""
    (row,) = texts.opened(
        tx, "incident", [await reading.one(tx, incident_id, scope)], "description", "outcome_reason", by="id"
    )
    parts: dict[str, Sequence[Mapping[Any, Any]]] = {**await reading.parts(tx, incident_id)}
    for name, table, columns in _WORDS:
        parts[name] = texts.opened(tx, table, parts[name], *columns)
    callers = {each["caller_id"] for each in parts["reports"] if each["caller_id"] is not None}
    people = await vault.masked(tx, callers)
    known = await city_cameras.by_ids(tx, [each["camera_id"] for each in parts["cameras"]])
    detail = reader.detail(row, parts, people)
    detail["cameras"] = [{**_view(known.get(each["id"])), **each} for each in detail["cameras"]]
    detail["handoffs"] = await doors.with_doors(tx, detail["handoffs"])
    return {
        **detail,
        "notices": await _notices(tx, [incident_id, *(each["id"] for each in parts["merged"])], vault),
        "suggested_agencies": await _suggested(tx, row["type"]),
        "alarms": await signals.shown(tx, [each["alarm_id"] for each in parts["alarms"]]),
        "duplicates": await _duplicates(tx, row, scope),
    }


_WORDS = (("reports", "report", ("description",)), ("handoffs", "handoff", ("note", "answer")),
          ("timeline", "timeline", ("text",)))  # fmt: skip
"""What people wrote, which is opened for who sees the incident whole."""

_VIEW = {
    "name": "name",
    "lon": "lon",
    "lat": "lat",
    "azimuth_deg": "azimuth_deg",
    "fov_deg": "fov_deg",
    "range_m": "range_m",
    "ptz": "ptz",
    "retention_days": "retention_days",
    "has_stream": "has_stream",
    "state": "state_now",
}
"""What the registry says of a chosen camera now: where it stands and looks, and whether it still works."""


def _view(camera: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if camera is None else {shown: camera.get(name) for name, shown in _VIEW.items()}


async def _notices(tx: Tx, incident_ids: Sequence[UUID], vault: Vault) -> list[dict[str, Any]]:
    """What went out about it, newest first; to whom is masked."""
    rows = await notice_queries.of_incidents(tx, incident_ids)
    return await notice_queries.masked(tx, vault, rows)


async def _suggested(tx: Tx, type_id: str) -> list[str]:
    """The agencies of the city that the type asks for, by id or by kind, in its order."""
    kinds = list(TYPES.kept(type_id).agencies)
    rows = await tx.rows(
        text("select id, kind from agency where id = any(:kinds) or kind = any(:kinds) order by id"), {"kinds": kinds}
    )
    order = {kind: index for index, kind in reversed(list(enumerate(kinds)))}
    return [row["id"] for row in sorted(rows, key=lambda row: order.get(row["id"], order.get(row["kind"], 0)))]


async def _duplicates(tx: Tx, row: Mapping[Any, Any], scope: Scope) -> list[dict[str, Any]]:
    """Other open incidents that may be the same, the surest and nearest first."""
    if row["status"] == Status.CLOSED:
        return []
    mine = queries.standing({**row, "merged": False})
    near = await queries.nearby(tx, TYPES.kept(row["type"]), Mode(row["mode"]), mine.spot, row["last_signal_at"])
    alike = {other.id: (sure, other) for other in near if (sure := likeness(mine, other)) is not None}
    if not alike:
        return []
    named = await tx.rows(
        text("select id, receipt_no, type, severity, status, reported_by_agency from incident where id = any(:ids)"),
        {"ids": list(alike)},
    )
    found: list[dict[str, Any]] = []
    for each in named:
        sure, other = alike[each["id"]]
        handed, part = await queries.handed_to(tx, each["id"]), await practice.takes_part(tx, each["id"])
        if not scope.covers(each["type"], handed, each["reported_by_agency"], part):
            continue
        here, there = mine.spot.at, other.spot.at
        found.append(
            {
                "id": str(each["id"]),
                "receipt_no": each["receipt_no"],
                "type": each["type"],
                "severity": each["severity"],
                "status": each["status"],
                "likeness": sure.value,
                "opened_at": other.opened_at,
                "distance_m": round(distance_m(here, there), 1) if here and there else None,
            }
        )
    return sorted(found, key=lambda each: (each["likeness"] != Likeness.SAFE, each["distance_m"] or 0.0, each["id"]))
