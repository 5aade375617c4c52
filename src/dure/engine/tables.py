"""The engine's own tables: outbox, consumers' cursors, kept answers of writes, processes."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.database import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("position", BigInteger, unique=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("entity_id", Text, nullable=False),
    Column("entity_version", BigInteger, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("published_at", DateTime(timezone=True)),
    Index("ix_outbox_waiting", "seq", postgresql_where=text("position is null")),
    Index("ix_outbox_unpublished", "position", postgresql_where=text("position is not null and published_at is null")),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False, server_default="0"),
    Column("held_since", DateTime(timezone=True), nullable=False),
)

consumer = Table(
    "consumer",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, server_default="0"),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("moved_at", DateTime(timezone=True)),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("consumer", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("failed_at", DateTime(timezone=True), nullable=False),
    Column("retried_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("consumer", "position"),
)

job = Table(
    "job",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("queue", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Index("ix_job_queue_due_at_id", "queue", "due_at", "id"),
    Index("ix_job_queue_subject", "queue", "subject"),
)
"""Wakes of durable work, until they are handled."""

kept_answer = Table(
    "kept_answer",
    metadata,
    Column("owner", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("headers", JSONB),
    Column("body", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("owner", "key"),
    Index("ix_kept_answer_created_at", "created_at"),
)

engine_process = Table(
    "engine_process",
    metadata,
    Column("name", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("pid", Integer),
    Column("restarts", Integer, nullable=False, server_default="0"),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("last_exit", Text),
    Column("version", BigInteger, nullable=False, server_default="1"),
)
