"""`dure audit verify`: walks the chain over the audit log of a city that runs or stands still."""

import argparse
import asyncio
import json
from pathlib import Path

from dure.commands.speech import message, pick, write, write_error


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure audit`'s options."""
    parser.add_argument("action", choices=["verify"], help=pick("검증", "verify the whole log"))
    parser.add_argument("--data", type=Path, help=pick("도시의 폴더 (기본 .dure/city)", "the city's folder"))
    parser.add_argument("--json", action="store_true", help="JSON")


def run(args: argparse.Namespace) -> int:
    """0 when the log is whole, 1 where a line was changed, removed or moved."""
    from dure.engine.servers.access import database_url
    from dure.engine.servers.place import Place, default_folder

    with database_url(Place(args.data or default_folder())) as url:
        sound, broken = asyncio.run(_verify(url))
    if args.json:
        write(json.dumps({"ok": broken is None, "lines": sound, "broken_at": broken}))
    elif broken is None:
        write(message("trust.cli.audit_whole", lines=sound))
    else:
        write_error(message("trust.cli.audit_broken", lines=sound, at=broken))
    return 0 if broken is None else 1


async def _verify(url: str) -> tuple[int, int | None]:
    from dure.engine.database import Database
    from dure.trust import audit

    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as tx:
            return await audit.broken_at(tx)
    finally:
        await database.close()
