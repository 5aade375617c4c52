"""What purposes contribute to the house. Only app.py collects rooms."""

from fastapi import APIRouter

from dure.engine.room import Every, Room
from dure.trust.purposes import api, api_citizen, api_glass, glass, policy, whose

router = APIRouter()
for _part in (api.router, api_glass.router, api_citizen.router):
    router.include_router(_part)

ROOM = Room(
    "purposes",
    router=router,
    grants=policy.GRANTS,
    live=(glass.LIVE,),
    every=(Every("glass", 60, glass.escalate_overdue),),
    whose={"person": whose.person},
    keeps_people=(("citizen_account", "person_id"),),
)
