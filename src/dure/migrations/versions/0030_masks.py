"""Masks over cameras' pictures and when they are lifted; exports of past pictures and their chain of custody."""

from alembic import op

revision = "0030_masks"
down_revision = "0029_recordings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table video_mask (
            id uuid constraint pk_video_mask primary key,
            camera_id text not null,
            polygons jsonb not null,
            reason text not null,
            asked_at timestamptz not null,
            asked_by text not null,
            asked_name text not null,
            holds_from timestamptz,
            decided_at timestamptz,
            decided_by text,
            decided_name text,
            refused text,
            constraint ck_video_mask_other check (decided_by <> asked_by),
            constraint ck_video_mask_refused check (refused is null or (holds_from is null and decided_by is not null))
        );
        create index ix_video_mask_camera_id on video_mask (camera_id, holds_from);
        create unique index uq_video_mask_waiting on video_mask (camera_id)
            where holds_from is null and refused is null;

        create table video_mask_lift (
            id uuid constraint pk_video_mask_lift primary key,
            camera_id text not null,
            incident_id uuid not null,
            purpose text not null,
            minutes integer not null,
            asked_at timestamptz not null,
            asked_by uuid not null,
            asked_name text not null,
            decided_at timestamptz,
            decided_by uuid,
            decided_name text,
            allowed text,
            ends_at timestamptz,
            ended_at timestamptz,
            ended_name text,
            constraint ck_video_mask_lift_other check (decided_by <> asked_by),
            constraint ck_video_mask_lift_minutes check (minutes between 1 and 30),
            constraint ck_video_mask_lift_allowed check (allowed in ('yes', 'no')),
            constraint ck_video_mask_lift_decided check ((allowed is null) = (decided_by is null)),
            constraint ck_video_mask_lift_ends check ((ends_at is not null) = coalesce(allowed = 'yes', false))
        );
        create index ix_video_mask_lift_ends_at on video_mask_lift (ends_at);
        create index ix_video_mask_lift_asked_at on video_mask_lift (asked_at, id);

        create table video_export (
            id uuid constraint pk_video_export primary key,
            number bigint generated always as identity constraint uq_video_export_number unique,
            ticket_id uuid not null,
            incident_id uuid not null,
            receipt_no text not null,
            camera_ids text[] not null,
            begin_at timestamptz not null,
            end_at timestamptz not null,
            purpose text not null,
            ground text not null,
            document text not null,
            asked_kind text not null,
            asked_by uuid not null,
            asked_name text not null,
            agency_id text,
            approved_by text not null,
            asked_at timestamptz not null,
            state text not null,
            progress double precision not null default 0,
            why text,
            started_at timestamptz,
            ready_at timestamptz,
            expires_at timestamptz,
            most_downloads integer not null,
            downloads integer not null default 0,
            bytes bigint,
            digest text,
            detector text,
            destroyed_at timestamptz,
            constraint ck_video_export_span check (begin_at < end_at),
            constraint ck_video_export_state check (
                state in ('waiting', 'running', 'ready', 'failed', 'cancelled', 'destroyed')
            ),
            constraint ck_video_export_ready check (
                state <> 'ready' or (ready_at is not null and expires_at is not null and digest is not null)
            ),
            constraint ck_video_export_destroyed check ((state = 'destroyed') = (destroyed_at is not null)),
            constraint ck_video_export_downloads check (downloads between 0 and most_downloads)
        );
        create index ix_video_export_asked_at on video_export (asked_at, id);
        create index ix_video_export_open on video_export (state, expires_at)
            where state in ('waiting', 'running', 'ready');
        create index ix_video_export_incident_id on video_export (incident_id);

        create table video_export_step (
            id uuid constraint pk_video_export_step primary key,
            export_id uuid not null,
            at timestamptz not null,
            what text not null,
            who text not null,
            who_name text not null,
            address text,
            digest text,
            constraint fk_video_export_step_export_id foreign key(export_id)
                references video_export (id) on delete cascade,
            constraint ck_video_export_step_what check (
                what in ('asked', 'begun', 'ready', 'failed', 'cancelled', 'downloaded', 'destroyed')
            )
        );
        create index ix_video_export_step_export_id on video_export_step (export_id, at);
        """
    )
