"""Who may see and set duty rosters, and who signs. Pure, default deny."""

from dure.respond.policy import SEES_ALL, desk_of
from dure.trust.policy import Ask, Grants, grant
from dure.trust.principal import Principal
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, STAFF, Role

_OFFICES = RESPONDERS | {Role.OFFICIAL, Role.WELFARE, Role.EPIDEMIC}

GRANTS: Grants = {
    "roster.read": grant(SEES_ALL | _OFFICES, shared=True),
    "roster.manage": grant({Role.ADMIN, Role.SHIFT_LEAD}),
    "roster.ask": grant(STAFF - {Role.AUDITOR}, Ask.ACCOUNT),
    "shift.read": grant(SEES_ALL, shared=True),
    "shift.remark": grant(CONTROL_ROOM | {Role.ADMIN}),
    "shift.sign": grant(CONTROL_ROOM, Ask.ACCOUNT, Ask.STEP_UP),
}
"""A signature is a person's who has just proved to be there; no token signs."""


def sees(principal: Principal, agency_id: str | None) -> bool:
    """Whether a roster is within somebody's reach: every one for the control room, else their own office's."""
    return bool(principal.roles & SEES_ALL) or (agency_id is not None and desk_of(principal) == agency_id)


def sets(principal: Principal, agency_id: str | None) -> bool:
    """Whether somebody sets a roster: an administrator every one, a shift lead their own centre's or office's."""
    return Role.ADMIN in principal.roles or principal.agency_id == agency_id
