"""The tables of joining, duties, delegations and service accounts. Which roles follow from them says the database's
function `held_roles`.
"""

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.columns import kept
from dure.engine.database import metadata
from dure.trust.tables import account, agency

invitation = Table(
    "invitation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("label", Text, nullable=False),  # the desk: oper-07, never a person's name
    Column("agency_id", Text, ForeignKey(agency.c.id, ondelete="RESTRICT"), nullable=False),
    Column("language", Text, nullable=False, server_default=text("'ko'")),
    Column("grants", JSONB, nullable=False),  # [{"role": r, "until": iso or null, "on_duty": bool}]
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("account_id", Uuid, ForeignKey(account.c.id, ondelete="CASCADE")),  # who came of it
    Column("used_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    CheckConstraint("language in ('ko', 'en')", name="language"),
    Index("ix_invitation_created_at", "created_at", "id"),
)

duty = Table(
    "duty",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False),
    Column("agency_id", Text, ForeignKey(agency.c.id, ondelete="RESTRICT")),
    Column("kind", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("cancelled_at", DateTime(timezone=True)),
    *kept(),
    CheckConstraint("kind in ('shift', 'on_call')", name="kind"),
    CheckConstraint("ends_at > starts_at", name="span"),
    Index("ix_duty_account_id", "account_id", "ends_at"),
    Index("ix_duty_starts_at", "starts_at", "id"),
)

delegation = Table(
    "delegation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("from_account", Uuid, ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False),
    Column("to_account", Uuid, ForeignKey(account.c.id, ondelete="CASCADE"), nullable=False),
    Column("agency_id", Text, ForeignKey(agency.c.id, ondelete="RESTRICT"), nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("reason", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_by", Text),
    *kept(),
    CheckConstraint("ends_at > starts_at", name="span"),
    CheckConstraint("from_account <> to_account", name="other"),
    Index("ix_delegation_to_account", "to_account", "ends_at"),
    Index("ix_delegation_from_account", "from_account", "ends_at"),
    Index("ix_delegation_created_at", "created_at", "id"),
)
