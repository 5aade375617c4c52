"""The tables of purposes. Words of citizens and answers to them are sealed; everything else is ids, codes and times."""

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from dure.engine.columns import at, version
from dure.engine.database import metadata

purpose = Table(
    "purpose",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid),  # None: a duty of the office, which opens together with a case only
    Column("code", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("agency_id", Text),  # None: any office of the city
    Column("document", Text),
    at("from_at"),
    at("until_at"),
    at("withdrawn_at", needed=False),
    Column("withdrawn_by", Text),
    Column("withdrawn_why", Text),
    at("created_at"),
    Column("created_by", Text, nullable=False),
    version(),
    CheckConstraint("until_at > from_at", name="span"),
    CheckConstraint("(withdrawn_at is null) = (withdrawn_by is null)", name="withdrawn"),
    Index("ix_purpose_person_id", "person_id"),
    Index("ix_purpose_created_at", "created_at", "id"),
)

person_opening = Table(
    "person_opening",
    metadata,
    Column("audit_id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    at("at"),
    Column("code", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("purpose_id", Uuid),
    Column("case_kind", Text),
    Column("case_id", Text),
    Column("glass_id", Uuid),
    Index("ix_person_opening_person_id", "person_id", "at"),
)
"""Beside the audit line of an opening: on what ground, and which kinds were shown."""

glass = Table(
    "glass",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("agency_id", Text),
    Column("reason", Text, nullable=False),
    Column("case_kind", Text),
    Column("case_id", Text),
    at("opened_at"),
    at("until_at"),
    at("closed_at", needed=False),
    at("review_due_at"),
    at("escalated_at", needed=False),
    at("reviewed_at", needed=False),
    Column("reviewed_by", Uuid),
    Column("verdict", Text),
    Column("review_note", Text),
    version(),
    CheckConstraint("verdict in ('proper', 'improper')", name="verdict"),
    CheckConstraint(
        "(reviewed_at is null) = (verdict is null) and (reviewed_at is null) = (reviewed_by is null)", name="reviewed"
    ),
    CheckConstraint("reviewed_by <> account_id", name="own_review"),
    Index("ix_glass_account_id", "account_id"),
    Index("ix_glass_person_id", "person_id"),
    Index("ix_glass_unreviewed", "review_due_at", postgresql_where=text("reviewed_at is null")),
)
"""Broken glass: the alert, and the review that stays until somebody else has made it."""

citizen_account = Table(
    "citizen_account",
    metadata,
    Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Uuid, nullable=False, unique=True),
    at("created_at"),
)

citizen_link = Table(
    "citizen_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("checked", Text, nullable=False),  # how the desk made sure of who it is
    Column("issued_by", Text, nullable=False),
    at("created_at"),
    at("expires_at"),
    at("used_at", needed=False),
    Index("ix_citizen_link_account_id", "account_id"),
)

rights_request = Table(
    "rights_request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("words", LargeBinary, nullable=False),
    at("received_at"),
    at("due_at"),
    Column("rule", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("ground", Text),
    Column("answer", LargeBinary),
    at("decided_at", needed=False),
    Column("decided_by", Text),
    at("open_until", needed=False),  # until when an accepted access or copy can be taken
    at("given_at", needed=False),
    version(),
    CheckConstraint("kind in ('access', 'correction', 'deletion', 'copy', 'stop')", name="kind"),
    CheckConstraint("state in ('open', 'accepted', 'refused', 'withdrawn')", name="state"),
    CheckConstraint("(state = 'refused') = (ground is not null)", name="ground"),
    Index("ix_rights_request_person_id", "person_id", "received_at"),
    Index("ix_rights_request_open", "due_at", postgresql_where=text("state = 'open'")),
)
