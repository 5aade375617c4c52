"""The room's tables. Secrets are kept as hashes only; who a person is stands encrypted in `person` and nowhere else."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from dure.engine.database import metadata

_NONE = text("'{}'::text[]")


def _kept() -> list[Column[object]]:
    """What every entity that changes carries."""
    now = text("now()")
    return [
        Column("version", Integer, nullable=False, server_default=text("1")),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=now),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=now),
    ]


agency = Table(
    "agency",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("networks", ARRAY(Text), nullable=False, server_default=_NONE),  # CIDRs; empty: from anywhere
    Column("phone", Text),  # the desk's number, never a person's
    *_kept(),
)

account = Table(
    "account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("username", Text, nullable=False, unique=True),  # as `passwords.username_key` folds it
    Column("password_hash", Text),  # argon2id; None until a reset link is used
    Column("label", Text, nullable=False),  # what timelines show: oper-07
    Column("state", Text, nullable=False, server_default=text("'active'")),
    Column("agency_id", Text, ForeignKey("agency.id", ondelete="RESTRICT")),
    Column("language", Text, nullable=False, server_default=text("'ko'")),
    Column("signed_in_at", DateTime(timezone=True)),
    *_kept(),
    CheckConstraint("state in ('active', 'suspended')", name="state"),
    CheckConstraint("language in ('ko', 'en')", name="language"),
)

grant_role = Table(
    "grant_role",
    metadata,
    Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("granted_by", Text, nullable=False),
    PrimaryKeyConstraint("account_id", "role"),
)

session = Table(
    "session",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("address", Text),
    Column("browser", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),  # absolute
    Column("revoked_at", DateTime(timezone=True)),
    Index("ix_session_account_id", "account_id"),
)

token = Table(
    "token",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("agency_id", Text, ForeignKey("agency.id", ondelete="RESTRICT")),
    Column("device_id", Text),  # a device's token speaks for that device only
    Column("networks", ARRAY(Text), nullable=False, server_default=_NONE),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
)

one_time_link = Table(
    "one_time_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    CheckConstraint("kind in ('admin', 'reset') and (kind = 'reset') = (account_id is not null)", name="kind"),
)

sign_in_guard = Table(
    "sign_in_guard",
    metadata,
    Column("address", Text, nullable=False),
    Column("username_hash", LargeBinary, nullable=False),  # sha-256: people type passwords into the wrong field
    Column("failures", Integer, nullable=False),
    Column("failed_at", DateTime(timezone=True), nullable=False),
    Column("wait_until", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("address", "username_hash"),
    Index("ix_sign_in_guard_failed_at", "failed_at"),
)

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # version byte, nonce, AES-256-GCM of the record, tag
    *_kept(),
)

person_index = Table(
    "person_index",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
    Column("field", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # HMAC-SHA-256 of the folded value: a blind index
    PrimaryKeyConstraint("person_id", "field"),
    Index("ix_person_index_digest", "field", "digest"),
)
