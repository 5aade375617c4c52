"""View tickets, the disclosure register, and rights to see that hang on a ticket, a span of the past or no incident."""

from alembic import op

revision = "0028_view_tickets"
down_revision = "0027_missing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table video_ticket (
            id uuid constraint pk_video_ticket primary key,
            number bigint generated always as identity constraint uq_video_ticket_number unique,
            kind text not null,
            incident_id uuid not null,
            receipt_no text not null,
            camera_ids text[] not null,
            around boolean not null,
            officer_kind text not null,
            officer_id uuid not null,
            officer_name text not null,
            agency_id text,
            network text,
            address text,
            purpose text not null,
            ground text,
            document text,
            past_from timestamptz,
            past_until timestamptz,
            state text not null,
            rule text,
            requested_at timestamptz not null,
            lasts_s double precision not null,
            decided_at timestamptz,
            decided_by text,
            decided_name text,
            reason text,
            expires_at timestamptz,
            ended_at timestamptz,
            ended_by text,
            ended_name text,
            version integer not null default 1,
            constraint ck_video_ticket_kind check (kind in ('live', 'past', 'export')),
            constraint ck_video_ticket_cameras check (cardinality(camera_ids) between 1 and 16),
            constraint ck_video_ticket_span check (
                (kind = 'live') = (past_from is null) and (past_from is null) = (past_until is null)
                and (past_from is null or past_from < past_until)
            ),
            constraint ck_video_ticket_state check (state in ('requested', 'approved', 'refused', 'ended')),
            constraint ck_video_ticket_approved check (
                state <> 'approved' or (
                    expires_at is not null and decided_at is not null
                    and ((rule is not null and kind = 'live')
                        or (decided_by is not null and (kind = 'live' or (ground is not null and document <> ''))))
                )
            ),
            constraint ck_video_ticket_other check (decided_by <> officer_kind || ':' || officer_id),
            constraint ck_video_ticket_ended check (
                (state = 'ended') = (ended_at is not null) and (ended_at is null) = (ended_by is null)
                and ended_by in ('expired', 'revoked', 'closed', 'merged')
            )
        );
        create index ix_video_ticket_incident_id on video_ticket (incident_id, requested_at);
        create index ix_video_ticket_open on video_ticket (state, expires_at) where state in ('requested', 'approved');
        create index ix_video_ticket_officer on video_ticket (officer_id) where state = 'approved';
        create index ix_video_ticket_requested_at on video_ticket (requested_at, id);

        create table video_disclosure (
            id uuid constraint pk_video_disclosure primary key,
            at timestamptz not null,
            until_at timestamptz not null,
            kind text not null,
            provided boolean not null,
            camera_id text not null,
            camera_name text,
            incident_id uuid,
            receipt_no text,
            ticket_id uuid,
            ticket_number bigint,
            officer_kind text not null,
            officer_id uuid not null,
            officer_name text not null,
            agency_id text,
            network text,
            address text,
            session_id uuid,
            purpose text not null,
            ground text,
            document text,
            approved_by text,
            span_from timestamptz,
            span_until timestamptz,
            constraint ck_video_disclosure_kind check (kind in ('live', 'past', 'export')),
            constraint ck_video_disclosure_span check (
                (kind = 'live') = (span_from is null) and (span_from is null) = (span_until is null)
            )
        );
        create index ix_video_disclosure_at on video_disclosure (at, id);
        create index ix_video_disclosure_camera on video_disclosure (camera_id, at);
        create index ix_video_disclosure_incident on video_disclosure (incident_id, at);
        create index ix_video_disclosure_going_on on video_disclosure (officer_id, camera_id, until_at);

        create function video_disclosure_kept() returns trigger language plpgsql as $$
        begin
            if to_jsonb(new) - 'until_at' is distinct from to_jsonb(old) - 'until_at' then
                raise exception 'a line of the disclosure register does not change'
                    using errcode = 'insufficient_privilege';
            end if;
            return new;
        end $$;
        create trigger video_disclosure_kept before update on video_disclosure
            for each row execute function video_disclosure_kept();

        alter table video_opening
            alter column incident_id drop not null,
            add column ticket_id uuid,
            add column disclosure_id uuid,
            add column bound boolean not null default true,
            add column span_from timestamptz,
            add column span_until timestamptz;
        create index ix_video_opening_ticket_id on video_opening (ticket_id) where ended_at is null;
        """
    )
