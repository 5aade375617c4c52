"""The room's tables. An incident that was merged keeps all its rows and only points to the one it went into."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
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

from dure.engine.columns import version
from dure.engine.database import metadata


def _incident() -> Column[object]:
    return Column("incident_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False)


respond_setting = Table(
    "respond_setting",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("city_code", Text, nullable=False),  # what receipt numbers begin with
    Column("cameras", Integer, nullable=False),  # how many are chosen around an incident
    Column("camera_radius_m", Double, nullable=False),
    version(),
    CheckConstraint("one", name="one"),
)
"""The city's own settings, one row."""

receipt_day = Table(
    "receipt_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("last", Integer, nullable=False),
)
"""The last receipt number of each city day. Its row is locked until the opening transaction ends, so there are no
gaps.
"""

incident = Table(
    "incident",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("receipt_no", Text, nullable=False, unique=True),
    Column("external_ref", Text),
    Column("type", Text, nullable=False),
    Column("merge_group", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("severity_by_signals", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("description", LargeBinary, nullable=False, server_default=text("''::bytea")),  # sealed: vault.texts
    Column("lon", Double),
    Column("lat", Double),
    Column("name", Text),
    Column("address", Text),
    Column("address_words", Text),
    Column("located", Boolean, nullable=False),
    Column("candidates", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("place_key", Text),  # the market or block it is part of
    Column("caller_id", Uuid),  # who called: in trust's vault
    Column("reported_by_agency", Text),  # whose desk reported it: it may follow what became of it
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("signal_at", DateTime(timezone=True), nullable=False),  # onset of the first alarm, or receipt of the report
    Column("last_signal_at", DateTime(timezone=True), nullable=False),
    Column("acknowledge_by", DateTime(timezone=True), nullable=False),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("acknowledged_by", Text),
    Column("acknowledged_by_id", Text),
    Column("confirmed_at", DateTime(timezone=True)),
    Column("cleared_at", DateTime(timezone=True)),  # when the last of its alarms ended; None while any stands
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_by", Text),
    Column("outcome", Text),
    Column("outcome_reason", LargeBinary),  # sealed
    Column("merged_into", Uuid, ForeignKey("incident.id", ondelete="RESTRICT")),
    Column("merged_at", DateTime(timezone=True)),
    Column("alarm_count", Integer, nullable=False, server_default=text("0")),
    Column("standing_alarms", Integer, nullable=False, server_default=text("0")),
    Column("subject_count", Integer, nullable=False, server_default=text("0")),
    Column("report_count", Integer, nullable=False, server_default=text("0")),
    version(),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("severity in ('critical', 'serious', 'watch', 'notice')", name="severity"),
    CheckConstraint("status in ('open', 'acknowledged', 'handed_off', 'closed')", name="status"),
    CheckConstraint("mode in ('real', 'drill', 'test')", name="mode"),
    CheckConstraint("outcome in ('real', 'false', 'drill')", name="outcome"),
    CheckConstraint("(lon is null) = (lat is null) and (not located or lon is not null)", name="place"),
    CheckConstraint("merged_into <> id", name="merged_into"),
    Index("ix_incident_opened_at", "opened_at", "id"),
    Index("ix_incident_standing", "merge_group", "last_signal_at", postgresql_where=text("status <> 'closed'")),
    Index("ix_incident_closed_at", "closed_at"),
    Index("ix_incident_merged_into", "merged_into", postgresql_where=text("merged_into is not null")),
    Index("ix_incident_external_ref", "external_ref", postgresql_where=text("external_ref is not null")),
)

report = Table(
    "report",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(),
    Column("source", Text, nullable=False),
    Column("external_ref", Text),
    Column("type", Text, nullable=False),
    Column("description", LargeBinary, nullable=False),  # sealed
    Column("lon", Double),
    Column("lat", Double),
    Column("address", Text),
    Column("caller_id", Uuid),
    Column("digest", LargeBinary, nullable=False),  # HMAC of what was said: the same again adds no second report
    Column("times", Integer, nullable=False, server_default=text("1")),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("received_by", Text, nullable=False),
    Index("ix_report_incident_id", "incident_id"),
)
"""What was told, each report as it came."""

call_reference = Table(
    "call_reference",
    metadata,
    Column("source", Text, nullable=False),
    Column("external_ref", Text, nullable=False),
    _incident(),
    PrimaryKeyConstraint("source", "external_ref"),
)
"""Which incident a call of another system became: one reference, one incident."""

incident_alarm = Table(
    "incident_alarm",
    metadata,
    Column("alarm_id", Uuid, primary_key=True),
    _incident(),
    Column("subject", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("standing", Boolean, nullable=False),
    Column("joined_by", Text, nullable=False),
    Column("joined_at", DateTime(timezone=True), nullable=False),
    Index("ix_incident_alarm_incident_id", "incident_id", "joined_at"),
    Index("ix_incident_alarm_subject", "incident_id", "subject"),
)

alarm_apart = Table(
    "alarm_apart",
    metadata,
    Column("alarm_id", Uuid, nullable=False),
    _incident(),  # what it was taken out of, and does not join again by itself
    Column("into_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE")),  # None: no incident at all
    Column("stage", Text, nullable=False),  # as it was then
    Column("severity", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", Text, nullable=False),
    PrimaryKeyConstraint("alarm_id", "incident_id"),
)
"""Alarms that a person took out of an incident."""

incident_camera = Table(
    "incident_camera",
    metadata,
    _incident(),
    Column("rank", Integer, nullable=False),
    Column("camera_id", Text, nullable=False),
    Column("site_id", Text, nullable=False),
    Column("distance_m", Double, nullable=False),
    Column("reason", Text, nullable=False),
    Column("instead_of", Text),  # the nearer camera that it stands in for
    Column("state", Text, nullable=False),  # at the time of choosing
    Column("chosen_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("incident_id", "rank"),
)

incident_clock = Table(
    "incident_clock",
    metadata,
    _incident(),
    Column("name", Text, nullable=False),
    Column("target_s", Double, nullable=False),
    # By this incident's own account, and with those that were merged into it: what is shown.
    Column("own_started_at", DateTime(timezone=True), nullable=False),
    Column("own_stopped_at", DateTime(timezone=True)),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("stopped_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("incident_id", "name"),
)

handoff = Table(
    "handoff",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(),
    Column("agency_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("note", LargeBinary, nullable=False, server_default=text("''::bytea")),  # sealed
    Column("status", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("sent_by", Text, nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("answered_by", Text),
    Column("answer", LargeBinary),  # sealed
    Column("progress", Text),  # what the agency said after it had it: accepted, done
    Column("progress_at", DateTime(timezone=True)),
    Column("said_at", DateTime(timezone=True)),  # the agency's own time of what it said last and was taken
    Column("outside_ref", Text),  # the agency's own number
    Column("service", Text),  # the linked service by which it went (doors.linked)
    CheckConstraint("kind in ('transfer', 'joint', 'tell')", name="kind"),
    CheckConstraint("status in ('sent', 'acknowledged', 'declined')", name="status"),
    CheckConstraint("progress in ('accepted', 'done')", name="progress"),
    Index("ix_handoff_agency_id", "agency_id", "incident_id"),
    Index(
        "uq_handoff_live",
        "incident_id",
        "agency_id",
        "kind",
        unique=True,
        postgresql_where=text("status <> 'declined'"),
    ),
)

incident_decision = Table(
    "incident_decision",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(),
    Column("number", Integer, nullable=False),
    Column("what", LargeBinary, nullable=False),  # sealed, like the two after it
    Column("why", LargeBinary, nullable=False),
    Column("alternatives", LargeBinary, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_by_id", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_by_id", Text, nullable=False),
    Column("corrects", Uuid, ForeignKey("incident_decision.id", ondelete="CASCADE")),
    UniqueConstraint("incident_id", "number"),
    UniqueConstraint("corrects"),
)
"""결정. The database refuses every change of a row: a correction is a new one."""

incident_task = Table(
    "incident_task",
    metadata,
    Column("id", Uuid, primary_key=True),
    _incident(),
    Column("kind", Text, nullable=False),
    Column("role", Text),  # a role of the city's or of the incident's
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True)),
    Column("done_at", DateTime(timezone=True)),
    Column("done_by", Text),
    Column("title", Text),  # what a manual says; None: a person wrote it (words), or the catalogue says it by the kind
    Column("holder", Text),  # how a manual names who shall do it
    Column("state", Text, nullable=False, server_default=text("'asked'")),
    Column("wants", Text, nullable=False, server_default=text("'done'")),  # answer: it ends by an answer to the manual
    Column("words", LargeBinary),  # sealed
    Column("agency_id", Text),
    Column("person", Text),  # `account:<uuid>`
    Column("person_name", Text),  # that desk's label
    Column("asked_by", Text),  # None: dure by itself
    Column("asked_by_id", Text),
    Column("taken_at", DateTime(timezone=True)),
    Column("taken_by", Text),
    Column("taken_by_id", Text),
    Column("late_at", DateTime(timezone=True)),  # when its deadline passed with nobody done
    Column("result", LargeBinary),  # sealed
    Column("reason", LargeBinary),  # sealed: why it was given back or cancelled
    Column("cancelled_at", DateTime(timezone=True)),
    Column("cancelled_by", Text),
    Column("decision_id", Uuid, ForeignKey("incident_decision.id", ondelete="SET NULL")),
    version(),
    UniqueConstraint("incident_id", "kind"),
    CheckConstraint("state in ('asked', 'taken', 'done', 'cancelled')", name="state"),
    CheckConstraint("wants in ('done', 'answer')", name="wants"),
    CheckConstraint("num_nonnulls(role, agency_id, person) >= 1", name="of"),
    Index(
        "ix_incident_task_due",
        "due_at",
        postgresql_where=text("state in ('asked', 'taken') and late_at is null and due_at is not null"),
    ),
    Index("ix_incident_task_open", "incident_id", postgresql_where=text("state in ('asked', 'taken')")),
)
"""임무: asked of a person, an agency or a role, by a manual's step, by hand or by a rule of dure's own."""

timeline = Table(
    "timeline",
    metadata,
    Column("seq", BigInteger, Identity(), primary_key=True),
    _incident(),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text),  # a desk's or an agency's label; None: dure by itself
    Column("key", Text, nullable=False),
    Column("params", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("text", LargeBinary),  # what a person wrote, sealed: vault.texts
    Column("group_key", Text),  # entries of a storm fold into one with this key
    Column("count", Integer, nullable=False, server_default=text("1")),
    Index("ix_timeline_incident_id", "incident_id", "at", "seq"),
    UniqueConstraint("incident_id", "group_key"),
)

incident_merge = Table(
    "incident_merge",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False),
    Column("into_id", Uuid, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False),
    Column("by_rule", Boolean, nullable=False),
    Column("status_before", Text, nullable=False),
    Column("severity_before", Text),  # of `into_id`, where the merge raised it
    Column("merged_at", DateTime(timezone=True), nullable=False),
    Column("merged_by", Text, nullable=False),
    Column("unmerged_at", DateTime(timezone=True)),
    Column("unmerged_by", Text),
    Index("uq_incident_merge_standing", "incident_id", unique=True, postgresql_where=text("unmerged_at is null")),
    Index("ix_incident_merge_into_id", "into_id"),
)
