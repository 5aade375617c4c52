"""Who sees what is kept and what went, and who may hold it back."""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import Role

GRANTS: Grants = {
    "retention.read": grant({Role.ADMIN, Role.AUDITOR, Role.SHIFT_LEAD}),
    "retention.hold": grant({Role.ADMIN, Role.AUDITOR}, Ask.ACCOUNT),
}
