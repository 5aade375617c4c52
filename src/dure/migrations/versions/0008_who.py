"""People of the agencies."""

revision = "0008_who"
down_revision = "0007_sign_in"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
