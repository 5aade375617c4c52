"""Who may see and change what the city has. What is not listed is nobody's."""

from dure.trust.policy import Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, STAFF, Role

GRANTS: Grants = {
    "city.read": grant(STAFF | {Role.SERVICE}, shared=True),  # assets, boundaries, base map, search
    "camera.read": grant(
        CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.OFFICIAL, Role.AUDITOR, Role.SERVICE}, shared=True
    ),
    "camera.manage": grant({Role.ADMIN, Role.SHIFT_LEAD}),
    "device.read": grant(STAFF - {Role.TEACHER, Role.CLINICIAN} | {Role.SERVICE}, shared=True),
    "device.manage": grant({Role.ADMIN}),
    "city.import": grant({Role.ADMIN, Role.SHIFT_LEAD}, own={Role.OFFICIAL, Role.EPIDEMIC}),
}
