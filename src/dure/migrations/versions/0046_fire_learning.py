"""Market fire: what each alarm turned out to be, how single stalls are judged, and what is proposed for them."""

from alembic import op

revision = "0046_fire_learning"
down_revision = "0045_market_plans"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table market_fire_cause (
            id uuid not null,
            cause text not null,
            told_at timestamptz not null,
            told_by text not null,
            version integer default 1 not null,
            constraint pk_market_fire_cause primary key (id),
            constraint ck_market_fire_cause_cause check (
                cause in ('fire', 'steam', 'cooking', 'welding', 'dust', 'disinfection', 'sun', 'dew', 'fault',
                    'dying', 'test', 'other', 'unknown')
            )
        );
        create table market_fire_setting (
            asset_id uuid not null,
            steam_from integer,
            steam_until integer,
            answer_s double precision,
            proposal_id uuid not null,
            since timestamptz not null,
            approved_by text not null,
            version integer default 1 not null,
            constraint pk_market_fire_setting primary key (asset_id),
            constraint ck_market_fire_setting_steam check (
                (steam_from is null) = (steam_until is null)
                and (steam_from is null or (steam_from >= 0 and steam_from < steam_until and steam_until <= 1440))
            ),
            constraint ck_market_fire_setting_answer check (answer_s > 0)
        );
        create table market_fire_proposal (
            id uuid not null,
            asset_id uuid not null,
            state text default 'open' not null,
            steam_from integer,
            steam_until integer,
            answer_s double precision,
            because jsonb not null,
            replay jsonb,
            replayed_at timestamptz,
            made_at timestamptz not null,
            made_by text not null,
            decided_at timestamptz,
            decided_by text,
            reason text,
            version integer default 1 not null,
            constraint pk_market_fire_proposal primary key (id),
            constraint ck_market_fire_proposal_state check (state in ('open', 'approved', 'refused')),
            constraint ck_market_fire_proposal_decided check (
                (state = 'open') = (decided_at is null)
                and (decided_at is null) = (decided_by is null) and (decided_at is null) = (reason is null)
            ),
            constraint ck_market_fire_proposal_replayed check (state <> 'approved' or replayed_at is not null)
        );
        create unique index uq_market_fire_proposal_open on market_fire_proposal (asset_id) where state = 'open';
        create index ix_market_fire_proposal_made_at on market_fire_proposal (made_at, id);
        """
    )
