"""What is known of attachments, and apart from it their sealed content. The keys stand in the vault's folder."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from dure.engine.columns import at, version
from dure.engine.database import metadata

incident_attachment = Table(
    "incident_attachment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False),
    Column("name", LargeBinary, nullable=False),  # sealed: a file's name may name a person
    Column("about", LargeBinary, nullable=False),  # sealed
    Column("kind", Text, nullable=False),
    Column("size", Integer, nullable=False),  # bytes as kept
    Column("persons", Boolean, nullable=False),  # people can be known by it: opening it needs a purpose
    Column("removed_parts", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("digest", LargeBinary, nullable=False),  # HMAC: the same file is not kept twice
    at("added_at"),
    Column("added_by", Text, nullable=False),
    Column("added_by_id", Text, nullable=False),
    at("removed_at", needed=False),
    Column("removed_by", Text),
    Column("reason", LargeBinary),  # sealed
    version(),
    Index("ix_incident_attachment_incident_id", "incident_id", "added_at"),
    Index(
        "uq_incident_attachment_digest",
        "incident_id",
        "digest",
        unique=True,
        postgresql_where=text("removed_at is null"),
    ),
)

incident_attachment_content = Table(
    "incident_attachment_content",
    metadata,
    Column("attachment_id", Uuid, ForeignKey("incident_attachment.id", ondelete="CASCADE"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # under the incident's key
)
"""Gone when the attachment is removed, and when the incident's key is destroyed."""
