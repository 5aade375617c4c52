"""The tables of doors. What was said stands sealed under its incident's key, secrets under the city's."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
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

from dure.engine.columns import version
from dure.engine.database import metadata


def _handoff() -> Column[object]:
    return Column("handoff_id", Uuid, ForeignKey("handoff.id", ondelete="CASCADE"), nullable=False)


handoff_door = Table(
    "handoff_door",
    metadata,
    Column("agency_id", Text, primary_key=True),
    Column("way", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("drills", Boolean, nullable=False),  # whether drills and tests go out by it, too
    Column("sealed", LargeBinary, nullable=False),  # the secret of both sides
    Column("earlier", LargeBinary),  # the one before, which counts until
    Column("earlier_until", DateTime(timezone=True)),
    Column("last_ok_at", DateTime(timezone=True)),
    Column("last_fault", Text),
    Column("last_fault_at", DateTime(timezone=True)),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    version(),
    CheckConstraint("way in ('rest', 'edxl1', 'edxl2')", name="way"),
)
"""How an agency's own system is reached. An agency without one has its screen in dure, as every agency has."""

handoff_message = Table(
    "handoff_message",
    metadata,
    Column("id", Uuid, primary_key=True),
    _handoff(),
    Column("incident_id", Uuid, nullable=False),
    Column("side", Text, nullable=False),
    Column("words", LargeBinary, nullable=False),  # sealed
    Column("said_by", Text, nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False),  # by the clock of who said it
    Column("at", DateTime(timezone=True), nullable=False),
    CheckConstraint("side in ('city', 'agency')", name="side"),
    Index("ix_handoff_message_handoff_id", "handoff_id", "at", "id"),
)

handoff_send = Table(
    "handoff_send",
    metadata,
    Column("id", Uuid, primary_key=True),  # our reference: the other side takes it once
    Column("seq", BigInteger, Identity(), nullable=False),
    _handoff(),
    Column("agency_id", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("message_id", Uuid, ForeignKey("handoff_message.id", ondelete="CASCADE")),
    Column("life_safety", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),  # a code: why it waits, is dead or was given up
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("doubled", Integer, nullable=False, server_default=text("0")),  # sent again where nobody could say
    Column("again", Integer, nullable=False, server_default=text("0")),  # revived by a person
    Column("next_at", DateTime(timezone=True)),
    Column("attempt_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_by", Text),
    Column("version", Integer, nullable=False, server_default=text("1")),
    CheckConstraint("what in ('handoff', 'message', 'closed')", name="what"),
    CheckConstraint("status in ('queued', 'sending', 'unknown', 'sent', 'dead', 'given_up')", name="status"),
    Index("ix_handoff_send_handoff_id", "handoff_id", "seq"),
    Index("ix_handoff_send_due", "status", "next_at", postgresql_where=text("next_at is not null")),
    Index("ix_handoff_send_created_at", "created_at", "id"),
)
"""What goes out by a door; written and committed before the other side hears of it."""

handoff_heard = Table(
    "handoff_heard",
    metadata,
    Column("agency_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    _handoff(),
    Column("digest", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("verdict", Text, nullable=False),
    PrimaryKeyConstraint("agency_id", "event_id"),
    Index("ix_handoff_heard_handoff_id", "handoff_id"),
)
"""What an agency told, each event once."""

door_nonce = Table(
    "door_nonce",
    metadata,
    Column("agency_id", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("agency_id", "nonce"),
    Index("ix_door_nonce_at", "at"),
)
"""Requests that were heard, for as long as their time would let them be heard again."""
