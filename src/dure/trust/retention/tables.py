"""The tables of retention."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
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

from dure.engine.columns import at, version
from dure.engine.database import metadata

retention_run = Table(
    "retention_run",
    metadata,
    Column("day", Date, primary_key=True),
    at("started_at"),
    at("finished_at", needed=False),
)

retention_step = Table(
    "retention_step",
    metadata,
    Column("day", Date, ForeignKey("retention_run.day", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    at("after_at", needed=False),
    Column("after_id", Text),
    Column("destroyed", BigInteger, nullable=False, server_default=text("0")),
    Column("held", BigInteger, nullable=False, server_default=text("0")),
    at("done_at", needed=False),
    Column("problem", Text),
    PrimaryKeyConstraint("day", "kind"),
)
"""How far each night's job is with each kind: it goes on from there after a restart."""

retention_hold = Table(
    "retention_hold",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("target", Text),
    at("from_at", needed=False),
    at("to_at", needed=False),
    Column("reason", Text, nullable=False),
    Column("document", Text),
    at("created_at"),
    Column("created_by", Text, nullable=False),
    at("until_at"),
    at("released_at", needed=False),
    Column("released_by", Text),
    Column("released_why", Text),
    version(),
    CheckConstraint("scope in ('incident', 'person', 'camera', 'device', 'period')", name="scope"),
    CheckConstraint("(scope = 'period') = (target is null)", name="target"),
    CheckConstraint("scope <> 'period' or (from_at is not null and to_at is not null)", name="period"),
    CheckConstraint("from_at is null or to_at is null or to_at > from_at", name="span"),
    Index("ix_retention_hold_created_at", "created_at", "id"),
)

retention_record = Table(
    "retention_record",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("day", Date, nullable=False),
    Column("kind", Text, nullable=False),
    at("at"),
    Column("things", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # SHA-256 over the sorted ids
    at("first_at"),
    at("last_at"),
    Column("rule_since", Date, nullable=False),
    Column("rule_days", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("actor", Text, nullable=False),
    CheckConstraint("things > 0", name="things"),
    Index("ix_retention_record_at", "at", "id"),
)
"""What was destroyed. The database refuses update, delete and truncate."""

person_unused = Table(
    "person_unused",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    at("since"),
)
"""Records that nothing refers to any more, and since which night."""
