"""The tables of triage and beds. A patient is a case's number; who it is stands in the vault."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.columns import at, kept, version
from dure.engine.database import metadata

_NONE = text("'{}'::text[]")
_EMPTY = text("'[]'::jsonb")

epidemic_ward = Table(
    "epidemic_ward",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("facility", Text, nullable=False),  # its name: a hospital, a residential treatment centre
    Column("code", Text, nullable=False),  # the ward within it
    Column("kind", Text, nullable=False),
    Column("capacity", Integer, nullable=False),  # beds, all alike
    Column("sex", Text),  # None: rooms for one, or for either
    Column("isolation", Boolean, nullable=False, server_default=text("false")),  # negative pressure
    Column("oxygen", Text, nullable=False, server_default=text("'none'")),
    Column("languages", ARRAY(Text), nullable=False, server_default=_NONE),  # spoken beside Korean
    Column("address", Text),
    Column("lon", Double),
    Column("lat", Double),
    Column("open", Boolean, nullable=False, server_default=text("true")),
    *kept(),
    UniqueConstraint("facility", "code"),
    CheckConstraint("kind in ('centre', 'hospital', 'intensive')", name="kind"),
    CheckConstraint("capacity between 0 and 10000", name="capacity"),
    CheckConstraint("sex in ('m', 'f')", name="sex"),
    CheckConstraint("oxygen in ('none', 'oxygen', 'ventilator')", name="oxygen"),
)

epidemic_care = Table(
    "epidemic_care",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("disease", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("placement", Text, nullable=False),
    Column("score", Integer),
    Column("by_table", Date, nullable=False),  # the day from which the table holds that judged
    Column("reasons", JSONB, nullable=False, server_default=_EMPTY),
    Column("found", JSONB, nullable=False),  # what was found last: numbers and words, nothing that says who
    Column("oxygen", Text, nullable=False, server_default=text("'none'")),
    Column("isolation", Boolean, nullable=False, server_default=text("false")),
    Column("language", Text),
    Column("household", Text),  # a word that those of one household share
    Column("waiting_since", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("seen_by", Text, nullable=False),
    at("tried_at", needed=False),  # a call that nobody took, since they were seen
    at("calm_since", needed=False),
    at("worse_at", needed=False),
    Column("worse", JSONB, nullable=False, server_default=_EMPTY),
    at("ended_at", needed=False),
    *kept(),
    CheckConstraint("state in ('waiting', 'placed', 'home', 'released', 'died')", name="state"),
    CheckConstraint("level in ('asymptomatic', 'mild', 'moderate', 'severe', 'critical')", name="level"),
    CheckConstraint("placement in ('home', 'centre', 'hospital', 'intensive')", name="placement"),
    CheckConstraint("oxygen in ('none', 'oxygen', 'ventilator')", name="oxygen"),
    CheckConstraint("(ended_at is null) = (state not in ('released', 'died'))", name="ended"),
    Index("ix_epidemic_care_state", "disease", "state"),
)
"""How each patient is, as somebody last saw it."""

epidemic_look = Table(
    "epidemic_look",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False),
    at("at"),
    Column("by", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("reached", Boolean, nullable=False),
    Column("found", JSONB),
    Column("level", Text),
    Column("score", Integer),
    CheckConstraint("way in ('call', 'visit', 'ward', 'self')", name="way"),
    CheckConstraint("reached = (found is not null)", name="reached"),
    Index("ix_epidemic_look_case_id", "case_id", "at"),
)
"""Each time that somebody looked, or tried to."""

epidemic_stay = Table(
    "epidemic_stay",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("ward_id", Uuid, ForeignKey("epidemic_ward.id", ondelete="RESTRICT"), nullable=False),
    Column("bed", Integer, nullable=False),
    at("from_at"),
    at("until_at", needed=False),
    Column("ended", Text),
    Column("why", JSONB, nullable=False),
    Column("by", Text, nullable=False),
    CheckConstraint("bed >= 1", name="bed"),
    CheckConstraint("ended in ('moved', 'released', 'died', 'withdrawn')", name="ended"),
    CheckConstraint("(ended is null) = (until_at is null)", name="whole"),
    Index("uq_epidemic_stay_case", "case_id", unique=True, postgresql_where=text("until_at is null")),
    Index("uq_epidemic_stay_bed", "ward_id", "bed", unique=True, postgresql_where=text("until_at is null")),
    Index("ix_epidemic_stay_case_id", "case_id", "from_at"),
)
"""Who has which bed: the database itself gives no bed twice and nobody two."""

epidemic_bed_plan = Table(
    "epidemic_bed_plan",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("disease", Text, nullable=False),
    at("made_at"),
    Column("made_by", Text, nullable=False),
    Column("figures", JSONB, nullable=False),
    Column("rows", JSONB, nullable=False),  # a row for each patient, by the number of the case
    at("applied_at", needed=False),
    version(),
    Index("ix_epidemic_bed_plan_disease", "disease", "made_at"),
)
"""What was proposed, with its reasons."""

epidemic_test = Table(
    "epidemic_test",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("disease", Text, nullable=False),
    Column("code", Text, nullable=False),  # the number of the case or of whoever was screened
    Column("specimen", Text, nullable=False),
    at("taken_at"),
    Column("result", Text),  # None: not known yet
    Column("laboratory", Text),
    *kept(),
    UniqueConstraint("disease", "specimen"),
    CheckConstraint("result in ('negative', 'positive', 'unclear')", name="result"),
    Index("ix_epidemic_test_code", "disease", "code"),
)

epidemic_watch = Table(
    "epidemic_watch",
    metadata,
    Column("rule", Text, nullable=False),
    Column("disease", Text, nullable=False),
    at("since"),
    Column("unseen", Integer, nullable=False),
    PrimaryKeyConstraint("rule", "disease"),
)
"""Where somebody has gone unseen, or silent, for too long: an alarm stands for each."""
