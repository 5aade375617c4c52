"""Who may see and govern notices. Pure, default deny. Who may have one sent is asked by the room that has a reason."""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import CONTROL_ROOM, STAFF, Role

GRANTS: Grants = {
    "notice.read": grant(CONTROL_ROOM | {Role.ADMIN, Role.AUDITOR}, shared=True),
    "notice.own": grant(STAFF, Ask.ACCOUNT),
    "notice.resolve": grant(CONTROL_ROOM | {Role.ADMIN}),
    "notice.configure": grant({Role.ADMIN}),
    "notice.contact": grant({Role.ADMIN}, Ask.STEP_UP),
    "warning.read": grant(CONTROL_ROOM | {Role.ADMIN, Role.AUDITOR, Role.DISASTER}, shared=True),
    "warning.draft": grant(CONTROL_ROOM | {Role.ADMIN, Role.DISASTER}),
    "warning.approve": grant({Role.SHIFT_LEAD, Role.DISASTER}, Ask.ACCOUNT),
    "cap.publish": grant({Role.SHIFT_LEAD, Role.DISASTER, Role.ADMIN}, Ask.STEP_UP),
}
"""Notices are seen masked. The words of one are opened with its incident, not here."""
