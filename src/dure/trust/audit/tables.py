"""The log's tables. The database refuses to change or remove what stands in them (migrations 0002 and 0011)."""

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
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.database import metadata

audit = Table(
    "audit",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),  # account:<uuid>, token:<uuid>, system:<name>, anonymous
    Column("actor_name", Text, nullable=False),
    Column("agency_id", Text),
    Column("address", Text),
    Column("action", Text, nullable=False),  # room.verb: session.open, incident.close
    Column("entity", Text, nullable=False),
    Column("entity_id", Text, nullable=False),
    Column("person_id", Uuid),  # whom it concerns
    Column("purpose", Text),
    Column("outcome", Text, nullable=False),  # ok, denied, failed
    Column("case_id", Text),  # the incident or case it was done for
    Index("ix_audit_person_id", "person_id", "at", postgresql_where=text("person_id is not null")),
    Index("ix_audit_case_id", "case_id", "at", postgresql_where=text("case_id is not null")),
    Index("ix_audit_entity", "entity", "entity_id", "at"),
    Index("ix_audit_actor", "actor", "at"),
    Index("ix_audit_action", "action", "at"),
    Index("ix_audit_at", "at", "id"),
)
"""Append-only: the database refuses update and truncate, and delete but for what `retention` destroys by law."""

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("seq", BigInteger, primary_key=True),
    Column("audit_id", Uuid, unique=True),  # null once the line was destroyed
    Column("leaf", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_audit_seal_destroyed", "seq", postgresql_where=text("audit_id is null")),
)
"""The order of the lines: leaf(n) = sha-256(0x00 + canonical line), hash(n) = sha-256(hash(n-1) + leaf(n)).

Written by a trigger as the last thing of each transaction, so that numbers have no gaps and no line waits for
another's work. A destroyed line leaves its leaf, which tells nothing: the line held 74 random bits.
"""

audit_node = Table(
    "audit_node",
    metadata,
    Column("level", SmallInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("level", "position"),
)
"""Hashes of whole subtrees of 2^level leaves, each eighth level: what a proof would else compute from all leaves."""

audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("note", Text, nullable=False),  # C2SP signed note
    Index("ix_audit_checkpoint_size", "size"),
)

audit_key = Table(
    "audit_key",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("key", Text, nullable=False),  # C2SP verifier key of the new one
    Column("after", BigInteger, nullable=False),  # the last checkpoint that the old one signed
    Column("size", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("note", Text, nullable=False),  # signed by both
)
"""How one key of the log followed another."""

audit_destruction = Table(
    "audit_destruction",
    metadata,
    Column("transaction", BigInteger, primary_key=True, autoincrement=False),  # PostgreSQL's number of who may destroy
    Column("before", DateTime(timezone=True), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""When the rules of retention took lines out; which ones, the log itself says (`audit.destroy`)."""

audit_witness = Table(
    "audit_witness",
    metadata,
    Column("name", Text, primary_key=True),
    Column("key", Text, nullable=False),  # C2SP verifier key
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("size", BigInteger),  # what it saw last
    Column("seen_at", DateTime(timezone=True)),
    Column("cosignature", Text),
)

audit_review = Table(
    "audit_review",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("month", Date, nullable=False, unique=True),  # its first day, in the city's zone
    Column("due_on", Date, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("rules", Text, nullable=False),  # the date of the thresholds used
    Column("lines", BigInteger, nullable=False),
    Column("actors", Integer, nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_by", Text),
)

audit_finding = Table(
    "audit_finding",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("review_id", Uuid, ForeignKey("audit_review.id", ondelete="CASCADE"), nullable=False),
    Column("rule", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("count", Integer, nullable=False),
    Column("facts", JSONB, nullable=False),  # numbers and ids of lines, never who a person is
    Column("verdict", Text),
    Column("word", Text),
    Column("judged_by", Text),
    Column("judged_at", DateTime(timezone=True)),
    CheckConstraint("verdict in ('proper', 'improper', 'unclear')", name="verdict"),
    CheckConstraint("(verdict is null) = (judged_at is null) and (verdict is null) = (word is null)", name="judged"),
    Index("ix_audit_finding_review_id", "review_id"),
)

audit_own = Table(
    "audit_own",
    metadata,
    Column("account_id", Uuid, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Uuid, nullable=False),
)
"""Which person of the vault an account is, for the review of looks at one's own or a relative's record."""

audit_fact = Table(
    "audit_fact",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("since", Date, nullable=False),
    Column("many_people", Boolean, nullable=False),  # 50,000 or more
    Column("unique_ids", Boolean, nullable=False),
    Column("sensitive", Boolean, nullable=False),
    Column("told_by", Text, nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
)
"""What the city said of the data that it handles: it decides how long the log is kept (`keeping`). The newest holds."""
