"""Who may read and handle incidents: permissions by role, and which incidents an agency's desk sees. Pure, default
deny.
"""

from collections.abc import Collection
from dataclasses import dataclass

from dure.respond.types import Types
from dure.trust.policy import Ask, Grants, grant
from dure.trust.principal import Principal
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

SEES_ALL = CONTROL_ROOM | {Role.ADMIN, Role.AUDITOR}
"""Roles that see every incident. A machine's token without an agency is the city's own and sees all, too."""

GRANTS: Grants = {
    "incident.read": grant(
        SEES_ALL, own=RESPONDERS | {Role.OFFICIAL, Role.WELFARE, Role.EPIDEMIC, Role.SERVICE}, shared=True
    ),
    "incident.report": grant(CONTROL_ROOM | RESPONDERS | {Role.ADMIN, Role.SERVICE}, shared=True),
    "incident.handle": grant(CONTROL_ROOM | {Role.ADMIN}, shared=True),
    "incident.answer": grant(
        CONTROL_ROOM | {Role.ADMIN}, own=RESPONDERS | {Role.OFFICIAL, Role.WELFARE, Role.EPIDEMIC}, shared=True
    ),
    "incident.configure": grant({Role.ADMIN}),
    "door.read": grant(CONTROL_ROOM | {Role.ADMIN, Role.AUDITOR}, shared=True),
    "door.resolve": grant(CONTROL_ROOM | {Role.ADMIN}),
    "door.configure": grant({Role.ADMIN}, Ask.STEP_UP),
    "automation.read": grant(CONTROL_ROOM | {Role.ADMIN, Role.AUDITOR}, shared=True),
    "automation.configure": grant({Role.ADMIN}, Ask.STEP_UP),
    "playbook.read": grant(SEES_ALL | RESPONDERS | {Role.OFFICIAL, Role.WELFARE, Role.EPIDEMIC}, shared=True),
    "playbook.publish": grant({Role.ADMIN, Role.SHIFT_LEAD, Role.DISASTER}),
}
"""Handling is the control room's (and in a small city the administrator's); answering a hand-off is the agency's. Where
a hand-off may leave the city (`door.configure`) is set by who has just proven to be there.
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which incidents somebody sees: all, or those of some types, handed to their agency, or reported by it."""

    everything: bool
    types: frozenset[str] = frozenset()
    agency_id: str | None = None

    def covers(
        self,
        type_id: str,
        handed_to: Collection[str],
        reported_by: str | None,
        drill_for: Collection[str] | None = None,
    ) -> bool:
        """Whether an incident is within it. `drill_for`: of a led drill, the agencies that take part; no other hears
        of it.
        """
        if self.everything:
            return True
        if drill_for is not None and self.agency_id not in drill_for:
            return False
        if type_id in self.types:
            return True
        return self.agency_id is not None and (self.agency_id in handed_to or self.agency_id == reported_by)


def desk_of(principal: Principal) -> str | None:
    """The agency that `principal` acts for: their own, else the room that their role names (police, fire, disaster)."""
    if principal.agency_id is not None:
        return principal.agency_id
    named = sorted(role.value for role in principal.roles & RESPONDERS)
    return named[0] if named else None


def scope_of(principal: Principal, types: Types) -> Scope:
    """What `principal` sees."""
    if principal.roles & SEES_ALL or (Role.SERVICE in principal.roles and principal.agency_id is None):
        return Scope(everything=True)
    desks = {role.value for role in principal.roles & RESPONDERS}
    if Role.SERVICE in principal.roles and principal.agency_id is not None:
        desks.add(principal.agency_id)
    of_theirs = frozenset[str]().union(*(types.seen_by(desk) for desk in desks))
    return Scope(everything=False, types=of_theirs, agency_id=desk_of(principal))


def may_answer(principal: Principal, agency_id: str) -> bool:
    """Whether `principal` may answer a hand-off to `agency_id`: its own desk, or an operator who has it by phone."""
    if not principal.may("incident.answer"):
        return False
    return desk_of(principal) == agency_id or principal.may("incident.handle")
