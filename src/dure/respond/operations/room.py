"""What operations contribute. Only app.py imports it."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter

from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.engine.room import Every, Room
from dure.respond.operations import api, api_headquarters, api_posts, api_reports, kept, queries, site, views
from dure.respond.operations.policy import GRANTS

router = APIRouter()
for _part in (api.router, api_reports.router, api_headquarters.router, api_posts.router):
    router.include_router(_part)


async def _load(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return {str(row["id"]): views.list_form(row) for row in await queries.by_ids(tx, ids)}


async def _snapshot(tx: Tx) -> Sequence[dict[str, Any]]:
    return [views.list_form(row) for row in await queries.on_screen(tx)]


ROOM = Room(
    "operations",
    router=router,
    live=(LiveEntity("operation", "operation.read", _load, _snapshot),),
    grants=GRANTS,
    every=(Every("operations.public", 2, site.lay_out),),
    retention=(kept.OPERATION_WORDS,),
    keeps_people=(("operation_member", "person_id"),),
)
