"""Live pictures."""

revision = "0013_video"
down_revision = "0012_respond"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
