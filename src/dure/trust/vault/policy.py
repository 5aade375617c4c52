"""Who decides about doubles, who erases, and who may see the proof. Erasing discloses nothing, so an administrator may;
it cannot be undone, so whoever does it proves to be there and says why.
"""

from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import CONTROL_ROOM, Role

GRANTS: Grants = {
    "person.link": grant(CONTROL_ROOM | {Role.WELFARE, Role.EPIDEMIC}),
    "person.erase": grant({Role.ADMIN, Role.SHIFT_LEAD}, Ask.PURPOSE, Ask.STEP_UP),
    "destruction.read": grant({Role.ADMIN, Role.SHIFT_LEAD, Role.AUDITOR}),
}
