"""The room's tables. Numbers and addresses stand in none of them open: a receiver is an id, a staff contact is sealed,
and what was said is sealed under its incident's key.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.database import metadata

_NOW = text("now()")

notice = Table(
    "notice",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("medium", Text, nullable=False),
    Column("to_key", Text, nullable=False),  # person:<id>, account:<id>, agency:<slug>
    Column("person_id", Uuid),
    Column("account_id", Uuid),
    Column("agency_id", Text),
    Column("template", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # subject and text, as they go out
    Column("bytes", Integer, nullable=False),
    Column("life_safety", Boolean, nullable=False),
    Column("incident_id", Uuid),
    Column("wanted_by", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),  # why it waits, failed or was refused: a code
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("doubled", Integer, nullable=False, server_default=text("0")),  # sent again where nobody could say
    Column("address_digest", LargeBinary),
    Column("attempt_id", Uuid),  # our reference at the gateway
    Column("gateway_id", Text),
    Column("next_at", DateTime(timezone=True)),  # when something is to be done about it
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("acknowledged_by", Text),  # key (of a telephone), or account:<id>
    Column("call_at", DateTime(timezone=True)),  # when to call whoever has not acknowledged it by then
    Column("keys", Integer, nullable=False, server_default=text("1")),  # up to which key a call may be answered
    UniqueConstraint("key", "channel", "to_key", name="uq_notice_wanted"),
    CheckConstraint(
        "status in ('queued', 'sending', 'sent', 'delivered', 'failed', 'unknown', 'refused')", name="status"
    ),
    CheckConstraint("num_nonnulls(person_id, account_id, agency_id) = 1", name="to"),
    Index("uq_notice_phone", "key", "medium", "address_digest", unique=True,
          postgresql_where=text("address_digest is not null")),
    Index("ix_notice_due", "status", "next_at", postgresql_where=text("next_at is not null")),
    Index("ix_notice_incident_id", "incident_id", postgresql_where=text("incident_id is not null")),
    Index("ix_notice_created_at", "created_at", "id"),
    Index("ix_notice_gateway_id", "gateway_id", postgresql_where=text("gateway_id is not null")),
    Index("ix_notice_call_at", "call_at", postgresql_where=text("call_at is not null")),
    Index("ix_notice_account_id", "account_id", text("created_at desc"),
          postgresql_where=text("account_id is not null")),
)  # fmt: skip

notice_attempt = Table(
    "notice_attempt",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("notice_id", Uuid, ForeignKey("notice.id", ondelete="CASCADE"), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),  # None: nobody heard how it went
    Column("outcome", Text),  # accepted, declined, not_now, unheard
    Column("code", Text),
    Column("gateway_id", Text),
    Column("address_digest", LargeBinary, nullable=False),
    Index("ix_notice_attempt_notice_id", "notice_id"),
    Index("ix_notice_attempt_started_at", "started_at"),
    Index("ix_notice_attempt_address", "address_digest", "started_at"),
)
"""Each time that a notice was handed to the other side; written and committed before."""

notice_contact = Table(
    "notice_contact",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),  # account:<id>, agency:<slug>, person:<id>
    Column("medium", Text, nullable=False),  # text (also rings), email, push
    Column("sealed", LargeBinary, nullable=False),
    Column("masked", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("owner", "medium", "digest", name="uq_notice_contact"),
)
"""Where staff and desks are reached: sealed under the city's key."""

push_key = Table(
    "push_key",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("public", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("id = 1", name="one"),
)
"""The city's one key for push services: its private half is sealed."""

notice_template = Table(
    "notice_template",
    metadata,
    Column("id", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("body", Text, nullable=False),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    PrimaryKeyConstraint("id", "language"),
    CheckConstraint("language in ('ko', 'en')", name="language"),
)
"""A city's own texts; they stand before those that the rooms bring."""

notice_rule = Table(
    "notice_rule",
    metadata,
    Column("begins", Date, primary_key=True),
    Column("quiet_from", Time, nullable=False),
    Column("quiet_until", Time, nullable=False),
    Column("per_number_hour", Integer, nullable=False),
    Column("per_city_minute", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
)
"""The city's quiet hours and rates, from a day on."""

warning_draft = Table(
    "warning_draft",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", Uuid),
    Column("kind", Text, nullable=False),  # critical 위급, urgent 긴급, safety 안전안내
    Column("areas", JSONB, nullable=False),
    Column("text", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("steps", JSONB, nullable=False, server_default=text("'[]'::jsonb")),  # who did what, when
    Column("drafted_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    CheckConstraint("status in ('draft', 'reviewing', 'approved', 'rejected', 'sent')", name="status"),
    CheckConstraint("kind in ('critical', 'urgent', 'safety')", name="kind"),
    Index("ix_warning_draft_created_at", "created_at", "id"),
)
"""A public warning (재난문자) on its way to whoever sends it; dure never does."""

cap_alert = Table(
    "cap_alert",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("identifier", Text, nullable=False, unique=True),
    Column("sender", Text, nullable=False),
    Column("sent", DateTime(timezone=True), nullable=False),
    Column("msg_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("root_id", Uuid, nullable=False),  # the first of its chain
    Column("incident_id", Uuid),
    Column("xml", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Text, nullable=False),
    Index("ix_cap_alert_root_id", "root_id"),
    Index("ix_cap_alert_sent", "sent", "id"),
)
