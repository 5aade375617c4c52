"""The machines of a city and what was asked of them."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
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

automation = Table(
    "automation",
    metadata,
    Column("id", Text, primary_key=True),
    Column("automation", Text, nullable=False),  # as manuals name what it does
    Column("name", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("lon", Double),  # where it stands; without a place it serves the whole city
    Column("lat", Double),
    Column("reach_m", Double, nullable=False, server_default=text("300")),
    Column("coil", Integer),
    Column("put", Boolean),
    Column("input", Integer),
    Column("expected", Boolean),
    Column("within_s", Double),
    Column("sealed", LargeBinary),  # the secret of both sides, for HTTP
    Column("is_on", Boolean, nullable=False),
    Column("last_ok_at", DateTime(timezone=True)),
    Column("last_fault", Text),
    Column("last_fault_at", DateTime(timezone=True)),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    version(),
    CheckConstraint("way in ('modbus', 'http')", name="way"),
    CheckConstraint("(way = 'modbus') = (coil is not null)", name="coil"),
    CheckConstraint("(way = 'http') = (sealed is not null)", name="sealed"),
    CheckConstraint("(lon is null) = (lat is null)", name="place"),
    Index("ix_automation_automation", "automation"),
)
"""A machine. Several may do the same thing, each at its place: the barriers of each underpass."""

automation_call = Table(
    "automation_call",
    metadata,
    Column("id", Uuid, primary_key=True),  # our reference: the other side takes it once
    Column("automation_id", Text, nullable=False),  # the machine
    Column("incident_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False),
    Column("run_id", Uuid, nullable=False),
    Column("act_id", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("title", Text, nullable=False),  # the manual's own words
    Column("due_at", DateTime(timezone=True)),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("doubled", Integer, nullable=False, server_default=text("0")),  # asked again where nobody could say
    Column("next_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("status in ('queued', 'running', 'done', 'failed', 'withdrawn')", name="status"),
    Index("ix_automation_call_due", "next_at", postgresql_where=text("next_at is not null")),
    Index("ix_automation_call_incident_id", "incident_id"),
)
"""What manuals asked of machines; written and committed before the machine hears of it."""
