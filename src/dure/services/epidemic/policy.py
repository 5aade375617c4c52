"""Who may see the line list and its figures. What is not listed is nobody's. No account of several people may."""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import Role

GRANTS: Grants = {
    "epidemic.read": grant({Role.ADMIN, Role.EPIDEMIC}),
    "epidemic.situation": grant({Role.ADMIN, Role.EPIDEMIC, Role.CLINICIAN, Role.DISASTER, Role.SHIFT_LEAD}),
    "epidemic.trace": grant({Role.EPIDEMIC}),
    "epidemic.name": grant({Role.EPIDEMIC}, Ask.PURPOSE),
    "epidemic.approve": grant({Role.ADMIN, Role.EPIDEMIC}),
    "epidemic.report": grant({Role.ADMIN, Role.EPIDEMIC}),
    "epidemic.disclose": grant({Role.ADMIN, Role.EPIDEMIC}),
}
