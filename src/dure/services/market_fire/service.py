"""The manifest: what the service adds to the house. Only app.py imports it."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from dure.detect.contributed import contribute, listen
from dure.engine.room import Every, Room, Task
from dure.engine.settings import city_zone
from dure.notices import templates
from dure.respond.playbooks import contributed as manuals
from dure.respond.types import TYPES
from dure.services.market_fire import api, groups
from dure.services.market_fire.commissioning import api as commissioning_api
from dure.services.market_fire.commissioning import kept as placed_kept
from dure.services.market_fire.health import api as health_api
from dure.services.market_fire.learning import api as learning_api
from dure.services.market_fire.learning import kept, proposing
from dure.services.market_fire.learning.policy import GRANTS as LEARNING
from dure.services.market_fire.model import incident_type
from dure.services.market_fire.plan import api as plan_api
from dure.services.market_fire.plan import files, live, reach
from dure.services.market_fire.policy import GRANTS
from dure.services.market_fire.sheet import api as sheet_api
from dure.services.market_fire.sheet import letter as sheet_letter
from dure.services.market_fire.staged import api as staged_api
from dure.services.market_fire.staged import hearing, tables  # noqa: F401  # the tables are known
from dure.services.market_fire.staged import kept as staged_kept
from dure.services.market_fire.staged.policy import GRANTS as STAGED

router = APIRouter()
for _part in (api, plan_api, commissioning_api, health_api, sheet_api, learning_api, staged_api):
    router.include_router(_part.router)

RULES = Path(__file__).with_name("rules.toml")
"""The rules a new city begins with."""
PLAYBOOKS = Path(__file__).with_name("playbooks")
"""The manual of its kind of incident."""
TEXTS = ("fire_check", "evacuate", "evacuate_voice", "tow_request", "market_fire_smoke", "fire_over")
"""The texts of notices that the manual names."""


def register() -> None:
    """Tell the lower rooms of the service's kind of incident, rules, manual and people. The clocks are those in force
    today.
    """
    TYPES.register(incident_type(datetime.now(ZoneInfo(city_zone())).date()))
    contribute("market_fire", RULES)
    listen("market_fire", hearing.hear)
    manuals.contribute("market_fire", PLAYBOOKS)
    groups.register()
    files.register()
    sheet_letter.register()
    for name in TEXTS:
        templates.bring(name, f"market_fire.template.{name}")


ROOM = Room(
    "market_fire",
    router=router,
    grants={**GRANTS, **LEARNING, **STAGED},
    consumers=(live.CONSUMER, hearing.CONSUMER),
    tasks=(Task("stages", "work", hearing.run),),
    live=(live.LIVE,),
    every=(
        Every("market_fire.stalls", 30, live.look),
        Every("market_fire.proposals", 3_600, proposing.find),
        Every("market_fire.replays", 5, proposing.replay_next),
    ),
    retention=(placed_kept.COMMISSIONING, kept.CAUSE, kept.PROPOSAL, staged_kept.SIGN, staged_kept.ANNOUNCEMENT),
    whose={"market": reach.whose},
)
