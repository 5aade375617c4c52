"""Who may read, write and decide on what is learned. Pure, default deny."""

from dure.respond.policy import SEES_ALL, desk_of
from dure.trust.policy import Grants, grant
from dure.trust.principal import Principal
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

_OTHERS = frozenset({Role.OFFICIAL, Role.WELFARE, Role.EPIDEMIC})

GRANTS: Grants = {
    "review.read": grant(SEES_ALL, own=RESPONDERS | _OTHERS, shared=True),
    "review.write": grant(CONTROL_ROOM | {Role.ADMIN}, own=RESPONDERS | _OTHERS),
    "review.configure": grant({Role.ADMIN}),
    "finding.propose": grant(CONTROL_ROOM | RESPONDERS | _OTHERS | {Role.ADMIN}),
    "finding.decide": grant({Role.ADMIN, Role.SHIFT_LEAD, Role.DISASTER}),
    "drill.lead": grant({Role.ADMIN, Role.SHIFT_LEAD, Role.DISASTER}),
}
"""An agency reads and writes the reviews of incidents that it sees. Who publishes manuals decides on findings."""


def may_decide(principal: Principal, owner: str | None) -> bool:
    """Whether `principal` decides on findings of a manual: where an agency of the city is its owner, that agency's desk
    or an administrator; else whoever may publish manuals.
    """
    if not principal.may("finding.decide"):
        return False
    return owner is None or Role.ADMIN in principal.roles or desk_of(principal) == owner
