"""What the room contributes. Only app.py imports it."""

from fastapi import APIRouter

from dure.engine.room import Every, Room, Task
from dure.respond.runs import parties
from dure.respond.shifts import api, api_logs, calendar, duty, kept, laying, logs, rising
from dure.respond.shifts.policy import GRANTS

_router = APIRouter()
for _part in (api.router, api_logs.router):
    _router.include_router(_part)
parties.by_roster(duty.receivers, rising.begin)

ROOM = Room(
    "shifts",
    router=_router,
    grants=GRANTS,
    jobs=(rising.QUEUE,),
    tasks=(Task("holidays.web", "web", calendar.keep_warm), Task("holidays.work", "work", calendar.keep_warm)),
    every=(
        Every("shifts.logs", 60, logs.run),
        Every("shifts.rises", 60, rising.tidy),
        Every("shifts.duties", 60, laying.run),
    ),
    retention=(kept.LOG,),
)
