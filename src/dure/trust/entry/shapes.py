"""The bodies and answers of the ways in."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from dure.engine.web import Line, Model
from dure.trust.roles import Role
from dure.trust.shapes import Password

Encoded = Annotated[str, StringConstraints(max_length=16_384, pattern=r"^[A-Za-z0-9_-]*={0,2}$")]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=40)]
Demand = Literal["offered", "when_set_up", "required"]


class Told(BaseModel):
    """What an authenticator answered. Browsers add fields over the years: those not listed are left aside."""

    model_config = ConfigDict(extra="ignore")
    clientDataJSON: Encoded  # noqa: N815  # WebAuthn's own names
    attestationObject: Encoded | None = None  # noqa: N815
    authenticatorData: Encoded | None = None  # noqa: N815
    signature: Encoded | None = None
    userHandle: Encoded | None = None  # noqa: N815
    transports: Annotated[list[Annotated[str, StringConstraints(max_length=32)]], Field(max_length=16)] | None = None


class Credential(BaseModel):
    """A PublicKeyCredential as `toJSON()` gives it (WebAuthn level 3 section 5.1)."""

    model_config = ConfigDict(extra="ignore")
    id: Encoded
    rawId: Encoded  # noqa: N815
    type: Literal["public-key"]
    response: Told

    def plain(self) -> dict[str, Any]:
        """For the library."""
        return self.model_dump(exclude_none=True)


class PasskeyAnswer(Model):
    """The challenge that was given, and what the authenticator made of it."""

    challenge: UUID
    credential: Credential


class Challenge(BaseModel):
    """Options for `navigator.credentials`, and the challenge's id to send back."""

    challenge: UUID
    options: dict[str, Any]


class SecondIn(Model):
    """One second factor: a one-time code, a recovery code or a passkey."""

    code: Code | None = None
    recovery_code: Code | None = None
    passkey: PasskeyAnswer | None = None

    @model_validator(mode="after")
    def _one(self) -> "SecondIn":
        if sum(one is not None for one in (self.code, self.recovery_code, self.passkey)) != 1:
            raise ValueError("one of code, recovery_code and passkey")
        return self


class ProofIn(Model):
    """One proof that the person is there: the password, a one-time code or a passkey."""

    password: Password | None = None
    code: Code | None = None
    passkey: PasskeyAnswer | None = None

    @model_validator(mode="after")
    def _one(self) -> "ProofIn":
        if sum(one is not None for one in (self.password, self.code, self.passkey)) != 1:
            raise ValueError("one of password, code and passkey")
        return self


class Proven(BaseModel):
    """Until when the proof counts."""

    until: datetime


class PasskeyWays(BaseModel):
    """Whether passkeys are offered at this city's address, and why not: `address` (it is reached by a bare IP address)
    or `insecure` (without TLS). `origin` is the one address at which they work.
    """

    offered: bool
    why: Literal["address", "insecure"] | None
    origin: str | None


class SsoWays(BaseModel):
    """What the city's single sign-on is called."""

    ko: str
    en: str


class SecondAwaited(BaseModel):
    """The first factor was right; how the second may be shown."""

    ways: list[str]


class Ways(BaseModel):
    """How one may sign in here, and at which step this browser is."""

    passkeys: PasskeyWays
    sso: SsoWays | None
    second: SecondAwaited | None


class SignedIn(BaseModel):
    """A session was opened (`ok`; its secret is in the cookie), or a second factor is awaited."""

    ok: bool = True
    expires_in_s: int
    second: SecondAwaited | None = None


class PasskeyOut(BaseModel):
    """A passkey. `backed_up`: a password manager keeps copies of it."""

    id: UUID
    name: str
    backed_up: bool
    created_at: datetime
    used_at: datetime | None


class IdentityOut(BaseModel):
    """A link to an account of the city's single sign-on."""

    id: UUID
    issuer: str
    linked_at: datetime
    used_at: datetime | None


class RecoveryOut(BaseModel):
    """Recovery codes that are left."""

    left: int
    made_at: datetime | None


class MyWays(BaseModel):
    """How one signs in oneself, what is asked of one's roles, and with what one can prove to be there."""

    passkeys: list[PasskeyOut]
    totp_since: datetime | None
    recovery: RecoveryOut
    identities: list[IdentityOut]
    has_password: bool
    demand: Demand
    missing: bool
    prove: list[str]
    offered: PasskeyWays
    sso: SsoWays | None


class PasskeyIn(Model):
    """A passkey that the authenticator made, and what its owner calls it."""

    challenge: UUID
    credential: Credential
    name: Line


class NameIn(Model):
    """Another name."""

    name: Line


class PasskeyMade(BaseModel):
    """A passkey was kept; the first second factor brings recovery codes, shown once."""

    id: UUID
    recovery_codes: list[str] | None


class TotpOffered(BaseModel):
    """A secret for an authenticator app, shown once: to type, as an otpauth URI, as a picture (SVG data URI)."""

    secret: str
    uri: str
    picture: str


class CodeIn(Model):
    """The code that the app shows."""

    code: Code


class RecoveryMade(BaseModel):
    """Recovery codes, shown once; None where there were some already."""

    recovery_codes: list[str] | None


class EndedOut(BaseModel):
    """How many were ended."""

    ended: int


class RuleOut(BaseModel):
    """What a role is asked for."""

    role: Role
    demand: Demand
    updated_at: datetime | None


class Rules(BaseModel):
    """What each role of people is asked for."""

    items: list[RuleOut]
    next: str | None = None


class RuleIn(Model):
    """What the role is asked for from now on."""

    demand: Demand


class GoTo(BaseModel):
    """Where the browser goes."""

    url: str


class LeaveTo(BaseModel):
    """Where the browser goes to sign out at the single sign-on, too; null where that is all."""

    url: str | None


class SsoIn(Model):
    """Why one goes to the city's single sign-on."""

    purpose: Literal["sign_in", "link", "prove"] = "sign_in"
