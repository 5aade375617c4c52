"""Purposes, consent, retention."""

revision = "0010_purposes"
down_revision = "0009_vault"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
