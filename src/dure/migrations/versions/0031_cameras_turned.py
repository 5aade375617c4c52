"""Cameras asked by ONVIF, their small streams, and the turns that were asked for."""

from alembic import op

revision = "0031_cameras_turned"
down_revision = "0030_masks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table video_control (
            camera_id text not null,
            onvif_url text not null,
            onvif_login bytea,
            profile text not null,
            sub_url text,
            presets jsonb not null default '[]'::jsonb,
            changed_at timestamptz not null,
            constraint pk_video_control primary key (camera_id),
            constraint ck_video_control_onvif_open check (onvif_url !~ '^[A-Za-z]+://[^/]*@'),
            constraint ck_video_control_sub_open check (sub_url !~ '^[A-Za-z]+://[^/]*@')
        );

        create table video_turn (
            id uuid not null,
            camera_id text not null,
            incident_id uuid,
            act text not null,
            pan double precision not null default 0,
            tilt double precision not null default 0,
            zoom double precision not null default 0,
            preset text not null default '',
            lon double precision,
            lat double precision,
            by text not null,
            by_name text not null,
            asked_at timestamptz not null,
            done_at timestamptz,
            outcome text,
            why text,
            constraint pk_video_turn primary key (id),
            constraint ck_video_turn_act check (act in ('move', 'stop', 'preset', 'place', 'home')),
            constraint ck_video_turn_outcome check (outcome in ('done', 'failed', 'stale')),
            constraint ck_video_turn_done check ((done_at is null) = (outcome is null))
        );
        create index ix_video_turn_waiting on video_turn (asked_at) where done_at is null;
        create index ix_video_turn_camera_id on video_turn (camera_id, asked_at);
        """
    )


def downgrade() -> None:
    """Back to the schema before."""
    op.execute("drop table video_turn; drop table video_control;")
