"""Messages out: notices with their attempts, where staff are reached, the city's own texts and quiet hours, public
warnings on their way, CAP alerts.
"""

from alembic import op

revision = "0019_notices"
down_revision = "0018_runs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table notice (
            id uuid not null,
            key text not null,
            channel text not null,
            medium text not null,
            to_key text not null,
            person_id uuid,
            account_id uuid,
            agency_id text,
            template text not null,
            language text not null,
            sealed bytea not null,
            bytes integer not null,
            life_safety boolean not null,
            incident_id uuid,
            wanted_by text not null,
            status text not null,
            reason text,
            tries integer default 0 not null,
            doubled integer default 0 not null,
            address_digest bytea,
            attempt_id uuid,
            gateway_id text,
            next_at timestamptz,
            expires_at timestamptz not null,
            created_at timestamptz not null,
            sent_at timestamptz,
            ended_at timestamptz,
            updated_at timestamptz not null,
            version integer default 1 not null,
            constraint pk_notice primary key (id),
            constraint uq_notice_wanted unique (key, channel, to_key),
            constraint ck_notice_status check (
                status in ('queued', 'sending', 'sent', 'delivered', 'failed', 'unknown', 'refused')
            ),
            constraint ck_notice_to check (num_nonnulls(person_id, account_id, agency_id) = 1)
        );
        create index ix_notice_created_at on notice (created_at, id);
        create index ix_notice_due on notice (status, next_at) where next_at is not null;
        create index ix_notice_gateway_id on notice (gateway_id) where gateway_id is not null;
        create index ix_notice_incident_id on notice (incident_id) where incident_id is not null;
        create unique index uq_notice_phone on notice (key, medium, address_digest) where address_digest is not null;
        create table notice_attempt (
            id uuid not null,
            notice_id uuid not null,
            started_at timestamptz not null,
            ended_at timestamptz,
            outcome text,
            code text,
            gateway_id text,
            address_digest bytea not null,
            constraint pk_notice_attempt primary key (id),
            constraint fk_notice_attempt_notice_id foreign key(notice_id) references notice (id) on delete cascade
        );
        create index ix_notice_attempt_address on notice_attempt (address_digest, started_at);
        create index ix_notice_attempt_notice_id on notice_attempt (notice_id);
        create index ix_notice_attempt_started_at on notice_attempt (started_at);
        create table notice_contact (
            id uuid not null,
            owner text not null,
            medium text not null,
            sealed bytea not null,
            masked text not null,
            digest bytea not null,
            made_at timestamptz not null,
            constraint pk_notice_contact primary key (id),
            constraint uq_notice_contact unique (owner, medium, digest)
        );
        create table notice_template (
            id text not null,
            language text not null,
            subject text default '' not null,
            body text not null,
            version bigint default 1 not null,
            changed_by text not null,
            changed_at timestamptz default now() not null,
            constraint pk_notice_template primary key (id, language),
            constraint ck_notice_template_language check (language in ('ko', 'en'))
        );
        create table notice_rule (
            begins date not null,
            quiet_from time not null,
            quiet_until time not null,
            per_number_hour integer not null,
            per_city_minute integer not null,
            source text not null,
            set_by text not null,
            set_at timestamptz not null,
            constraint pk_notice_rule primary key (begins)
        );
        create table warning_draft (
            id uuid not null,
            incident_id uuid,
            kind text not null,
            areas jsonb not null,
            text text not null,
            status text not null,
            steps jsonb default '[]'::jsonb not null,
            drafted_by text not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            version integer default 1 not null,
            constraint pk_warning_draft primary key (id),
            constraint ck_warning_draft_status check (status in ('draft', 'reviewing', 'approved', 'rejected', 'sent')),
            constraint ck_warning_draft_kind check (kind in ('critical', 'urgent', 'safety'))
        );
        create index ix_warning_draft_created_at on warning_draft (created_at, id);
        create table cap_alert (
            id uuid not null,
            identifier text not null,
            sender text not null,
            sent timestamptz not null,
            msg_type text not null,
            status text not null,
            root_id uuid not null,
            incident_id uuid,
            xml text not null,
            expires_at timestamptz not null,
            made_by text not null,
            constraint pk_cap_alert primary key (id),
            constraint uq_cap_alert_identifier unique (identifier)
        );
        create index ix_cap_alert_root_id on cap_alert (root_id);
        create index ix_cap_alert_sent on cap_alert (sent, id);
        """
    )
