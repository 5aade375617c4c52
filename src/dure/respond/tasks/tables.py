"""What was done with tasks. The tasks themselves stand in the room's tables."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.columns import at
from dure.engine.database import metadata

incident_task_act = Table(
    "incident_task_act",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("task_id", Uuid, ForeignKey("incident_task.id", ondelete="CASCADE"), nullable=False),
    Column("act", Text, nullable=False),
    at("at"),
    Column("by", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("before", JSONB, nullable=False),  # how it stood, for taking the act back at once
    Index("ix_incident_task_act_task_id", "task_id", "id"),
)
"""Each act of people on a task: who, when, and how it stood before."""
