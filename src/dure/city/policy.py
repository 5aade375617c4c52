"""Who may see and change what the city has. What is not listed is nobody's."""

from collections.abc import Mapping

from dure.trust.roles import CONTROL_ROOM, RESPONDERS, STAFF, Role

GRANTS: Mapping[str, frozenset[Role]] = {
    "city.read": STAFF | {Role.SERVICE},  # assets, boundaries, base map, search
    "camera.read": CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.OFFICIAL, Role.AUDITOR, Role.SERVICE},
    "camera.manage": frozenset({Role.ADMIN, Role.SHIFT_LEAD}),
    "device.read": STAFF - {Role.TEACHER, Role.CLINICIAN} | {Role.SERVICE},
    "device.manage": frozenset({Role.ADMIN}),
    "city.import": frozenset({Role.ADMIN, Role.OFFICIAL, Role.SHIFT_LEAD}),
}
