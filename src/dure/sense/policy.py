"""Who may send and read observations."""

from dure.trust.policy import Grants
from dure.trust.roles import CONTROL_ROOM, MACHINES, RESPONDERS, Role

GRANTS: Grants = {
    "observation.send": MACHINES,
    "observation.read": CONTROL_ROOM
    | RESPONDERS
    | {Role.ADMIN, Role.WELFARE, Role.EPIDEMIC, Role.OFFICIAL, Role.AUDITOR, Role.SERVICE},
}
