"""Tables of tracing and of the nightly report. Where somebody was stands sealed under the key of the request that
brought it (`mark_id`), which is destroyed on its day; who a phone belongs to lies sealed beside the pings, likewise.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from dure.engine.columns import at, version
from dure.engine.database import metadata

epidemic_request = Table(
    "epidemic_request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("mark_id", Uuid, nullable=False, unique=True),  # names the key of all that was given
    Column("disease", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("holder", Text, nullable=False),  # who has it: a card association, a telephone company
    Column("codes", ARRAY(Text), nullable=False),  # the cases it is asked for
    at("from_at"),
    at("to_at"),
    Column("purpose", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("document", Text),  # 문서번호
    Column("keep_days", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_name", Text, nullable=False),
    at("asked_at"),
    Column("decided_by", Text),
    Column("decided_name", Text),
    at("decided_at", needed=False),
    Column("reason", Text),
    at("given_at", needed=False),
    Column("sha256", Text),
    Column("counts", JSONB),
    at("destroy_at", needed=False),
    at("destroyed_at", needed=False),
    Column("destroyed_name", Text),
    version(),
    CheckConstraint("source in ('interview', 'card', 'telecom', 'transit', 'cctv')", name="source"),
    CheckConstraint(
        "status in ('asked', 'approved', 'refused', 'reading', 'given', 'failed', 'destroyed')", name="status"
    ),
    CheckConstraint("decided_by is null or decided_by <> asked_by", name="four_eyes"),
    CheckConstraint("from_at < to_at", name="span"),
    Index("ix_epidemic_request_disease", "disease", "asked_at"),
    Index("ix_epidemic_request_destroy_at", "destroy_at", postgresql_where=text("destroyed_at is null")),
)
"""What was asked for, why, who allowed it, what came, when it goes. The row stays; what was given does not."""

epidemic_visit = Table(
    "epidemic_visit",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, ForeignKey("epidemic_request.id", ondelete="CASCADE"), nullable=False),
    Column("disease", Text, nullable=False),
    Column("code", Text, nullable=False),
    at("from_at"),
    at("to_at"),
    Column("place", LargeBinary, nullable=False),  # sealed: name, kind, address, lon, lat
    Column("contacts_known", Boolean, nullable=False, server_default=text("false")),
    Column("many_exposed", Boolean, nullable=False, server_default=text("false")),
    version(),
    CheckConstraint("from_at <= to_at", name="span"),
    Index("ix_epidemic_visit_request_id", "request_id"),
    Index("ix_epidemic_visit_disease", "disease", "code", "from_at"),
)
"""Where a case was, from when until when."""

epidemic_subject = Table(
    "epidemic_subject",
    metadata,
    Column("request_id", Uuid, ForeignKey("epidemic_request.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("code", Text, nullable=False),
    UniqueConstraint("request_id", "number"),
)
"""Which number of a file of pings is which case."""

epidemic_tested = Table(
    "epidemic_tested",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("disease", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("tested", Integer, nullable=False),
    Column("positive", Integer, nullable=False),
    at("known_at"),
    Column("told_by", Text, nullable=False),
    CheckConstraint("tested >= 0 and positive between 0 and tested", name="counts"),
    Index("ix_epidemic_tested_disease", "disease", "known_at"),
)
"""Tests of a day as they were told; what is told later of the same day counts from then on."""

epidemic_report = Table(
    "epidemic_report",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("disease", Text, nullable=False),
    at("as_of"),
    Column("scheduled", Boolean, nullable=False),
    at("made_at"),
    Column("made_by", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("digest", Text, nullable=False),
    Index("ix_epidemic_report_disease", "disease", "as_of"),
    Index("uq_epidemic_report_scheduled", "disease", "as_of", unique=True, postgresql_where=text("scheduled")),
)
"""Reports as they were made; the figures can be worked out again, this is what people read that night."""
