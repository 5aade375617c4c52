"""Who may see the patients, look after them and give beds. No account of several people may."""

from dure.trust.policy import Grants, grant
from dure.trust.roles import Role

GRANTS: Grants = {
    "epidemic.care": grant({Role.ADMIN, Role.EPIDEMIC, Role.CLINICIAN}),
    "epidemic.look": grant({Role.EPIDEMIC, Role.CLINICIAN}),
    "epidemic.beds": grant({Role.ADMIN, Role.EPIDEMIC}),
}
