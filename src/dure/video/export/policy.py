"""Who has files made of past pictures. Pure, default deny; the right itself is an approved view ticket."""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

GRANTS: Grants = {
    "export.read": grant(CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.AUDITOR}),
    "export.ask": grant(CONTROL_ROOM | RESPONDERS | {Role.ADMIN}, Ask.ACCOUNT, Ask.PURPOSE),
    "export.cancel": grant(CONTROL_ROOM | RESPONDERS | {Role.ADMIN}, Ask.ACCOUNT),
    "export.download": grant(CONTROL_ROOM | RESPONDERS | {Role.ADMIN}, Ask.ACCOUNT, Ask.STEP_UP),
}
"""Lists are cut to one's own for all but the centre; fetching needs a fresh sign-in."""
