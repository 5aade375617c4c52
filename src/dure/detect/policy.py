"""Who may see rules and alarms, and act on them. What is not listed is nobody's."""

from typing import Final

from dure.trust.policy import Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

GRANTS: Final[Grants] = {
    "alarm.read": grant(
        CONTROL_ROOM
        | RESPONDERS
        | {Role.ADMIN, Role.AUDITOR, Role.OFFICIAL, Role.WELFARE, Role.EPIDEMIC, Role.SERVICE},
        shared=True,
    ),
    "alarm.handle": grant(CONTROL_ROOM | {Role.ADMIN}, shared=True),
    "rule.read": grant(
        CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.AUDITOR, Role.OFFICIAL, Role.SERVICE}, shared=True
    ),
    "rule.manage": grant({Role.ADMIN, Role.SHIFT_LEAD}),
}
