"""Who may see and govern notices. Pure, default deny. Who may have one sent is asked by the room that has a reason."""

from dure.trust.policy import Grants, grant
from dure.trust.roles import CONTROL_ROOM, Role

GRANTS: Grants = {
    "notice.read": grant(CONTROL_ROOM | {Role.ADMIN, Role.AUDITOR}, shared=True),
    "notice.resolve": grant(CONTROL_ROOM | {Role.ADMIN}),
    "notice.configure": grant({Role.ADMIN}),
}
"""Notices are seen masked. The words of one are opened with its incident, not here."""
