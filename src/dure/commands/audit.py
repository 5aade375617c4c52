"""`dure audit`: proves the log whole, takes it out for an auditor, and witnesses another city's log."""

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dure.commands.reaching import in_city
from dure.commands.speech import message, pick, write, write_error

if TYPE_CHECKING:
    from dure.engine.database import Tx
    from dure.trust.audit.walk import Verdict


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure audit`'s options."""

    def add(name: str, ko: str, en: str, **more: Any) -> None:
        parser.add_argument(name, help=pick(ko, en), **more)

    add(
        "action",
        "verify(전체 검증), export(내보내기), witness(다른 도시의 증인), key(공개 키), rotate(서명 키 바꾸기)",
        "verify the whole log, export it, witness a city's log, print the public key, or rotate the signing key",
        choices=["verify", "export", "witness", "key", "rotate"],
    )
    add("target", "내보낼 폴더, 또는 도시의 URL이나 체크포인트 폴더", "folder, or a city's URL or drop", nargs="?")
    add("--data", "도시의 폴더 (기본 .dure/city)", "the city's folder (default .dure/city)", type=Path)
    add("--key", "따로 받아 둔 도시의 공개 키", "the city's public key, had by another way")
    add("--seen", "증인이 지킨 seen.jsonl (verify)", "a witness's seen.jsonl (verify)", type=Path)
    add("--since", "이 시각부터 (export)", "from this time (export), RFC 3339", type=_moment)
    add("--until", "이 시각 앞까지 (export)", "before this time (export), RFC 3339", type=_moment)
    add("--dir", "증인의 폴더 (witness)", "the witness's folder", type=Path, default=Path(".dure/witness"))
    add("--ca", "도시의 CA 인증서 (witness)", "the city's CA certificate (witness)")
    add("--once", "한 번만 봅니다 (witness)", "look once (witness)", action="store_true")
    add("--every", "몇 초마다 볼지 (기본 60)", "seconds between two looks (default 60)", type=float, default=60.0)
    add("--destroy", "옛 키를 바로 없앱니다 (rotate)", "destroy the old key at once (rotate)", action="store_true")
    add("--json", "JSON으로 씁니다", "print JSON", action="store_true")


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.astimezone()


def run(args: argparse.Namespace) -> int:
    """0 when all is well, 1 where the log is broken or a witness refuses, 2 for arguments that make no sense."""
    if args.action == "verify":
        return _verify(args)
    if args.action == "key":
        from dure.trust.audit import keys

        write(str(keys.signer(_folder(args)).verifier()))
        return 0
    if args.action == "rotate":
        return _rotate(args)
    if args.target is None:
        write_error(message("trust.audit.cli.target_needed"))
        return 2
    return _witness(args) if args.action == "witness" else _export(args)


def _folder(args: argparse.Namespace) -> Path:
    from dure.engine.servers.place import Place, default_folder

    return Place(args.data or default_folder()).folder


# --- verify ---


def _verify(args: argparse.Namespace) -> int:
    from dure.trust.audit import keys, note, verify

    folder = _folder(args)
    key = note.verifier(args.key) if args.key else keys.signer(folder).verifier()
    seen = verify.witnessed_notes(args.seen.read_text(encoding="utf-8")) if args.seen else []
    found = in_city(args.data, lambda tx: verify.verify(tx, key, seen))
    if args.json:
        write(json.dumps(verify.told(found)))
    else:
        _tell(found)
    return 0 if found.whole else 1


def _tell(found: "Verdict") -> None:
    if found.fault is None:
        write(
            message(
                "trust.audit.cli.whole",
                lines=found.lines,
                checkpoints=found.checkpoints,
                signed=found.signed,
                seen=found.witnessed,
            )
        )
        return
    reason = message(f"trust.audit.fault.{found.fault.kind}")
    write_error(message("trust.audit.cli.broken", lines=found.lines, at=found.fault.seq, reason=reason))
    if found.fault.upto is not None:
        write_error(message("trust.audit.cli.range", at=found.fault.seq, upto=found.fault.upto))


# --- rotate ---


def _rotate(args: argparse.Namespace) -> int:
    """The announcement is committed before the new key takes its place; the next checkpoint is signed by it."""
    from dure.trust.audit import keys, rotating
    from dure.trust.principal import system

    folder = _folder(args)
    made = in_city(args.data, lambda tx: rotating.rotate(tx, system("dure audit rotate"), folder))
    keys.settle(folder, destroy=args.destroy)
    if args.json:
        write(json.dumps({"from": str(made.old), "to": str(made.new), "after": made.after, "size": made.size}))
    else:
        write(message("trust.audit.cli.rotated", size=made.size, old=made.old.name, public=str(made.new)))
    return 0


# --- export ---


def _export(args: argparse.Namespace) -> int:
    """Its line and a fresh checkpoint are committed before anything is written."""
    from dure.trust.audit import checkpoints, export, record, rotating
    from dure.trust.principal import system

    out = Path(args.target)
    out.mkdir(parents=True)

    async def begin(tx: "Tx") -> tuple[int, int]:
        span = await export.span(tx, args.since, args.until)
        await record(tx, system("dure audit export"), "audit.export", "audit", f"{span[0] + 1}-{span[1]}")
        await checkpoints.make(tx, await rotating.signer(tx, _folder(args)))
        return span

    first, last = in_city(args.data, begin)

    async def copy(tx: "Tx") -> None:
        key = (await rotating.signer(tx, _folder(args))).verifier()
        async for name, piece in export.parts(tx, key, first, last):
            with (out / name).open("a", encoding="utf-8") as file:
                file.write(piece)

    in_city(args.data, copy)
    write(message("trust.audit.cli.exported", first=first + 1, last=last, folder=str(out)))
    return 0


# --- witness ---


def _witness(args: argparse.Namespace) -> int:
    import httpx

    from dure.trust.audit.note import COSIGNATURE, BadNote
    from dure.trust.audit.witness import Refused, Witness

    try:
        witness = Witness(args.dir, args.key)
    except BadNote as error:
        write_error(message("trust.audit.cli.key_wrong", reason=str(error)))
        return 2
    if witness.key is None:
        write_error(message("trust.audit.cli.key_needed"))
        return 2
    source = str(args.target).rstrip("/")
    write(message("trust.audit.cli.witness", public=str(witness.signer.verifier(COSIGNATURE))))
    client = _client(args.ca) if source.startswith(("http://", "https://")) else None
    while True:
        try:
            for found in witness.look(source, client, datetime.now(UTC)):
                if isinstance(found, Refused):
                    write_error(message(f"trust.audit.cli.refused_{found.kind}", folder=str(args.dir)))
                    return 1
        except (httpx.HTTPError, OSError, ValueError, KeyError) as error:
            write_error(message("trust.audit.cli.not_reached", reason=str(error)))
            if args.once:
                return 69
        last = witness.last
        if last is not None:
            write(message("trust.audit.cli.seen", size=last.size, at=last.at.isoformat()))
        if args.once:
            return 0
        time.sleep(args.every)


def _client(ca: str | None) -> Any:
    import ssl

    import httpx

    trusted = ssl.create_default_context(cafile=ca) if ca else True
    return httpx.Client(timeout=30, verify=trusted)
