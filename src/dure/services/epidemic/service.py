"""The manifest: what the service adds to the house. Only app.py imports it."""

from dure.engine.room import Room
from dure.services.epidemic import kinds
from dure.services.epidemic.api import router
from dure.services.epidemic.policy import GRANTS


def register() -> None:
    """Tell the city of the files that are read here."""
    kinds.register()


ROOM = Room(
    "epidemic",
    router=router,
    grants=GRANTS,
    keeps_people=(("epidemic_case", "person_id"), ("epidemic_link", "person_id")),
)
