"""Who is what in an incident, and who is in its room at this moment."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from dure.engine.columns import at, version
from dure.engine.database import metadata


def _incident(*, key: bool = False) -> Column[object]:
    place = ForeignKey("incident.id", ondelete="CASCADE")
    return Column("incident_id", Uuid, place, primary_key=key, nullable=False)


incident_role = Table(
    "incident_role",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(),
    Column("role", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("agency_id", Text),
    at("since"),
    Column("given_by", Text, nullable=False),
    at("until", needed=False),
    Column("ended_by", Text),
    version(),
    CheckConstraint("role in ('lead', 'operator', 'liaison', 'recorder')", name="role"),
    Index(
        "uq_incident_role_one",
        "incident_id",
        "role",
        unique=True,
        postgresql_where=text("until is null and role in ('lead', 'recorder')"),
    ),
    Index("uq_incident_role_held", "incident_id", "role", "actor", unique=True, postgresql_where=text("until is null")),
    Index("ix_incident_role_actor", "actor", postgresql_where=text("until is null")),
)

incident_room = Table("incident_room", metadata, _incident(key=True), Column("version", Integer, nullable=False))
"""Counts how often somebody came, went or moved."""

incident_presence = Table(
    "incident_presence",
    metadata,
    _incident(),
    Column("actor", Text, nullable=False),
    Column("tab", Text, nullable=False),  # a window of the actor's
    Column("name", Text, nullable=False),
    Column("agency_id", Text),
    Column("part", Text, nullable=False),
    at("since"),
    at("seen_at"),
    PrimaryKeyConstraint("incident_id", "actor", "tab"),
    Index("ix_incident_presence_seen_at", "seen_at"),
)
