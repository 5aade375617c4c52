"""Words that could name a person stand nowhere in plain: why somebody looked at a camera, why an alarm was shelved."""

from alembic import op

revision = "0015_trust"
down_revision = "0014_policy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before. Why a camera was looked at stands in the audit log; the copy beside the right goes. What
    was written about shelving stays as words beside the code `other`.
    """
    op.execute("update video_opening set purpose = ''")
    op.execute("alter table alarm_shelf add column words text")
    op.execute("update alarm_shelf set words = reason, reason = 'other'")
    op.execute(
        """
        create table audit_fact (
            id uuid not null,
            since date not null,
            many_people boolean not null,
            unique_ids boolean not null,
            sensitive boolean not null,
            told_by text not null,
            told_at timestamptz not null,
            constraint pk_audit_fact primary key (id)
        );
        """
    )
