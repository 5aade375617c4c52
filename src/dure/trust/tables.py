"""The room's tables. Secrets are kept as hashes only; who a person is stands sealed in `vault.tables`, nowhere else."""

from sqlalchemy import (
    ARRAY,
    Boolean,
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

from dure.engine.columns import kept
from dure.engine.database import metadata

_NONE = text("'{}'::text[]")


agency = Table(
    "agency",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("networks", ARRAY(Text), nullable=False, server_default=_NONE),  # CIDRs; empty: from anywhere
    Column("phone", Text),  # the desk's number, never a person's
    *kept(),
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
    Column("left_at", DateTime(timezone=True)),
    Column("shared_suspected_at", DateTime(timezone=True)),  # in use from two addresses at one time
    *kept(),
    CheckConstraint("state in ('active', 'suspended', 'left')", name="state"),
    CheckConstraint("language in ('ko', 'en')", name="language"),
)

grant_role = Table(
    "grant_role",
    metadata,
    Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("role", Text, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("granted_by", Text, nullable=False),
    Column("until", DateTime(timezone=True)),  # None: as long as the account
    Column("on_duty", Boolean, nullable=False, server_default=text("false")),  # held only while on duty
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
    Column("seen_address", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),  # absolute
    Column("revoked_at", DateTime(timezone=True)),
    Column("method", Text, nullable=False, server_default=text("'password'")),
    Column("second", Boolean, nullable=False, server_default=text("false")),  # proven by two factors
    Column("proven_at", DateTime(timezone=True)),  # when the person last proved to be there
    Column("former_hash", LargeBinary),  # the secret before the last proof, for requests under way
    Column("former_until", DateTime(timezone=True)),
    Index("ix_session_account_id", "account_id"),
    Index("ix_session_former_hash", "former_hash", postgresql_where=text("former_hash is not null")),
)

service_account = Table(
    "service_account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("agency_id", Text, ForeignKey("agency.id", ondelete="RESTRICT"), nullable=False),
    Column("owner_id", Uuid, ForeignKey("account.id", ondelete="RESTRICT"), nullable=False),
    Column("purposes", ARRAY(Text), nullable=False),
    Column("networks", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("state", Text, nullable=False, server_default=text("'active'")),
    *kept(),
    CheckConstraint("state in ('active', 'ended')", name="state"),
)
"""A machine of an agency. Its keys are rows of `token`, several at once while they are exchanged."""

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
    Column("service_account_id", Uuid, ForeignKey("service_account.id", ondelete="RESTRICT")),
    Index(
        "ix_token_service_account_id",
        "service_account_id",
        postgresql_where=text("service_account_id is not null"),
    ),
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
