"""Outbox, leases, consumers, kept answers, processes."""

from alembic import op

revision = "0001_engine"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table outbox (
            seq bigint generated always as identity constraint pk_outbox primary key,
            position bigint constraint uq_outbox_position unique,
            id uuid not null constraint uq_outbox_id unique,
            type text not null,
            entity text not null,
            entity_id text not null,
            entity_version bigint not null,
            data jsonb not null,
            occurred_at timestamptz not null,
            published_at timestamptz
        );
        create index ix_outbox_waiting on outbox (seq) where position is null;
        create index ix_outbox_unpublished on outbox (position) where position is not null and published_at is null;
        create table lease (
            name text constraint pk_lease primary key,
            epoch bigint not null,
            position bigint not null default 0,
            held_since timestamptz not null
        );
        create table consumer (
            name text constraint pk_consumer primary key,
            position bigint not null default 0,
            enabled boolean not null default true,
            moved_at timestamptz
        );
        create table dead_letter (
            consumer text not null,
            position bigint not null,
            error text not null,
            tries integer not null,
            failed_at timestamptz not null,
            retried_at timestamptz,
            constraint pk_dead_letter primary key (consumer, position)
        );
        create table kept_answer (
            owner text not null,
            key text not null,
            request_hash bytea not null,
            status integer,
            headers jsonb,
            body bytea,
            created_at timestamptz not null,
            constraint pk_kept_answer primary key (owner, key)
        );
        create index ix_kept_answer_created_at on kept_answer (created_at);
        create table engine_process (
            name text constraint pk_engine_process primary key,
            state text not null,
            pid integer,
            restarts integer not null default 0,
            since timestamptz not null,
            last_exit text,
            version bigint not null default 1
        );
        """
    )
