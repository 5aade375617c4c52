"""Who may see what the watch learns, say causes, and change how a stall is judged. What is not listed is nobody's."""

from dure.trust.policy import Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

GRANTS: Grants = {
    "market_fire.learn": grant(
        CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.OFFICIAL, Role.AUDITOR, Role.SERVICE}, shared=True
    ),
    "market_fire.judge": grant(CONTROL_ROOM | {Role.ADMIN}, shared=True),
    "market_fire.settle": grant({Role.ADMIN, Role.SHIFT_LEAD, Role.OFFICIAL}),
}
