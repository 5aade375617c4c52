"""What the room contributes. Only app.py imports it."""

from fastapi import APIRouter

from dure.detect import alarms, api_alarms, api_rules, canary, views, worker
from dure.detect.kept import ALARM, SHELF
from dure.detect.policy import GRANTS
from dure.engine.context import Context
from dure.engine.room import Every, Room, Task


async def _shelves(context: Context) -> None:
    async with context.database.transaction() as tx:
        await alarms.end_expired_shelves(tx)


router = APIRouter()
router.include_router(api_alarms.router)
router.include_router(api_rules.router)

ROOM = Room(
    "detect",
    router=router,
    live=(views.LIVE, canary.LIVE),
    grants=GRANTS,
    tasks=(Task("shards", "stream", worker.run), Task("canary", "work", canary.keep_beating)),
    every=(Every("shelves", 5, _shelves),),
    retention=(ALARM, SHELF),
)
