"""Who may see, run and answer for operations. Pure, default deny."""

from dure.respond.policy import SEES_ALL
from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

READERS = SEES_ALL | RESPONDERS | {Role.OFFICIAL}
GRANTS: Grants = {
    "operation.read": grant(READERS, shared=True),
    "operation.handle": grant(CONTROL_ROOM | {Role.ADMIN, Role.DISASTER}),
    "operation.direct": grant({Role.SHIFT_LEAD, Role.DISASTER, Role.ADMIN}),
    "operation.approve": grant({Role.SHIFT_LEAD, Role.DISASTER}, Ask.ACCOUNT),
}
"""A wall in the meeting room may read. Who approves a report or what citizens are told is a person who signed in."""
