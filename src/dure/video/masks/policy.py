"""Who draws masks, who lets a second person look beneath, and who allows it. Pure, default deny."""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import CONTROL_ROOM, Role

GRANTS: Grants = {
    "mask.read": grant(CONTROL_ROOM | {Role.ADMIN, Role.AUDITOR}),
    "mask.edit": grant({Role.ADMIN, Role.SHIFT_LEAD}, Ask.ACCOUNT),
    "mask.still": grant({Role.ADMIN, Role.SHIFT_LEAD}, Ask.ACCOUNT, Ask.PURPOSE),
    "mask.lift": grant(CONTROL_ROOM | {Role.ADMIN}, Ask.ACCOUNT, Ask.PURPOSE),
    "mask.end": grant(CONTROL_ROOM | {Role.ADMIN}, Ask.ACCOUNT),
    "mask.allow": grant({Role.ADMIN, Role.SHIFT_LEAD}, Ask.ACCOUNT, Ask.STEP_UP),
}
"""Allowing is somebody else's than who asked: the database holds that, too."""
