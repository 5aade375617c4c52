"""The room's table. Of a ticket only the hash is kept."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from dure.engine.database import metadata

video_opening = Table(
    "video_opening",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("ticket_hash", LargeBinary, nullable=False, unique=True),
    Column("camera_id", Text, nullable=False),
    Column("incident_id", Uuid),  # None: the control room's own watch
    Column("purpose", Text, nullable=False),  # sealed under the incident's key
    Column("actor_kind", Text, nullable=False),  # who asked, as they stood then: trust.principal.Principal
    Column("actor_id", Uuid, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("agency_id", Text),
    Column("session_id", Uuid),
    Column("roles", ARRAY(Text), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("address", Text),  # from where: the ticket is good there only
    Column("rights_end_at", DateTime(timezone=True)),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_by", Text),  # closed, merged, cameras, revoked, expired: what took the reason away
    Column("ticket_id", Uuid),  # the view ticket that it hangs on (video.tickets)
    Column("disclosure_id", Uuid),  # its line of the register
    Column("bound", Boolean, nullable=False, server_default=text("true")),  # only while the incident has this camera
    Column("span_from", DateTime(timezone=True)),  # of the past; None: live
    Column("span_until", DateTime(timezone=True)),
    CheckConstraint("actor_kind in ('account', 'token')", name="actor_kind"),
    Index("ix_video_opening_incident_id", "incident_id", postgresql_where=text("ended_at is null")),
    Index("ix_video_opening_expires_at", "expires_at"),
    Index("ix_video_opening_ticket_id", "ticket_id", postgresql_where=text("ended_at is null")),
)
"""Each right to see a camera that was ever given: short, for one incident, and ended with it."""
