"""The bodies and answers of joining, moving, leaving, duties, delegations and service accounts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from dure.engine.web import Flag, Line, Model
from dure.kernel.messages import Language
from dure.trust.roles import Role
from dure.trust.shapes import DeskName, GrantOut, LinkOut, Networks, Password, Secret, Slug, Username

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=300)]
Post = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
DutyKind = Literal["shift", "on_call"]


class GrantIn(Model):
    """A role: until when (absent: as long as the account), and whether only while on duty."""

    role: Role
    until: AwareDatetime | None = None
    on_duty: Flag = False


Grants = Annotated[list[GrantIn], Field(min_length=1, max_length=16)]


class RolesIn(Model):
    """All the roles that an account is to have."""

    roles: Grants


class MoveIn(Model):
    """Where somebody moves, their roles there, and why."""

    agency_id: Slug
    roles: Grants
    reason: Reason


class ReasonIn(Model):
    """Why."""

    reason: Reason


class NamedOut(BaseModel):
    """Something by id, with its name."""

    id: UUID
    name: str


class LeavingOut(BaseModel):
    """What ends when an account leaves: so many sessions, delegations and duties; tokens and service keys by name; and
    the service accounts that need a new owner.
    """

    sessions: int
    delegations: int
    duties: int
    tokens: list[NamedOut]
    keys: list[NamedOut]
    owns: list[NamedOut]


class InvitationIn(Model):
    """Whom an invitation is for: the desk's label, its agency and roles."""

    label: DeskName
    agency_id: Slug
    roles: Grants
    language: Language = "ko"


class InvitationOut(BaseModel):
    """An invitation without its secret."""

    id: UUID
    label: str
    agency_id: str
    language: Language
    grants: list[GrantOut]
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    account_id: UUID | None


class InvitationMade(InvitationOut):
    """An invitation and its link, shown once."""

    link: LinkOut


class Invitations(BaseModel):
    """A page of invitations."""

    items: list[InvitationOut]
    next: str | None


class JoinIn(Model):
    """The invitation's secret, and what the new account will be called."""

    token: Secret
    username: Username
    password: Password


class Joined(BaseModel):
    """Who joined."""

    id: UUID
    username: str
    label: str
    agency_id: str
    roles: list[Role]


class DutyIn(Model):
    """A duty: whose, shift or on call, at which post, from when until when."""

    account_id: UUID
    kind: DutyKind
    post: Post
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class DutyOut(BaseModel):
    """A duty; `account` is the desk's label."""

    id: UUID
    account_id: UUID
    account: str
    agency_id: str | None
    kind: DutyKind
    post: str
    starts_at: datetime
    ends_at: datetime
    created_by: str
    cancelled_at: datetime | None
    version: int


class Duties(BaseModel):
    """A page of duties."""

    items: list[DutyOut]
    next: str | None


class DelegationIn(Model):
    """Which of one's own roles a colleague holds from when until when, and why."""

    to_account: UUID
    roles: Annotated[list[Role], Field(min_length=1, max_length=16)]
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reason: Reason


class DelegationOut(BaseModel):
    """A delegation, with the labels of both desks."""

    id: UUID
    from_account: UUID
    from_label: str
    to_account: UUID
    to_label: str
    agency_id: str
    roles: list[Role]
    reason: str
    starts_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    created_at: datetime
    version: int


class Delegations(BaseModel):
    """A page of delegations."""

    items: list[DelegationOut]
    next: str | None


class Colleague(BaseModel):
    """A desk of one's own agency."""

    id: UUID
    label: str


class Colleagues(BaseModel):
    """A page of colleagues, and the roles that one may give them."""

    items: list[Colleague]
    next: str | None
    roles: list[Role]


Purposes = Annotated[list[Line], Field(min_length=1, max_length=10)]


class ServiceAccountIn(Model):
    """A new machine: its agency, the account that answers for it, and what for."""

    name: DeskName
    agency_id: Slug
    owner_id: UUID
    purposes: Purposes
    networks: Networks = Field(default_factory=list)


class ServiceAccountChange(Model):
    """What changes; what is not named stays. `ended` ends all its keys for good."""

    owner_id: UUID = UUID(int=0)
    purposes: Purposes = Field(default_factory=list)
    networks: Networks = Field(default_factory=list)
    state: Literal["active", "ended"] = "active"


class ServiceAccountOut(BaseModel):
    """A machine; `keys` says how many are good now, `used_at` when any was last used."""

    id: UUID
    name: str
    agency_id: str
    owner_id: UUID
    owner: str
    owner_active: bool
    purposes: list[str]
    networks: list[str]
    state: Literal["active", "ended"]
    keys: int
    used_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class ServiceAccounts(BaseModel):
    """A page of service accounts."""

    items: list[ServiceAccountOut]
    next: str | None


class KeyIn(Model):
    """A further key. `expires` is a number and s, m, h, d or w; `others_end_at`: when the keys before it end."""

    name: Line
    expires: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}[smhdw]$")] = "365d"
    others_end_at: AwareDatetime | None = None


class KeyOut(BaseModel):
    """A key without its secret."""

    id: UUID
    name: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class KeyMade(KeyOut):
    """A key with its secret, shown once."""

    token: str


class Keys(BaseModel):
    """A page of keys."""

    items: list[KeyOut]
    next: str | None
