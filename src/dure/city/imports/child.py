"""The process that does a run's heavy part: `python -m dure.city.imports.child ACT RUN FILE MODULE...`, `-` for no
file; the modules are those that contribute kinds of files.

Short-lived, niced and limited in memory, so that a file never delays an alarm. It takes the city from the
environment and its secrets from standard input.
"""

import asyncio
import json
import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from uuid import UUID

from dure.city.imports import work
from dure.city.imports.undo import undo
from dure.engine.database import Database
from dure.engine.settings import from_environment
from dure.trust import vault

MEMORY = 4 << 30
"""Address space, of which a file of the largest size uses about a tenth as real memory."""


async def _act(act: str, run_id: UUID, path: Path | None) -> None:
    settings = from_environment({**os.environ, **json.loads(sys.stdin.read())})
    database = Database(settings.database_url, pool_size=3, folder=settings.data)
    held = vault.at(settings.data)
    try:
        await perform(database, held, act, run_id, path)
    finally:
        await database.close()


async def perform(database: Database, held: vault.Vault, act: str, run_id: UUID, path: Path | None) -> None:
    """Do `read` (of the file at `path`), `apply` or `undo` of a run. Raises ValueError for any other act."""
    match act:
        case "read" if path is not None:
            await work.read(database, held, run_id, path)
        case "apply":
            await work.apply(database, held, run_id)
        case "undo":
            await undo(database, run_id)
        case _:
            raise ValueError(act)


def main(arguments: list[str]) -> int:
    """Do one part of one run."""
    logging.basicConfig(level=logging.WARNING)
    act, run, file, *modules = arguments
    restrain()
    for module in modules:
        import_module(module)
    path = None if file == "-" else Path(file)
    try:
        asyncio.run(_act(act, UUID(run), path))
    finally:
        if path is not None:
            path.unlink(missing_ok=True)
    return 0


def restrain() -> None:
    """Behind everything else, and within bounds."""
    if sys.platform != "win32":
        import resource

        os.nice(10)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
