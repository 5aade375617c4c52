"""The manifest: what the service adds to the house. Only app.py imports it."""

from dure.engine.room import Every, Room
from dure.respond.doors import letter
from dure.respond.doors.linked import Data
from dure.services.missing import groups, looking, trail
from dure.services.missing.api import router
from dure.services.missing.policy import GRANTS


def register() -> None:
    """Tell hand-offs where somebody was last known to be, and runs who the guardian is."""
    letter.bring(Data.LAST_SEEN, trail.last_seen)
    groups.register()


ROOM = Room(
    "missing",
    router=router,
    grants=GRANTS,
    every=(Every("missing.end", 60, looking.tidy),),
    body_limits={"/missing": looking.LARGEST + (1 << 20)},
    keeps_people=(("missing_person", "person_id"), ("missing_person", "guardian_id")),
)
