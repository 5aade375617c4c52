"""What an approved export needs of a recorder is brought into the export's own folder, as recordings of ours, and goes
with that folder.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from msgspec import structs

from dure.engine.context import Context
from dure.trust import vault
from dure.video.export.model import Order, Part
from dure.video.model import BrokenStream
from dure.video.past import queries
from dure.video.past.model import DAYS, Span, at, holes, ms
from dure.video.past.writer import Writer
from dure.video.policy import camera_networks
from dure.video.recorders import store
from dure.video.recorders.reels import Reel
from dure.video.recorders.shelf import Places
from dure.video.recorders.store import Standing

_LOOK_S = 2.0
_REST_MS = 500
"""So little at a span's end is the last picture's own time."""
Wanted = Callable[[], Awaitable[bool]]
"""Whether it is still wanted."""


class NotBrought(Exception):
    """The recorder does not send what it has, or nobody wants it any more."""


async def brought(
    context: Context, camera_id: str, begin: datetime, end: datetime, folder: Path, wanted: Wanted
) -> list[Part]:
    """What of a camera's past between these times stands on a recorder and not with us, in order. Raises NotBrought,
    Unavailable.
    """
    found: list[tuple[Span, Standing]] = []
    async with context.database.transaction() as tx:
        values = {"cameras": [camera_id], "since": begin, "until": end, "now": tx.now(), "days": DAYS}
        own = [Span(ms(row["started_at"]), ms(row["ended_at"])) for row in await tx.rows(queries.SHOWN, values)]
        held = vault.at(context.settings.data)
        for hole in holes(own, ms(begin), ms(end)):
            stands = await store.standing(tx, held, camera_id, at(hole.start_ms), at(hole.end_ms))
            if stands is not None:
                found.append((hole, stands))
    if not found:
        return []
    places = Places(camera_networks(context.settings.camera_networks))
    writer = Writer()
    try:
        return [part for one in found for part in await _hole(places, *one, folder, writer, wanted)]
    finally:
        await asyncio.to_thread(writer.end)


async def _hole(
    places: Places, hole: Span, stands: Standing, folder: Path, writer: Writer, wanted: Wanted
) -> list[Part]:
    """All of a hole: span by span, and anew where the recorder ends before it should."""
    parts: list[Part] = []
    since = hole.start_ms
    for begins, ends in stands.spans:
        since = max(since, ms(begins))
        while since < ms(ends) - _REST_MS:
            reel = await _played(places, Reel(stands, since, writer=writer, folder=folder), ms(ends), wanted)
            if reel.reached_ms <= since:
                break
            upto = reel.reached_ms + 1
            first = hole.start_ms if not parts else since
            last = min(upto, hole.end_ms)
            parts += [Part(str(folder / one.path), first, last) for one in reel.recordings if one.pictures]
            since = upto
    if not parts:
        return []
    *before, end = parts
    return [*before, Part(end.path, end.begin_ms, hole.end_ms)]


async def _played(places: Places, reel: Reel, until_ms: int, wanted: Wanted) -> Reel:
    task = asyncio.create_task(reel.run(places.where))
    try:
        while not reel.over and reel.reached_ms < until_ms:
            await reel.until(reel.since_ms, until_ms, _LOOK_S)
            if not await wanted():
                raise NotBrought("nobody wants it any more")
    except BrokenStream as error:
        raise NotBrought(str(error)) from error
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    if reel.trouble is not None:
        raise NotBrought(reel.trouble.value)
    return reel


async def ordered(context: Context, order: Order, begin: datetime, end: datetime, wanted: Wanted) -> Order:
    """An order with what stands on recorders. Raises NotBrought, Unavailable."""
    views = []
    for view in order.views:
        there = await brought(context, view.camera_id, begin, end, Path(order.folder), wanted)
        views.append(structs.replace(view, parts=sorted([*view.parts, *there], key=_begun)))
    return structs.replace(order, views=views)


def _begun(part: Part) -> tuple[str, str]:
    """When a file begins, as its path says (past.model.path_of)."""
    path = Path(part.path)
    return path.parts[-3], path.name
