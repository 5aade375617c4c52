"""Recorders are asked again and again what they have: that is the index of their pictures. In the relay's process."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine import outbox
from dure.engine.context import Context
from dure.kernel.errors import NotFound, Unavailable
from dure.trust import vault
from dure.video.onvif.recorder import Kept, Recorder, Stretch
from dure.video.policy import camera_networks
from dure.video.recorders import store
from dure.video.source import NoPicture, Trouble

log = logging.getLogger(__name__)
CHANNEL = "dure_recorders"
EVERY_S = 30.0
"""So far the index may be behind a recorder."""
WHOLE = timedelta(hours=6)
"""What is older than this is asked for only where nothing is known of a recording, and once in this time: a recorder
that was filled up anew from its cameras has other gaps than before.
"""
_LAST = text("select max(ended_at) from video_recorder_span where recorder_id = :id and token = :token")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A recording that is a camera's: what is asked of it."""

    one: Kept
    since: datetime
    oldest: datetime


async def run(context: Context) -> None:
    """For as long as the process lives; at once after somebody changed something."""
    wholes: dict[UUID, datetime] = {}
    async with outbox.wakes(context.database.url, CHANNEL) as woken:
        while True:
            woken.clear()
            try:
                await every(context, wholes)
            except Unavailable as error:
                log.warning("recorders: %s", error.key)
            try:
                async with asyncio.timeout(EVERY_S):
                    await woken.wait()
            except TimeoutError:
                continue


async def every(context: Context, wholes: dict[UUID, datetime]) -> None:
    """Ask all side by side. `wholes` says when each was last asked for all that it has. Raises Unavailable."""
    async with context.database.transaction() as tx:
        rows, now = await store.all_of(tx), tx.now()
    due = {row["id"]: now - wholes.get(row["id"], now - WHOLE) >= WHOLE for row in rows}
    done = await asyncio.gather(*(once(context, row, whole=due[row["id"]]) for row in rows))
    wholes.update({row["id"]: now for row, good in zip(rows, done, strict=True) if good and due[row["id"]]})


async def once(context: Context, row: RowMapping, *, whole: bool = False) -> bool:
    """Ask one recorder what it has; whether it answered. Raises Unavailable."""
    try:
        address = store.address_of(vault.at(context.settings.data), row)
        allowed = camera_networks(context.settings.camera_networks)
        async with await Recorder.at(address, allowed) as recorder:
            await recorder.begin()
            if not recorder.records:
                raise NoPicture(Trouble.NO_RECORDER)
            found = await recorder.recordings()
            await _read(context, recorder, row["id"], found, whole=whole)
    except NoPicture as error:
        log.info("recorder %s: %s", row["id"], error.trouble.value)
        async with context.database.transaction() as tx:
            await store.failed(tx, row["id"], error.trouble.value)
        return False
    except NotFound:
        return False  # it was taken out meanwhile
    return True


async def _read(context: Context, recorder: Recorder, id_: UUID, found: Sequence[Kept], *, whole: bool) -> None:
    async with context.database.transaction() as tx:
        await store.one(tx, id_, locked=True)
        cameras = await store.read(tx, id_, recorder.ahead, found)
        now, wanted = tx.now(), []
        kept = {one.token: one for one in found}
        for row in cameras:
            if row["token"] not in kept:
                continue
            last = await tx.scalar(_LAST, {"id": id_, "token": row["token"]})
            oldest = now - timedelta(days=row["days"])
            since = oldest if whole or last is None else max(oldest, last - timedelta(minutes=10))
            wanted.append(Wanted(kept[row["token"]], since, oldest))
    for one in wanted:
        spans: Sequence[Stretch] = await recorder.stretches(one.one, one.since, now + timedelta(seconds=1))
        async with context.database.transaction() as tx:
            await store.one(tx, id_, locked=True)
            await store.note(tx, id_, one.one.token, one.since, one.oldest, spans)
