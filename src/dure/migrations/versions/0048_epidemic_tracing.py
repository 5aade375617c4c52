"""Epidemic: movements that were asked for, what was given and when it is destroyed; nightly reports; tests by day."""

from alembic import op

revision = "0048_epidemic_tracing"
down_revision = "0047_epidemic_care"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table epidemic_request (
            id uuid not null,
            mark_id uuid not null,
            disease text not null,
            source text not null,
            holder text not null,
            codes text[] not null,
            from_at timestamptz not null,
            to_at timestamptz not null,
            purpose text not null,
            basis text not null,
            document text,
            keep_days integer not null,
            status text not null,
            asked_by text not null,
            asked_name text not null,
            asked_at timestamptz not null,
            decided_by text,
            decided_name text,
            decided_at timestamptz,
            reason text,
            given_at timestamptz,
            sha256 text,
            counts jsonb,
            destroy_at timestamptz,
            destroyed_at timestamptz,
            destroyed_name text,
            version integer default 1 not null,
            constraint pk_epidemic_request primary key (id),
            constraint uq_epidemic_request_mark_id unique (mark_id),
            constraint ck_epidemic_request_source
                check (source in ('interview', 'card', 'telecom', 'transit', 'cctv')),
            constraint ck_epidemic_request_status
                check (status in ('asked', 'approved', 'refused', 'reading', 'given', 'failed', 'destroyed')),
            constraint ck_epidemic_request_four_eyes check (decided_by is null or decided_by <> asked_by),
            constraint ck_epidemic_request_span check (from_at < to_at)
        );
        create index ix_epidemic_request_disease on epidemic_request (disease, asked_at);
        create index ix_epidemic_request_destroy_at on epidemic_request (destroy_at) where destroyed_at is null;
        create table epidemic_visit (
            id uuid not null,
            request_id uuid not null references epidemic_request (id) on delete cascade,
            disease text not null,
            code text not null,
            from_at timestamptz not null,
            to_at timestamptz not null,
            place bytea not null,
            contacts_known boolean default false not null,
            many_exposed boolean default false not null,
            version integer default 1 not null,
            constraint pk_epidemic_visit primary key (id),
            constraint ck_epidemic_visit_span check (from_at <= to_at)
        );
        create index ix_epidemic_visit_request_id on epidemic_visit (request_id);
        create index ix_epidemic_visit_disease on epidemic_visit (disease, code, from_at);
        create table epidemic_subject (
            request_id uuid not null references epidemic_request (id) on delete cascade,
            number integer not null,
            code text not null,
            constraint uq_epidemic_subject_request_id_number unique (request_id, number)
        );
        create table epidemic_tested (
            id uuid not null,
            disease text not null,
            day date not null,
            tested integer not null,
            positive integer not null,
            known_at timestamptz not null,
            told_by text not null,
            constraint pk_epidemic_tested primary key (id),
            constraint ck_epidemic_tested_counts check (tested >= 0 and positive between 0 and tested)
        );
        create index ix_epidemic_tested_disease on epidemic_tested (disease, known_at);
        create table epidemic_report (
            id uuid not null,
            disease text not null,
            as_of timestamptz not null,
            scheduled boolean not null,
            made_at timestamptz not null,
            made_by text not null,
            content jsonb not null,
            digest text not null,
            constraint pk_epidemic_report primary key (id)
        );
        create index ix_epidemic_report_disease on epidemic_report (disease, as_of);
        create unique index uq_epidemic_report_scheduled on epidemic_report (disease, as_of) where scheduled;
        """
    )
