"""Replies: the one-time word by which somebody outside answers what a manual asked them, and what they said."""

from alembic import op

revision = "0035_replies"
down_revision = "0031_cameras_turned"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table run_reply (
            key text not null,
            run_id uuid not null,
            act_id text not null,
            attempt integer not null,
            party text not null,
            digest bytea not null,
            until timestamptz not null,
            seen_at timestamptz,
            answer text,
            answered_at timestamptz,
            constraint pk_run_reply primary key (key),
            constraint uq_run_reply_digest unique (digest),
            constraint fk_run_reply_run_id foreign key(run_id) references run (id) on delete cascade,
            constraint ck_run_reply_answered check ((answer is null) = (answered_at is null))
        );
        create index ix_run_reply_run_id on run_reply (run_id, act_id);
        """
    )


def downgrade() -> None:
    """Back to the schema before."""
    op.execute("drop table run_reply;")
