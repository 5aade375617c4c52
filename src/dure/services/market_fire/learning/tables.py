"""The tables of learning. Causes stand beside detection's alarms, by id; hours are minutes of the city's day."""

from sqlalchemy import CheckConstraint, Column, DateTime, Double, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.columns import version
from dure.engine.database import metadata

market_fire_cause = Table(
    "market_fire_cause",
    metadata,
    Column("id", Uuid, primary_key=True),  # the alarm's
    Column("cause", Text, nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
    Column("told_by", Text, nullable=False),
    version(),
    CheckConstraint(
        "cause in ('fire', 'steam', 'cooking', 'welding', 'dust', 'disinfection', 'sun', 'dew', 'fault', 'dying', "
        "'test', 'other', 'unknown')",
        name="cause",
    ),
)

market_fire_setting = Table(
    "market_fire_setting",
    metadata,
    Column("asset_id", Uuid, primary_key=True),  # the stall
    Column("steam_from", Integer),
    Column("steam_until", Integer),
    Column("answer_s", Double),  # None: the city's
    Column("proposal_id", Uuid, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("approved_by", Text, nullable=False),
    version(),
    CheckConstraint(
        "(steam_from is null) = (steam_until is null) "
        "and (steam_from is null or (steam_from >= 0 and steam_from < steam_until and steam_until <= 1440))",
        name="steam",
    ),
    CheckConstraint("answer_s > 0", name="answer"),
)
"""How a stall is judged otherwise than the city; only an approved proposal writes here."""

market_fire_proposal = Table(
    "market_fire_proposal",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("asset_id", Uuid, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("steam_from", Integer),
    Column("steam_until", Integer),
    Column("answer_s", Double),
    Column("because", JSONB, nullable=False),
    Column("replay", JSONB),
    Column("replayed_at", DateTime(timezone=True)),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("reason", Text),
    version(),
    CheckConstraint("state in ('open', 'approved', 'refused')", name="state"),
    CheckConstraint(
        "(state = 'open') = (decided_at is null) and (decided_at is null) = (decided_by is null) "
        "and (decided_at is null) = (reason is null)",
        name="decided",
    ),
    CheckConstraint("state <> 'approved' or replayed_at is not null", name="replayed"),
    Index("uq_market_fire_proposal_open", "asset_id", unique=True, postgresql_where=text("state = 'open'")),
    Index("ix_market_fire_proposal_made_at", "made_at", "id"),
)
"""What a stall's setting is to become. Those that were decided are the history of its settings."""
