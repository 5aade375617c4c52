"""The service's tables. A case is its number; who it is stands in the vault."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from dure.engine.columns import at, kept
from dure.engine.database import metadata

epidemic_case = Table(
    "epidemic_case",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("disease", Text, nullable=False),  # as the file or the officer names it; "" where nobody did
    Column("code", Text, nullable=False),  # 확진번호, no name in it
    Column("status", Text, nullable=False, server_default=text("'confirmed'")),
    Column("person_id", Uuid),
    Column("sex", Text),
    Column("age", Integer),  # years
    Column("age_band", Text),  # as told, where nobody told the age: 50-59
    Column("district", Text),  # 구·군 of residence, or where outsiders come from
    Column("lon", Double),
    Column("lat", Double),
    Column("infected_on", Date),
    Column("onset_on", Date),
    Column("specimen_on", Date),
    Column("confirmed_on", Date),
    at("reported_at"),  # when the city learned of it
    Column("admitted_on", Date),
    Column("released_on", Date),
    Column("died_on", Date),
    Column("outcome", Text),
    Column("hospital", Text),
    Column("source", Text),  # 감염경로 in a few words
    Column("cluster", Text),
    Column("imported", Boolean, nullable=False, server_default=text("false")),  # infected abroad
    *kept(),
    UniqueConstraint("disease", "code"),
    CheckConstraint("status in ('confirmed', 'probable', 'suspected', 'ruled_out')", name="status"),
    CheckConstraint("sex in ('m', 'f')", name="sex"),
    CheckConstraint("age between 0 and 130", name="age"),
    CheckConstraint("outcome in ('died', 'recovered')", name="outcome"),
    Index("ix_epidemic_case_person_id", "person_id"),
)
"""What is known of each case now."""

epidemic_case_version = Table(
    "epidemic_case_version",
    metadata,
    Column("case_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    at("known_at"),  # the first version: when it was reported; corrections: when they were made
    Column("disease", Text, nullable=False),
    Column("facts", JSONB),  # the row; None: taken back
    Index("ix_epidemic_case_version_known_at", "disease", "known_at"),
    UniqueConstraint("case_id", "number"),
)
"""Every version of every case, written by the database itself: nothing forgets to, and nobody writes another past."""

epidemic_link = Table(
    "epidemic_link",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("disease", Text, nullable=False),
    Column("source", Text, nullable=False),  # the code of who infected (or may have)
    Column("target", Text, nullable=False),  # the code of the case or contact
    Column("person_id", Uuid),  # a contact who is no case (yet)
    Column("exposure", Text),
    Column("exposed_on", Date),
    *kept(),
    UniqueConstraint("disease", "source", "target"),
    Index("ix_epidemic_link_person_id", "person_id"),
)
"""Who was exposed to whom. Either end may be a code that nobody knows yet: lists come in any order."""
