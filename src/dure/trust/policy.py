"""Who may do what: pure functions over tables of permission -> roles and what is asked of them, default deny.

Each room lists its own permissions as `GRANTS` in its policy.py; app.py makes the one table out of them. What is
expected of all of it stands, written apart, in table/expected.toml.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from dure.trust.roles import CONTROL_ROOM, RESPONDERS, STAFF, Role

PURPOSE_AT_LEAST = 4
"""Characters of a purpose: "ok" is none."""


class Ask(StrEnum):
    """What a permission asks for beside the role."""

    PURPOSE = "purpose"  # why, in words (PIPA article 15; safeguards notice article 8: the log names what was done)
    NETWORK = "network"  # an approved network, named for the agency or the token (safeguards notice article 6)
    ACCOUNT = "account"  # a person signed in; no token
    STEP_UP = "step_up"  # the person proved themself again a moment ago


class Grant(frozenset[Role]):
    """The roles that hold a permission; `own` of them with things of their own agency only. What is `asks`ed comes on
    top. `shared`: accounts that several people use (a wall board) hold it, too.
    """

    own: frozenset[Role]
    asks: frozenset[Ask]
    shared: bool


def grant(roles: Iterable[Role] = (), *asks: Ask, own: Iterable[Role] = (), shared: bool = False) -> Grant:
    """`grant(CONTROL_ROOM, Ask.PURPOSE, own=RESPONDERS)`: the control room for anybody's things, responders for those
    of their own agency, both with a purpose, and no shared account.
    """
    anybodys = frozenset(roles)
    made = Grant(anybodys | frozenset(own))
    made.own = frozenset(own) - anybodys
    made.asks = frozenset(asks)
    made.shared = shared
    return made


Grants = Mapping[str, frozenset[Role]]
"""Permission -> who holds it: a `Grant`, or plain roles, which ask for nothing and are not for shared accounts."""

GRANTS: Grants = {
    "account.manage": grant({Role.ADMIN}, shared=True),  # or nobody could lift a suspicion
    "account.grant": grant({Role.ADMIN}, Ask.STEP_UP),
    "agency.read": grant(STAFF | {Role.SERVICE}, shared=True),
    "agency.manage": grant({Role.ADMIN}),
    "token.manage": grant({Role.ADMIN}),
    "token.make": grant({Role.ADMIN}, Ask.STEP_UP),
    "duty.read": grant({Role.ADMIN, Role.AUDITOR}, own=STAFF, shared=True),
    "duty.manage": grant({Role.ADMIN}, own={Role.SHIFT_LEAD}),
    "delegation.read": grant({Role.ADMIN, Role.AUDITOR}, Ask.ACCOUNT, own=STAFF),
    "delegation.make": grant(STAFF - {Role.AUDITOR}, Ask.ACCOUNT),
    "delegation.give": grant(STAFF - {Role.AUDITOR}, Ask.ACCOUNT, Ask.STEP_UP),
    "policy.read": grant({Role.ADMIN, Role.AUDITOR}),
    "person.read": grant(
        CONTROL_ROOM | {Role.ADMIN}, own=RESPONDERS | {Role.WELFARE, Role.EPIDEMIC, Role.CLINICIAN, Role.OFFICIAL}
    ),
    "person.open": grant(CONTROL_ROOM, Ask.PURPOSE, Ask.STEP_UP, own=RESPONDERS | {Role.WELFARE, Role.EPIDEMIC}),
    "system.read": grant(STAFF, shared=True),
    "system.manage": grant({Role.ADMIN}),
}
"""The room's own, and the machines' below it. An administrator keeps accounts and does not open people's records."""


class Standing(StrEnum):
    """How an account or a token stands."""

    ACTIVE = "active"
    EXPIRED = "expired"
    SUSPENDED = "suspended"  # also: has left, was revoked
    SHARED = "shared"  # several people use it


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks: roles, the agency they act for (a slug, or None), how the account stands, and whether a person signed
    in (`account`) or a token asks.
    """

    roles: frozenset[Role]
    agency: str | None = None
    standing: Standing = Standing.ACTIVE
    account: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """What it is about. `agencies` are those it belongs to: None where belonging means nothing (a device of the city,
    a list that is filtered by itself), an empty set where it belongs to none, with None in it to whoever has none. It
    is also within the field of `roles`, of whatever agency (a fire, the fire service's).
    """

    agencies: frozenset[str | None] | None = None
    roles: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Situation:
    """The circumstances. `network`: True within an approved one, False outside those that are named, None where none
    is named. `purpose` in words. `proved`: signed in anew a moment ago.
    """

    network: bool | None = None
    purpose: str | None = None
    proved: bool = False


class Why(StrEnum):
    """The reason of a decision; `trust.policy.why.<reason>` says it to people."""

    GRANTED = "granted"
    GRANTED_OWN = "granted_own"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    NETWORK_OUT = "network_out"
    ROLE = "role"
    SHARED = "shared"
    ACCOUNT = "account"
    NETWORK = "network"
    AGENCY = "agency"
    STEP_UP = "step_up"
    PURPOSE = "purpose"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether, and why (not)."""

    allowed: bool
    why: Why


ANYTHING = Resource()
NOTHING_KNOWN = Situation()


def decide(subject: Subject, action: str, resource: Resource, situation: Situation, table: Grants) -> Decision:
    """Whether `subject` may do `action` to `resource` in this situation, by `table`; what it does not name is denied.

    A refusal gives the first reason in the order of `Why`: what is wrong with the asker before what is missing.
    """
    granted = table.get(action)
    reason = _barred(subject, situation)
    if reason is None:
        reason = (
            Why.ROLE if granted is None or granted.isdisjoint(subject.roles) else _held(subject, situation, granted)
        )
    if reason is None and granted is not None:
        reason = _about(subject, resource, granted) or _missing(situation, granted)
        if reason is None:
            return Decision(True, Why.GRANTED if subject.roles & _anybodys(granted) else Why.GRANTED_OWN)
    return Decision(False, reason or Why.ROLE)


def _barred(subject: Subject, situation: Situation) -> Why | None:
    """What keeps somebody from everything."""
    if subject.standing is Standing.EXPIRED:
        return Why.EXPIRED
    if subject.standing is Standing.SUSPENDED:
        return Why.SUSPENDED
    return Why.NETWORK_OUT if situation.network is False else None


def _held(subject: Subject, situation: Situation, granted: frozenset[Role]) -> Why | None:
    """What keeps a permission from somebody of the right role, whatever it is about."""
    asks, shared = (granted.asks, granted.shared) if isinstance(granted, Grant) else (frozenset[Ask](), False)
    if subject.standing is Standing.SHARED and not shared:
        return Why.SHARED
    if Ask.ACCOUNT in asks and not subject.account:
        return Why.ACCOUNT
    return Why.NETWORK if Ask.NETWORK in asks and situation.network is not True else None


def _about(subject: Subject, resource: Resource, granted: frozenset[Role]) -> Why | None:
    """Whether the thing is within reach: anybody's, or one's own agency's."""
    if resource.agencies is None or subject.roles & _anybodys(granted) or _is_the_city(subject):
        return None
    within = subject.agency in resource.agencies or subject.roles & granted & resource.roles
    return None if within else Why.AGENCY


def _missing(situation: Situation, granted: frozenset[Role]) -> Why | None:
    """What has to be brought along each time."""
    asks = granted.asks if isinstance(granted, Grant) else frozenset[Ask]()
    if Ask.STEP_UP in asks and not situation.proved:
        return Why.STEP_UP
    return Why.PURPOSE if Ask.PURPOSE in asks and not is_purpose(situation.purpose) else None


def _anybodys(granted: frozenset[Role]) -> frozenset[Role]:
    return granted - granted.own if isinstance(granted, Grant) else granted


def _is_the_city(subject: Subject) -> bool:
    """A machine's token without an agency is the city's own."""
    return subject.agency is None and Role.SERVICE in subject.roles


def is_purpose(words: str | None) -> bool:
    """Whether somebody said why."""
    return words is not None and len(words.strip()) >= PURPOSE_AT_LEAST


class Asker(Protocol):
    """Who asks, as far as a thing's belonging matters: a principal."""

    @property
    def roles(self) -> frozenset[Role]:
        """Their roles."""
        ...

    @property
    def agency_id(self) -> str | None:
        """The agency they act for."""
        ...


def desk(roles: Iterable[Role], agency: str | None) -> str | None:
    """The agency that somebody acts for: their own, else the one that their role names (police, fire, disaster)."""
    return agency or min((role.value for role in RESPONDERS.intersection(roles)), default=None)


def within(who: Asker, permission: str, resource: Resource, table: Grants) -> bool:
    """Whether a thing is within reach of somebody who holds `permission`."""
    granted = table.get(permission, frozenset())
    return _about(Subject(who.roles, desk(who.roles, who.agency_id)), resource, granted) is None


def joined(resources: Iterable[Resource]) -> Resource:
    """What belongs to all whom several rooms name: to everybody as soon as one says that belonging means nothing."""
    parts = list(resources)
    if any(part.agencies is None for part in parts):
        return Resource()
    agencies = frozenset[str | None]().union(*(part.agencies or () for part in parts))
    return Resource(agencies, frozenset[Role]().union(*(part.roles for part in parts)))


def reaches_all(roles: Iterable[Role], agency: str | None, permission: str, table: Grants) -> bool:
    """Whether who holds `permission` holds it for the things of every agency: what lists filter by."""
    subject = Subject(frozenset(roles), agency)
    return decide(
        subject, permission, Resource(frozenset()), Situation(True, "-" * PURPOSE_AT_LEAST, True), table
    ).allowed


def held(subject: Subject, network: bool | None, table: Grants) -> frozenset[str]:
    """The permissions that `subject` holds from where they are, for at least some things; a purpose or a renewed proof
    is asked at the act itself.
    """
    situation = Situation(network)
    if _barred(subject, situation) is not None:
        return frozenset()
    return frozenset(
        permission
        for permission, granted in table.items()
        if not granted.isdisjoint(subject.roles) and _held(subject, situation, granted) is None
    )


def asks_of(permission: str, table: Grants) -> frozenset[Ask]:
    """What `permission` asks for beside the role."""
    granted = table.get(permission)
    return granted.asks if isinstance(granted, Grant) else frozenset()


def union(tables: Iterable[Mapping[str, frozenset[str]]]) -> Grants:
    """One table out of the rooms' tables. Raises ValueError where two rooms grant one permission, or a role is none."""
    whole: dict[str, frozenset[Role]] = {}
    for table in tables:
        for permission, roles in table.items():
            if permission in whole:
                raise ValueError(f"permission {permission!r} is granted twice")
            whole[permission] = roles if isinstance(roles, Grant) else grant(Role(role) for role in roles)
    return MappingProxyType(whole)


def allowed(roles: Iterable[Role], permission: str, table: Grants) -> bool:
    """Whether any of `roles` has `permission`; what `table` does not name, nobody has."""
    return not table.get(permission, frozenset()).isdisjoint(roles)


def permissions_of(roles: Iterable[Role], table: Grants) -> frozenset[str]:
    """All that `roles` together may do, the circumstances aside."""
    held_roles = frozenset(roles)
    return frozenset(permission for permission, granted in table.items() if not granted.isdisjoint(held_roles))
