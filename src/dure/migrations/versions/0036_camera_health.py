"""Which cameras have just failed to send pictures: the chooser passes them over."""

from alembic import op

revision = "0036_camera_health"
down_revision = "0035_replies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
    op.execute(
        """
        create table camera_health (
            camera_id text not null,
            trouble text not null,
            since timestamptz not null,
            seen_at timestamptz not null,
            constraint pk_camera_health primary key (camera_id)
        );
        """
    )
