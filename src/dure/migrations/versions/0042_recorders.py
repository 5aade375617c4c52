"""Recorders (NVR) that were there before: what they have recorded, of which camera, from when until when."""

from alembic import op

revision = "0042_recorders"
down_revision = "0041_automations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table video_recorder (
            id uuid not null,
            name text not null,
            onvif_url text not null,
            onvif_login bytea,
            model text not null,
            ahead_ms bigint not null default 0,
            trouble text,
            added_at timestamptz not null,
            asked_at timestamptz not null,
            read_at timestamptz,
            constraint pk_video_recorder primary key (id),
            constraint uq_video_recorder_onvif_url unique (onvif_url),
            constraint ck_video_recorder_onvif_open check (onvif_url !~ '^[A-Za-z]+://[^/]*@')
        );
        create table video_recorder_track (
            recorder_id uuid not null,
            token text not null,
            name text not null,
            started_at timestamptz not null,
            ended_at timestamptz not null,
            going boolean not null,
            camera_id text,
            constraint pk_video_recorder_track primary key (recorder_id, token),
            constraint fk_video_recorder_track_recorder_id foreign key (recorder_id)
                references video_recorder (id) on delete cascade,
            constraint uq_video_recorder_track_camera_id unique (camera_id)
        );
        create table video_recorder_span (
            recorder_id uuid not null,
            token text not null,
            started_at timestamptz not null,
            ended_at timestamptz not null,
            constraint pk_video_recorder_span primary key (recorder_id, token, started_at),
            constraint fk_video_recorder_span_recorder_id_token foreign key (recorder_id, token)
                references video_recorder_track (recorder_id, token) on delete cascade,
            constraint ck_video_recorder_span_span check (ended_at > started_at)
        );
        """
    )
