"""Who may see how an alarm is verified, answer, and announce works. What is not listed is nobody's."""

from dure.trust.policy import Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

GRANTS: Grants = {
    "market_fire.stages": grant(
        CONTROL_ROOM | {Role.ADMIN, Role.AUDITOR}, own=RESPONDERS | {Role.OFFICIAL, Role.SERVICE}, shared=True
    ),
    "market_fire.answer": grant(CONTROL_ROOM | {Role.ADMIN}, shared=True),
    "market_fire.announced": grant(
        CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.OFFICIAL, Role.AUDITOR, Role.SERVICE}, shared=True
    ),
    "market_fire.announce": grant(CONTROL_ROOM | {Role.ADMIN}, shared=True),
}
