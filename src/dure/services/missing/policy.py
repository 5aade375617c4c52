"""Who may report and look for missing people. What is not listed is nobody's. No account of several people may."""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import CONTROL_ROOM, Role

GRANTS: Grants = {
    "missing.read": grant(CONTROL_ROOM | {Role.ADMIN}, own={Role.POLICE, Role.FIRE, Role.DISASTER, Role.WELFARE}),
    "missing.handle": grant(CONTROL_ROOM | {Role.ADMIN}),
    "missing.photo": grant(
        CONTROL_ROOM | {Role.ADMIN}, Ask.PURPOSE, own={Role.POLICE, Role.FIRE, Role.DISASTER, Role.WELFARE}
    ),
}
