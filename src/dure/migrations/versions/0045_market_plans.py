"""Market fire's screens: whose a market is, plans of stalls, how each stall stands, detectors put into use."""

from alembic import op

revision = "0045_market_plans"
down_revision = "0044_fire_stages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table market_association (
            market_id uuid not null,
            agency_id text not null,
            set_at timestamptz not null,
            set_by text not null,
            constraint pk_market_association primary key (market_id),
            constraint fk_market_association_market_id foreign key(market_id)
                references asset (id) on delete cascade,
            constraint fk_market_association_agency_id foreign key(agency_id)
                references agency (id) on delete cascade
        );
        create table market_shape (
            id uuid not null,
            code text not null,
            geometry jsonb not null,
            version integer default 1 not null,
            created_at timestamptz default now() not null,
            updated_at timestamptz default now() not null,
            constraint pk_market_shape primary key (id),
            constraint uq_market_shape_code unique (code)
        );
        create table market_stall_state (
            stall_id uuid not null,
            state text not null,
            since timestamptz not null,
            version integer default 1 not null,
            constraint pk_market_stall_state primary key (stall_id),
            constraint fk_market_stall_state_stall_id foreign key(stall_id)
                references asset (id) on delete cascade,
            constraint ck_market_stall_state_state check (
                state in ('alarm', 'pre_alarm', 'works', 'silent', 'fault', 'normal', 'unwatched')
            )
        );
        create table market_commissioning (
            id uuid not null,
            market_id uuid not null,
            stall_id uuid not null,
            device_id text not null,
            state text not null,
            before jsonb not null,
            firmware text,
            began_at timestamptz not null,
            began_by text not null,
            press_asked_at timestamptz,
            heard_at timestamptz,
            heard jsonb,
            ended_at timestamptz,
            ended_by text,
            undone_at timestamptz,
            version integer default 1 not null,
            constraint pk_market_commissioning primary key (id),
            constraint fk_market_commissioning_market_id foreign key(market_id)
                references asset (id) on delete cascade,
            constraint fk_market_commissioning_stall_id foreign key(stall_id)
                references asset (id) on delete cascade,
            constraint ck_market_commissioning_state check (state in ('placed', 'done', 'undone'))
        );
        create index ix_market_commissioning_market_id on market_commissioning (market_id, began_at);
        create unique index uq_market_commissioning_device_id on market_commissioning (device_id)
            where state = 'placed';
        """
    )
