"""Who may turn a camera, and for what. Pure, default deny.

The Personal Information Protection Act, Article 25(5), forbids to handle a camera at will for another purpose than that
for which it was put up. So a camera is turned by the centre's own people only (never by an agency that is shown its
picture), for an incident of a kind that its registered purposes name, and looks home again afterwards.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final

from dure.kernel.geometry import LonLat, bearing_deg
from dure.trust.principal import Principal
from dure.trust.roles import CONTROL_ROOM, Role
from dure.video.onvif.client import Position, Preset

CENTRE: Final = CONTROL_ROOM | {Role.ADMIN}
"""Who sits in the control room; in a small city the administrator does."""
OWN: Final = frozenset({None, "control"})
"""The agency that the centre's people belong to, as setting a city up names it, or none."""
HOME_AFTER: Final = timedelta(minutes=10)
"""So long after its last turn, or when its incident closes, a camera looks home again."""
STALE: Final = timedelta(seconds=5)
"""A turn that could not be made within this time is not made later: who asked looks elsewhere by then."""

RESIDENT_POLICE: Final = "ask"
"""The one rule for police officers who sit in the control room (상주 경찰관): they see what is opened to them and may
ask the operator beside them to turn a camera; they never turn one themselves, on no screen and by no message."""

_EVERYTHING = "multi"
_FOR: Final[Mapping[str, frozenset[str]]] = {
    "crime_prevention": frozenset({"crime", "emergency_bell", "missing_person", "crowd"}),
    "child_safety": frozenset({"crime", "emergency_bell", "missing_person", "traffic"}),
    "park": frozenset({"crime", "emergency_bell", "missing_person", "fire", "medical"}),
    "traffic_enforcement": frozenset({"traffic"}),
    "traffic_information": frozenset({"traffic", "crowd"}),
    "vehicle_crime": frozenset({"crime", "missing_person"}),
    "facility": frozenset({"facility_fault", "fire", "gas", "power_cut", "crime"}),
    "disaster": frozenset({"fire", "flood", "gas", "earthquake", "crowd", "medical", "power_cut"}),
    "fire": frozenset({"fire", "gas"}),
}
"""What a registered purpose covers, by the group of an incident's type. What is not named here is not covered:
`dumping`, `other` and purposes that nobody knows allow no turn."""


def may_turn(who: Principal) -> bool:
    """Whether somebody belongs to the centre: a person signed in by themself, with a role of the control room that is
    theirs (not lent by a colleague), no role of any other office beside it, and no other agency that they act for.
    """
    if who.kind != "account" or who.shared or who.acting_for is not None or who.agency_id not in OWN:
        return False
    lent = {role for role, _ in who.delegated}
    return bool((who.roles - lent) & CENTRE) and who.roles <= CENTRE


def within(purposes: Collection[str], group: str) -> bool:
    """Whether a camera put up for `purposes` may be turned for an incident whose type is of `group`."""
    return any(one == _EVERYTHING or group in _FOR.get(one, ()) for one in purposes)


def nearest(
    presets: Sequence[Preset], named: str, camera: LonLat, azimuth_deg: float | None, place: LonLat | None
) -> Preset | None:
    """The preset that looks at a place: the one that is named so, else the one whose pan is nearest to the place's
    direction. A pan of 0 is the registered middle of the view, and -1 to 1 is once around (ONVIF's generic space as
    domes have it). None where nothing can be said.
    """
    if named:
        folded = named.casefold()
        exact = next((one for one in presets if folded in (one.name.casefold(), one.token.casefold())), None)
        if exact is not None:
            return exact
    if place is None or azimuth_deg is None:
        return None
    wanted = (bearing_deg(camera, place) - azimuth_deg + 180) % 360 - 180
    known = [(one, one.position) for one in presets if one.position is not None]
    if not known:
        return None
    return min(known, key=lambda pair: abs((pair[1].pan * 180 - wanted + 180) % 360 - 180))[0]


def looks_at(camera: LonLat, azimuth_deg: float, place: LonLat) -> Position:
    """Where a camera without presets turns to see a place, a little downwards."""
    pan = ((bearing_deg(camera, place) - azimuth_deg + 180) % 360 - 180) / 180
    return Position(pan, -0.15, 0.0)
