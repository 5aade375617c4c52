"""The house itself over HTTP: is it well, who works, what changed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request
from pydantic import AwareDatetime
from starlette.responses import StreamingResponse

from dure.engine import consumers, outbox, processes
from dure.engine.context import Context
from dure.engine.live import Hub
from dure.engine.room import Every, Room
from dure.engine.web import OPEN, ContextDep, Router, TxDep, forget_answers
from dure.kernel.errors import FieldError, Invalid, Unavailable
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.web import require, signed_in
from dure.trust.who.watch import watch_of

router = Router(tags=["system"])
LOOK_BACK = timedelta(days=7)
"""How far back a screen may look."""


@router.get("/health", openapi_extra=OPEN)
async def health(tx: TxDep, context: ContextDep) -> dict[str, Any]:
    """Whether this city serves: the database answers and the stream is connected. Open to all, tells nothing else."""
    position = await outbox.head(tx)
    if not context.stream.connected:
        raise Unavailable("engine.stream.away")
    return {"ok": True, "position": position}


@router.get("/engines")
async def engines(tx: TxDep, _who: Annotated[Principal, Depends(require("system.read"))]) -> dict[str, Any]:
    """The processes of this city, how they are and since when."""
    return {"items": [processes.shown(row) for row in await processes.listing(tx)], "next": None}


@router.get("/consumers")
async def list_consumers(tx: TxDep, _who: Annotated[Principal, Depends(require("system.read"))]) -> dict[str, Any]:
    """The named consumers: lag in events, age of the oldest waiting one in seconds, how many were set aside."""
    return {"items": await consumers.listing(tx), "next": None}


@router.post("/consumers/{name}/on")
async def switch_on(
    tx: TxDep, name: str, who: Annotated[Principal, Depends(require("system.manage"))]
) -> dict[str, Any]:
    """Let a consumer go on from where it stood."""
    return await _switch(tx, name, who, on=True)


@router.post("/consumers/{name}/off")
async def switch_off(
    tx: TxDep, name: str, who: Annotated[Principal, Depends(require("system.manage"))]
) -> dict[str, Any]:
    """Make a consumer stand still; its place is kept."""
    return await _switch(tx, name, who, on=False)


async def _switch(tx: TxDep, name: str, who: Principal, *, on: bool) -> dict[str, Any]:
    await consumers.switch(tx, name, on=on)
    await audit.record(tx, who, "consumer.on" if on else "consumer.off", "consumer", name)
    return {"name": name, "enabled": on}


@router.get("/snapshot")
async def snapshot(
    tx: TxDep,
    request: Request,
    who: Annotated[Principal, Depends(signed_in)],
    at: Annotated[AwareDatetime | None, Query(description="A time within the last seven days; none: now.")] = None,
) -> dict[str, Any]:
    """What screens begin with: the position of the flow, then the present state of what this reader may see. With `at`:
    the incidents and alarms that stood then, from their times."""
    hub: Hub = request.app.state.hub
    if at is None:
        return await hub.snapshot(tx, who)
    if not tx.now() - LOOK_BACK <= at <= tx.now():
        wrong = FieldError("at", "engine.snapshot.range", {"days": LOOK_BACK.days})
        raise Invalid("engine.fields.wrong", fields=[wrong])
    return await hub.past(tx, who, at)


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    request: Request,
    context: ContextDep,
    who: Annotated[Principal, Depends(signed_in)],
    after: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Server-sent events after the position `after` (or Last-Event-ID): `change` frames, `beat` each 2 s, `reset` when
    the position is not kept any more, `bye` when the reader may not listen any longer."""
    hub: Hub = request.app.state.hub
    asked = last_event_id.strip() if last_event_id else ""
    if asked.isascii() and asked.isdigit() and len(asked) <= 18:
        position = int(asked)
    else:
        position = hub.position if after is None else after

    async def flow() -> AsyncIterator[bytes]:
        with watch_of(context).over(who, hub.nudge) as stream:
            async for frame in hub.follow(who, position, lambda: stream.ended):
                yield frame

    return StreamingResponse(
        flow(), media_type="text/event-stream", headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    )


async def _forget(context: Context) -> None:
    async with context.database.transaction() as tx:
        await outbox.forget_old(tx)
        await forget_answers(tx)


ROOM = Room(
    name="system",
    router=router,
    live=(processes.LIVE,),
    every=(Every("forget", 600, _forget),),
)
