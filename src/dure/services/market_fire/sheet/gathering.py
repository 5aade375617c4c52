"""All that stands on the sheet of one incident, gathered from what the rooms know at this moment.

Who keeps a burning stall is masked here; `owners.opened` opens it, with a purpose and a line in the audit log first.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.kernel.geometry import LonLat, bearing_deg, distance_m
from dure.kernel.units import PROPERTIES
from dure.services.market_fire.plan import reach, reading
from dure.services.market_fire.plan.shapes import middle, neighbours
from dure.services.market_fire.plan.states import State
from dure.trust import vault

BESIDE_M: Final = 9.0
"""Middle to middle: the stalls that share a wall or a lane with the burning one."""
GATES: Final = 3
HYDRANTS: Final = 5
WINDS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
_FAMILY = "(select id from incident where id = :id or merged_into = :id)"
_INCIDENT = text(
    "select i.id, i.receipt_no, i.opened_at, i.signal_at, i.confirmed_at, i.closed_at, i.mode, i.severity, i.version, "
    "v.stage, v.why, v.reported_at from incident i left join market_fire_verification v on v.incident_id = i.id "
    "where i.id = :id"
)
_ALARMS = text(f"""
    select a.id, a.rule_ko, a.rule_en, a.stage, a.device, a.property, a.value, a.onset_at, a.raised_at, a.cleared_at,
        a.count, d.name as device_name, d.last_seen, d.latest, d.fault, s.id as stall_id, s.parent_id as market_id
    from alarm a join device d on d.id = a.device
    left join asset s on s.id = d.asset_id and s.kind = 'stall'
    where a.incident_id in {_FAMILY} and a.category = 'event' order by a.onset_at, a.id limit 200
""")
_CAMERAS = text(
    "select c.camera_id as id, k.name, c.distance_m, c.state, c.reason from incident_camera c "
    "left join camera k on k.id = c.camera_id where c.incident_id = :id order by c.rank limit 10"
)


async def sheet(tx: Tx, incident_id: UUID) -> dict[str, Any]:
    """The sheet, owners masked. Raises NotFound where no stall of a market has spoken in this incident."""
    incident = await tx.row(_INCIDENT, {"id": incident_id})
    alarms = await tx.rows(_ALARMS, {"id": incident_id})
    spoke = [row for row in alarms if row["stall_id"] is not None and row["market_id"] is not None]
    if incident is None or not spoke:
        raise NotFound("market_fire.sheet.none")
    market = await reach.by_id(tx, spoke[0]["market_id"])
    stalls = await reading.stalls(tx, market)
    by_id = {one["id"]: one for one in stalls}
    burning = [by_id[id_] for id_ in dict.fromkeys(row["stall_id"] for row in spoke) if id_ in by_id]
    if not burning:
        raise NotFound("market_fire.sheet.none")
    at = middle(burning[0]["outline"])
    marks = await reading.marks(tx, market, at)
    beside = _beside(burning, stalls, at)
    return {
        "incident_id": incident["id"],
        **{name: incident[name] for name in _INCIDENT_FIELDS},
        "market": {name: market[name] for name in ("id", "name", "address", "phone")},
        "stalls": [await _stall(tx, one) for one in burning],
        "says": [_said(row, by_id, tx.now()) for row in alarms],
        "neighbours": beside,
        "shutoffs": _nearest(marks, "shutoff", at, 20, zone=burning[0]["zone"]),
        "gates": _nearest(marks, "gate", at, GATES),
        "hydrants": _nearest(marks, "hydrant", at, HYDRANTS),
        "cameras": [dict(row) for row in await tx.rows(_CAMERAS, {"id": incident_id})],
        "plan": _plan(stalls, burning, beside, marks),
        "as_of": tx.now(),
    }


_INCIDENT_FIELDS: Final = (
    "receipt_no", "opened_at", "signal_at", "confirmed_at", "closed_at", "mode", "severity", "version", "stage", "why",
    "reported_at",
)  # fmt: skip


async def _stall(tx: Tx, one: Mapping[str, Any]) -> dict[str, Any]:
    owner = None
    if one["person_id"] is not None:
        person = (await vault.of(tx).masked(tx, [one["person_id"]])).get(one["person_id"])
        if person is not None:
            owner = {"person_id": one["person_id"], "name": person.name or None, "phone": person.phone or None}
    names = ("id", "name", "zone", "floor", "number", "shop", "business", "hours", "fire", "state")
    return {**{name: one[name] for name in names}, "owner": owner}


def _said(row: RowMapping, stalls: Mapping[UUID, Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """What one alarm says, for how long, and the newest readings of its device with their times."""
    stall = stalls.get(row["stall_id"])
    ended = row["cleared_at"]
    return {
        "device": row["device"],
        "stall": None if stall is None else stall["name"],
        "rule": {"ko": row["rule_ko"], "en": row["rule_en"]},
        "stage": row["stage"],
        "onset_at": row["onset_at"],
        "ended_at": ended,
        "seconds": max(0.0, ((ended or now) - row["onset_at"]).total_seconds()),
        "times": row["count"],
        "fault": row["fault"],
        "last_seen": row["last_seen"],
        "readings": _readings(row["latest"]),
    }


def _readings(latest: Mapping[str, Any]) -> list[dict[str, Any]]:
    wanted = ("heat", "smoke", "smoke_obscuration", "flame", "co", "gas")
    return [
        {"property": name, "value": latest[name].get("value"), "unit": PROPERTIES[name].unit, "at": latest[name]["at"]}
        for name in wanted
        if isinstance(latest.get(name), Mapping) and latest[name].get("value") is not None and latest[name].get("at")
    ]


def _beside(
    burning: Sequence[Mapping[str, Any]], stalls: Sequence[Mapping[str, Any]], at: LonLat
) -> list[dict[str, Any]]:
    """The stalls around those that burn, with what in them can make it worse; those first, then by distance."""
    rings = {str(one["id"]): one["outline"] for one in stalls}
    by_id = {str(one["id"]): one for one in stalls}
    near: dict[str, float] = {}
    for one in burning:
        for id_, far in neighbours(str(one["id"]), rings, BESIDE_M):
            near[id_] = min(far, near.get(id_, far))
    for one in burning:
        near.pop(str(one["id"]), None)
    found = []
    for id_, far in near.items():
        told = by_id[id_]
        names = ("id", "name", "number", "shop", "business", "state")
        found.append(
            {
                **{name: told[name] for name in names},
                "hazard": _hazard(told["fire"]),
                "distance_m": round(far, 1),
                "towards": towards(at, middle(told["outline"])),
            }
        )
    return sorted(found, key=lambda one: (one["hazard"] is None, one["distance_m"], one["name"]))


def _hazard(fire: str | None) -> str | None:
    """What burns there by day (화기): gas, oil, electricity, as its file says; None for none."""
    return None if fire is None or fire in {"없음", "무", "none", "no", "-"} else fire


def towards(at: LonLat, other: LonLat) -> str:
    """One of the eight winds."""
    return WINDS[round(bearing_deg(at, other) / 45) % 8]


def _nearest(
    marks: Sequence[Mapping[str, Any]], kind: str, at: LonLat, most: int, zone: str | None = None
) -> list[dict[str, Any]]:
    """Marks of a kind, the nearest first; with a `zone`, its own before those of others."""
    found = []
    for one in marks:
        if one["kind"] == kind:
            there = LonLat(one["lon"], one["lat"])
            far = {"distance_m": round(distance_m(at, there), 1), "towards": towards(at, there)}
            found.append({**{name: one[name] for name in ("id", "name", "zone", "shuts", "works")}, **far})
    return sorted(found, key=lambda one: (zone is not None and one["zone"] != zone, one["distance_m"]))[:most]


def _plan(
    stalls: Sequence[Mapping[str, Any]],
    burning: Sequence[Mapping[str, Any]],
    beside: Sequence[Mapping[str, Any]],
    marks: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    hot, near = {one["id"] for one in burning}, {one["id"]: one["hazard"] for one in beside}
    drawn = [
        {
            "id": one["id"],
            "number": one["number"] or one["name"],
            "zone": one["zone"],
            "outline": one["outline"],
            "role": "burning" if one["id"] in hot else "beside" if one["id"] in near else "other",
            "hazard": near.get(one["id"]) is not None,
            "alarm": one["state"] in {State.ALARM, State.PRE_ALARM},
        }
        for one in stalls
    ]
    names = ("id", "kind", "name", "lon", "lat", "shuts")
    return {"stalls": drawn, "marks": [{name: one[name] for name in names} for one in marks]}
