"""The index of recordings."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, Table, Text, Uuid, text

from dure.engine.columns import at
from dure.engine.database import metadata

video_recording = Table(
    "video_recording",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("camera_id", Text, nullable=False),
    at("started_at"),  # the wall clock of its first picture
    at("ended_at"),  # and of its last; of one that is being written: up to a few seconds ago
    Column("path", Text, nullable=False, unique=True),  # below <data>/video/past
    Column("codec", Text, nullable=False),  # as browsers name it (RFC 6381)
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("timescale", Integer, nullable=False),
    Column("init_id", LargeBinary, nullable=False),  # SHA-256 of the description at its beginning
    Column("init_bytes", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("pictures", Integer, nullable=False),
    Column("keys", LargeBinary),  # past.model.Keys; of one that is being written the recorder has them
    Column("state", Text, nullable=False),
    CheckConstraint("state in ('open', 'closed', 'going')", name="state"),
    CheckConstraint("ended_at >= started_at", name="span"),
    Index("ix_video_recording_camera_id", "camera_id", "started_at"),
    Index("ix_video_recording_started_at", "started_at"),
    Index("ix_video_recording_state", "state", postgresql_where=text("state <> 'closed'")),
)
"""One file of a recorded camera's pictures. `going`: it is in the record of destruction, its file is being removed."""

video_bookmark = Table(
    "video_bookmark",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", Uuid, nullable=False),
    Column("camera_id", Text),  # None: all that were shown
    at("at"),  # the moment it marks
    Column("note", Text, nullable=False),  # sealed under the incident's key
    at("made_at"),
    Column("made_by", Text, nullable=False),
    Index("ix_video_bookmark_incident_id", "incident_id", "at"),
    Index("ix_video_bookmark_made_at", "made_at", "id"),
)
"""A moment that somebody marked while looking, with a note, for the incident."""
