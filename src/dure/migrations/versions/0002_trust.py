"""Tables of the room trust."""

revision = "0002_trust"
down_revision = "0001_engine"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
