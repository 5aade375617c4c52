"""The bodies and answers of the room's HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from dure.engine.web import Line, Model
from dure.kernel.messages import Language
from dure.trust.roles import Role

Username = Annotated[
    str, StringConstraints(min_length=2, max_length=64, pattern=r"^[0-9A-Za-z가-힣][0-9A-Za-z가-힣._@-]*$")
]
DeskName = Annotated[Line, StringConstraints(pattern=r"^[ -~·가-힣ㄱ-ㅣ一-鿿]*$")]
"""What the log and the screens call somebody: Hangul, Han and ASCII. Letters of other scripts that look like these, and
characters that nobody sees, would let one pass for another (Unicode TR 39).
"""
Password = Annotated[str, StringConstraints(min_length=1, max_length=512)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Cidr = Annotated[str, StringConstraints(min_length=2, max_length=64)]
Networks = Annotated[list[Cidr], Field(max_length=100)]
Phone = Annotated[str, StringConstraints(min_length=2, max_length=32, pattern=r"^[0-9+() -]+$")]
Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200)]
State = Literal["active", "suspended"]


class SignInIn(Model):
    """A username and its password."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: Password


class FirstAdminIn(Model):
    """The link's secret and what the first administrator will be called."""

    token: Secret
    username: Username
    password: Password


class ResetIn(Model):
    """A reset link's secret and the new password."""

    token: Secret
    password: Password


class PasswordIn(Model):
    """The password that is and the one that is to be."""

    current: Password
    new: Password


class MeIn(Model):
    """What a person sets for themself."""

    language: Language


class Me(BaseModel):
    """Who is signed in. `duties`: posts held now; `delegated`: roles that a colleague gave for a time, with that desk's
    label; `shared`: several people are suspected to use the account.
    """

    kind: str
    id: str
    username: str
    name: str
    roles: list[Role]
    permissions: list[str]
    second_missing: bool = False
    agency: str | None
    agency_name: str | None
    device_id: str | None
    duties: list[str]
    delegated: dict[Role, str]
    shared: bool
    network: str | None
    address: str | None
    language: Language
    time_zone: str


class SessionOut(BaseModel):
    """One place where an account is signed in. `name` is the browser as people call it; `method` how it came in,
    `second` whether by two factors.
    """

    id: UUID
    account_id: UUID
    address: str | None
    browser: str | None
    name: str
    method: str
    second: bool
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


class AccountIn(Model):
    """A new account; its owner sets the password by the link that the answer carries."""

    username: Username
    label: DeskName | None = None
    roles: Annotated[list[Role], Field(min_length=1, max_length=16)]
    agency_id: Slug | None = None
    language: Language = "ko"


class AccountChange(Model):
    """What changes; what is not named stays."""

    label: DeskName = ""
    roles: Annotated[list[Role], Field(min_length=1, max_length=16)] = Field(default_factory=list)
    agency_id: Slug | None = None
    language: Language = "ko"
    state: State = "active"


class GrantOut(BaseModel):
    """A role that was given: until when (null: as long as the account), and whether only while on duty."""

    role: Role
    until: datetime | None
    on_duty: bool


class AccountOut(BaseModel):
    """An account. `shared_suspected_at`: since when it is suspected to be used by several people."""

    id: UUID
    username: str
    label: str
    state: Literal["active", "suspended", "left"]
    roles: list[Role]
    grants: list[GrantOut]
    agency_id: str | None
    language: Language
    has_password: bool
    signed_in_at: datetime | None
    left_at: datetime | None
    shared_suspected_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class LinkOut(BaseModel):
    """A one-time link, shown once."""

    url: str
    token: str
    expires_in_s: int


class AccountMade(AccountOut):
    """A new account and the link for its owner."""

    link: LinkOut


class AgencyIn(Model):
    """A new agency."""

    id: Slug
    kind: Slug
    name: Line
    name_en: Line | None = None
    networks: Networks = Field(default_factory=list)
    phone: Phone | None = None


class AgencyChange(Model):
    """What changes; what is not named stays."""

    name: Line = ""
    name_en: Line = ""
    networks: Networks = Field(default_factory=list)
    phone: Phone | None = None


class AgencyOut(BaseModel):
    """An agency, the networks it may come from (none: any), its desk's number."""

    id: str
    kind: str
    name: str
    name_en: str
    networks: list[str]
    phone: str | None
    version: int
    updated_at: datetime


class TokenIn(Model):
    """A new token. `expires` is a number and s, m, h, d or w."""

    role: Role
    name: DeskName
    agency_id: Slug | None = None
    device_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    networks: Networks = Field(default_factory=list)
    expires: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}[smhdw]$")] = "90d"


class TokenOut(BaseModel):
    """A token without its secret."""

    id: UUID
    name: str
    role: Role
    agency_id: str | None
    device_id: str | None
    networks: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class TokenMade(TokenOut):
    """A token with its secret, shown once."""

    token: str


class PersonOut(BaseModel):
    """A person, masked unless it was opened; what is not known is empty."""

    id: UUID
    name: str = ""
    phone: str = ""
    second_phone: str = ""
    address: str = ""
    birth_date: str = ""
    email: str = ""
    note: str = ""
    resident_no: str = ""
    passport_no: str = ""
    licence_no: str = ""
    devices: list[str] = []


class FindIn(Model):
    """A whole name or number to look for."""

    field: Literal["name", "phone", "resident_no", "devices"]
    value: Line


class Sessions(BaseModel):
    """Where an account is signed in."""

    items: list[SessionOut]
    next: str | None = None


class Accounts(BaseModel):
    """A page of accounts."""

    items: list[AccountOut]
    next: str | None


class Agencies(BaseModel):
    """A page of agencies."""

    items: list[AgencyOut]
    next: str | None


class Tokens(BaseModel):
    """A page of tokens."""

    items: list[TokenOut]
    next: str | None


class People(BaseModel):
    """Found people, masked."""

    items: list[PersonOut]
    next: str | None = None


Given = dict[str, Any]


def given(changes: Model) -> Given:
    """Only what the client named."""
    return changes.model_dump(exclude_unset=True)
