"""The incident room for many people at once: tasks that are asked, taken and ended, roles, decisions, attachments, and
who is there.
"""

from alembic import op

revision = "0021_room"
down_revision = "0020_doors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(_DECISIONS)
    op.execute(_TASKS)
    op.execute(_ROLES)
    op.execute(_ATTACHMENTS)
    op.execute(_PRESENCE)


_DECISIONS = """
create table incident_decision (
    id uuid constraint pk_incident_decision primary key,
    incident_id uuid not null
        constraint fk_incident_decision_incident_id references incident (id) on delete cascade,
    number integer not null,
    what bytea not null,
    why bytea not null,
    alternatives bytea not null,
    decided_at timestamptz not null,
    decided_by text not null,
    decided_by_id text not null,
    recorded_at timestamptz not null,
    recorded_by text not null,
    recorded_by_id text not null,
    corrects uuid
        constraint fk_incident_decision_corrects references incident_decision (id) on delete cascade,
    constraint uq_incident_decision_incident_id_number unique (incident_id, number),
    constraint uq_incident_decision_corrects unique (corrects)
);
create function decision_stands() returns trigger language plpgsql as $$
begin
    raise exception 'a decision is never edited: a correction is a new one';
end $$;
create trigger incident_decision_stands before update on incident_decision
    for each row execute function decision_stands();
"""

_TASKS = """
alter table incident_task
    alter column role drop not null,
    add column state text not null default 'asked',
    add column wants text not null default 'done',
    add column words bytea,
    add column agency_id text,
    add column person text,
    add column person_name text,
    add column asked_by text,
    add column asked_by_id text,
    add column taken_at timestamptz,
    add column taken_by text,
    add column taken_by_id text,
    add column late_at timestamptz,
    add column result bytea,
    add column reason bytea,
    add column cancelled_at timestamptz,
    add column cancelled_by text,
    add column decision_id uuid
        constraint fk_incident_task_decision_id references incident_decision (id) on delete set null,
    add column version integer not null default 1,
    add constraint ck_incident_task_state check (state in ('asked', 'taken', 'done', 'cancelled')),
    add constraint ck_incident_task_wants check (wants in ('done', 'answer')),
    add constraint ck_incident_task_of check (num_nonnulls(role, agency_id, person) >= 1);
update incident_task set state = 'done' where done_at is not null;
create index ix_incident_task_due on incident_task (due_at)
    where state in ('asked', 'taken') and late_at is null and due_at is not null;
create index ix_incident_task_open on incident_task (incident_id) where state in ('asked', 'taken');
create table incident_task_act (
    id bigint generated always as identity constraint pk_incident_task_act primary key,
    task_id uuid not null
        constraint fk_incident_task_act_task_id references incident_task (id) on delete cascade,
    act text not null,
    at timestamptz not null,
    by text not null,
    by_id text not null,
    before jsonb not null
);
create index ix_incident_task_act_task_id on incident_task_act (task_id, id);
"""

_ROLES = """
create table incident_role (
    id uuid constraint pk_incident_role primary key,
    incident_id uuid not null
        constraint fk_incident_role_incident_id references incident (id) on delete cascade,
    role text not null
        constraint ck_incident_role_role check (role in ('lead', 'operator', 'liaison', 'recorder')),
    actor text not null,
    name text not null,
    agency_id text,
    since timestamptz not null,
    given_by text not null,
    until timestamptz,
    ended_by text,
    version integer not null default 1
);
create unique index uq_incident_role_one on incident_role (incident_id, role)
    where until is null and role in ('lead', 'recorder');
create unique index uq_incident_role_held on incident_role (incident_id, role, actor) where until is null;
create index ix_incident_role_actor on incident_role (actor) where until is null;
"""

_ATTACHMENTS = """
create table incident_attachment (
    id uuid constraint pk_incident_attachment primary key,
    incident_id uuid not null
        constraint fk_incident_attachment_incident_id references incident (id) on delete cascade,
    name bytea not null,
    about bytea not null,
    kind text not null,
    size integer not null,
    persons boolean not null,
    removed_parts text[] not null default '{}'::text[],
    digest bytea not null,
    added_at timestamptz not null,
    added_by text not null,
    added_by_id text not null,
    removed_at timestamptz,
    removed_by text,
    reason bytea,
    version integer not null default 1
);
create index ix_incident_attachment_incident_id on incident_attachment (incident_id, added_at);
create unique index uq_incident_attachment_digest on incident_attachment (incident_id, digest)
    where removed_at is null;
create table incident_attachment_content (
    attachment_id uuid constraint pk_incident_attachment_content primary key
        constraint fk_incident_attachment_content_attachment_id references incident_attachment (id)
        on delete cascade,
    sealed bytea not null
);
alter table incident_attachment_content alter column sealed set storage external;
"""

_PRESENCE = """
create table incident_room (
    incident_id uuid constraint pk_incident_room primary key
        constraint fk_incident_room_incident_id references incident (id) on delete cascade,
    version integer not null
);
create table incident_presence (
    incident_id uuid not null
        constraint fk_incident_presence_incident_id references incident (id) on delete cascade,
    actor text not null,
    tab text not null,
    name text not null,
    agency_id text,
    part text not null,
    since timestamptz not null,
    seen_at timestamptz not null,
    constraint pk_incident_presence primary key (incident_id, actor, tab)
);
create index ix_incident_presence_seen_at on incident_presence (seen_at);
"""
