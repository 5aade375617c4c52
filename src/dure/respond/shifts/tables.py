"""The tables of rosters, changes, logs and handovers, and of what goes up a ladder."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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


def _roster() -> Column[object]:
    return Column("roster_id", Uuid, ForeignKey("roster.id", ondelete="CASCADE"), nullable=False)


roster = Table(
    "roster",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("agency_id", Text),  # None: the city's control centre
    Column("name", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("answers_to", Text),  # the group of people that manuals mean by it (duty_officer)
    Column("keeps_log", Boolean, nullable=False),
    Column("ladder", JSONB, nullable=False),  # ladder.to_json
    *kept(),
    UniqueConstraint("answers_to"),
)

roster_plan = Table(
    "roster_plan",
    metadata,
    Column("id", Uuid, primary_key=True),
    _roster(),
    Column("since", Date, nullable=False),
    Column("pattern", JSONB, nullable=False),  # patterns.to_json
    Column("anchor", Date, nullable=False),
    Column("teams", JSONB, nullable=False),  # [{"name", "members": [{"account_id", "post"}]}]
    Column("made_by", Text, nullable=False),
    at("made_at"),
    UniqueConstraint("roster_id", "since", name="uq_roster_plan_roster_id"),
)
"""Dated: a new plan changes nothing that was before its day."""

roster_assignment = Table(
    "roster_assignment",
    metadata,
    _roster(),
    Column("day", Date, nullable=False),
    Column("shift", Text, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("post", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    PrimaryKeyConstraint("roster_id", "day", "shift", "account_id"),
    CheckConstraint("post in ('lead', 'deputy', 'member')", name="post"),
)
"""People who were put into one shift by name, in place of a team's turn."""

roster_change = Table(
    "roster_change",
    metadata,
    Column("id", Uuid, primary_key=True),
    _roster(),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("why", Text, nullable=False),  # a code: why somebody is away is nobody else's to read
    Column("out_account", Uuid),
    Column("in_account", Uuid),
    Column("day", Date, nullable=False),
    Column("shift", Text),
    Column("other_day", Date),  # of a swap: the shift that is taken in return
    Column("other_shift", Text),
    Column("last_day", Date),  # of an absence
    Column("asked_by", Text, nullable=False),
    Column("asked_by_id", Uuid),
    at("agreed_at", needed=False),  # when the other side of a swap said yes
    Column("decided_by", Text),
    at("decided_at", needed=False),
    *kept(),
    CheckConstraint("kind in ('substitute', 'swap', 'absence')", name="kind"),
    CheckConstraint("status in ('asked', 'agreed', 'approved', 'refused', 'withdrawn')", name="status"),
    CheckConstraint("why in ('leave', 'training', 'duty', 'other')", name="why"),
    Index("ix_roster_change_roster_id", "roster_id", "day"),
)

shift_log = Table(
    "shift_log",
    metadata,
    Column("id", Uuid, primary_key=True),
    _roster(),
    Column("day", Date, nullable=False),
    Column("shift", Text, nullable=False),
    Column("shift_ko", Text, nullable=False),
    Column("shift_en", Text, nullable=False),
    at("begins_at"),
    at("ends_at"),
    Column("status", Text, nullable=False),
    Column("content", JSONB),  # as it was signed
    Column("digest", Text),  # sha-256 of the content's canonical form, also in the audit log
    Column("signed_by", Text),
    Column("signed_by_id", Text),
    Column("signed_as", Text),
    at("signed_at", needed=False),
    version(),
    UniqueConstraint("roster_id", "begins_at", name="uq_shift_log_roster_id"),
    CheckConstraint("status in ('open', 'signed')", name="status"),
    CheckConstraint("(status = 'signed') = (digest is not null and content is not null)", name="signed"),
    Index("ix_shift_log_begins_at", "begins_at", "id"),
)
"""One for each shift. The database refuses to change what is signed."""

shift_remark = Table(
    "shift_remark",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("log_id", Uuid, ForeignKey("shift_log.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    at("at"),
    Column("by", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("text", LargeBinary, nullable=False),  # sealed
    CheckConstraint("kind in ('remark', 'correction')", name="kind"),
    Index("ix_shift_remark_log_id", "log_id", "at"),
)
"""Added, never changed: remarks until the log is signed, corrections after."""

shift_handover = Table(
    "shift_handover",
    metadata,
    Column("log_id", Uuid, ForeignKey("shift_log.id", ondelete="CASCADE"), primary_key=True),
    Column("summary", JSONB, nullable=False),  # as it stood when it was given
    Column("digest", Text, nullable=False),
    Column("note", LargeBinary, nullable=False),  # sealed
    Column("given_by", Text, nullable=False),
    Column("given_by_id", Text, nullable=False),
    at("given_at"),
    Column("taken_by", Text),
    Column("taken_by_id", Text),
    Column("taken_as", Text),
    at("taken_at", needed=False),
    Column("taken_note", LargeBinary),  # sealed
    version(),
)

rise = Table(
    "rise",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False),
    Column("run_id", Uuid, nullable=False),
    Column("roster_id", Uuid),
    Column("status", Text, nullable=False),
    Column("items", JSONB, nullable=False),  # [{"of", "attempt", "ko", "en", "due_at"}]
    Column("rung", Integer, nullable=False),  # the next to be told
    Column("rounds", Integer, nullable=False, server_default=text("0")),
    at("begun_at"),
    at("next_at", needed=False),
    at("ended_at", needed=False),
    Column("ended_by", Text),
    version(),
    CheckConstraint("status in ('open', 'spent', 'taken', 'done')", name="status"),
    Index("uq_rise_open", "incident_id", unique=True, postgresql_where=text("status in ('open', 'spent')")),
)
"""What was not done in time, on its way up. `spent`: everybody was told and nobody took it up; it stays a fault."""

rise_call = Table(
    "rise_call",
    metadata,
    Column("rise_id", Uuid, ForeignKey("rise.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("ko", Text, nullable=False),
    Column("en", Text, nullable=False),
    at("at"),
    Column("told", JSONB, nullable=False),  # the desks' labels
    Column("lack", Text),  # nobody, unreachable
    PrimaryKeyConstraint("rise_id", "number"),
    CheckConstraint("lack in ('nobody', 'unreachable')", name="lack"),
)
"""Who was told when, and which rungs were empty."""
