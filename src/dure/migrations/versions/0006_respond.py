"""Incidents, what they were told, their alarms, cameras, clocks, hand-offs, tasks, timeline and merges."""

from alembic import op

revision = "0006_respond"
down_revision = "0005_detect"
branch_labels = None
depends_on = None

_INCIDENT = """
create table respond_setting (
    one boolean constraint pk_respond_setting primary key default true constraint ck_respond_setting_one check (one),
    city_code text not null,
    cameras integer not null,
    camera_radius_m double precision not null,
    version integer not null default 1
);
insert into respond_setting (city_code, cameras, camera_radius_m) values ('DR', 5, 500);
create table receipt_day (
    day date constraint pk_receipt_day primary key,
    last integer not null
);
create table incident (
    id uuid constraint pk_incident primary key,
    receipt_no text not null constraint uq_incident_receipt_no unique,
    external_ref text,
    type text not null,
    merge_group text not null,
    severity text not null constraint ck_incident_severity
        check (severity in ('critical', 'serious', 'watch', 'notice')),
    severity_by_signals text not null,
    status text not null constraint ck_incident_status
        check (status in ('open', 'acknowledged', 'handed_off', 'closed')),
    mode text not null constraint ck_incident_mode check (mode in ('real', 'drill', 'test')),
    source text not null,
    description text not null default '',
    lon double precision,
    lat double precision,
    name text,
    address text,
    address_words text,
    located boolean not null,
    candidates jsonb not null default '[]'::jsonb,
    place_key text,
    caller_id uuid,
    reported_by_agency text,
    opened_at timestamptz not null,
    signal_at timestamptz not null,
    last_signal_at timestamptz not null,
    acknowledge_by timestamptz not null,
    acknowledged_at timestamptz,
    acknowledged_by text,
    acknowledged_by_id text,
    confirmed_at timestamptz,
    cleared_at timestamptz,
    closed_at timestamptz,
    closed_by text,
    outcome text constraint ck_incident_outcome check (outcome in ('real', 'false', 'drill')),
    outcome_reason text,
    merged_into uuid constraint fk_incident_merged_into references incident (id) on delete restrict,
    merged_at timestamptz,
    alarm_count integer not null default 0,
    standing_alarms integer not null default 0,
    subject_count integer not null default 0,
    report_count integer not null default 0,
    version integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint ck_incident_place check ((lon is null) = (lat is null) and (not located or lon is not null)),
    constraint ck_incident_merged_into check (merged_into <> id)
);
create index ix_incident_opened_at on incident (opened_at, id);
create index ix_incident_standing on incident (merge_group, last_signal_at) where status <> 'closed';
create index ix_incident_closed_at on incident (closed_at);
create index ix_incident_merged_into on incident (merged_into) where merged_into is not null;
create index ix_incident_external_ref on incident (external_ref) where external_ref is not null;
"""

_SIGNALS = """
create table report (
    id uuid constraint pk_report primary key,
    incident_id uuid not null constraint fk_report_incident_id references incident (id) on delete cascade,
    source text not null,
    external_ref text,
    type text not null,
    description text not null,
    lon double precision,
    lat double precision,
    address text,
    caller_id uuid,
    digest bytea not null,
    times integer not null default 1,
    received_at timestamptz not null,
    received_by text not null
);
create index ix_report_incident_id on report (incident_id);
create table call_reference (
    source text not null,
    external_ref text not null,
    incident_id uuid not null constraint fk_call_reference_incident_id references incident (id) on delete cascade,
    constraint pk_call_reference primary key (source, external_ref)
);
create table incident_alarm (
    alarm_id uuid constraint pk_incident_alarm primary key,
    incident_id uuid not null constraint fk_incident_alarm_incident_id references incident (id) on delete cascade,
    subject text not null,
    stage text not null,
    severity text not null,
    standing boolean not null,
    joined_by text not null,
    joined_at timestamptz not null
);
create index ix_incident_alarm_incident_id on incident_alarm (incident_id, joined_at);
create index ix_incident_alarm_subject on incident_alarm (incident_id, subject);
create table incident_camera (
    incident_id uuid not null constraint fk_incident_camera_incident_id references incident (id) on delete cascade,
    rank integer not null,
    camera_id text not null,
    site_id text not null,
    distance_m double precision not null,
    reason text not null,
    instead_of text,
    state text not null,
    chosen_at timestamptz not null,
    constraint pk_incident_camera primary key (incident_id, rank)
);
create table incident_clock (
    incident_id uuid not null constraint fk_incident_clock_incident_id references incident (id) on delete cascade,
    name text not null,
    target_s double precision not null,
    own_started_at timestamptz not null,
    own_stopped_at timestamptz,
    started_at timestamptz not null,
    stopped_at timestamptz,
    constraint pk_incident_clock primary key (incident_id, name)
);
"""

_ANSWERS = """
create table handoff (
    id uuid constraint pk_handoff primary key,
    incident_id uuid not null constraint fk_handoff_incident_id references incident (id) on delete cascade,
    agency_id text not null,
    kind text not null constraint ck_handoff_kind check (kind in ('transfer', 'joint', 'tell')),
    note text not null default '',
    status text not null constraint ck_handoff_status check (status in ('sent', 'acknowledged', 'declined')),
    sent_at timestamptz not null,
    sent_by text not null,
    answered_at timestamptz,
    answered_by text,
    answer text
);
create index ix_handoff_agency_id on handoff (agency_id, incident_id);
create unique index uq_handoff_live on handoff (incident_id, agency_id, kind) where status <> 'declined';
create table incident_task (
    id uuid constraint pk_incident_task primary key,
    incident_id uuid not null constraint fk_incident_task_incident_id references incident (id) on delete cascade,
    kind text not null,
    role text not null,
    created_at timestamptz not null,
    due_at timestamptz not null,
    done_at timestamptz,
    done_by text,
    constraint uq_incident_task_incident_id_kind unique (incident_id, kind)
);
create table timeline (
    seq bigint generated by default as identity constraint pk_timeline primary key,
    incident_id uuid not null constraint fk_timeline_incident_id references incident (id) on delete cascade,
    at timestamptz not null,
    kind text not null,
    actor text,
    key text not null,
    params jsonb not null default '{}'::jsonb,
    text text,
    group_key text,
    count integer not null default 1,
    constraint uq_timeline_incident_id_group_key unique (incident_id, group_key)
);
create index ix_timeline_incident_id on timeline (incident_id, at, seq);
create table incident_merge (
    id uuid constraint pk_incident_merge primary key,
    incident_id uuid not null constraint fk_incident_merge_incident_id references incident (id) on delete cascade,
    into_id uuid not null constraint fk_incident_merge_into_id references incident (id) on delete cascade,
    by_rule boolean not null,
    status_before text not null,
    severity_before text,
    merged_at timestamptz not null,
    merged_by text not null,
    unmerged_at timestamptz,
    unmerged_by text
);
create unique index uq_incident_merge_standing on incident_merge (incident_id) where unmerged_at is null;
create index ix_incident_merge_into_id on incident_merge (into_id);
"""


def upgrade() -> None:
    for statements in (_INCIDENT, _SIGNALS, _ANSWERS):
        op.execute(statements)
