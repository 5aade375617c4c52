"""Tables of the room city."""

revision = "0003_city"
down_revision = "0002_trust"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
