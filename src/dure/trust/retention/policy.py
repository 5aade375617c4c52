"""Who sees what is kept and what went, who may hold it back, and who says what decides how long the log is kept: not
the administrator, whose own deeds stand in it.
"""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import Role

GRANTS: Grants = {
    "retention.read": grant({Role.ADMIN, Role.AUDITOR, Role.SHIFT_LEAD}),
    "retention.hold": grant({Role.ADMIN, Role.AUDITOR}, Ask.ACCOUNT),
    "retention.facts": grant({Role.AUDITOR}, Ask.ACCOUNT, Ask.STEP_UP),
}
