"""Keys of the person vault."""

revision = "0009_vault"
down_revision = "0008_who"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
