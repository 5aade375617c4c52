"""What the room asks of its tables when it changes something. Lists and details stand in `reading`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import NotFound
from dure.kernel.geometry import LonLat, degrees_around
from dure.respond.joining import SUGGEST_FACTOR, Spot, Standing
from dure.respond.model import Mode, Status
from dure.respond.types import TYPES, IncidentType

_LOCK_SPACE = 0x7265_7370
"""The room's advisory locks ("resp" in ASCII)."""


async def lock_group(tx: Tx, group: str, mode: Mode) -> None:
    """Let one transaction at a time decide whether something of this group is new. Held until the transaction ends."""
    await _lock(tx, f"{mode}:{group}")


async def lock_reference(tx: Tx, source: str, external_ref: str) -> None:
    """Let one transaction at a time take a call of another system."""
    await _lock(tx, f"call:{source}:{external_ref}")


async def _lock(tx: Tx, name: str) -> None:
    # What is read or written next waits for it, in one round trip.
    tx.later(text("select pg_advisory_xact_lock(:space, hashtext(:name))"), {"space": _LOCK_SPACE, "name": name})


async def settings(tx: Tx) -> RowMapping:
    """The city's settings: city_code, cameras, camera_radius_m, version."""
    row = await tx.row(text("select city_code, cameras, camera_radius_m, version from respond_setting"))
    assert row is not None
    return row


async def begin_numbers_with(tx: Tx, city_code: str) -> None:
    """Let receipt numbers begin with the city's code from now on."""
    await tx.execute(text("update respond_setting set city_code = :code, version = version + 1"), {"code": city_code})


async def next_number(tx: Tx, day: date) -> tuple[str, int]:
    """The city's code and the next receipt number of a city day; nobody else gets one until this transaction ends, so
    there are no gaps.
    """
    code, number = await tx.look(text("select city_code from respond_setting"), (_NEXT_NUMBER, {"day": day}))
    return code[0]["city_code"], number[0]["last"]


_NEXT_NUMBER = text(
    "insert into receipt_day (day, last) values (:day, 1) "
    "on conflict (day) do update set last = receipt_day.last + 1 returning last"
)
_STANDING = (
    "id, type, mode, status, lon, lat, place_key, address_words, opened_at, last_signal_at, "
    "merged_into is not null as merged"
)


def standing(row: Mapping[Any, Any]) -> Standing:
    """A row as joining needs it."""
    at = None if row["lon"] is None else LonLat(row["lon"], row["lat"])
    return Standing(
        row["id"],
        TYPES.kept(row["type"]),
        Mode(row["mode"]),
        Status(row["status"]),
        Spot(at, row["place_key"], row["address_words"]),
        row["opened_at"],
        row["last_signal_at"],
        merged=row["merged"],
    )


async def nearby(tx: Tx, kind: IncidentType, mode: Mode, spot: Spot, at: datetime) -> list[Standing]:
    """Open incidents that `joining` may find to be the same thing: a generous cut by group, time and place."""
    others = [TYPES.kept(type_id) for type_id in TYPES.in_group(kind.merge_group)] + [kind]
    window = timedelta(seconds=max(other.window_s for other in others))
    metres = SUGGEST_FACTOR * max(other.radius_m for other in others)
    wide, high = degrees_around(spot.at, metres * 1.05) if spot.at else (0.0, 0.0)
    rows = await tx.rows(
        text(
            f"select {_STANDING} from incident where status <> 'closed' and merge_group = :group and mode = :mode "
            "and last_signal_at >= :since and (place_key = :place_key or address_words = :words "
            "or (lon between :west and :east and lat between :south and :north)) order by opened_at limit 200"
        ),
        {
            "group": kind.merge_group,
            "mode": mode.value,
            "since": at - window,
            "place_key": spot.place_key,
            "words": spot.address,
            "west": spot.at.lon - wide if spot.at else None,
            "east": spot.at.lon + wide if spot.at else None,
            "south": spot.at.lat - high if spot.at else None,
            "north": spot.at.lat + high if spot.at else None,
        },
    )
    return [standing(row) for row in rows]


async def locked(tx: Tx, incident_id: UUID) -> RowMapping:
    """The incident, and nobody else may change it until this transaction ends. Raises NotFound."""
    row = await tx.row(text("select * from incident where id = :id for update"), {"id": incident_id})
    if row is None:
        raise NotFound("respond.incident.unknown")
    return row


ROOT = text("select * from incident where id = :id and merged_into is null for update")
"""An incident that was not merged, locked."""


async def locked_with_root(tx: Tx, incident_id: UUID) -> tuple[RowMapping, RowMapping]:
    """The incident and the one it was merged into (itself, where it was not), both locked, the root first.

    Everybody locks a root before what was merged into it, and roots in the order of their ids, so nobody waits in a
    ring. Raises NotFound.
    """
    own = await tx.row(ROOT, {"id": incident_id})
    if own is not None:
        return own, own
    while True:
        into = await tx.scalar(text("select merged_into from incident where id = :id"), {"id": incident_id})
        root = await locked(tx, into or incident_id)
        row = root if into is None else await locked(tx, incident_id)
        if root["merged_into"] is None and row["merged_into"] == into:
            return row, root


async def locked_pair(tx: Tx, first: UUID, second: UUID) -> tuple[RowMapping, RowMapping]:
    """Two roots, locked in the order of their ids whatever the order asked. Raises NotFound."""
    rows = {each: await locked(tx, each) for each in sorted({first, second})}
    return rows[first], rows[second]


async def insert(tx: Tx, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows of one shape."""
    if not rows:
        return
    columns = list(rows[0])
    values = ", ".join(
        f"cast(:{name} as jsonb)" if name in {"candidates", "params"} else f":{name}" for name in columns
    )
    statement = text(f"insert into {table} ({', '.join(columns)}) values ({values})")
    for row in rows:
        tx.later(statement, row)


async def update(tx: Tx, incident_id: UUID, **values: Any) -> RowMapping:
    """Change an incident's columns; its new version and where it is merged into."""
    sets = "".join(
        f"{name} = cast(:{name} as jsonb), " if name == "candidates" else f"{name} = :{name}, " for name in values
    )
    row = await tx.row(
        text(
            f"update incident set {sets}version = version + 1, updated_at = :now where id = :id "
            "returning version, merged_into"
        ),
        {**values, "now": tx.now(), "id": incident_id},
    )
    assert row is not None
    return row


AGENCIES = (
    "select a.id, a.kind, a.name, a.name_en, coalesce(d.is_on, false) as door from agency a "
    "left join handoff_door d on d.agency_id = a.id"
)
"""Agencies as hand-offs need them."""


async def agency(tx: Tx, agency_id: str) -> RowMapping:
    """An agency's id, kind and names, and whether it has a door that is open. Raises NotFound."""
    row = await tx.row(text(f"{AGENCIES} where a.id = :id"), {"id": agency_id})
    if row is None:
        raise NotFound("respond.agency.unknown", agency=agency_id)
    return row


async def told_agencies(tx: Tx, incident_id: UUID) -> Sequence[RowMapping]:
    """Who was told of an incident, each agency once: its names, when first, and when it first acknowledged."""
    return await tx.rows(
        text(
            "select h.agency_id as id, g.name, g.name_en, min(h.sent_at) as sent_at, "
            "min(h.answered_at) filter (where h.status = 'acknowledged') as acknowledged_at "
            "from handoff h join agency g on g.id = h.agency_id where h.incident_id = :id "
            "group by h.agency_id, g.name, g.name_en order by min(h.sent_at), h.agency_id"
        ),
        {"id": incident_id},
    )


async def handed_to(tx: Tx, incident_id: UUID) -> list[str]:
    """The agencies that an incident, or one merged into it, was handed to."""
    rows = await tx.rows(
        text(
            "select distinct h.agency_id from handoff h join incident i on i.id = h.incident_id "
            "where i.id = :id or i.merged_into = :id"
        ),
        {"id": incident_id},
    )
    return [row["agency_id"] for row in rows]
