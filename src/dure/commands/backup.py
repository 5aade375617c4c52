"""`dure backup`: the whole city as files, while it runs or stands still. Its keys are not among them."""

import argparse
import asyncio
import json
import os
from pathlib import Path

from dure.commands.speech import message, pick, write, write_error


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure backup`'s options."""
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help=pick("새 백업 폴더", "the backup's folder, new or empty")
    )
    parser.add_argument("--data", type=Path, help=pick("도시의 폴더 (기본 .dure/city)", "the city's folder"))
    parser.add_argument(
        "--keys", type=Path, help=pick("열쇠도 이 파일로 (따로 보관)", "export the keys to this file, too")
    )
    parser.add_argument(
        "--passphrase-file", type=Path, help=pick("열쇠 파일의 암호가 든 파일", "file with the passphrase of --keys")
    )
    parser.add_argument("--json", action="store_true", help="JSON")


def run(args: argparse.Namespace) -> int:
    """0 when the backup is whole; 2 for arguments that make no sense."""
    from dure import __version__
    from dure.commands.backing import dump, keyring, parcel
    from dure.commands.backing.passphrase import read
    from dure.engine.servers import postgres
    from dure.engine.servers.access import database_url, newest_revision
    from dure.engine.servers.place import Place, default_folder
    from dure.kernel.clock import SystemClock

    if args.keys is not None and args.passphrase_file is None:
        write_error(message("cli.vault.passphrase_needed"))
        return 2
    place = Place(args.data or default_folder())
    fresh = parcel.begin(args.folder)
    now = SystemClock().now()
    history = parcel.copy_history(place.history, fresh / parcel.HISTORY)
    with database_url(place) as url:
        asyncio.run(_recorded(url, str(args.folder.resolve())))  # it gives everything away: the line comes first
        dump.write(postgres.cluster_of(place), url, fresh / parcel.DUMP)
    history += parcel.copy_history(place.history, fresh / parcel.HISTORY)
    (fresh / parcel.SETTINGS).write_text(json.dumps(parcel.settings(os.environ), indent=1), encoding="utf-8")
    about = {
        "made_at": now.isoformat(),
        "dure": __version__,
        "revision": newest_revision(),
        "city": str(place.folder),
    }
    made = parcel.finish(fresh, args.folder, about)
    if args.keys is not None:
        keyring.export(place.folder, args.keys, read(args.passphrase_file))
    size = sum(one["bytes"] for one in made.about["files"].values())
    if args.json:
        told = {"ok": True, "folder": str(args.folder), "bytes": size, "history_files": history}
        write(json.dumps({**told, "keys": str(args.keys) if args.keys else None}, ensure_ascii=False))
    else:
        write(message("cli.backup.done", path=str(args.folder), megabytes=round(size / 1e6, 1), files=history))
        write(message("cli.backup.keys_apart" if args.keys is None else "cli.backup.keys_too", path=str(args.keys)))
    return 0


async def _recorded(url: str, folder: str) -> None:
    from dure.engine.database import Database
    from dure.trust import audit
    from dure.trust.principal import system

    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as tx:
            await audit.record(tx, system("dure backup"), "city.backup", "backup", folder)
    finally:
        await database.close()
