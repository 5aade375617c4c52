"""Who may see the markets' watch. What is not listed is nobody's."""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

GRANTS: Grants = {
    "market_fire.read": grant(
        CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.OFFICIAL, Role.AUDITOR, Role.SERVICE},
        own={Role.MERCHANT},
        shared=True,
    ),
    "market_fire.commission": grant({Role.ADMIN, Role.SHIFT_LEAD}, own={Role.MERCHANT}),
    "market_fire.configure": grant({Role.ADMIN}),
    "market_fire.sheet": grant(CONTROL_ROOM | {Role.ADMIN}, own={Role.FIRE, Role.DISASTER}, shared=True),
    "market_fire.sheet_open": grant(CONTROL_ROOM, Ask.PURPOSE, own={Role.FIRE, Role.DISASTER}),
}
