"""Who may see the markets' watch. What is not listed is nobody's."""

from dure.trust.policy import Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

GRANTS: Grants = {
    "market_fire.read": grant(
        CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.OFFICIAL, Role.AUDITOR, Role.SERVICE}, shared=True
    ),
}
