"""Purposes, consent, break-glass, what citizens ask for; retention: runs, holds, and what was destroyed."""

from alembic import op

revision = "0010_purposes"
down_revision = "0009_vault"
branch_labels = None
depends_on = None

_PURPOSES = """
create table purpose (
    id uuid constraint pk_purpose primary key,
    person_id uuid,
    code text not null,
    basis text not null,
    text text not null,
    kinds text[] not null,
    agency_id text,
    document text,
    from_at timestamptz not null,
    until_at timestamptz not null,
    withdrawn_at timestamptz,
    withdrawn_by text,
    withdrawn_why text,
    created_at timestamptz not null,
    created_by text not null,
    version integer not null default 1,
    constraint ck_purpose_span check (until_at > from_at),
    constraint ck_purpose_withdrawn check ((withdrawn_at is null) = (withdrawn_by is null))
);
create index ix_purpose_person_id on purpose (person_id);
create index ix_purpose_created_at on purpose (created_at, id);
create table person_opening (
    audit_id uuid constraint pk_person_opening primary key,
    person_id uuid not null,
    at timestamptz not null,
    code text not null,
    basis text not null,
    kinds text[] not null,
    purpose_id uuid,
    case_kind text,
    case_id text,
    glass_id uuid
);
create index ix_person_opening_person_id on person_opening (person_id, at);
create table glass (
    id uuid constraint pk_glass primary key,
    person_id uuid not null,
    account_id uuid not null,
    actor_name text not null,
    agency_id text,
    reason text not null,
    case_kind text,
    case_id text,
    opened_at timestamptz not null,
    until_at timestamptz not null,
    closed_at timestamptz,
    review_due_at timestamptz not null,
    escalated_at timestamptz,
    reviewed_at timestamptz,
    reviewed_by uuid,
    verdict text constraint ck_glass_verdict check (verdict in ('proper', 'improper')),
    review_note text,
    version integer not null default 1,
    constraint ck_glass_reviewed check ((reviewed_at is null) = (verdict is null)
        and (reviewed_at is null) = (reviewed_by is null)),
    constraint ck_glass_own_review check (reviewed_by <> account_id)
);
create index ix_glass_account_id on glass (account_id);
create index ix_glass_person_id on glass (person_id);
create index ix_glass_unreviewed on glass (review_due_at) where reviewed_at is null;
"""

_CITIZENS = """
create table citizen_account (
    account_id uuid constraint pk_citizen_account primary key
        constraint fk_citizen_account_account_id references account (id) on delete cascade,
    person_id uuid not null constraint uq_citizen_account_person_id unique,
    created_at timestamptz not null
);
create table citizen_link (
    id uuid constraint pk_citizen_link primary key,
    secret_hash bytea not null constraint uq_citizen_link_secret_hash unique,
    account_id uuid not null constraint fk_citizen_link_account_id references account (id) on delete cascade,
    checked text not null,
    issued_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index ix_citizen_link_account_id on citizen_link (account_id);
create table rights_request (
    id uuid constraint pk_rights_request primary key,
    person_id uuid not null,
    kind text not null
        constraint ck_rights_request_kind check (kind in ('access', 'correction', 'deletion', 'copy', 'stop')),
    words bytea not null,
    received_at timestamptz not null,
    due_at timestamptz not null,
    rule text not null,
    state text not null
        constraint ck_rights_request_state check (state in ('open', 'accepted', 'refused', 'withdrawn')),
    ground text,
    answer bytea,
    decided_at timestamptz,
    decided_by text,
    open_until timestamptz,
    given_at timestamptz,
    version integer not null default 1,
    constraint ck_rights_request_ground check ((state = 'refused') = (ground is not null))
);
create index ix_rights_request_person_id on rights_request (person_id, received_at);
create index ix_rights_request_open on rights_request (due_at) where state = 'open';
"""

_RETENTION = """
create table retention_run (
    day date constraint pk_retention_run primary key,
    started_at timestamptz not null,
    finished_at timestamptz
);
create table retention_step (
    day date not null constraint fk_retention_step_day references retention_run (day) on delete cascade,
    kind text not null,
    after_at timestamptz,
    after_id text,
    destroyed bigint not null default 0,
    held bigint not null default 0,
    done_at timestamptz,
    problem text,
    constraint pk_retention_step primary key (day, kind)
);
create table retention_hold (
    id uuid constraint pk_retention_hold primary key,
    scope text not null
        constraint ck_retention_hold_scope check (scope in ('incident', 'person', 'camera', 'device', 'period')),
    target text,
    from_at timestamptz,
    to_at timestamptz,
    reason text not null,
    document text,
    created_at timestamptz not null,
    created_by text not null,
    until_at timestamptz not null,
    released_at timestamptz,
    released_by text,
    released_why text,
    version integer not null default 1,
    constraint ck_retention_hold_target check ((scope = 'period') = (target is null)),
    constraint ck_retention_hold_period check (scope <> 'period' or (from_at is not null and to_at is not null)),
    constraint ck_retention_hold_span check (from_at is null or to_at is null or to_at > from_at)
);
create index ix_retention_hold_created_at on retention_hold (created_at, id);
create table retention_record (
    id uuid constraint pk_retention_record primary key,
    day date not null,
    kind text not null,
    at timestamptz not null,
    things bigint not null constraint ck_retention_record_things check (things > 0),
    digest bytea not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    rule_since date not null,
    rule_days integer not null,
    source text not null,
    actor text not null
);
create index ix_retention_record_at on retention_record (at, id);
create function retention_record_refuse() returns trigger language plpgsql as
$$ begin raise exception 'the record of destruction is append-only' using errcode = 'insufficient_privilege'; end $$;
create trigger retention_record_kept before update or delete on retention_record
    for each row execute function retention_record_refuse();
create trigger retention_record_not_emptied before truncate on retention_record
    for each statement execute function retention_record_refuse();
create table person_unused (
    person_id uuid constraint pk_person_unused primary key,
    since timestamptz not null
);
"""


def upgrade() -> None:
    for statements in (_PURPOSES, _CITIZENS, _RETENTION):
        op.execute(statements)
