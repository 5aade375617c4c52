"""Who reports, who checks. A doctor's office sees what it told, and nothing else."""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import Role

GRANTS: Grants = {
    "epidemic.tell": grant({Role.CLINICIAN, Role.EPIDEMIC}),
    "epidemic.told": grant({Role.ADMIN, Role.EPIDEMIC, Role.CLINICIAN}),
    "epidemic.judge": grant({Role.EPIDEMIC}),
    "epidemic.hand_on": grant({Role.EPIDEMIC}, Ask.PURPOSE),
}
