"""Who reads the log, takes it out, and judges what a review found odd. An administrator names witnesses and reviews
nothing: what administrators did is reviewed by somebody else. Both may say which person an account is.
"""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import Role

GRANTS: Grants = {
    "audit.read": grant({Role.ADMIN, Role.AUDITOR}),
    "audit.export": grant({Role.AUDITOR}, Ask.PURPOSE, Ask.STEP_UP),
    "audit.witness": grant({Role.ADMIN}, Ask.STEP_UP),
    "audit.review": grant({Role.AUDITOR}, Ask.ACCOUNT),
    "audit.own": grant({Role.ADMIN, Role.AUDITOR}, Ask.ACCOUNT, Ask.STEP_UP),
}
