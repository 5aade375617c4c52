"""What the room contributes. Only app.py imports it."""

from fastapi import APIRouter

from dure.engine.room import Every, Room
from dure.learn import api_clocks, api_findings, api_reviews, closings, reminders
from dure.learn.drills import api as drills
from dure.learn.drills import script
from dure.learn.dryrun import api as dryrun
from dure.learn.policy import GRANTS

_router = APIRouter()
for _part in (api_reviews.router, api_findings.router, api_clocks.router, drills.router, dryrun.router):
    _router.include_router(_part)

ROOM = Room(
    "learn",
    router=_router,
    consumers=(closings.CONSUMER,),
    jobs=(script.QUEUE,),
    grants=GRANTS,
    every=(Every("learn.reminders", 3_600, reminders.run),),
)
