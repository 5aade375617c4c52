"""Masks by version, and when they were lifted for whom."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.columns import at
from dure.engine.database import metadata

video_mask = Table(
    "video_mask",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("camera_id", Text, nullable=False),
    Column("polygons", JSONB, nullable=False),  # [[[x, y], ...], ...], shares of the picture
    Column("reason", Text, nullable=False),
    at("asked_at"),
    Column("asked_by", Text, nullable=False),
    Column("asked_name", Text, nullable=False),
    at("holds_from", needed=False),  # None while it waits for a second person, or was refused
    at("decided_at", needed=False),
    Column("decided_by", Text),
    Column("decided_name", Text),
    Column("refused", Text),  # why
    CheckConstraint("decided_by <> asked_by", name="other"),
    CheckConstraint("refused is null or (holds_from is null and decided_by is not null)", name="refused"),
    Index("ix_video_mask_camera_id", "camera_id", "holds_from"),
    Index(
        "uq_video_mask_waiting",
        "camera_id",
        unique=True,
        postgresql_where=text("holds_from is null and refused is null"),
    ),
)
"""A version holds from `holds_from` until the next one of its camera does; none is ever changed or removed."""

video_mask_lift = Table(
    "video_mask_lift",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("camera_id", Text, nullable=False),
    Column("incident_id", Uuid, nullable=False),
    Column("purpose", Text, nullable=False),  # sealed under the incident's key
    Column("minutes", Integer, nullable=False),
    at("asked_at"),
    Column("asked_by", Uuid, nullable=False),
    Column("asked_name", Text, nullable=False),
    at("decided_at", needed=False),
    Column("decided_by", Uuid),
    Column("decided_name", Text),
    Column("allowed", Text),  # yes, no; None while it waits
    at("ends_at", needed=False),
    at("ended_at", needed=False),  # before its time, by a person
    Column("ended_name", Text),
    CheckConstraint("decided_by <> asked_by", name="other"),
    CheckConstraint("minutes between 1 and 30", name="minutes"),
    CheckConstraint("allowed in ('yes', 'no')", name="allowed"),
    CheckConstraint("(allowed is null) = (decided_by is null)", name="decided"),
    CheckConstraint("(ends_at is not null) = coalesce(allowed = 'yes', false)", name="ends"),
    Index("ix_video_mask_lift_ends_at", "ends_at"),
    Index("ix_video_mask_lift_asked_at", "asked_at", "id"),
)
"""Who saw a camera without its mask, for which incident, why, and who allowed it."""
