"""The tables of screening. A time at a lane is given once: the database excludes any other that overlaps it."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from dure.engine.columns import at, kept
from dure.engine.database import metadata

SPAN = (
    "int8range(station_number::bigint * 100000000000 + lane * 1000000000::bigint + minute, "
    "station_number::bigint * 100000000000 + lane * 1000000000::bigint + minute + minutes)"
)
"""A lane's time on one line of numbers, so that overlaps are excluded without an extension of the database."""

epidemic_station = Table(
    "epidemic_station",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Integer, Identity(always=True), nullable=False, unique=True),
    Column("code", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("lanes", Integer, nullable=False),
    Column("slot_minutes", Integer, nullable=False),
    Column("opens", Time, nullable=False),
    Column("closes", Time, nullable=False),
    Column("address", Text),
    Column("lon", Double),
    Column("lat", Double),
    Column("open", Boolean, nullable=False, server_default=text("true")),
    *kept(),
    CheckConstraint("kind in ('walk', 'drive')", name="kind"),
    CheckConstraint("lanes between 1 and 50", name="lanes"),
    CheckConstraint("slot_minutes between 1 and 120", name="slot_minutes"),
    CheckConstraint("opens < closes", name="hours"),
)

epidemic_booking = Table(
    "epidemic_booking",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("station_id", Uuid, ForeignKey("epidemic_station.id", ondelete="RESTRICT"), nullable=False),
    Column("station_number", Integer, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("minute", Integer, nullable=False),  # Unix time in minutes
    Column("minutes", Integer, nullable=False),
    Column("code", Text, nullable=False, unique=True),  # what whoever booked it shows
    Column("person_id", Uuid),
    Column("state", Text, nullable=False, server_default=text("'booked'")),
    *kept(),
    CheckConstraint("state in ('booked', 'came', 'missed', 'cancelled')", name="state"),
    CheckConstraint("lane between 1 and 50", name="lane"),
    CheckConstraint("minutes between 1 and 120", name="minutes"),
    ExcludeConstraint(
        (text(SPAN), "&&"), where=text("state <> 'cancelled'"), using="gist", name="ex_epidemic_booking_time"
    ),
    Index("ix_epidemic_booking_minute", "station_id", "minute"),
    Index("ix_epidemic_booking_person_id", "person_id"),
)

epidemic_ticket = Table(
    "epidemic_ticket",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("station_id", Uuid, ForeignKey("epidemic_station.id", ondelete="RESTRICT"), nullable=False),
    Column("day", Date, nullable=False),
    Column("number", Integer, nullable=False),
    Column("booking_id", Uuid, ForeignKey("epidemic_booking.id", ondelete="SET NULL")),
    at("came_at"),
    at("called_at", needed=False),
    Column("lane", Integer),
    at("done_at", needed=False),
    Column("specimen", Text),
    UniqueConstraint("station_id", "day", "number"),
    CheckConstraint("(called_at is null) = (lane is null)", name="called"),
)
"""Who stands in the queue, by a number alone: with a time, or without."""
