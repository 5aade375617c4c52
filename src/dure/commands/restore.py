"""`dure restore`: a city out of a backup, in an empty folder. What was destroyed since the backup stays destroyed."""

import argparse
import asyncio
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dure.commands.speech import message, pick, write, write_error

if TYPE_CHECKING:
    from dure.commands.backing.parcel import Parcel
    from dure.engine.servers.place import Place


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure restore`'s options."""

    def add(name: str, ko: str, en: str) -> None:
        parser.add_argument(name, type=Path, help=pick(ko, en))

    parser.add_argument("folder", type=Path, metavar="DIR", help=pick("백업 폴더", "the backup's folder"))
    add("--data", "되살릴 빈 폴더 (secrets만 있어도 됨)", "the empty folder to restore into (may hold its secrets)")
    add(
        "--keys", "따로 보관한 열쇠 파일이나 secrets 폴더", "the keys kept apart: exported file, or a folder of secrets"
    )
    add("--passphrase-file", "열쇠 파일의 암호가 든 파일", "file with the passphrase of the exported keys")
    add("--ledger", "따로 보관한 파기 대장 사본", "a copy of the ledger of destructions that was kept apart")
    parser.add_argument("--json", action="store_true", help="JSON")


def run(args: argparse.Namespace) -> int:
    """0 when the city stands as the backup has it, less what was destroyed since; 2 for a folder that is not empty."""
    from dure.commands.backing import parcel
    from dure.engine.secrets import secret
    from dure.engine.servers.place import Place, default_folder

    place = Place(args.data or default_folder())
    if secret("DURE_DATABASE_URL"):
        write_error(message("cli.restore.own_database"))
        return 2
    if place.folder.exists() and any(one.name != "secrets" for one in place.folder.iterdir()):
        write_error(message("cli.restore.not_empty", path=str(place.folder)))
        return 2
    backup = parcel.opened(args.folder)
    kept = (place.folder / "secrets").exists()
    hold = place.hold()
    try:
        return _restored(args, place, backup)
    except BaseException:
        for one in place.folder.iterdir():  # it was empty before: nothing of anybody's is lost
            if one.is_dir() and not (kept and one.name == "secrets"):
                shutil.rmtree(one, ignore_errors=True)
        (place.folder / "postgres.path").unlink(missing_ok=True)
        raise
    finally:
        hold.release()
        (place.folder / "lock").unlink(missing_ok=True)


def _restored(args: argparse.Namespace, place: "Place", backup: "Parcel") -> int:
    from dure.commands.backing import dump, parcel
    from dure.engine.servers import postgres
    from dure.engine.servers.access import bring_up_to_date
    from dure.engine.servers.postgres import Postgres

    keys = _keys(args, place, backup)
    server = Postgres(postgres.cluster_of(place), password=place.secret("postgres"), log=place.logs / "postgres.log")
    server.make()
    server.start()
    try:
        server.ready()
        server.ensure_database()
        dump.read(server.cluster, server.url, args.folder / parcel.DUMP)
        bring_up_to_date(server.url)
        destroyed = asyncio.run(_settled(server.url, place.folder, args.ledger, backup))
    finally:
        server.stop()
    files = parcel.copy_history(args.folder / parcel.HISTORY, place.history)
    told = {"ok": True, "data": str(place.folder), "made_at": backup.about["made_at"], "keys": keys}
    if args.json:
        write(json.dumps({**told, "history_files": files, "destroyed_again": destroyed}, ensure_ascii=False))
        return 0
    write(message("cli.restore.done", path=str(place.folder), at=backup.about["made_at"], files=files))
    write(message("cli.restore.destroyed", n=destroyed))
    write(message(f"cli.restore.keys_{keys}"))
    return 0


def _keys(args: argparse.Namespace, place: "Place", backup: "Parcel") -> str:
    """Put the keys into the new folder; where they came from. The city's own place comes before none at all: on the
    machine where the city lived they lie there still, without those that were destroyed meanwhile.
    """
    from dure.commands.backing import keyring
    from dure.commands.backing.passphrase import read

    origin = backup.origin / "secrets"
    if args.keys is not None and args.keys.is_dir():
        keyring.copy(args.keys, place.secrets)
        return "given"
    if args.keys is not None:
        keyring.bring(args.keys, place.secrets, read(args.passphrase_file) if args.passphrase_file else "")
        return "given"
    if (place.secrets / "vault.key").exists():
        return "there"
    if (origin / "vault.key").exists():
        keyring.copy(origin, place.secrets)
        return "origin"
    return "none"


async def _settled(url: str, folder: Path, ledger: Path | None, backup: "Parcel") -> int:
    """Before anything serves: what any ledger names is destroyed again, sign-ins end, and the log says that this
    happened. How many records were destroyed again.
    """
    from sqlalchemy import text

    from dure.engine.database import Database
    from dure.trust import audit, vault
    from dure.trust.principal import system
    from dure.trust.vault import erasing

    database = Database(url, pool_size=1, folder=folder)
    held = vault.Vault(folder)
    others = [one for one in (ledger, backup.origin / "secrets" / "destroyed.jsonl") if one is not None]
    try:
        async with database.transaction() as tx:
            destroyed = await erasing.replay(tx, held, others)
            await tx.execute(text("delete from session"))
            await audit.record(tx, system("dure restore"), "city.restore", "backup", backup.about["made_at"])
            return destroyed
    finally:
        held.keys.close()
        await database.close()
