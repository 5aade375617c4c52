"""Recorded cameras, and the index of recordings."""

from alembic import op

revision = "0029_recordings"
down_revision = "0028_view_tickets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        alter table camera add column recorded boolean not null default false;
        create index camera_recorded on camera (id) where recorded;
        create table video_recording (
            id uuid not null,
            camera_id text not null,
            started_at timestamptz not null,
            ended_at timestamptz not null,
            path text not null,
            codec text not null,
            width integer not null,
            height integer not null,
            timescale integer not null,
            init_id bytea not null,
            init_bytes integer not null,
            bytes bigint not null,
            pictures integer not null,
            keys bytea,
            state text not null,
            constraint pk_video_recording primary key (id),
            constraint uq_video_recording_path unique (path),
            constraint ck_video_recording_state check (state in ('open', 'closed', 'going')),
            constraint ck_video_recording_span check (ended_at >= started_at)
        );
        create index ix_video_recording_camera_id on video_recording (camera_id, started_at);
        create index ix_video_recording_started_at on video_recording (started_at);
        create index ix_video_recording_state on video_recording (state) where state <> 'closed';
        create table video_bookmark (
            id uuid not null,
            incident_id uuid not null,
            camera_id text,
            at timestamptz not null,
            note text not null,
            made_at timestamptz not null,
            made_by text not null,
            constraint pk_video_bookmark primary key (id)
        );
        create index ix_video_bookmark_incident_id on video_bookmark (incident_id, at);
        create index ix_video_bookmark_made_at on video_bookmark (made_at, id);
        """
    )
