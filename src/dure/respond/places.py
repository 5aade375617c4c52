"""From what a caller says to a place on the map. An address that is not clear gives candidates, never a guess."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from dure.city import places as city_places
from dure.city import queries as city
from dure.engine.database import Tx
from dure.kernel.geometry import LonLat, distance_m
from dure.respond.joining import address_words
from dure.respond.opening import Candidate, Place

_SUFFIX = 4
"""So many letters of a known address must end what was said ("한빛시 중구 시장3길 24" ends with "시장3길 24")."""
_SAME_M = 30.0
"""Two clear answers this near to each other are one place."""
_SOURCES = ("place", "asset")
_MOST = 5


async def resolve(tx: Tx, at: LonLat | None, address: str | None) -> Place:
    """The place of a report: its coordinates, else what its address says, else the places that it may mean."""
    if at is not None or not address:
        return Place(at=at, address=address)
    found = await _candidates(tx, address)
    clear = [one for one in found if is_clear(address, one)]
    if clear and all(_near(clear[0], one) for one in clear):
        return await chosen(tx, clear[0], address)
    return Place(address=address, candidates=tuple(found[:_MOST]))


async def chosen(tx: Tx, one: Candidate, address: str | None = None) -> Place:
    """The place of a candidate; a stall's market, or the asset itself, is what alarms there have in common."""
    key = None
    if one.asset_id is not None:
        asset = await city_places.asset_of(tx, UUID(one.asset_id))
        key = f"asset:{asset['parent_id'] or asset['id']}"
    return Place(LonLat(one.lon, one.lat), one.name, one.address or address, key)


async def _candidates(tx: Tx, address: str) -> list[Candidate]:
    """What the city knows by these words, the likeliest first; by the longest word where all of them find nothing."""
    rows = await city_places.search(tx, address, _SOURCES)
    best = await city.located(tx, address)
    if not rows:
        words = [best.name] if best else [max(address.split(), key=len)]
        rows = await city_places.search(tx, words[0], _SOURCES)
    found = [_candidate(row) for row in rows if row["lon"] is not None]
    if best is not None and best.lon is not None and best.lat is not None:
        known = [one for one in found if one.name == best.name]
        first = known[0] if known else Candidate(best.name, best.address, best.lon, best.lat)
        found = [first, *(one for one in found if one != first)]
    return found


def _candidate(row: Mapping[str, Any]) -> Candidate:
    asset_id = row["id"] if row["entity"] == "asset" else None
    return Candidate(row["name"], row["detail"], row["lon"], row["lat"], asset_id)


def _near(a: Candidate, b: Candidate) -> bool:
    return distance_m(LonLat(a.lon, a.lat), LonLat(b.lon, b.lat)) <= _SAME_M


def is_clear(asked: str, known: Candidate) -> bool:
    """Whether a place is what was said and not only like it: its whole name or address, maybe after the district."""
    words = address_words(asked)
    for form in (known.name, known.address):
        one = address_words(form or "")
        if one and (words == one or (len(one) >= _SUFFIX and words.endswith(one))):
            return True
    return False
