"""What the city's own registry knows of addresses: which streets there are, and where an address lies. Pure.

It knows only what was imported, so an address that it does not know is no mistake by itself: a street is named as a
likely slip of the pen only where the registry has one that is written nearly the same, with the same numbers.
"""

import heapq
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

from dure.city.imports.model import Draft

FIELDS = ("road_address", "lot_address")
NEAR = 3
"""So many nearest names are told."""
_ALIKE = 0.75
_COMPARED = 24
_COMMON = 400
"""Two letters that more streets than this share (대로, 번길) tell none of them apart."""
_LOOK_UPS = 2_000
"""Streets of one file that are compared with all others: a file of nothing but strange names costs no more."""
_FEWEST = 20
"""A registry of fewer streets than this knows nothing of the city yet."""
_APART_DEG = 0.002
"""An address whose known places lie farther apart than this (about 200 m) is not offered as a place."""
# 중앙로 12, 중앙로12번길 3-4 (도로명주소법); 역전동 123-4, 산 5.
_ROAD = re.compile(
    r"([0-9A-Za-z가-힣·.]+?(?:대로|로|길)(?:[0-9가-힣]*길)?)\s*(?:지하\s*)?(\d+(?:-\d+)?)(?![0-9]*번?길)"
)
_LOT = re.compile(r"([0-9가-힣]+(?:동|리|가|읍|면))\s*(산?)\s*(\d+(?:-\d+)?)(?:번지)?(?![0-9층호동])")
_BRACKETS = re.compile(r"\([^)]*\)")


class Address(NamedTuple):
    """A street or a lot's quarter as it is written, and the number on it."""

    street: str
    number: str


def parts_of(field: str, address: str) -> Address | None:
    """The street and number in an address; None where there are none."""
    plain = _BRACKETS.sub(" ", unicodedata.normalize("NFC", address))
    if field == "lot_address":
        found = list(_LOT.finditer(plain))
        return Address(found[-1][1], found[-1][2] + found[-1][3]) if found else None
    first = _ROAD.search(plain)
    return Address(first[1], first[2]) if first else None


class Addresses:
    """The registry: addresses with their places (lon, lat in degrees)."""

    def __init__(self, known: Iterable[tuple[str, str, float | None, float | None]] = ()) -> None:
        self._streets: dict[str, set[str]] = {field: set() for field in FIELDS}
        self._places: dict[tuple[str, Address], tuple[float, float] | None] = {}
        for field, written, lon, lat in known:
            address = parts_of(field, written)
            if address is None:
                continue
            self._streets[field].add(address.street)
            if lon is not None and lat is not None:
                self._put(field, address, (lon, lat))
        self._pairs = {field: _pairs_of(streets) for field, streets in self._streets.items()}
        self._near: dict[tuple[str, str], list[str]] = {}

    def _put(self, field: str, address: Address, place: tuple[float, float]) -> None:
        before = self._places.setdefault((field, address), place)
        if before is not None and max(abs(before[0] - place[0]), abs(before[1] - place[1])) > _APART_DEG:
            self._places[field, address] = None

    def place_of(self, field: str, written: str) -> tuple[float, float] | None:
        """Where an address lies; None where the registry does not know, or knows several places."""
        address = parts_of(field, written)
        return None if address is None else self._places.get((field, address))

    def slip(self, field: str, written: str) -> tuple[str, list[str]] | None:
        """A street that the registry does not have, and those it may be a slip of, nearest first; None: nothing to
        say.
        """
        address = parts_of(field, written)
        streets = self._streets[field]
        if address is None or len(streets) < _FEWEST or address.street in streets:
            return None
        near = self._near.get((field, address.street))
        if near is None:
            near = self._nearest(field, address.street) if len(self._near) < _LOOK_UPS else []
            self._near[field, address.street] = near
        return (address.street, near) if near else None

    def _nearest(self, field: str, street: str) -> list[str]:
        shared: dict[str, int] = defaultdict(int)
        for pair in _jamo_pairs(street):
            for other in self._pairs[field].get(pair, ()):
                shared[other] += 1
        likely = heapq.nsmallest(_COMPARED, shared, key=lambda other: (-shared[other], other))
        wanted, digits = _jamo(street), _digits(street)
        alike = [
            (SequenceMatcher(None, wanted, _jamo(other)).ratio(), other) for other in likely if _digits(other) == digits
        ]
        return [other for ratio, other in sorted(alike, key=lambda one: (-one[0], one[1])) if ratio >= _ALIKE][:NEAR]


def _jamo(name: str) -> str:
    return unicodedata.normalize("NFD", name)


def _jamo_pairs(name: str) -> set[str]:
    letters = _jamo(name)
    return {letters[i : i + 2] for i in range(len(letters) - 1)}


def _pairs_of(streets: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for street in sorted(streets):
        for pair in _jamo_pairs(street):
            found[pair].append(street)
    return {pair: names for pair, names in found.items() if len(names) <= _COMMON}


def _digits(name: str) -> list[str]:
    return re.findall(r"\d+", name)


def check(draft: Draft, known: Addresses) -> None:
    """Note streets that look like slips, and offer the place of a known address to a row that has none.

    An offer needs the columns it would fill. Where the row was refused for having no place, the refusal carries it.
    """
    for field in FIELDS:
        written = draft.text(field)
        slip = None if written is None else known.slip(field, written)
        if written is not None and slip is not None:
            street, near = slip
            repair = {"kind": "set", "field": field, "value": written.replace(street, near[0], 1)}
            draft.note(field, "city.import.address.near", repair, street=street[:60], near=", ".join(near))
    if draft.position or not {"lon", "lat"} <= draft.columns:
        return
    offer = _offer(draft, known)
    if offer is None:
        return
    for index, reason in enumerate(draft.reasons):
        if reason.key in {"city.import.position.missing", "city.import.position.zero"}:
            draft.reasons[index] = reason._replace(repair=offer)
            return
    if not draft.reasons:
        draft.note("lon", "city.import.address.place", offer, address=str(offer["address"])[:80])


def _offer(draft: Draft, known: Addresses) -> dict[str, object] | None:
    for field in FIELDS:
        written = draft.text(field)
        place = None if written is None else known.place_of(field, written)
        if place is not None:
            lon, lat = place
            return {"kind": "place", "fields": ["lon", "lat"], "lon": lon, "lat": lat, "address": written}
    return None
