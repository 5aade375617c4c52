"""Tables of the room sense."""

revision = "0004_sense"
down_revision = "0003_city"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
