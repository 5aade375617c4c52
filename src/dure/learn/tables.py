"""The room's tables. What people write about an incident is sealed under its key; the text of a manual is not."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.columns import at, version
from dure.engine.database import metadata


def _incident(*, once: bool = False) -> Column[object]:
    return Column("incident_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False, unique=once)


review_policy = Table(
    "review_policy",
    metadata,
    Column("from_day", Date, primary_key=True),
    Column("rules", JSONB, nullable=False),  # from top to bottom, the first that fits: learn.rules.Rule
    Column("pass_score", Integer, nullable=False),  # a drill with at least so many points rehearses its finding
    Column("source", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    at("set_at"),
    CheckConstraint("pass_score between 0 and 100", name="pass_score"),
)
"""Which closings need a review, in force from a day on."""

measured_clock = Table(
    "measured_clock",
    metadata,
    _incident(),
    Column("name", Text, nullable=False),  # the kind's clock, or manual:<its Korean name>
    Column("title_ko", Text),  # of a manual's golden time; None: the catalogue says it
    Column("title_en", Text),
    Column("type", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("place_key", Text),
    Column("place", Text),  # the market or block
    Column("district", Text),
    Column("shift", Text, nullable=False),
    at("started_at"),
    at("stopped_at", needed=False),  # None: what would have stopped it never was; the closing is no answer
    Column("seconds", Double),
    Column("target_s", Double, nullable=False),
    PrimaryKeyConstraint("incident_id", "name"),
    CheckConstraint("shift in ('day', 'evening', 'night')", name="shift"),
    Index("ix_measured_clock_started_at", "mode", "started_at"),
)
"""Golden-time clocks of closed incidents, as they stood at the closing."""

review = Table(
    "review",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(once=True),
    Column("state", Text, nullable=False),
    Column("rule", Text, nullable=False),  # the policy's rule that asked for it; `by_hand`
    at("opened_at"),
    Column("due_on", Date, nullable=False),
    Column("owner_id", Uuid, ForeignKey("account.id", ondelete="SET NULL")),
    Column("happened", LargeBinary),  # the four answers, sealed
    Column("expected", LargeBinary),
    Column("why", LargeBinary),
    Column("changes", LargeBinary),
    at("written_at", needed=False),
    Column("written_by", Text),
    at("closed_at", needed=False),
    Column("closed_by", Text),
    version(),
    at("created_at"),
    at("updated_at"),
    CheckConstraint("state in ('open', 'written', 'closed')", name="state"),
    Index("ix_review_standing", "due_on", "id", postgresql_where=text("state <> 'closed'")),
    Index("ix_review_opened_at", "opened_at", "id"),
)

finding = Table(
    "finding",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(),
    Column("kind", Text, nullable=False),  # whose manual it would change
    Column("title", Text, nullable=False),
    Column("why", LargeBinary),  # sealed
    Column("state", Text, nullable=False),
    Column("base_number", Integer),  # the version that the new text was written from
    Column("ko", Text),
    Column("en", Text),
    at("raised_at"),
    Column("raised_by", Text, nullable=False),
    at("proposed_at", needed=False),
    Column("proposed_by", Text),
    Column("proposed_by_id", Text),
    at("decided_at", needed=False),
    Column("decided_by", Text),
    Column("decision", Text),  # why it was approved or declined
    Column("published_number", Integer),
    at("closed_at", needed=False),
    Column("closed_by", Text),
    version(),
    at("created_at"),
    at("updated_at"),
    CheckConstraint("state in ('open', 'proposed', 'declined', 'published', 'rehearsed', 'closed')", name="state"),
    Index("ix_finding_incident_id", "incident_id"),
    Index("ix_finding_standing", "raised_at", "id", postgresql_where=text("state <> 'closed'")),
)

drill = Table(
    "drill",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(once=True),
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("finding_id", Uuid, ForeignKey("finding.id", ondelete="SET NULL")),
    Column("title", Text, nullable=False),
    at("started_at"),
    Column("started_by", Text, nullable=False),
    at("ended_at", needed=False),
    Column("score", JSONB),
    version(),
    Index("ix_drill_started_at", "started_at", "id"),
    Index("ix_drill_finding_id", "finding_id", postgresql_where=text("finding_id is not null")),
)

drill_inject = Table(
    "drill_inject",
    metadata,
    Column("drill_id", Uuid, ForeignKey("drill.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    at("due_at"),
    Column("act", Text, nullable=False),
    Column("value", Text),
    Column("words", Text),
    at("done_at", needed=False),
    Column("outcome", Text),
    PrimaryKeyConstraint("drill_id", "number"),
    CheckConstraint("act in ('say', 'moment', 'severity', 'answer')", name="act"),
)
"""What is told into a drill by its script."""
