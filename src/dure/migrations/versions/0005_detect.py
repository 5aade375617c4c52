"""Tables of the room detect."""

revision = "0005_detect"
down_revision = "0004_sense"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
