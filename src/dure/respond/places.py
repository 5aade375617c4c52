"""From what a caller says to a place on the map. An address that is not clear gives candidates, never a guess."""

from collections.abc import Mapping
from typing import Any

from dure.city import queries as city
from dure.city.queries import NamedPlace
from dure.engine.database import Tx
from dure.kernel.geometry import LonLat
from dure.respond.joining import address_words
from dure.respond.opening import Candidate, Place

_SUFFIX = 4
"""So many letters of a known address must end what was said ("한빛시 중구 시장3길 24" ends with "시장3길 24")."""


async def resolve(tx: Tx, at: LonLat | None, address: str | None) -> Place:
    """The place of a report: its coordinates, else what its address says."""
    if at is not None or not address:
        return Place(at=at, name=None, address=address)
    found = await city.located(tx, address)
    if found is None or found.lon is None or found.lat is None:
        return Place(address=address)
    if is_clear(address, found):
        return Place(LonLat(found.lon, found.lat), found.name, found.address or address)
    return Place(address=address, candidates=(Candidate(found.name, found.address, found.lon, found.lat),))


def chosen(candidate: Mapping[str, Any]) -> Place:
    """The place of a stored candidate."""
    return Place(LonLat(candidate["lon"], candidate["lat"]), candidate["name"], candidate["address"])


def is_clear(asked: str, found: NamedPlace) -> bool:
    """Whether `found` is what was said and not only something like it: its whole name or address, perhaps after the
    district.
    """
    words = address_words(asked)
    for form in (found.name, found.address):
        known = address_words(form or "")
        if known and (words == known or (len(known) >= _SUFFIX and words.endswith(known))):
            return True
    return False
