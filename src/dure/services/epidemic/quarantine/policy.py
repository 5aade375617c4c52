"""Who may see who stays at home, look after them and print their notice. No account of several people may."""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import Role

GRANTS: Grants = {
    "epidemic.quarantine": grant({Role.ADMIN, Role.EPIDEMIC}),
    "epidemic.quarantine_handle": grant({Role.EPIDEMIC}),
    "epidemic.notice": grant({Role.EPIDEMIC}, Ask.PURPOSE),
}
