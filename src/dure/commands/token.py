"""`dure token`: makes, lists and revokes API tokens of a city that runs or stands still."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dure.commands.reaching import in_city
from dure.commands.speech import message, pick, write, write_error

if TYPE_CHECKING:
    from dure.engine.database import Tx


def arguments(parser: argparse.ArgumentParser) -> None:
    """`dure token`'s options."""

    def add(name: str, ko: str, en: str, **more: Any) -> None:
        parser.add_argument(name, help=pick(ko, en), **more)

    add("action", "list(목록) 또는 revoke(폐기)", "list, or revoke", nargs="?", choices=["list", "revoke"])
    add("token", "폐기할 토큰의 id 또는 토큰", "the token to revoke: its id, or itself", nargs="?")
    add("--role", "역할", "role", choices=[*_roles()], metavar="ROLE")
    add("--agency", "기관", "agency")
    add("--device", "장치 하나에만 쓰는 토큰 (역할 device)", "the one device that it speaks for (role device)")
    add(
        "--network", "쓸 수 있는 망(CIDR), 여러 번 가능", "network (CIDR) it may come from", action="append", default=[]
    )
    add("--name", "토큰의 이름", "what it is for")
    add("--expires", "유효 기간: 90d, 12h (기본 90d)", "how long it is valid: 90d, 12h (default 90d)", default="90d")
    add("--data", "도시의 폴더 (기본 .dure/city)", "the city's folder (default .dure/city)", type=Path)
    add("--json", "JSON으로 씁니다 (list)", "print JSON (list)", action="store_true")


def _roles() -> list[str]:
    from dure.trust.roles import Role

    return [role.value for role in Role]


def run(args: argparse.Namespace) -> int:
    """0 done, 2 for arguments that make no sense. The token alone is on stdout."""
    if args.action is None and args.role is None:
        write_error(message("trust.cli.role_needed", roles=", ".join(_roles())))
        return 2
    if args.action == "revoke" and not args.token:
        write_error(message("trust.cli.revoke_needs"))
        return 2
    if args.action == "list":
        return in_city(args.data, lambda tx: _list(tx, as_json=args.json))
    if args.action == "revoke":
        return in_city(args.data, lambda tx: _revoke(tx, args.token))
    return in_city(args.data, lambda tx: _make(tx, args))


async def _make(tx: "Tx", args: argparse.Namespace) -> int:
    from dure.trust import tokens
    from dure.trust.principal import system
    from dure.trust.roles import Role

    name = (args.name or f"{args.role} (dure token)").strip()[:200]
    wanted = tokens.Wanted(Role(args.role), name, args.agency, args.device, args.network, args.expires)
    _row, secret = await tokens.make(tx, system("dure token"), wanted)
    write(secret)
    return 0


async def _list(tx: "Tx", *, as_json: bool) -> int:
    from dure.trust import tokens

    rows = await tokens.listing(tx, after=None, limit=10_000)
    if as_json:
        write(json.dumps({"items": [dict(row) for row in rows]}, ensure_ascii=False, default=str))
        return 0
    now = tx.now()
    for row in rows:
        ended = row["revoked_at"] is not None or row["expires_at"] <= now
        state = message("trust.cli.ended" if ended else "trust.cli.valid")
        until = row["expires_at"].date().isoformat()
        write("\t".join([str(row["id"]), row["role"], row["agency_id"] or "-", state, until, row["name"]]))
    if not rows and sys.stdout.isatty():
        write(message("trust.cli.none"))
    return 0


async def _revoke(tx: "Tx", named: str) -> int:
    from dure.trust import tokens
    from dure.trust.principal import system

    try:
        id_: UUID | None = UUID(named)
    except ValueError:
        id_ = await tokens.id_of(tx, named)
    row = await tokens.revoke(tx, system("dure token"), id_ or UUID(int=0))
    write(message("trust.cli.revoked", name=row["name"], id=str(row["id"])))
    return 0
