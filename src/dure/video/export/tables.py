"""Exports and their chain of custody."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from dure.engine.columns import at
from dure.engine.database import metadata

video_export = Table(
    "video_export",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("ticket_id", Uuid, nullable=False),  # the view ticket that allowed it
    Column("incident_id", Uuid, nullable=False),
    Column("receipt_no", Text, nullable=False),
    Column("camera_ids", ARRAY(Text), nullable=False),
    at("begin_at"),
    at("end_at"),
    Column("purpose", Text, nullable=False),  # sealed under the incident's key
    Column("ground", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("asked_kind", Text, nullable=False),
    Column("asked_by", Uuid, nullable=False),
    Column("asked_name", Text, nullable=False),
    Column("agency_id", Text),
    Column("approved_by", Text, nullable=False),
    at("asked_at"),
    Column("state", Text, nullable=False),
    Column("progress", Double, nullable=False, server_default=text("0")),
    Column("why", Text),  # empty, stopped, full
    at("started_at", needed=False),
    at("ready_at", needed=False),
    at("expires_at", needed=False),
    Column("most_downloads", Integer, nullable=False),
    Column("downloads", Integer, nullable=False, server_default=text("0")),
    Column("bytes", BigInteger),
    Column("digest", Text),  # SHA-256 of the manifest
    Column("detector", Text),
    at("destroyed_at", needed=False),
    CheckConstraint("begin_at < end_at", name="span"),
    CheckConstraint(
        "state in ('waiting', 'running', 'ready', 'failed', 'cancelled', 'destroyed')",
        name="state",
    ),
    CheckConstraint(
        "state <> 'ready' or (ready_at is not null and expires_at is not null and digest is not null)", name="ready"
    ),
    CheckConstraint("(state = 'destroyed') = (destroyed_at is not null)", name="destroyed"),
    CheckConstraint("downloads between 0 and most_downloads", name="downloads"),
    Index("ix_video_export_asked_at", "asked_at", "id"),
    Index(
        "ix_video_export_open",
        "state",
        "expires_at",
        postgresql_where=text("state in ('waiting', 'running', 'ready')"),
    ),
    Index("ix_video_export_incident_id", "incident_id"),
)

video_export_step = Table(
    "video_export_step",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("export_id", Uuid, ForeignKey("video_export.id", ondelete="CASCADE"), nullable=False),
    at("at"),
    Column("what", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("who_name", Text, nullable=False),
    Column("address", Text),
    Column("digest", Text),
    CheckConstraint(
        "what in ('asked', 'begun', 'ready', 'failed', 'cancelled', 'downloaded', 'destroyed')",
        name="what",
    ),
    Index("ix_video_export_step_export_id", "export_id", "at"),
)
"""Through whose hands a file went, and when."""
