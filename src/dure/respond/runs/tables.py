"""Runs as rows: the plan that one began with, each step and act as it stands, what people said, each attempt."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
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

from dure.engine.columns import at, version
from dure.engine.database import metadata


def _run() -> Column[object]:
    return Column("run_id", Uuid, ForeignKey("run.id", ondelete="CASCADE"), nullable=False)


def _item() -> list[Column[object]]:
    return [
        Column("status", Text, nullable=False),
        Column("attempt", Integer, nullable=False),
        at("begun_at", needed=False),
        at("due_at", needed=False),
        at("late_at", needed=False),
        at("ended_at", needed=False),
        Column("answer", Text),
        Column("by", Text),  # a desk's label; None: dure by itself
    ]


run = Table(
    "run",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("playbook_version", Text, nullable=False),
    Column("plan", JSONB, nullable=False),  # by language: the manual as it was when the run began
    Column("language", Text, nullable=False),  # the one that is carried out
    Column("status", Text, nullable=False),
    Column("moments", JSONB, nullable=False, server_default=text("'{}'::jsonb")),  # what people told
    at("started_at"),
    at("ended_at", needed=False),
    at("wake_at", needed=False),  # the nearest time that a wake stands for
    version(),
    CheckConstraint("status in ('running', 'done', 'ended', 'aborted')", name="status"),
)
"""One for each incident. `ended`: the incident was closed or merged before all was done."""

run_step = Table(
    "run_step",
    metadata,
    _run(),
    Column("number", Integer, nullable=False),
    *_item(),
    PrimaryKeyConstraint("run_id", "number"),
    CheckConstraint("status in ('waiting', 'running', 'done', 'skipped')", name="status"),
)
"""Steps that began."""

run_act = Table(
    "run_act",
    metadata,
    _run(),
    Column("act_id", Text, nullable=False),
    *_item(),
    PrimaryKeyConstraint("run_id", "act_id"),
    CheckConstraint("status in ('waiting', 'running', 'stuck', 'done', 'skipped')", name="status"),
)
"""Acts and golden times that began. `stuck`: it cannot be done as written, and a person decides."""

run_mail = Table(
    "run_mail",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _run(),
    Column("kind", Text, nullable=False),
    Column("of", Text, nullable=False),
    Column("value", Text),
    Column("by", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("reason", LargeBinary),  # sealed
    at("at"),
    Column("outcome", Text, nullable=False),  # taken, or why it changed nothing
    Index("ix_run_mail_run_id", "run_id", "id"),
)
"""What people said to a run: who, when and why."""

run_attempt = Table(
    "run_attempt",
    metadata,
    Column("key", Text, primary_key=True),  # <run>:<act>:<attempt>:<n>: our own name for it, also outside
    _run(),
    Column("act_id", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("ref", Text),  # the task, hand-off or notice that it became
    Column("error", Text),  # a catalogue key
    at("at"),
    CheckConstraint("status in ('intent', 'made', 'failed', 'withdrawn')", name="status"),
    Index("ix_run_attempt_ref", "ref"),
    Index("ix_run_attempt_run_id", "run_id"),
)
"""Each attempt at an act, one row for everybody it goes to."""

run_reply = Table(
    "run_reply",
    metadata,
    Column("key", Text, primary_key=True),  # of the attempt, and of the notice that carries the link
    _run(),
    Column("act_id", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("party", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),  # of the link's secret
    at("until"),
    at("seen_at", needed=False),
    Column("answer", Text),
    at("answered_at", needed=False),
    Column("way", Text, nullable=False, server_default=text("'link'")),  # key: of the telephone that was called
    CheckConstraint("(answer is null) = (answered_at is null)", name="answered"),
    CheckConstraint("way in ('link', 'key')", name="way"),
    Index("ix_run_reply_run_id", "run_id", "act_id"),
)
"""Whom a manual asked by a text, each with a link of their own, and what they answered. Who it is, the notice knows."""
