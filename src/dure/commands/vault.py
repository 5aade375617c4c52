"""`dure vault`: the keys of the person vault: how they stand, a new master key, an export to keep apart."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from dure.commands.speech import message, pick, write, write_error


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure vault`'s options."""
    actions = pick(
        "status(상태), rotate(주 열쇠 교체), reseal(고른 암호로 다시 봉인), export(열쇠 내보내기)",
        "status, rotate the master key, reseal all by the chosen cipher suite, export the keys",
    )
    parser.add_argument("action", choices=["status", "rotate", "reseal", "export"], help=actions)
    parser.add_argument("file", type=Path, nargs="?", help=pick("export: 새 파일", "export: the new file"))
    parser.add_argument("--passphrase-file", type=Path, help=pick("암호가 든 파일", "file with the passphrase"))
    parser.add_argument("--data", type=Path, help=pick("도시의 폴더 (기본 .dure/city)", "the city's folder"))
    parser.add_argument("--json", action="store_true", help="JSON")


def run(args: argparse.Namespace) -> int:
    """0 done; 1 where the ledger of destructions does not hold; 2 for arguments that make no sense."""
    from dure.commands.backing import keyring
    from dure.commands.backing.passphrase import read
    from dure.engine.servers.access import database_url
    from dure.engine.servers.place import Place, default_folder

    if args.action == "export" and (args.file is None or args.passphrase_file is None):
        write_error(message("cli.vault.passphrase_needed"))
        return 2
    folder = Place(args.data or default_folder()).folder
    with database_url(Place(folder)) as url:
        told = asyncio.run(_act(url, folder, args.action, str(args.file)))
    if args.action == "export":
        told["files"] = keyring.export(folder, args.file, read(args.passphrase_file))
    if args.json:
        write(json.dumps(told, ensure_ascii=False, default=str))
    else:
        write(message(f"cli.vault.{args.action}", **{name: _said(value) for name, value in told.items()}))
    return 0 if told["ledger_whole"] else 1


def _said(value: object) -> str:
    """A figure as a person reads it."""
    if isinstance(value, bool):
        return pick("예", "yes") if value else pick("아니요", "no")
    if isinstance(value, dict):
        return ", ".join(f"{name} {many}" for name, many in sorted(value.items())) or pick("없음", "none")
    return pick("없음", "never") if value is None else str(value)


def settle(url: str, folder: str) -> int:
    """Before a city serves: what its ledger of destructions names is gone, whatever copy it was started from. How many
    records went.
    """
    return asyncio.run(_settle(url, Path(folder)))


async def _settle(url: str, folder: Path) -> int:
    from dure.engine.database import Database
    from dure.trust import vault
    from dure.trust.vault import erasing

    database = Database(url, pool_size=1, folder=folder)
    held = vault.Vault(folder)
    try:
        async with database.transaction() as tx:
            return await erasing.replay(tx, held)
    finally:
        held.keys.close()
        await database.close()


async def _act(url: str, folder: Path, action: str, file: str) -> dict[str, Any]:
    from sqlalchemy import text

    from dure.engine.database import Database
    from dure.trust import audit, vault
    from dure.trust.principal import system
    from dure.trust.vault.resealing import reseal
    from dure.trust.vault.rotating import rotate

    database = Database(url, pool_size=2, folder=folder)
    held = vault.at(folder)
    try:
        more: dict[str, Any] = {}
        if action == "reseal":
            found = await reseal(database, held, lambda done: write_error(message("cli.vault.resealed", n=done)))
            more = {"resealed": found.done, "left": dict(found.left), "left_sum": found.left.total()}
        if action in {"rotate", "reseal"}:
            await rotate(database, held, lambda left: write_error(message("cli.vault.left", n=left)))
        async with database.transaction() as tx:
            if action == "export":
                await audit.record(tx, system("dure vault"), "vault.export", "vault_key", file)
            rotated = await tx.scalar(text("select rotated_at from vault_state"))
    finally:
        await database.close()
    return {
        "keys": held.keys.count(),
        "generation": held.masters.current(),
        "rotating": len(held.masters.all()) > 1,
        "rotated_at": rotated,
        "destroyed": len(held.ledger.lines()),
        "ledger_whole": held.ledger.broken_at() is None,
        **more,
    }
