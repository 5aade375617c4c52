"""Tables of the ways in. Secrets are hashes; what one-time codes are made of is sealed by the vault."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from dure.engine.columns import at
from dure.engine.database import metadata


def _account(*, primary: bool = False) -> Column[object]:
    return Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE"), primary_key=primary, nullable=False)


passkey = Table(
    "passkey",
    metadata,
    Column("id", Uuid, primary_key=True),
    _account(),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),  # COSE
    Column("sign_count", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("aaguid", Text, nullable=False),
    Column("backed_up", Boolean, nullable=False),  # kept by a password manager, or bound to one device
    Column("transports", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    at("created_at"),
    at("used_at", needed=False),
    Index("ix_passkey_account_id", "account_id"),
)

passkey_challenge = Table(
    "passkey_challenge",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("holder", Uuid),  # the session or the second step that it was made for
    Column("challenge", LargeBinary, nullable=False),
    at("expires_at"),
    CheckConstraint("purpose in ('add', 'sign_in', 'second', 'prove')", name="purpose"),
    Index("ix_passkey_challenge_expires_at", "expires_at"),
)

totp = Table(
    "totp",
    metadata,
    _account(primary=True),
    Column("sealed", LargeBinary),
    at("confirmed_at", needed=False),
    Column("last_step", BigInteger),  # the last 30 seconds whose code was taken: none is taken twice
    Column("pending", LargeBinary),
    at("pending_at", needed=False),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    _account(),
    Column("digest", LargeBinary, nullable=False),
    at("made_at"),
    at("used_at", needed=False),
    PrimaryKeyConstraint("account_id", "digest"),
)

second_step = Table(
    "second_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    _account(),
    Column("method", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    at("proven_at", needed=False),
    at("expires_at"),
    Index("ix_second_step_expires_at", "expires_at"),
)
"""The first factor was right; the second is awaited."""

second_factor_rule = Table(
    "second_factor_rule",
    metadata,
    Column("role", Text, primary_key=True),
    Column("demand", Text, nullable=False),
    at("updated_at"),
    Column("updated_by", Text, nullable=False),
    CheckConstraint("demand in ('offered', 'when_set_up', 'required')", name="demand"),
)

known_browser = Table(
    "known_browser",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    _account(),
    at("used_at"),
    Index("ix_known_browser_account_id", "account_id"),
)
"""Browsers in which an account has signed in before: what others fail at does not make these wait."""

identity = Table(
    "identity",
    metadata,
    Column("id", Uuid, primary_key=True),
    _account(),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    at("linked_at"),
    at("used_at", needed=False),
    UniqueConstraint("issuer", "subject"),
    Index("ix_identity_account_id", "account_id"),
)

sso_attempt = Table(
    "sso_attempt",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("state_hash", LargeBinary, nullable=False, unique=True),
    Column("browser_hash", LargeBinary, nullable=False),  # the browser that set out is the one that comes back
    Column("purpose", Text, nullable=False),
    Column("session_id", Uuid),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),  # PKCE, RFC 7636
    at("expires_at"),
    CheckConstraint("purpose in ('sign_in', 'link', 'prove')", name="purpose"),
    Index("ix_sso_attempt_expires_at", "expires_at"),
)
