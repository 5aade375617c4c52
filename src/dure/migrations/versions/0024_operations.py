"""Operations: what groups incidents, crisis levels, reports, headquarters, decisions, and what citizens are told."""

from alembic import op

revision = "0024_operations"
down_revision = "0023_learn"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before. What was approved or signed is frozen by the database itself."""
    op.execute(
        """
        create table operation_year (
            year integer not null,
            last integer not null,
            constraint pk_operation_year primary key (year)
        );
        create table operation (
            id uuid not null,
            number text not null,
            name text not null,
            kind text not null,
            mode text not null,
            place text default '' not null,
            summary bytea default ''::bytea not null,
            status text not null,
            level text,
            level_since timestamptz,
            opened_at timestamptz not null,
            opened_by text not null,
            closed_at timestamptz,
            closed_by text,
            close_reason bytea,
            version integer default 1 not null,
            updated_at timestamptz not null,
            constraint pk_operation primary key (id),
            constraint ck_operation_status check (status in ('open', 'closed')),
            constraint ck_operation_mode check (mode in ('real', 'drill', 'test')),
            constraint ck_operation_level check (level in ('critical', 'serious', 'watch', 'notice')),
            constraint uq_operation_number unique (number)
        );
        create index ix_operation_opened_at on operation (opened_at, id);
        create table operation_incident (
            id uuid not null,
            operation_id uuid not null,
            incident_id uuid not null,
            added_at timestamptz not null,
            added_by text not null,
            removed_at timestamptz,
            removed_by text,
            constraint pk_operation_incident primary key (id),
            constraint fk_operation_incident_operation_id foreign key(operation_id)
                references operation (id) on delete cascade,
            constraint fk_operation_incident_incident_id foreign key(incident_id)
                references incident (id) on delete cascade
        );
        create index ix_operation_incident_operation_id on operation_incident (operation_id);
        create unique index uq_operation_incident_standing on operation_incident (incident_id)
                where removed_at is null;
        create table operation_level (
            id uuid not null,
            operation_id uuid not null,
            seq integer not null,
            change text not null,
            before text,
            after text,
            at timestamptz not null,
            issued_by text not null,
            ground text not null,
            reason bytea not null,
            consulted text,
            consulted_at timestamptz,
            told_at timestamptz not null,
            told_by text not null,
            constraint pk_operation_level primary key (id),
            constraint uq_operation_level_operation_id_seq unique (operation_id, seq),
            constraint ck_operation_level_change check (change in ('issue', 'raise', 'lower', 'lift')),
            constraint ck_operation_level_levels check (before in ('critical', 'serious', 'watch', 'notice')
                and after  in ('critical', 'serious', 'watch', 'notice')),
            constraint fk_operation_level_operation_id foreign key(operation_id)
                references operation (id) on delete cascade
        );
        create table operation_toll (
            id uuid not null,
            operation_id uuid not null,
            as_of timestamptz not null,
            dead integer,
            missing integer,
            serious integer,
            minor integer,
            evacuated integer,
            source text not null,
            told_at timestamptz not null,
            told_by text not null,
            constraint pk_operation_toll primary key (id),
            constraint fk_operation_toll_operation_id foreign key(operation_id)
                references operation (id) on delete cascade
        );
        create index ix_operation_toll_operation_id on operation_toll (operation_id, as_of);
        create table operation_entry (
            id uuid not null,
            operation_id uuid not null,
            kind text not null,
            agency_id text,
            words bytea not null,
            state text,
            at timestamptz not null,
            told_by text not null,
            answer bytea,
            answered_at timestamptz,
            answered_by text,
            constraint pk_operation_entry primary key (id),
            constraint ck_operation_entry_kind check (kind in ('measure', 'request')),
            constraint ck_operation_entry_state check ((kind = 'request') = (state is not null)
                and state in  ('open', 'met', 'refused')),
            constraint fk_operation_entry_operation_id foreign key(operation_id)
                references operation (id) on delete cascade
        );
        create index ix_operation_entry_operation_id on operation_entry (operation_id, at);
        create table operation_report (
            id uuid not null,
            operation_id uuid not null,
            kind text not null,
            ordinal integer,
            number text,
            language text not null,
            state text not null,
            as_of timestamptz not null,
            facts jsonb not null,
            sections bytea not null,
            digest text,
            writers jsonb default '[]'::jsonb not null,
            written_by text not null,
            returned bytea,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            approved_at timestamptz,
            approved_by text,
            version integer default 1 not null,
            constraint pk_operation_report primary key (id),
            constraint ck_operation_report_kind check (kind in ('first', 'interim', 'final')),
            constraint ck_operation_report_state check (state in ('draft', 'submitted', 'approved', 'discarded')),
            constraint ck_operation_report_frozen
                check ((state = 'approved') = (digest is not null and number is not null)),
            constraint fk_operation_report_operation_id foreign key(operation_id)
                references operation (id) on delete cascade,
            constraint uq_operation_report_number unique (number)
        );
        create index ix_operation_report_operation_id on operation_report (operation_id, created_at);
        create unique index uq_operation_report_waiting on operation_report (operation_id)
                where state in ('draft', 'submitted');
        create table operation_member (
            id uuid not null,
            operation_id uuid not null,
            side text not null,
            organisation text not null,
            agency_id text,
            seat text not null,
            person_id uuid,
            joined_at timestamptz not null,
            joined_by text not null,
            left_at timestamptz,
            constraint pk_operation_member primary key (id),
            constraint ck_operation_member_side check (side in ('public', 'private')),
            constraint fk_operation_member_operation_id foreign key(operation_id)
                references operation (id) on delete cascade
        );
        create index ix_operation_member_operation_id on operation_member (operation_id);
        create index ix_operation_member_person_id on operation_member (person_id);
        create table operation_meeting (
            id uuid not null,
            operation_id uuid not null,
            ordinal integer not null,
            state text not null,
            starts_at timestamptz not null,
            place text default '' not null,
            agenda bytea not null,
            minutes bytea,
            digest text,
            made_by text not null,
            held_at timestamptz,
            signed_at timestamptz,
            signed_by text,
            version integer default 1 not null,
            constraint pk_operation_meeting primary key (id),
            constraint uq_operation_meeting_operation_id_ordinal unique (operation_id, ordinal),
            constraint ck_operation_meeting_state check (state in ('planned', 'held', 'signed', 'cancelled')),
            constraint ck_operation_meeting_frozen check ((state = 'signed') = (digest is not null)),
            constraint fk_operation_meeting_operation_id foreign key(operation_id)
                references operation (id) on delete cascade
        );
        create table operation_attendance (
            meeting_id uuid not null,
            member_id uuid not null,
            state text not null,
            constraint pk_operation_attendance primary key (meeting_id, member_id),
            constraint ck_operation_attendance_state check (state in ('present', 'remote', 'proxy', 'absent')),
            constraint fk_operation_attendance_meeting_id foreign key(meeting_id)
                references operation_meeting (id) on delete cascade,
            constraint fk_operation_attendance_member_id foreign key(member_id)
                references operation_member (id) on delete cascade
        );
        create table operation_decision (
            id uuid not null,
            operation_id uuid not null,
            meeting_id uuid,
            ordinal integer not null,
            words bytea not null,
            agency_id text,
            member_id uuid,
            incident_id uuid,
            task_id uuid,
            due_at timestamptz,
            state text not null,
            outcome bytea,
            made_at timestamptz not null,
            made_by text not null,
            ended_at timestamptz,
            ended_by text,
            constraint pk_operation_decision primary key (id),
            constraint uq_operation_decision_operation_id_ordinal unique (operation_id, ordinal),
            constraint ck_operation_decision_state check (state in ('open', 'done', 'dropped')),
            constraint fk_operation_decision_operation_id foreign key(operation_id)
                references operation (id) on delete cascade,
            constraint fk_operation_decision_meeting_id foreign key(meeting_id)
                references operation_meeting (id) on delete restrict,
            constraint fk_operation_decision_member_id foreign key(member_id)
                references operation_member (id) on delete set null
        );
        create index ix_operation_decision_due_at on operation_decision (due_at) where state = 'open';
        create table public_post (
            id uuid not null,
            operation_id uuid,
            shown integer,
            newest integer not null,
            first_shown_at timestamptz,
            withdrawn_at timestamptz,
            withdrawn_by text,
            made_by text not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            version integer default 1 not null,
            constraint pk_public_post primary key (id),
            constraint fk_public_post_operation_id foreign key(operation_id)
                references operation (id) on delete set null
        );
        create index ix_public_post_updated_at on public_post (updated_at, id);
        create table public_post_revision (
            post_id uuid not null,
            number integer not null,
            state text not null,
            level text,
            "over" text not null,
            words jsonb not null,
            written_by text not null,
            writer text not null,
            written_at timestamptz not null,
            reason text default '' not null,
            approved_by text,
            approved_at timestamptz,
            constraint pk_public_post_revision primary key (post_id, number),
            constraint ck_public_post_revision_state check (state in ('draft', 'submitted', 'approved', 'returned')),
            constraint ck_public_post_revision_over check (over in ('ongoing', 'over')),
            constraint ck_public_post_revision_level check (level in ('critical', 'serious', 'watch', 'notice')),
            constraint fk_public_post_revision_post_id foreign key(post_id)
                references public_post (id) on delete cascade
        );
        """
    )
    op.execute(
        """
        create function operation_frozen() returns trigger language plpgsql as $$
        begin
            raise exception 'frozen: % %', tg_table_name, old.id using errcode = 'restrict_violation';
        end $$;
        create trigger frozen before update on operation_report
            for each row when (old.state = 'approved') execute function operation_frozen();
        create trigger frozen before update on operation_meeting
            for each row when (old.state = 'signed') execute function operation_frozen();
        """
    )
