"""Makes what was asked for, one at a time, in a child of its own, and destroys what is over. Runs beside the work
process's other tasks for as long as it lives.
"""

import asyncio
import hashlib
import json
import logging
import os
import shutil
import signal
import sys
import zipfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine import outbox
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.servers.children import dies_with_parent
from dure.engine.tasks import begun
from dure.kernel.errors import Unavailable
from dure.trust.audit import rotating
from dure.video.export import manifest, model, store
from dure.video.export.model import Made, Order, Part, View
from dure.video.masks import keeping
from dure.video.past import index, queries
from dure.video.past.model import DAYS, ms
from dure.video.recorders import bringing

log = logging.getLogger(__name__)
_LOOK_S = 5.0
_FONT = "Pretendard-Medium-*.woff"


def folder_of(data: Path) -> Path:
    """Where finished exports lie: its owner's alone."""
    return data / "video" / "exports"


def archive(data: Path, id_: UUID) -> Path:
    """The file that is fetched."""
    return folder_of(data) / f"{id_}.zip"


async def run(context: Context) -> None:
    """For ever: make, and sweep."""

    async def sort_out() -> None:
        async with context.database.transaction() as tx:
            await store.left_over(tx)

    await begun("exports", sort_out)
    async with outbox.wakes(context.database.url, store.CHANNEL) as woken:
        while True:
            woken.clear()
            try:
                await sweep(context)
                if await step(context, woken):
                    continue
            except Unavailable:
                log.info("exports wait for the database")
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await woken.wait()


async def sweep(context: Context) -> None:
    """Destroy what is over, and files that nobody may fetch any more. Raises Unavailable."""
    async with context.database.transaction() as tx:
        for row in await store.over(tx):
            await store.destroy(tx, row)
    folder = folder_of(context.settings.data)
    for path in await asyncio.to_thread(lambda: list(folder.iterdir()) if folder.is_dir() else []):
        async with context.database.transaction() as tx:
            known = await tx.scalar(_STATE, {"id": UUID(path.stem)})
        if known != "running" and (path.suffix != ".zip" or known != "ready"):
            await asyncio.to_thread(_removed, path)


def _removed(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


_STATE = text("select state from video_export where id = :id")


async def step(context: Context, woken: asyncio.Event) -> bool:
    """Make the one that has waited longest; whether there was one. Raises Unavailable."""
    async with context.database.transaction() as tx:
        row = await store.claim(tx)
    if row is None:
        return False
    folder = folder_of(context.settings.data) / f"{row['id']}.part"
    try:
        await asyncio.to_thread(_fresh, folder)
        async with context.database.transaction() as tx:
            order = await order_of(tx, context, row, folder)
            masks = {view.camera_id: await _masks(tx, row, view.camera_id) for view in order.views}
        order = await bringing.ordered(context, order, row["begin_at"], row["end_at"], partial(_goes_on, context, row))
        made, why = await _made(context, row["id"], order, woken)
        if made:
            await _finish(context, row, made, masks, folder)
        elif why is not None:
            async with context.database.transaction() as tx:
                await store.fail(tx, row, why)
    except bringing.NotBrought as error:
        log.warning("export %s: %s", row["id"], error)
        async with context.database.transaction() as tx:
            await store.fail(tx, row, "stopped")
    except OSError:
        log.exception("export %s", row["id"])
        async with context.database.transaction() as tx:
            await store.fail(tx, row, "full")
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, True)
    return True


async def _goes_on(context: Context, row: RowMapping) -> bool:
    """Whether nobody has cancelled it."""
    async with context.database.transaction() as tx:
        return bool(await tx.scalar(_STATE, {"id": row["id"]}) == "running")


def _fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)


async def _masks(tx: Tx, row: RowMapping, camera_id: str) -> list[Mapping[str, Any]]:
    return [dict(one) for one in await keeping.over(tx, camera_id, row["begin_at"], row["end_at"])]


async def order_of(tx: Tx, context: Context, row: RowMapping, folder: Path) -> Order:
    """What the child is told: the recordings that touch the stretch, the masks, and what is burnt in."""
    values = {"cameras": row["camera_ids"], "since": row["begin_at"], "until": row["end_at"], "now": tx.now()}
    found = await tx.rows(queries.SHOWN, {**values, "days": DAYS})
    begin_ms, end_ms = ms(row["begin_at"]), ms(row["end_at"])
    past = index.folder_of(context.settings.data)
    views = []
    for camera_id in row["camera_ids"]:
        parts = [Part(str(past / one["path"]), begin_ms, end_ms) for one in found if one["camera_id"] == camera_id]
        polygons = keeping.together(await keeping.over(tx, camera_id, row["begin_at"], row["end_at"]))
        views.append(View(camera_id, camera_id, parts, polygons))
    zone = ZoneInfo(context.settings.city_zone).utcoffset(row["begin_at"].astimezone(UTC).replace(tzinfo=None))
    line = f"{row['asked_name']} · {row['receipt_no']} · {row['document']}"
    zone_s = int(zone.total_seconds()) if zone is not None else 0
    return Order(str(folder), views, line, zone_s, _font(context.settings.console))


def _font(console: Path | None) -> str | None:
    """The console's own typeface, which has Korean letters; None: whatever the system has."""
    found = sorted((console / "assets").glob(_FONT)) if console is not None else []
    return str(found[0]) if found else None


async def _made(
    context: Context, id_: UUID, order: Order, woken: asyncio.Event
) -> tuple[Sequence[Made] | None, str | None]:
    """What the child made, or why it made nothing; neither where it was cancelled."""
    process = await _child(order)
    assert process.stdout is not None
    wanted, made, why = True, None, "stopped"
    try:
        reading = asyncio.create_task(process.stdout.readline())
        while True:
            looking = asyncio.create_task(woken.wait())
            await asyncio.wait({reading, looking}, return_when=asyncio.FIRST_COMPLETED)
            looking.cancel()
            if reading.done():
                line = reading.result()
                if not line:
                    break
                said = json.loads(line)
                if "made" in said:
                    made = [msgspec.convert(one, Made) for one in said["made"]]
                why = said.get("why", why)
                reading = asyncio.create_task(process.stdout.readline())
            else:
                said = {}
                woken.clear()
            async with context.database.transaction() as tx:
                wanted = await _stands(tx, id_, said.get("done"))
            if not wanted:
                return None, None
    finally:
        await _end(process)
    return made, None if made else why


async def _stands(tx: Tx, id_: UUID, done: float | None) -> bool:
    if done is not None:
        return await store.progress(tx, id_, done)
    return bool(await tx.scalar(_STATE, {"id": id_}) == "running")


async def _child(order: Order) -> Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "dure.video.export.child"),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=1 << 28,
        preexec_fn=dies_with_parent(signal.SIGKILL),
        process_group=0,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(order))
    process.stdin.close()
    return process


async def _end(process: Process) -> None:
    """Ends the child and the programs that it started: they share a group of processes."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _finish(
    context: Context, row: RowMapping, made: Sequence[Made], masks: Mapping[str, Any], folder: Path
) -> None:
    async with context.database.transaction() as tx:
        signer = await rotating.signer(tx, context.settings.data)
        custody = (await store.steps(tx, [row["id"]]))[row["id"]]
        said = store.purpose_of(tx, row)
        expires: datetime = tx.now() + model.KEPT
    told = manifest.body(dict(row), made, masks, [dict(one) for one in custody], purpose=said, expires_at=expires)
    out = archive(context.settings.data, row["id"])
    files = [folder / one.file for one in made]
    await asyncio.to_thread(_packed, out, files, told, manifest.note(signer, told), str(signer.verifier()))
    digest = hashlib.sha256(told).hexdigest()
    async with context.database.transaction() as tx:
        kept = await store.ready(tx, row, out.stat().st_size, digest, made[0].detector)
    if not kept:
        await asyncio.to_thread(out.unlink, missing_ok=True)


def _packed(out: Path, files: Sequence[Path], told: bytes, note: str, key: str) -> None:
    half = out.with_suffix(".half")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_STORED, allowZip64=True) as packed:
        for file in files:
            packed.write(file, file.name)
            file.unlink()
        packed.writestr("manifest.json", told)
        packed.writestr("manifest.note", note)
        packed.writestr("city.key", key + "\n")
    half.chmod(0o600)
    half.replace(out)
