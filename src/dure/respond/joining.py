"""What belongs together: whether an alarm joins an incident, whether two incidents are one. Pure; the rules are
stated here.

* An alarm joins an incident that is not closed, of the same group of types and mode, within the type's window of its
  last signal, when both are of one market or block (`place_key`) or within the type's radius.
* Calls with the same source and external reference are the same call.
* Two incidents merge by themselves only where all of this holds: their types both say when that is safe, the group
  and mode are the same, both are located, they are within both types' safe radius, and their openings lie within both
  safe windows.
* Otherwise a likely duplicate is suggested and a person decides.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from dure.kernel.geometry import LonLat, distance_m
from dure.respond.model import Mode, Status
from dure.respond.types import IncidentType


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is: on the map, or known as part of a market or block (`place_key`), or by its address's words
    alone.
    """

    at: LonLat | None = None
    place_key: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """As much of an incident as joining needs."""

    id: UUID
    kind: IncidentType
    mode: Mode
    status: Status
    spot: Spot
    opened_at: datetime
    last_signal_at: datetime
    merged: bool = False


class JoinedBy(StrEnum):
    """Why an alarm belongs to an incident."""

    PLACE = "place"
    DISTANCE = "distance"


def joined_by(kind: IncidentType, mode: Mode, spot: Spot, at: datetime, incident: Standing) -> JoinedBy | None:
    """Whether an alarm of `kind` at `spot`, raised `at`, belongs to `incident`, and by what; None: it does not."""
    if incident.merged or incident.status is Status.CLOSED or incident.mode is not mode:
        return None
    if incident.kind.merge_group != kind.merge_group:
        return None
    window_s = max(kind.window_s, incident.kind.window_s)
    if abs((at - incident.last_signal_at).total_seconds()) > window_s:
        return None
    if spot.place_key is not None and spot.place_key == incident.spot.place_key:
        return JoinedBy.PLACE
    metres = _metres(spot, incident.spot)
    return JoinedBy.DISTANCE if metres is not None and metres <= kind.radius_m else None


def incident_to_join(
    kind: IncidentType, mode: Mode, spot: Spot, at: datetime, incidents: Iterable[Standing]
) -> Standing | None:
    """The incident that an alarm joins: one of the same place before one nearby, then the nearest, then the oldest."""
    found = [
        (reason is not JoinedBy.PLACE, _metres(spot, incident.spot) or 0.0, incident.opened_at, incident.id, incident)
        for incident in incidents
        if (reason := joined_by(kind, mode, spot, at, incident)) is not None
    ]
    return min(found, key=lambda each: each[:4])[-1] if found else None


class Likeness(StrEnum):
    """How sure it is that two incidents are one."""

    SAFE = "safe"
    LIKELY = "likely"


SUGGEST_FACTOR = 2.0
"""Duplicates are suggested this much farther away than alarms join."""


def likeness(a: Standing, b: Standing) -> Likeness | None:
    """Whether `a` and `b` are the same thing: safe to merge without asking, likely enough to suggest, or neither
    (None).
    """
    if a.id == b.id or a.mode is not b.mode or a.merged or b.merged or a.kind.merge_group != b.kind.merge_group:
        return None
    if Status.CLOSED in (a.status, b.status):
        return None
    apart_s = abs((a.opened_at - b.opened_at).total_seconds())
    metres = _metres(a.spot, b.spot)
    safe = (a.kind.safe_merge, b.kind.safe_merge)
    if metres is not None and all(
        rule is not None and metres <= rule.radius_m and apart_s <= rule.window_s for rule in safe
    ):
        return Likeness.SAFE
    if apart_s > max(a.kind.window_s, b.kind.window_s):
        return None
    if a.spot.place_key is not None and a.spot.place_key == b.spot.place_key:
        return Likeness.LIKELY
    if metres is not None:
        return Likeness.LIKELY if metres <= SUGGEST_FACTOR * max(a.kind.radius_m, b.kind.radius_m) else None
    return Likeness.LIKELY if _same_words(a.spot.address, b.spot.address) else None


def address_words(address: str) -> str:
    """An address for comparing: one Unicode form, one case, no spaces or punctuation."""
    folded = unicodedata.normalize("NFKC", address).casefold()
    return "".join(character for character in folded if character.isalnum())


def _same_words(a: str | None, b: str | None) -> bool:
    words = address_words(a or "")
    return bool(words) and words == address_words(b or "")


def _metres(a: Spot, b: Spot) -> float | None:
    return None if a.at is None or b.at is None else distance_m(a.at, b.at)
