"""What the room contributes. Only app.py imports it."""

from fastapi import APIRouter
from sqlalchemy import text

from dure.detect import alarms, api_alarms, api_rules, canary, views, worker
from dure.detect.policy import GRANTS
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.room import Every, Room, Task

KEEP_CLOSED = "400 days"
"""How long closed alarms stay; reviews and yearly statistics read them."""


async def _shelves(context: Context) -> None:
    async with context.database.transaction() as tx:
        await alarms.end_expired_shelves(tx)


async def _forget(context: Context) -> None:
    async with context.database.transaction() as tx:
        await forget_old(tx)


async def forget_old(tx: Tx) -> int:
    """Drop alarms that were closed long ago; how many."""
    statement = text(f"delete from alarm where closed_at < cast(:now as timestamptz) - interval '{KEEP_CLOSED}'")
    return (await tx.execute(statement, {"now": tx.now()})).rowcount


router = APIRouter()
router.include_router(api_alarms.router)
router.include_router(api_rules.router)

ROOM = Room(
    "detect",
    router=router,
    live=(views.LIVE, canary.LIVE),
    grants=GRANTS,
    tasks=(Task("shards", "stream", worker.run), Task("canary", "work", canary.keep_beating)),
    every=(Every("shelves", 5, _shelves), Every("forget", 3_600, _forget)),
)
