"""Cameras that are asked by ONVIF, and each turn that was asked for."""

from sqlalchemy import CheckConstraint, Column, DateTime, Double, Index, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.database import metadata

video_control = Table(
    "video_control",
    metadata,
    Column("camera_id", Text, primary_key=True),
    Column("onvif_url", Text, nullable=False),  # where it is asked, without the login; shown to nobody
    Column("onvif_login", LargeBinary),  # name:password, sealed by the vault's key
    Column("profile", Text, nullable=False),  # the stream that is turned
    Column("sub_url", Text),  # the small stream's address, without the login
    Column("presets", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("onvif_url !~ '^[A-Za-z]+://[^/]*@'", name="onvif_open"),
    CheckConstraint("sub_url !~ '^[A-Za-z]+://[^/]*@'", name="sub_open"),
)

video_turn = Table(
    "video_turn",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("camera_id", Text, nullable=False),
    Column("incident_id", Uuid),
    Column("act", Text, nullable=False),
    Column("pan", Double, nullable=False, server_default=text("0")),
    Column("tilt", Double, nullable=False, server_default=text("0")),
    Column("zoom", Double, nullable=False, server_default=text("0")),
    Column("preset", Text, nullable=False, server_default=text("''")),
    Column("lon", Double),
    Column("lat", Double),
    Column("by", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("done_at", DateTime(timezone=True)),
    Column("outcome", Text),
    Column("why", Text),
    CheckConstraint("act in ('move', 'stop', 'preset', 'place', 'home')", name="act"),
    CheckConstraint("outcome in ('done', 'failed', 'stale')", name="outcome"),
    CheckConstraint("(done_at is null) = (outcome is null)", name="done"),
    Index("ix_video_turn_waiting", "asked_at", postgresql_where=text("done_at is null")),
    Index("ix_video_turn_camera_id", "camera_id", "asked_at"),
)
"""A turn is asked for, and its line stands in the audit log, before the camera hears of it."""
