"""Durable work and runs of playbooks."""

from alembic import op

revision = "0018_runs"
down_revision = "0017_playbooks"
branch_labels = None
depends_on = None

_ITEM = """
            status text not null,
            attempt integer not null,
            begun_at timestamptz,
            due_at timestamptz,
            late_at timestamptz,
            ended_at timestamptz,
            answer text,
            by text
"""


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        f"""
        create table job (
            id bigint generated always as identity constraint pk_job primary key,
            queue text not null,
            subject text not null,
            due_at timestamptz not null,
            tries integer not null default 0,
            error text
        );
        create index ix_job_queue_due_at_id on job (queue, due_at, id);
        create index ix_job_queue_subject on job (queue, subject);

        create table run (
            id uuid constraint pk_run primary key,
            incident_id uuid not null
                constraint fk_run_incident_id references incident (id) on delete cascade
                constraint uq_run_incident_id unique,
            kind text not null,
            playbook_version text not null,
            plan jsonb not null,
            language text not null,
            status text not null constraint ck_run_status check (status in ('running', 'done', 'ended', 'aborted')),
            moments jsonb not null default '{{}}'::jsonb,
            started_at timestamptz not null,
            ended_at timestamptz,
            wake_at timestamptz,
            version integer not null default 1
        );
        create table run_step (
            run_id uuid not null constraint fk_run_step_run_id references run (id) on delete cascade,
            number integer not null,
            {_ITEM},
            constraint pk_run_step primary key (run_id, number),
            constraint ck_run_step_status check (status in ('waiting', 'running', 'done', 'skipped'))
        );
        create table run_act (
            run_id uuid not null constraint fk_run_act_run_id references run (id) on delete cascade,
            act_id text not null,
            {_ITEM},
            constraint pk_run_act primary key (run_id, act_id),
            constraint ck_run_act_status check (status in ('waiting', 'running', 'stuck', 'done', 'skipped'))
        );
        create table run_mail (
            id bigint generated always as identity constraint pk_run_mail primary key,
            run_id uuid not null constraint fk_run_mail_run_id references run (id) on delete cascade,
            kind text not null,
            of text not null,
            value text,
            by text not null,
            by_id text not null,
            reason bytea,
            at timestamptz not null,
            outcome text not null
        );
        create index ix_run_mail_run_id on run_mail (run_id, id);
        create table run_attempt (
            key text constraint pk_run_attempt primary key,
            run_id uuid not null constraint fk_run_attempt_run_id references run (id) on delete cascade,
            act_id text not null,
            attempt integer not null,
            kind text not null,
            party text not null,
            status text not null
                constraint ck_run_attempt_status check (status in ('intent', 'made', 'failed', 'withdrawn')),
            ref text,
            error text,
            at timestamptz not null
        );
        create index ix_run_attempt_ref on run_attempt (ref);
        create index ix_run_attempt_run_id on run_attempt (run_id);

        alter table incident_task
            add column title text,
            add column holder text,
            alter column due_at drop not null;
        """
    )
