"""What the room contributes. Only app.py imports it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.engine.room import Every, Room, Task
from dure.notices import api_own, api_public, api_setup, glass, kept, publishing, queries, sender
from dure.notices.api import router as notices_router
from dure.notices.policy import GRANTS
from dure.trust import vault

router = APIRouter()
for _part in (notices_router, api_own.router, api_public.router, api_setup.router):
    router.include_router(_part)


async def load(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """Notices by id, as lists show them."""
    rows = await queries.by_ids(tx, [UUID(one) for one in ids])
    return {each["id"]: each for each in await queries.masked(tx, vault.of(tx), rows)}


async def snapshot(tx: Tx) -> Sequence[dict[str, Any]]:
    """The newest."""
    return await queries.masked(tx, vault.of(tx), await queries.on_screen(tx))


ROOM = Room(
    "notices",
    router=router,
    consumers=(glass.CONSUMER,),
    live=(LiveEntity("notice", "notice.read", load, snapshot),),
    grants=GRANTS,
    every=(Every("notices.cap", 2, publishing.lay_out),),
    tasks=(Task("notices.sender", "work", sender.run),),
    retention=(kept.NOTICE,),
    keeps_people=(("notice", "person_id"),),
)
