"""Notices: the city's key for push services, who has acknowledged what, and calls where nobody did."""

from alembic import op

revision = "0025_push"
down_revision = "0024_operations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table push_key (
            id smallint not null,
            public bytea not null,
            sealed bytea not null,
            made_at timestamptz not null,
            constraint pk_push_key primary key (id),
            constraint ck_push_key_one check (id = 1)
        );
        alter table notice add column acknowledged_at timestamptz;
        alter table notice add column acknowledged_by text;
        alter table notice add column call_at timestamptz;
        create index ix_notice_call_at on notice (call_at) where call_at is not null;
        create index ix_notice_account_id on notice (account_id, created_at desc) where account_id is not null;
        """
    )


def downgrade() -> None:
    """Back to the schema before."""
    op.execute(
        """
        drop index ix_notice_account_id;
        drop index ix_notice_call_at;
        alter table notice drop column call_at;
        alter table notice drop column acknowledged_by;
        alter table notice drop column acknowledged_at;
        drop table push_key;
        """
    )
