"""Rules with their versions, alarms, shelves, shards of detection, the canary."""

from alembic import op

revision = "0005_detect"
down_revision = "0004_sense"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table rule (
            id text constraint pk_rule primary key,
            toml text not null,
            enabled boolean not null default true,
            version integer not null default 1,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            updated_by text not null
        );
        create table rule_version (
            rule_id text not null,
            version integer not null,
            toml text,
            enabled boolean not null,
            at timestamptz not null,
            by text not null,
            constraint pk_rule_version primary key (rule_id, version)
        );
        create table alarm (
            id uuid constraint pk_alarm primary key,
            rule text not null,
            rule_ko text not null,
            rule_en text not null,
            subject text not null,
            device text,
            group_id text,
            members text[] not null default '{}',
            category text not null constraint ck_alarm_category check (category in ('event', 'fault')),
            lane text not null,
            incident_type text,
            severity text not null
                constraint ck_alarm_severity check (severity in ('critical', 'serious', 'watch', 'notice')),
            life_safety boolean not null,
            stage text not null
                constraint ck_alarm_stage check (stage in ('pre_alarm', 'confirmed', 'cleared', 'false')),
            late boolean not null default false,
            property text,
            value double precision,
            threshold double precision,
            recent jsonb not null default '[]',
            onset_at timestamptz not null,
            matured_at timestamptz not null,
            raised_at timestamptz not null,
            last_onset_at timestamptz not null,
            last_raised_at timestamptz not null,
            count integer not null default 1,
            cleared_at timestamptz,
            acknowledged_at timestamptz,
            acknowledged_by text,
            judged_at timestamptz,
            judged_by text,
            incident_id uuid,
            settled_at timestamptz,
            closed_at timestamptz,
            version integer not null default 1,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            constraint uq_alarm_onset unique (rule, subject, onset_at, late)
        );
        create unique index uq_alarm_open on alarm (rule, subject, late) where closed_at is null;
        create index ix_alarm_raised_at on alarm (raised_at, id);
        create index ix_alarm_device on alarm (device, raised_at);
        create index ix_alarm_rule on alarm (rule, subject, raised_at);
        create index ix_alarm_incident_id on alarm (incident_id) where incident_id is not null;
        create table alarm_shelf (
            id uuid constraint pk_alarm_shelf primary key,
            rule text not null,
            subject text not null,
            reason text not null,
            until timestamptz not null,
            shelved_at timestamptz not null,
            shelved_by text not null,
            ended_at timestamptz,
            ended_by text
        );
        create unique index uq_alarm_shelf_open on alarm_shelf (rule, subject) where ended_at is null;
        create table detect_shard (
            id integer constraint pk_detect_shard primary key,
            epoch bigint not null,
            stream text not null default '',
            position bigint not null default 0,
            position_us bigint not null default 0,
            snapshot bytea,
            snapshot_position bigint not null default 0,
            snapshot_at timestamptz,
            beat_at timestamptz not null
        );
        create table canary (
            id text constraint pk_canary primary key,
            sent_at timestamptz,
            seen_at timestamptz,
            latency_ms double precision,
            stale boolean not null default false,
            version integer not null default 1
        );
        """
    )
