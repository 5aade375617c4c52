"""Tables of the room respond."""

revision = "0006_respond"
down_revision = "0005_detect"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
