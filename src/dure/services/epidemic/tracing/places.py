"""Places that several cases were at, and whether at the same time. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dure.services.epidemic.disclosure import Visit


@dataclass(frozen=True, slots=True)
class Shared:
    """A place where at least two cases were. `together`: the cases of the largest group that was there at one time,
    from when until when; empty where they came one after the other.
    """

    place: str
    kind: str
    address: str
    codes: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    together: tuple[str, ...]
    together_from: datetime | None
    together_to: datetime | None


def shared(visits: Iterable[Visit], slack: timedelta = timedelta(minutes=15)) -> list[Shared]:
    """The places, those with the most cases together first. Homes are not places that one shares; who came within
    `slack` of another's leaving was there with them.
    """
    by: dict[tuple[str, str], list[Visit]] = {}
    for one in visits:
        if one.place.strip() and one.kind != "home":
            by.setdefault((one.place.strip(), one.address.strip()), []).append(one)
    found = []
    for (place, address), own in by.items():
        codes = tuple(dict.fromkeys(one.code for one in sorted(own, key=lambda one: one.from_at)))
        if len(codes) < 2:
            continue
        group, begin, end = _largest(own, slack)
        ends = (min(one.from_at for one in own), max(one.to_at for one in own))
        found.append(Shared(place, own[0].kind, address, codes, *ends, group, begin, end))
    return sorted(found, key=lambda one: (-len(one.together), -len(one.codes), one.place))


def _largest(visits: list[Visit], slack: timedelta) -> tuple[tuple[str, ...], datetime | None, datetime | None]:
    """The most cases at one moment: a moment at which somebody comes is enough to look at."""
    best: tuple[tuple[str, ...], datetime | None, datetime | None] = ((), None, None)
    for one in visits:
        there = [other for other in visits if other.from_at <= one.from_at <= other.to_at + slack]
        codes = tuple(dict.fromkeys(other.code for other in there))
        if len(codes) > max(1, len(best[0])):
            best = (codes, one.from_at, max(other.to_at for other in there))
    return best
