"""A market's plan as screens and papers draw it: stalls with outline and state, gates, shut-offs, hydrants."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.geometry import LonLat, degrees_around, distance_m
from dure.services.market_fire.plan import announced, live
from dure.services.market_fire.plan.shapes import Ring, Row, in_rows, metres, middle, natural, outline
from dure.services.market_fire.plan.states import State

HYDRANTS_WITHIN_M: Final = 200.0
"""Two lengths of the hoses that an engine carries: beyond it a hydrant does not help this market."""
MARGIN_M: Final = 20.0

_STALLS = text("""
    select s.id, s.code, s.name, s.lon, s.lat, s.attrs, s.person_id is not null as has_person, s.person_id,
        x.geometry as drawn, f.geometry as mapped, k.version, k.since, k.state as kept
    from asset s
    left join market_shape x on x.code = s.code
    left join map_feature f on f.layer = 'market' and f.class = 'stall' and f.attrs->>'code' = s.code
    left join market_stall_state k on k.stall_id = s.id
    where s.kind = 'stall' and s.parent_id = :market order by s.code
""")
_DETECTORS = text("""
    select d.id, d.asset_id as stall_id, d.state, d.fault, d.last_seen, d.latest
    from device d join asset s on s.id = d.asset_id
    where s.kind = 'stall' and s.parent_id = :market and d.kind = 'fire_detector' order by d.id
""")
_MARKS = text("""
    select id, kind, name, lon, lat, attrs from asset
    where parent_id = :market and kind in ('gate', 'shutoff') and lon is not null order by kind, code
""")
_HYDRANTS = text("""
    select id, kind, name, code, lon, lat, state, attrs from asset
    where kind = 'hydrant' and lon between :west and :east and lat between :south and :north order by code limit 500
""")


async def stalls(tx: Tx, market: RowMapping) -> list[dict[str, Any]]:
    """The stalls of a market in the order of their numbers, each with an outline and where that comes from: `drawn` (a
    file of plans), `map` (the base map), or `row` (a box in its row, not true to scale). With `person_id`, for those
    who open it.
    """
    rows = await tx.rows(_STALLS, {"market": market["id"]})
    states = await live.states_of(tx, market["id"])
    works = await announced.now(tx, [row["id"] for row in rows])
    detectors: dict[UUID, list[dict[str, Any]]] = {}
    for one in await tx.rows(_DETECTORS, {"market": market["id"]}):
        detectors.setdefault(one["stall_id"], []).append(_detector(one))
    rings, sources = _rings(market, rows)
    found = [
        {
            **{name: row[name] for name in ("id", "code", "name", "has_person", "person_id")},
            **{name: _word(row["attrs"], name) for name in ("zone", "floor", "number", "shop", "business", "hours")},
            "fire": _word(row["attrs"], "fire"),
            "state": states.get(row["id"], State.UNWATCHED).value,
            "since": row["since"] if row["kept"] == states.get(row["id"]) else None,
            "version": row["version"] or 0,
            "works_until": works.get(row["id"]),
            "outline": rings[str(row["id"])],
            "source": sources[str(row["id"])],
            "detectors": detectors.get(row["id"], []),
        }
        for row in rows
    ]
    return sorted(found, key=lambda one: (natural(one["zone"] or ""), natural(one["number"] or one["code"])))


def _word(attrs: Any, name: str) -> str | None:
    value = attrs.get(name)
    return None if value is None or value == "" else str(value)


def _detector(row: RowMapping) -> dict[str, Any]:
    newest = row["latest"]
    return {
        **{name: row[name] for name in ("id", "state", "fault", "last_seen")},
        **{name: newest.get(name, {}).get("value") for name in ("heat", "smoke", "battery", "rssi")},
    }


def _rings(market: RowMapping, rows: Sequence[RowMapping]) -> tuple[dict[str, Ring], dict[str, str]]:
    rings: dict[str, Ring] = {}
    sources: dict[str, str] = {}
    for row in rows:
        for source, told in (("drawn", row["drawn"]), ("map", row["mapped"])):
            ring = outline(told) if told else None
            if ring is not None:
                rings[str(row["id"])], sources[str(row["id"])] = ring, source
                break
    bare = [row for row in rows if str(row["id"]) not in rings]
    at = _middle_of(market, rings, rows)
    low = min((y for ring in rings.values() for _, y in metres(at, ring)), default=0.0)
    attrs = ("zone", "floor", "number")
    told_rows = [Row(str(row["id"]), *(_word(row["attrs"], name) or "" for name in attrs)) for row in bare]
    for id_, ring in in_rows(at, told_rows, below_m=8.0 - low if rings else 0.0).items():
        rings[id_], sources[id_] = ring, "row"
    return rings, sources


def _middle_of(market: RowMapping, rings: dict[str, Ring], rows: Sequence[RowMapping]) -> LonLat:
    """Where a plan is drawn around: the drawn stalls, else the market, else stalls with a position, else anywhere."""
    if rings:
        return middle([list(middle(ring)) for ring in rings.values()])
    if market["lon"] is not None:
        return LonLat(market["lon"], market["lat"])
    placed = [[row["lon"], row["lat"]] for row in rows if row["lon"] is not None]
    return middle(placed) if placed else LonLat(127.0, 37.0)


async def marks(tx: Tx, market: RowMapping, around: LonLat) -> list[dict[str, Any]]:
    """Gates and shut-offs of the market, and the hydrants around a place, these the nearest first with metres."""
    found = [_mark(row, around) for row in await tx.rows(_MARKS, {"market": market["id"]})]
    wide, high = degrees_around(around, HYDRANTS_WITHIN_M)
    box = {
        "west": around.lon - wide, "east": around.lon + wide,
        "south": around.lat - high, "north": around.lat + high,
    }  # fmt: skip
    hydrants = [_mark(row, around) for row in await tx.rows(_HYDRANTS, box)]
    near = sorted(
        (one for one in hydrants if one["distance_m"] <= HYDRANTS_WITHIN_M), key=lambda one: one["distance_m"]
    )
    return found + near


def _mark(row: RowMapping, around: LonLat) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "kind", "name", "lon", "lat")},
        "zone": _word(row["attrs"], "zone"),
        "shuts": _word(row["attrs"], "shuts"),
        "works": row["kind"] != "hydrant" or row["state"] in {"ok", "unknown"},
        "distance_m": round(distance_m(around, LonLat(row["lon"], row["lat"])), 1),
    }


def middle_of_plan(found: Sequence[dict[str, Any]], market: RowMapping) -> LonLat:
    """The middle of the stalls' outlines."""
    if found:
        return middle([list(middle(one["outline"])) for one in found])
    return LonLat(market["lon"] or 127.0, market["lat"] or 37.0)
