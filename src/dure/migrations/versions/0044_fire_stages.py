"""Market fire's stages: how each alarm of a market is verified, what speaks for and against it, who answered what, and
works that were announced.
"""

from alembic import op

revision = "0044_fire_stages"
down_revision = "0042_recorders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table market_fire_verification (
            incident_id uuid not null,
            market_id uuid,
            stage text not null,
            since timestamptz not null,
            began_at timestamptz not null,
            deadline_at timestamptz,
            why text,
            state jsonb not null,
            terms jsonb not null,
            reported_at timestamptz,
            ended_at timestamptz,
            version integer default 1 not null,
            constraint pk_market_fire_verification primary key (incident_id),
            constraint fk_market_fire_verification_incident_id foreign key(incident_id)
                references incident (id) on delete cascade,
            constraint ck_market_fire_verification_stage check (
                stage in ('quiet', 'pre_alarm', 'paused', 'reported', 'false')
            ),
            constraint ck_market_fire_verification_deadline check (
                stage <> 'pre_alarm' or deadline_at is not null or why is not null
            )
        );
        create index ix_market_fire_verification_began_at on market_fire_verification (began_at, incident_id);
        create index ix_market_fire_verification_open on market_fire_verification (market_id) where ended_at is null;
        create table market_fire_sign (
            id uuid not null,
            rule text not null,
            kind text not null,
            device text not null,
            members text[] not null,
            value double precision,
            onset_at timestamptz not null,
            at timestamptz not null,
            cleared_at timestamptz,
            doubts text[] default '{}' not null,
            incident_id uuid,
            heard_at timestamptz,
            constraint pk_market_fire_sign primary key (id),
            constraint uq_market_fire_sign_rule_device_onset_at unique (rule, device, onset_at)
        );
        create index ix_market_fire_sign_at on market_fire_sign (at);
        create index ix_market_fire_sign_incident_id on market_fire_sign (incident_id, at);
        create table market_fire_answer (
            id uuid not null,
            incident_id uuid not null,
            key text not null,
            who text not null,
            says text not null,
            cause text,
            way text not null,
            by text not null,
            by_id text,
            at timestamptz not null,
            constraint pk_market_fire_answer primary key (id),
            constraint fk_market_fire_answer_incident_id foreign key(incident_id)
                references incident (id) on delete cascade,
            constraint ck_market_fire_answer_who check (who in ('operator', 'owner', 'sent', 'device')),
            constraint ck_market_fire_answer_says check (says in ('fire', 'not_fire', 'unknown')),
            constraint ck_market_fire_answer_way check (way in ('screen', 'link', 'key', 'call', 'alarm'))
        );
        create index ix_market_fire_answer_incident_id on market_fire_answer (incident_id, at);
        create table market_fire_announcement (
            id uuid not null,
            market_id uuid not null,
            stalls uuid[] not null,
            kind text not null,
            starts_at timestamptz not null,
            ends_at timestamptz not null,
            announced_by text not null,
            note text,
            told_at timestamptz not null,
            told_by text not null,
            ended_at timestamptz,
            ended_by text,
            version integer default 1 not null,
            constraint pk_market_fire_announcement primary key (id),
            constraint fk_market_fire_announcement_market_id foreign key(market_id)
                references asset (id) on delete cascade,
            constraint ck_market_fire_announcement_kind check (kind in ('works', 'disinfection', 'welding', 'test')),
            constraint ck_market_fire_announcement_times check (
                ends_at > starts_at and ends_at <= starts_at + interval '12 hours'
            )
        );
        create index ix_market_fire_announcement_market_id on market_fire_announcement (market_id, ends_at);
        -- Whoever is called answers by a key: which, and how many there are.
        alter table run_reply add column way text default 'link' not null,
            add constraint ck_run_reply_way check (way in ('link', 'key'));
        alter table notice add column keys integer default 1 not null;
        """
    )
