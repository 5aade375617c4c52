"""The library's tables. A version is never changed nor taken out: what was done is only understood with the manual of
its day.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from dure.engine.database import metadata

playbook = Table(
    "playbook",
    metadata,
    Column("kind", Text, primary_key=True),  # the kind of incident
    Column("in_force", Integer, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
    ForeignKeyConstraint(
        ["kind", "in_force"],
        ["playbook_version.kind", "playbook_version.number"],
        deferrable=True,
        initially="deferred",
        name="fk_playbook_kind_in_force",
        use_alter=True,
    ),
)

playbook_version = Table(
    "playbook_version",
    metadata,
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("ko", Text),
    Column("en", Text),
    Column("source", Text, nullable=False),  # the room or service that brought it, or city
    Column("note", Text, nullable=False, server_default=text("''")),  # why it is another one
    Column("digest", Text, nullable=False),  # SHA-256 of both texts
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("published_by", Text, nullable=False),
    PrimaryKeyConstraint("kind", "number"),
    CheckConstraint("ko is not null or en is not null", name="language"),
)
