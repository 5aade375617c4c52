"""Who may run the stations. No account of several people may but for the display."""

from dure.trust.policy import Grants, grant
from dure.trust.roles import Role

GRANTS: Grants = {
    "epidemic.screening": grant({Role.ADMIN, Role.EPIDEMIC, Role.CLINICIAN}, shared=True),
    "epidemic.screen": grant({Role.EPIDEMIC, Role.CLINICIAN}),
}
