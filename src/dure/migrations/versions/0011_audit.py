"""The tree over the audit log."""

revision = "0011_audit"
down_revision = "0010_purposes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
