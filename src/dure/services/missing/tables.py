"""The service's tables. Who they are stands in the vault; where they were and what they look like stands sealed under
keys of its own (`mark_id`), which are destroyed at the end.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from dure.engine.columns import version
from dure.engine.database import metadata


def _incident() -> Column[object]:
    return Column("incident_id", Uuid, ForeignKey("missing_person.incident_id", ondelete="CASCADE"), nullable=False)


missing_person = Table(
    "missing_person",
    metadata,
    Column("incident_id", Uuid, primary_key=True),
    Column("mark_id", Uuid, nullable=False, unique=True),  # names the key of photo and trail
    Column("person_id", Uuid),  # None once erased
    Column("guardian_id", Uuid),
    Column("age", Integer, nullable=False),
    Column("condition", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("document", Text),
    Column("device_id", Text),
    Column("photo", LargeBinary),  # sealed
    Column("photo_media", Text),
    Column("photo_at", DateTime(timezone=True)),
    Column("told_at", DateTime(timezone=True), nullable=False),
    Column("told_by", Text, nullable=False),
    Column("outcome", Text),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_by", Text),
    version(),
    CheckConstraint("condition in ('none', 'intellectual', 'autistic', 'mental', 'dementia')", name="condition"),
    CheckConstraint(
        "(ended_at is null) = (outcome is null) and (ended_at is null or (photo is null and person_id is null))",
        name="ended",
    ),
)

missing_sighting = Table(
    "missing_sighting",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(),
    Column("at", DateTime(timezone=True), nullable=False),  # when they were there
    Column("source", Text, nullable=False),
    Column("place", LargeBinary, nullable=False),  # sealed: lon, lat, words
    Column("told_at", DateTime(timezone=True), nullable=False),
    Column("told_by", Text, nullable=False),
    CheckConstraint("source in ('police', 'camera', 'guardian', 'citizen', 'device')", name="source"),
    Index("ix_missing_sighting_incident_id", "incident_id", "at"),
)
"""The trail. Its rows go at the end."""

missing_share = Table(
    "missing_share",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(),
    Column("agency_id", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("from_at", DateTime(timezone=True), nullable=False),
    Column("until_at", DateTime(timezone=True), nullable=False),
    Column("shared_by", Text, nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("views", Integer, nullable=False, server_default=text("0")),
    Index("ix_missing_share_incident_id", "incident_id", "agency_id"),
)
"""What was provided to whom, from when until when, on what ground: it stays after the erasure."""
