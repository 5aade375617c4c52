"""Statutory reports of diseases."""

from alembic import op

revision = "0049_statutory"
down_revision = "0048_epidemic_tracing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table epidemic_statutory_report (
            id uuid not null,
            disease text not null,
            class integer not null,
            kind text not null,
            person_id uuid not null,
            sex text not null,
            age integer not null,
            district text,
            onset_on date,
            diagnosed_at timestamptz not null,
            test text not null,
            admitted_on date,
            died_on date,
            abroad text,
            institution text not null,
            institution_no text not null,
            office text,
            told_by text not null,
            told_at timestamptz not null,
            due_at timestamptz not null,
            late boolean not null,
            state text not null,
            why text,
            case_id uuid,
            decided_by text,
            decided_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            constraint pk_epidemic_statutory_report primary key (id),
            constraint ck_epidemic_statutory_report_kind check (kind in ('patient', 'suspected', 'carrier')),
            constraint ck_epidemic_statutory_report_sex check (sex in ('m', 'f')),
            constraint ck_epidemic_statutory_report_age check (age between 0 and 130),
            constraint ck_epidemic_statutory_report_test check (test in ('positive', 'negative', 'pending', 'none')),
            constraint ck_epidemic_statutory_report_state check (state in ('received', 'accepted', 'returned')),
            constraint ck_epidemic_statutory_report_accepted check ((state = 'accepted') = (case_id is not null))
        );
        create index ix_epidemic_statutory_report_told_at on epidemic_statutory_report (told_at, id);
        create index ix_epidemic_statutory_report_person_id on epidemic_statutory_report (person_id);
        """
    )
