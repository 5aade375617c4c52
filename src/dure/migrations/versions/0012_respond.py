"""Incidents: what was learned in use."""

revision = "0012_respond"
down_revision = "0011_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
