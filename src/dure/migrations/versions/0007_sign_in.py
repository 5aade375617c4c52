"""Ways to sign in."""

revision = "0007_sign_in"
down_revision = "0006_respond"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the schema before."""
