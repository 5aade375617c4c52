"""The tables of operations. What people write stands sealed under the operation's key (vault.texts); members are ids
of the person vault.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
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

from dure.engine.columns import at, version
from dure.engine.database import metadata

_LEVELS = "('critical', 'serious', 'watch', 'notice')"


def _operation() -> Column[object]:
    return Column("operation_id", Uuid, ForeignKey("operation.id", ondelete="CASCADE"), nullable=False)


operation_year = Table(
    "operation_year",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)
"""The last number of each year: numbers have no gaps."""

operation = Table(
    "operation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # a type of incidents
    Column("mode", Text, nullable=False),
    Column("place", Text, nullable=False, server_default=""),
    Column("summary", LargeBinary, nullable=False, server_default=text("''::bytea")),  # sealed
    Column("status", Text, nullable=False),
    Column("level", Text),
    at("level_since", needed=False),
    at("opened_at"),
    Column("opened_by", Text, nullable=False),
    at("closed_at", needed=False),
    Column("closed_by", Text),
    Column("close_reason", LargeBinary),  # sealed
    version(),
    at("updated_at"),
    CheckConstraint("status in ('open', 'closed')", name="status"),
    CheckConstraint("mode in ('real', 'drill', 'test')", name="mode"),
    CheckConstraint(f"level in {_LEVELS}", name="level"),
    Index("ix_operation_opened_at", "opened_at", "id"),
)

operation_incident = Table(
    "operation_incident",
    metadata,
    Column("id", Uuid, primary_key=True),
    _operation(),
    Column("incident_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False),
    at("added_at"),
    Column("added_by", Text, nullable=False),
    at("removed_at", needed=False),
    Column("removed_by", Text),
    Index("ix_operation_incident_operation_id", "operation_id"),
    Index("uq_operation_incident_standing", "incident_id", unique=True, postgresql_where=text("removed_at is null")),
)
"""Which incidents it groups; one incident stands in one operation at a time."""

operation_level = Table(
    "operation_level",
    metadata,
    Column("id", Uuid, primary_key=True),
    _operation(),
    Column("seq", Integer, nullable=False),
    Column("change", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    at("at"),  # when it took effect
    Column("issued_by", Text, nullable=False),  # the office
    Column("ground", Text, nullable=False),
    Column("reason", LargeBinary, nullable=False),  # sealed
    Column("consulted", Text),  # before, later; None where nobody need be
    at("consulted_at", needed=False),
    at("told_at"),
    Column("told_by", Text, nullable=False),
    UniqueConstraint("operation_id", "seq"),
    CheckConstraint("change in ('issue', 'raise', 'lower', 'lift')", name="change"),
    CheckConstraint(f"before in {_LEVELS} and after in {_LEVELS}", name="levels"),
)
"""Every change of the crisis level; none is ever rewritten."""

operation_toll = Table(
    "operation_toll",
    metadata,
    Column("id", Uuid, primary_key=True),
    _operation(),
    at("as_of"),
    *(Column(name, Integer) for name in ("dead", "missing", "serious", "minor", "evacuated")),
    Column("source", Text, nullable=False),
    at("told_at"),
    Column("told_by", Text, nullable=False),
    Index("ix_operation_toll_operation_id", "operation_id", "as_of"),
)
"""Casualties as they were told, each with its as-of time and source; None is not known, which is not nought."""

operation_entry = Table(
    "operation_entry",
    metadata,
    Column("id", Uuid, primary_key=True),
    _operation(),
    Column("kind", Text, nullable=False),  # measure taken, request made
    Column("agency_id", Text),
    Column("words", LargeBinary, nullable=False),  # sealed
    Column("state", Text),  # of a request
    at("at"),
    Column("told_by", Text, nullable=False),
    Column("answer", LargeBinary),  # sealed
    at("answered_at", needed=False),
    Column("answered_by", Text),
    CheckConstraint("kind in ('measure', 'request')", name="kind"),
    CheckConstraint("(kind = 'request') = (state is not null) and state in ('open', 'met', 'refused')", name="state"),
    Index("ix_operation_entry_operation_id", "operation_id", "at"),
)

operation_report = Table(
    "operation_report",
    metadata,
    Column("id", Uuid, primary_key=True),
    _operation(),
    Column("kind", Text, nullable=False),
    Column("ordinal", Integer),  # given when approved
    Column("number", Text, unique=True),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False),
    at("as_of"),
    Column("facts", JSONB, nullable=False),
    Column("sections", LargeBinary, nullable=False),  # sealed JSON
    Column("digest", Text),
    Column("writers", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("written_by", Text, nullable=False),
    Column("returned", LargeBinary),  # sealed: why it came back
    at("created_at"),
    at("updated_at"),
    at("approved_at", needed=False),
    Column("approved_by", Text),
    version(),
    CheckConstraint("kind in ('first', 'interim', 'final')", name="kind"),
    CheckConstraint("state in ('draft', 'submitted', 'approved', 'discarded')", name="state"),
    CheckConstraint("(state = 'approved') = (digest is not null and number is not null)", name="frozen"),
    Index("ix_operation_report_operation_id", "operation_id", "created_at"),
    Index(
        "uq_operation_report_waiting", "operation_id", unique=True,
        postgresql_where=text("state in ('draft', 'submitted')"),
    ),
)  # fmt: skip

operation_member = Table(
    "operation_member",
    metadata,
    Column("id", Uuid, primary_key=True),
    _operation(),
    Column("side", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("agency_id", Text),
    Column("seat", Text, nullable=False),
    Column("person_id", Uuid),  # who: in trust's vault
    at("joined_at"),
    Column("joined_by", Text, nullable=False),
    at("left_at", needed=False),
    CheckConstraint("side in ('public', 'private')", name="side"),
    Index("ix_operation_member_operation_id", "operation_id"),
    Index("ix_operation_member_person_id", "person_id"),
)

operation_meeting = Table(
    "operation_meeting",
    metadata,
    Column("id", Uuid, primary_key=True),
    _operation(),
    Column("ordinal", Integer, nullable=False),
    Column("state", Text, nullable=False),
    at("starts_at"),
    Column("place", Text, nullable=False, server_default=""),
    Column("agenda", LargeBinary, nullable=False),  # sealed JSON: a list of lines
    Column("minutes", LargeBinary),  # sealed
    Column("digest", Text),
    Column("made_by", Text, nullable=False),
    at("held_at", needed=False),
    at("signed_at", needed=False),
    Column("signed_by", Text),
    version(),
    UniqueConstraint("operation_id", "ordinal"),
    CheckConstraint("state in ('planned', 'held', 'signed', 'cancelled')", name="state"),
    CheckConstraint("(state = 'signed') = (digest is not null)", name="frozen"),
)

operation_attendance = Table(
    "operation_attendance",
    metadata,
    Column("meeting_id", Uuid, ForeignKey("operation_meeting.id", ondelete="CASCADE"), nullable=False),
    Column("member_id", Uuid, ForeignKey("operation_member.id", ondelete="CASCADE"), nullable=False),
    Column("state", Text, nullable=False),
    PrimaryKeyConstraint("meeting_id", "member_id"),
    CheckConstraint("state in ('present', 'remote', 'proxy', 'absent')", name="state"),
)

operation_decision = Table(
    "operation_decision",
    metadata,
    Column("id", Uuid, primary_key=True),
    _operation(),
    Column("meeting_id", Uuid, ForeignKey("operation_meeting.id", ondelete="RESTRICT")),
    Column("ordinal", Integer, nullable=False),
    Column("words", LargeBinary, nullable=False),  # sealed
    Column("agency_id", Text),  # who shall do it
    Column("member_id", Uuid, ForeignKey("operation_member.id", ondelete="SET NULL")),
    Column("incident_id", Uuid),
    Column("task_id", Uuid),  # the task in the incident's room that it became
    at("due_at", needed=False),
    Column("state", Text, nullable=False),
    Column("outcome", LargeBinary),  # sealed
    at("made_at"),
    Column("made_by", Text, nullable=False),
    at("ended_at", needed=False),
    Column("ended_by", Text),
    UniqueConstraint("operation_id", "ordinal"),
    CheckConstraint("state in ('open', 'done', 'dropped')", name="state"),
    Index("ix_operation_decision_due_at", "due_at", postgresql_where=text("state = 'open'")),
)

public_post = Table(
    "public_post",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("operation_id", Uuid, ForeignKey("operation.id", ondelete="SET NULL")),
    Column("shown", Integer),  # the approved revision that citizens see
    Column("newest", Integer, nullable=False),
    at("first_shown_at", needed=False),
    at("withdrawn_at", needed=False),
    Column("withdrawn_by", Text),
    Column("made_by", Text, nullable=False),
    at("created_at"),
    at("updated_at"),
    version(),
    Index("ix_public_post_updated_at", "updated_at", "id"),
)

public_post_revision = Table(
    "public_post_revision",
    metadata,
    Column("post_id", Uuid, ForeignKey("public_post.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("level", Text),
    Column("over", Text, nullable=False),  # ongoing, over
    Column("words", JSONB, nullable=False),  # by language: title, place, body, advice
    Column("written_by", Text, nullable=False),
    Column("writer", Text, nullable=False),
    at("written_at"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("approved_by", Text),
    at("approved_at", needed=False),
    PrimaryKeyConstraint("post_id", "number"),
    CheckConstraint("state in ('draft', 'submitted', 'approved', 'returned')", name="state"),
    CheckConstraint("over in ('ongoing', 'over')", name="over"),
    CheckConstraint(f"level in {_LEVELS}", name="level"),
)
"""What citizens are told, each revision as it was written; what was approved is never rewritten."""
