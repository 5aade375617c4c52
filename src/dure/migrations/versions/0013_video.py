"""Live pictures: who was let see which camera, for which case and why; camera logins, sealed."""

from alembic import op

revision = "0013_video"
down_revision = "0012_respond"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before. Logins that stood open in stream addresses are taken out: the cameras' file or the
    screen brings them again, and from then on they are sealed.
    """
    op.execute(
        """
        alter table camera add column stream_login bytea;
        update camera set stream_url = regexp_replace(stream_url, '^([A-Za-z]+://)[^/]*@', '\\1')
            where stream_url like '%@%';
        alter table camera add constraint ck_camera_stream_open
            check (stream_url !~ '^[A-Za-z]+://[^/]*@');
        create table video_opening (
            id uuid not null,
            ticket_hash bytea not null,
            camera_id text not null,
            incident_id uuid not null,
            purpose text not null,
            actor_kind text not null,
            actor_id uuid not null,
            actor_name text not null,
            agency_id text,
            session_id uuid,
            roles text[] not null,
            shared boolean not null,
            address text,
            rights_end_at timestamptz,
            opened_at timestamptz not null,
            expires_at timestamptz not null,
            ended_at timestamptz,
            ended_by text,
            constraint pk_video_opening primary key (id),
            constraint uq_video_opening_ticket_hash unique (ticket_hash),
            constraint ck_video_opening_actor_kind check (actor_kind in ('account', 'token'))
        );
        create index ix_video_opening_incident_id on video_opening (incident_id) where ended_at is null;
        create index ix_video_opening_expires_at on video_opening (expires_at);
        """
    )
