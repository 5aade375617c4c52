"""The tables of quarantine. Who somebody is, and where they live, stands in the vault; a position serves distances."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.columns import at, kept
from dure.engine.database import metadata

_NONE = text("'{}'::text[]")

epidemic_officer = Table(
    "epidemic_officer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("person_id", Uuid),
    Column("languages", ARRAY(Text), nullable=False, server_default=_NONE),  # spoken beside Korean
    Column("capacity", Integer, nullable=False, server_default=text("20")),  # people at most
    Column("district", Text),
    Column("lon", Double),
    Column("lat", Double),
    Column("on_duty", Boolean, nullable=False, server_default=text("true")),
    *kept(),
    CheckConstraint("capacity between 0 and 1000", name="capacity"),
    Index("ix_epidemic_officer_person_id", "person_id"),
)

epidemic_quarantine = Table(
    "epidemic_quarantine",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("disease", Text, nullable=False),
    Column("code", Text, nullable=False),  # 접촉자번호
    Column("person_id", Uuid),
    Column("source_code", Text),  # the case that they met
    Column("reason", Text, nullable=False, server_default=text("'contact'")),
    Column("language", Text, nullable=False, server_default=text("'ko'")),
    Column("district", Text),
    Column("lon", Double),
    Column("lat", Double),
    Column("last_contact_on", Date, nullable=False),
    at("from_at"),
    at("until_at"),  # by the rule of the day of contact
    Column("state", Text, nullable=False, server_default=text("'under'")),
    Column("officer_id", Uuid, ForeignKey("epidemic_officer.id", ondelete="SET NULL")),
    Column("why", JSONB),  # why this officer
    Column("missed", Integer, nullable=False, server_default=text("0")),  # self-checks in a row
    Column("step", Integer, nullable=False, server_default=text("0")),  # how far it has escalated
    at("answered_at", needed=False),
    at("worse_at", needed=False),
    Column("worse", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    at("ended_at", needed=False),
    *kept(),
    UniqueConstraint("disease", "code"),
    CheckConstraint("reason in ('contact', 'arrival')", name="reason"),
    CheckConstraint("language in ('ko', 'en', 'zh', 'vi', 'uz')", name="language"),
    CheckConstraint("state in ('under', 'released', 'case', 'withdrawn')", name="state"),
    CheckConstraint("(ended_at is null) = (state = 'under')", name="ended"),
    Index("ix_epidemic_quarantine_person_id", "person_id"),
    Index("ix_epidemic_quarantine_officer_id", "officer_id", postgresql_where=text("state = 'under'")),
    Index("ix_epidemic_quarantine_until_at", "until_at", postgresql_where=text("state = 'under'")),
)

epidemic_self_check = Table(
    "epidemic_self_check",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("quarantine_id", Uuid, ForeignKey("epidemic_quarantine.id", ondelete="CASCADE"), nullable=False),
    at("due_at"),
    Column("digest", LargeBinary, nullable=False, unique=True),  # of the link's secret
    at("until_at"),
    at("reminded_at", needed=False),
    at("answered_at", needed=False),
    at("missed_at", needed=False),
    Column("answers", JSONB),
    UniqueConstraint("quarantine_id", "due_at"),
    CheckConstraint("(answers is null) = (answered_at is null)", name="answered"),
    Index(
        "ix_epidemic_self_check_waiting", "due_at", postgresql_where=text("answered_at is null and missed_at is null")
    ),
)
"""Twice a day a link of their own."""
