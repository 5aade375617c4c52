"""`dure import`: reads a file into a city that runs or stands still."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dure.commands.speech import message, pick, write, write_error

if TYPE_CHECKING:
    from dure.city.imports.service import Result

_SHOWN = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure import`'s options."""

    def add(name: str, ko: str, en: str, **more: Any) -> None:
        parser.add_argument(name, help=pick(ko, en), **more)

    add("kind", f"종류: {_kinds()}", f"what the file holds: {_kinds()}", metavar="KIND")
    add("file", "CSV, XLSX 또는 GeoJSON 파일", "a CSV, XLSX or GeoJSON file", type=Path, metavar="FILE")
    add("--dry-run", "무엇이 바뀔지만 알려 줍니다", "only say what would change", action="store_true")
    add("--epsg", "좌표계: 5174, 5179, 5181, 5185–5188, 4326", "the coordinates' EPSG code")
    add("--market", "점포의 시장 (열이 없을 때)", "the stalls' market, where no column says it")
    add("--level", "경계의 단계: city, district, dong", "the boundaries' level", choices=["city", "district", "dong"])
    add("--data", "도시의 폴더 (기본 .dure/city)", "the city's folder (default .dure/city)", type=Path)
    add("--json", "JSON으로 씁니다", "print JSON", action="store_true")


def _kinds() -> str:
    return "cctv, cameras, boundary, markets, stalls, hydrants, devices, facilities, people, cases, contacts"


def run(args: argparse.Namespace) -> int:
    """0 when the file was read, even with refused rows; 2 when it could not be."""
    from dure.documents.limits import UnreadableFile
    from dure.engine.servers.access import database_url
    from dure.engine.servers.place import Place, default_folder

    options = {name: getattr(args, name) for name in ("epsg", "market", "level") if getattr(args, name) is not None}
    if not args.file.is_file():
        write_error(message("city.import.file_absent", path=str(args.file)))
        return 2
    place = Place(args.data or default_folder())
    try:
        _check_kind(args.kind)
        with database_url(place) as url:
            result = asyncio.run(_import(url, place.folder, args.kind, args.file, options, dry_run=args.dry_run))
    except UnreadableFile as error:
        write_error(message(error.key, **error.params))
        return 2
    except OSError as error:
        write_error(message("city.import.file_unreadable", path=str(args.file), reason=error.strerror or ""))
        return 2
    if args.json:
        write(json.dumps(told(result), ensure_ascii=False))
    else:
        _tell(result, dry_run=args.dry_run)
    return 0


def _check_kind(kind: str) -> None:
    from dure.city.imports.things import KINDS, kind_of

    if kind not in KINDS:
        import dure.app  # noqa: F401  (the services bring theirs; it takes its time, and the city's own need none of it)
    kind_of(kind)


async def _import(url: str, folder: Path, kind: str, file: Path, options: dict[str, str], *, dry_run: bool) -> "Result":
    from dure.city.imports.service import run_import
    from dure.engine.database import Database
    from dure.trust import vault

    database = Database(url, pool_size=3, folder=folder)
    try:
        return await run_import(database, vault.at(folder), kind, file, dry_run=dry_run, options=options)
    finally:
        await database.close()


def told(result: "Result") -> dict[str, Any]:
    """The result as others may rely on it."""
    return {
        "read": result.read,
        "imported": result.imported,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "rejected": [
            {"row": one.row, "field": one.field, "reason": message(one.key, **one.params), "key": one.key}
            for one in result.rejected
        ],
        "notes": dict(result.notes),
    }


def _tell(result: "Result", *, dry_run: bool) -> None:
    write(
        message(
            "city.import.cli.dry" if dry_run else "city.import.cli.done",
            read=result.read,
            imported=result.imported,
            updated=result.updated,
            unchanged=result.unchanged,
            rejected=len(result.rejected),
        )
    )
    for one in result.rejected[:_SHOWN]:
        reason = message(one.key, **one.params)
        write(message("city.import.cli.row", row=one.row, field=one.field, reason=reason))
    if len(result.rejected) > _SHOWN:
        write(message("city.import.cli.more", n=len(result.rejected) - _SHOWN))
    for key, n in result.notes.items():
        write(message("city.import.cli.note", what=message(f"{key}.short"), n=n))
