"""The manifest: what the service adds to the house. Only app.py imports it."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dure.detect.contributed import contribute
from dure.engine.room import Room
from dure.engine.settings import city_zone
from dure.respond.types import TYPES
from dure.services.market_fire.api import router
from dure.services.market_fire.model import incident_type
from dure.services.market_fire.policy import GRANTS

RULES = Path(__file__).with_name("rules.toml")
"""The rules a new city begins with."""


def register() -> None:
    """Tell the lower rooms of the service's kind of incident and rules. The clocks are those in force today."""
    TYPES.register(incident_type(datetime.now(ZoneInfo(city_zone())).date()))
    contribute("market_fire", RULES)


ROOM = Room(
    "market_fire",
    router=router,
    grants=GRANTS,
)
