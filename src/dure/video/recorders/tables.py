"""Recorders, their recordings, and from when until when there are pictures."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from dure.engine.columns import at
from dure.engine.database import metadata

video_recorder = Table(
    "video_recorder",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("onvif_url", Text, nullable=False, unique=True),  # where it is asked, without the login
    Column("onvif_login", LargeBinary),  # name:password, sealed by the vault's key
    Column("model", Text, nullable=False),
    Column("ahead_ms", BigInteger, nullable=False, server_default=text("0")),  # its clock before ours
    Column("trouble", Text),  # why it was not read the last time (video.source.Trouble)
    at("added_at"),
    at("asked_at"),  # when it was asked last
    at("read_at", needed=False),  # and when it answered
    CheckConstraint("onvif_url !~ '^[A-Za-z]+://[^/]*@'", name="onvif_open"),
)

video_recorder_track = Table(
    "video_recorder_track",
    metadata,
    Column("recorder_id", Uuid, ForeignKey("video_recorder.id", ondelete="CASCADE"), primary_key=True),
    Column("token", Text, primary_key=True),  # the recorder's own name for it
    Column("name", Text, nullable=False),
    at("started_at"),
    at("ended_at"),
    Column("going", Boolean, nullable=False),  # it is being recorded
    Column("camera_id", Text, unique=True),  # whose pictures these are; None: nobody has said
)
"""One of a recorder's recordings: the past of one camera."""

video_recorder_span = Table(
    "video_recorder_span",
    metadata,
    Column("recorder_id", Uuid, primary_key=True),
    Column("token", Text, primary_key=True),
    Column("started_at", DateTime(timezone=True), primary_key=True),
    at("ended_at"),
    ForeignKeyConstraint(
        ["recorder_id", "token"],
        ["video_recorder_track.recorder_id", "video_recorder_track.token"],
        ondelete="CASCADE",
    ),
    CheckConstraint("ended_at > started_at", name="span"),
)
"""A stretch with pictures of a recording that is some camera's."""
