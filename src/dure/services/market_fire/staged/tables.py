"""The tables of staged verification. What an alarm turned out to be stands with the alarm itself."""

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.columns import version
from dure.engine.database import metadata


def _at(name: str, *, needed: bool = True) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=not needed)


def _incident(*, key: bool = False) -> Column[object]:
    foreign = ForeignKey("incident.id", ondelete="CASCADE")
    return Column("incident_id", Uuid, foreign, primary_key=key, nullable=False)


market_fire_verification = Table(
    "market_fire_verification",
    metadata,
    _incident(key=True),
    Column("market_id", Uuid),  # None: a detector that stands in no market
    Column("stage", Text, nullable=False),
    _at("since"),  # of this stage
    _at("began_at"),
    _at("deadline_at", needed=False),  # when it goes up by itself
    Column("why", Text),  # verification.Why
    Column("state", JSONB, nullable=False),  # verification.State
    Column("terms", JSONB, nullable=False),  # what shifts the thresholds, in words of terms.Grounds
    _at("reported_at", needed=False),
    _at("ended_at", needed=False),  # reported, refuted, or its incident was closed
    version(),
    CheckConstraint("stage in ('quiet', 'pre_alarm', 'paused', 'reported', 'false')", name="stage"),
    CheckConstraint("stage <> 'pre_alarm' or deadline_at is not null or why is not null", name="deadline"),
    Index("ix_market_fire_verification_began_at", "began_at", "incident_id"),
    Index("ix_market_fire_verification_open", "market_id", postgresql_where=text("ended_at is null")),
)
"""Where each incident's verification stands; nothing waits without a deadline or a reason."""

market_fire_sign = Table(
    "market_fire_sign",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("kind", Text, nullable=False),  # verification.Kind
    Column("device", Text, nullable=False),
    Column("members", ARRAY(Text), nullable=False),
    Column("value", Double),
    _at("onset_at"),
    _at("at"),
    _at("cleared_at", needed=False),
    Column("doubts", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # signs.Sign, when it was heard
    Column("incident_id", Uuid),
    _at("heard_at", needed=False),  # when the stages took it in
    UniqueConstraint("rule", "device", "onset_at"),
    Index("ix_market_fire_sign_at", "at"),
    Index("ix_market_fire_sign_incident_id", "incident_id", "at"),
)
"""What detection says beside an alarm: warmth, a rise, neighbours, high heat."""

market_fire_answer = Table(
    "market_fire_answer",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(),
    Column("key", Text, nullable=False),  # whose answer it is: a later one of the same key replaces it
    Column("who", Text, nullable=False),
    Column("says", Text, nullable=False),
    Column("cause", Text),
    Column("way", Text, nullable=False),
    Column("by", Text, nullable=False),  # a desk's label, or the stall that somebody answers for; never a name
    Column("by_id", Text),
    _at("at"),
    CheckConstraint("who in ('operator', 'owner', 'sent', 'device')", name="who"),
    CheckConstraint("says in ('fire', 'not_fire', 'unknown')", name="says"),
    CheckConstraint("way in ('screen', 'link', 'key', 'call', 'alarm')", name="way"),
    Index("ix_market_fire_answer_incident_id", "incident_id", "at"),
)
"""Who answered what. `device` is a site's own automatic notification system (자동화재속보설비)."""

market_fire_announcement = Table(
    "market_fire_announcement",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("market_id", Uuid, ForeignKey("asset.id", ondelete="CASCADE"), nullable=False),
    Column("stalls", ARRAY(Uuid), nullable=False),  # none: the whole market
    Column("kind", Text, nullable=False),
    _at("starts_at"),
    _at("ends_at"),
    Column("announced_by", Text, nullable=False),  # the body that announced it
    Column("note", Text),
    _at("told_at"),
    Column("told_by", Text, nullable=False),
    _at("ended_at", needed=False),  # it was over, or taken back, before its time
    Column("ended_by", Text),
    version(),
    CheckConstraint("kind in ('works', 'disinfection', 'welding', 'test')", name="kind"),
    CheckConstraint("ends_at > starts_at and ends_at <= starts_at + interval '12 hours'", name="times"),
    Index("ix_market_fire_announcement_market_id", "market_id", "ends_at"),
)
"""Works and disinfection that were announced before: half a day at most, then somebody announces them anew."""
