"""What the room contributes. Only app.py imports it."""

from fastapi import APIRouter

from dure.engine.room import Room
from dure.respond.shifts import api
from dure.respond.shifts.policy import GRANTS

_router = APIRouter()
for _part in (api.router,):
    _router.include_router(_part)

ROOM = Room("shifts", router=_router, grants=GRANTS)
