"""The tables of view tickets and of the disclosure register."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from dure.engine.database import metadata

video_ticket = Table(
    "video_ticket",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("incident_id", Uuid, nullable=False),
    Column("receipt_no", Text, nullable=False),
    Column("camera_ids", ARRAY(Text), nullable=False),
    Column("around", Boolean, nullable=False),  # good only while the cameras are the incident's
    Column("officer_kind", Text, nullable=False),
    Column("officer_id", Uuid, nullable=False),
    Column("officer_name", Text, nullable=False),  # the desk's label
    Column("agency_id", Text),
    Column("network", Text),  # the approved network that they asked from; None: that address alone
    Column("address", Text),
    Column("purpose", Text, nullable=False),  # sealed under the incident's key, like `reason`
    Column("ground", Text),  # trust.purposes.grounds
    Column("document", Text),
    Column("past_from", DateTime(timezone=True)),
    Column("past_until", DateTime(timezone=True)),
    Column("state", Text, nullable=False),
    Column("rule", Text),  # the rule by which it opened itself
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("lasts_s", Double, nullable=False),  # how long it shall be good once it is approved
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("decided_name", Text),
    Column("reason", Text),
    Column("expires_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("ended_by", Text),
    Column("ended_name", Text),
    Column("version", Integer, nullable=False, server_default=text("1")),
    CheckConstraint("kind in ('live', 'past', 'export')", name="kind"),
    CheckConstraint("cardinality(camera_ids) between 1 and 16", name="cameras"),
    CheckConstraint(
        "(kind = 'live') = (past_from is null) and (past_from is null) = (past_until is null) "
        "and (past_from is null or past_from < past_until)",
        name="span",
    ),
    CheckConstraint("state in ('requested', 'approved', 'refused', 'ended')", name="state"),
    CheckConstraint(
        "state <> 'approved' or (expires_at is not null and decided_at is not null "
        "and ((rule is not null and kind = 'live') "
        "or (decided_by is not null and (kind = 'live' or (ground is not null and document <> '')))))",
        name="approved",
    ),
    CheckConstraint("decided_by <> officer_kind || ':' || officer_id", name="other"),
    CheckConstraint(
        "(state = 'ended') = (ended_at is not null) and (ended_at is null) = (ended_by is null) "
        "and ended_by in ('expired', 'revoked', 'closed', 'merged')",
        name="ended",
    ),
    Index("ix_video_ticket_incident_id", "incident_id", "requested_at"),
    Index("ix_video_ticket_open", "state", "expires_at", postgresql_where=text("state in ('requested', 'approved')")),
    Index("ix_video_ticket_officer", "officer_id", postgresql_where=text("state = 'approved'")),
    Index("ix_video_ticket_requested_at", "requested_at", "id"),
)
"""One request and what became of it."""

video_disclosure = Table(
    "video_disclosure",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("until_at", DateTime(timezone=True), nullable=False),  # the only thing that changes: it went on so long
    Column("kind", Text, nullable=False),
    Column("provided", Boolean, nullable=False),  # to another agency; else the centre's own use
    Column("camera_id", Text, nullable=False),
    Column("camera_name", Text),
    Column("incident_id", Uuid),  # None: the control room's own watch
    Column("receipt_no", Text),
    Column("ticket_id", Uuid),
    Column("ticket_number", BigInteger),
    Column("officer_kind", Text, nullable=False),
    Column("officer_id", Uuid, nullable=False),
    Column("officer_name", Text, nullable=False),
    Column("agency_id", Text),
    Column("network", Text),
    Column("address", Text),
    Column("session_id", Uuid),
    Column("purpose", Text, nullable=False),  # sealed: vault.reasons
    Column("ground", Text),
    Column("document", Text),
    Column("approved_by", Text),  # a desk's label, or `rule:<id>`
    Column("span_from", DateTime(timezone=True)),
    Column("span_until", DateTime(timezone=True)),
    CheckConstraint("kind in ('live', 'past', 'export')", name="kind"),
    CheckConstraint(
        "(kind = 'live') = (span_from is null) and (span_from is null) = (span_until is null)", name="span"
    ),
    Index("ix_video_disclosure_at", "at", "id"),
    Index("ix_video_disclosure_camera", "camera_id", "at"),
    Index("ix_video_disclosure_incident", "incident_id", "at"),
    Index("ix_video_disclosure_going_on", "officer_id", "camera_id", "until_at"),
)
"""Every picture that was shown: of which camera, to whom, when, for which case, why and on what ground."""
