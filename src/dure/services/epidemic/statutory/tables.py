"""What doctors told. Who the patient is stands in the vault."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, Table, Text, Uuid

from dure.engine.columns import at, kept
from dure.engine.database import metadata

statutory_report = Table(
    "epidemic_statutory_report",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("disease", Text, nullable=False),  # the code of classes.toml
    Column("class", Integer, nullable=False),  # as it stood on the day of the diagnosis
    Column("kind", Text, nullable=False),  # 환자 등 분류
    Column("person_id", Uuid, nullable=False),
    Column("sex", Text, nullable=False),
    Column("age", Integer, nullable=False),  # years, on the day of the diagnosis
    Column("district", Text),
    Column("onset_on", Date),
    at("diagnosed_at"),
    Column("test", Text, nullable=False),
    Column("admitted_on", Date),
    Column("died_on", Date),
    Column("abroad", Text),  # the country where it was caught
    Column("institution", Text, nullable=False),  # 요양기관 이름
    Column("institution_no", Text, nullable=False),  # 요양기관기호
    Column("office", Text),  # the agency, or account, that told it; None: the health centre wrote down what it heard
    Column("told_by", Text, nullable=False),
    at("told_at"),
    at("due_at"),
    Column("late", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text),  # why it went back: a code
    Column("case_id", Uuid),
    Column("decided_by", Text),
    at("decided_at", needed=False),
    *kept(),
    CheckConstraint("kind in ('patient', 'suspected', 'carrier')", name="kind"),
    CheckConstraint("sex in ('m', 'f')", name="sex"),
    CheckConstraint("age between 0 and 130", name="age"),
    CheckConstraint("test in ('positive', 'negative', 'pending', 'none')", name="test"),
    CheckConstraint("state in ('received', 'accepted', 'returned')", name="state"),
    CheckConstraint("(state = 'accepted') = (case_id is not null)", name="accepted"),
    Index("ix_epidemic_statutory_report_told_at", "told_at", "id"),
    Index("ix_epidemic_statutory_report_person_id", "person_id"),
)
