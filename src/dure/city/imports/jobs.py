"""Starting the child of a run and waiting for it, from the web process."""

import asyncio
import logging
import os
import sys
from pathlib import Path
from uuid import UUID

import msgspec
from sqlalchemy import text

from dure.city.imports import runs
from dure.city.imports.things import contributors
from dure.engine.context import Context
from dure.engine.settings import Settings

log = logging.getLogger(__name__)
WAIT_S = 4.0
"""How long a request waits for a small file; a larger one is asked after."""

_running: set[asyncio.Task[None]] = set()
_at_once = asyncio.Semaphore(2)


async def start(context: Context, act: str, run_id: UUID, path: Path | None = None) -> None:
    """Start the child and give it some seconds; it goes on by itself after that."""
    task = asyncio.create_task(_run(context, act, run_id, path))
    _running.add(task)
    task.add_done_callback(_running.discard)
    await asyncio.wait({task}, timeout=WAIT_S)


async def idle() -> None:
    """Wait for the children that this process has started."""
    while _running:
        await asyncio.wait(set(_running))


async def _run(context: Context, act: str, run_id: UUID, path: Path | None) -> None:
    words = [sys.executable, "-m", "dure.city.imports.child", act, str(run_id), str(path or "-"), *contributors()]
    async with _at_once:
        child = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=environment(context.settings),
        )
        _, told = await child.communicate(secrets(context.settings))
    if path is not None:
        await asyncio.to_thread(path.unlink, missing_ok=True)
    if child.returncode:
        log.error(
            "import %s %s ended with %s: %s", act, run_id, child.returncode, told.decode(errors="replace")[-2000:]
        )
        await _failed(context, run_id)


async def _failed(context: Context, run_id: UUID) -> None:
    """The child died before it could say so (of memory, say): put its run where a person can go on."""
    async with context.database.transaction() as tx:
        run = await runs.run_of(tx, run_id, lock=True)
        match run["state"]:
            case "reading":
                await runs.drop_rows(tx, [run_id])
                problem = {"key": "city.import.run.interrupted", "params": {}}
                await runs.move(tx, run_id, state="failed", problem=problem)
            case "applying":
                await runs.move(tx, run_id, state="ready", done=0)
            case "undoing":
                await runs.move(tx, run_id, state="applied")


def secrets(settings: Settings) -> bytes:
    """What a child is told on its standard input: an environment can be read by others, for as long as it lives."""
    return msgspec.json.encode({"DURE_DATABASE_URL": settings.database_url, "DURE_NATS_URL": settings.nats_url})


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a child finds this city, without its secrets."""
    return {
        **{name: value for name, value in os.environ.items() if name not in {"DURE_DATABASE_URL", "DURE_NATS_URL"}},
        "DURE_DATA": str(settings.data),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }


def uploads(settings: Settings) -> Path:
    """Where files wait to be read."""
    folder = settings.data / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


async def forget_uploads(context: Context) -> None:
    """Remove files whose run is no longer being read (a child was killed)."""
    async with context.database.transaction() as tx:
        rows = await tx.rows(text("select id from import_run where state = 'reading'"))
    kept = {str(row["id"]) for row in rows}
    for path in uploads(context.settings).iterdir():
        if path.name not in kept:
            path.unlink(missing_ok=True)
