"""Who may send and read observations."""

from dure.trust.policy import Grants, grant
from dure.trust.roles import CONTROL_ROOM, MACHINES, RESPONDERS, Role

GRANTS: Grants = {
    "observation.send": grant(MACHINES),
    "observation.read": grant(
        CONTROL_ROOM
        | RESPONDERS
        | {Role.ADMIN, Role.WELFARE, Role.EPIDEMIC, Role.OFFICIAL, Role.AUDITOR, Role.SERVICE},
        shared=True,
    ),
}
