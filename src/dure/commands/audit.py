"""`dure audit`: proves the log whole, for a city that runs or stands still."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

from dure.commands.speech import message, pick, write, write_error

if TYPE_CHECKING:
    from dure.trust.audit.walk import Verdict


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure audit`'s options."""
    parser.add_argument("action", choices=["verify"], help=pick("검증", "verify the whole log"))
    parser.add_argument("--data", type=Path, help=pick("도시의 폴더 (기본 .dure/city)", "the city's folder"))
    parser.add_argument("--key", help=pick("따로 받아 둔 도시의 공개 키", "the city's public key, had by another way"))
    parser.add_argument("--seen", type=Path, help=pick("증인이 지킨 seen.jsonl", "a witness's seen.jsonl"))
    parser.add_argument("--json", action="store_true", help="JSON")


def run(args: argparse.Namespace) -> int:
    """0 when the log is whole, 1 where a line was changed, removed or moved."""
    from dure.engine.servers.place import Place, default_folder
    from dure.trust.audit import verify

    found = _verified(Place(args.data or default_folder()).folder, args.key, args.seen)
    if args.json:
        write(json.dumps(verify.told(found)))
    elif found.fault is None:
        write(
            message(
                "trust.audit.cli.whole",
                lines=found.lines,
                checkpoints=found.checkpoints,
                signed=found.signed,
                seen=found.witnessed,
            )
        )
    else:
        write_error(
            message(
                "trust.audit.cli.broken",
                lines=found.lines,
                at=found.fault.seq,
                reason=message(f"trust.audit.fault.{found.fault.kind}"),
            )
        )
    return 0 if found.whole else 1


def _verified(folder: Path, told_key: str | None, seen: Path | None) -> "Verdict":
    from dure.engine.servers.access import database_url
    from dure.engine.servers.place import Place
    from dure.trust.audit import keys, note, verify

    key = note.verifier(told_key) if told_key else keys.signer(folder).verifier()
    witnessed = verify.witnessed_notes(seen.read_text(encoding="utf-8")) if seen else []

    async def once(url: str) -> "Verdict":
        from dure.engine.database import Database

        database = Database(url, pool_size=1)
        try:
            async with database.transaction() as tx:
                return await verify.verify(tx, key, witnessed)
        finally:
            await database.close()

    with database_url(Place(folder)) as url:
        return asyncio.run(once(url))
