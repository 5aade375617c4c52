"""What retention contributes to the house. Only app.py collects rooms."""

from dure.engine.room import Every, Room
from dure.trust.retention import api, kinds, night, policy

ROOM = Room(
    "retention",
    router=api.router,
    grants=policy.GRANTS,
    every=(Every("night", night.LOOK_EVERY_S, night.look),),
    retention=kinds.KINDS,
)
