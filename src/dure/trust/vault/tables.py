"""The vault's tables. Nothing in them can be read without the keys, and those lie elsewhere (see `store`)."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
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

from dure.engine.columns import kept
from dure.engine.database import metadata

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # form byte, then each field sealed under the person's key
    *kept(),
    Column("merged_into", Uuid, ForeignKey("person.id", ondelete="SET NULL")),  # found to be the same person's
    CheckConstraint("merged_into <> id", name="merged_into"),
    Index("ix_person_merged_into", "merged_into", postgresql_where=text("merged_into is not null")),
)

person_index = Table(
    "person_index",
    metadata,
    Column("person_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
    Column("field", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # HMAC-SHA-256 of the folded value: a blind index
    PrimaryKeyConstraint("person_id", "field", "digest"),
    Index("ix_person_index_digest", "field", "digest"),
)

person_pair = Table(
    "person_pair",
    metadata,
    Column("first_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
    Column("second_id", Uuid, ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
    Column("score", Double, nullable=False),  # 0 to 1
    Column("why", ARRAY(Text), nullable=False),  # what they share: resident_no, name, similar_name, phone …
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("kept_id", Uuid),
    Column("learned", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),  # fields from the other
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    PrimaryKeyConstraint("first_id", "second_id"),
    CheckConstraint("first_id < second_id", name="order"),
    CheckConstraint("state in ('open', 'merged', 'different')", name="state"),
    Index("ix_person_pair_second_id", "second_id"),
    Index("ix_person_pair_open", text("score desc"), postgresql_where=text("state = 'open'")),
)
"""Two records that may be one person's: dure suggests, a person decides."""

destruction = Table(
    "destruction",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),  # person, incident
    Column("subject_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("ordered_at", DateTime(timezone=True), nullable=False),
    Column("done_at", DateTime(timezone=True)),
    UniqueConstraint("kind", "subject_id", name="uq_destruction_subject"),
    Index("ix_destruction_waiting", "ordered_at", postgresql_where=text("done_at is null")),
)
"""What was destroyed, why and by whom. The ledger beside the keys says the same and outlives this database."""

vault_state = Table(
    "vault_state",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("form", Integer, nullable=False),  # below 3: something may still be as an earlier form kept it
    Column("rotated_at", DateTime(timezone=True)),
    CheckConstraint("one", name="one"),
)

vault_link_waiting = Table(
    "vault_link_waiting",
    metadata,
    Column("person_id", Uuid, primary_key=True),
    Column("devices", ARRAY(Text), nullable=False),
)
"""Devices of people in care on their way from the city's table into the vault (see `upgrading`)."""
