"""The public page's files: written when something that citizens see has changed, each whole or not at all, with its
gzip form beside it, so that any web server can serve the folder.
"""

import asyncio
import contextlib
import gzip
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.notices import publishing
from dure.notices.cap.model import Alert
from dure.respond.operations import posts
from dure.respond.operations.pages import InForce, Pages, Post, Site

AS_OF_EVERY = timedelta(minutes=1)
"""How old the as-of time on an unchanged page may become: a page that is older is not being written."""

_CITY = text("select name from boundary where level = 'city' order by code limit 1")


def folder(data: Path) -> Path:
    """Where the files lie that anybody may read."""
    return data / "public" / "status"


async def lay_out(context: Context) -> None:
    """Bring the files up to date."""
    async with context.database.transaction() as tx:
        site = await gathered(tx, context)
    await asyncio.to_thread(write, folder(context.settings.data), Pages(site, context.catalogue).files())


async def gathered(tx: Tx, context: Context) -> Site:
    """What citizens are shown now."""
    found = [
        Post(
            str(row["id"]), row["level"], row["over"] == "over", row["words"], row["first_shown_at"], row["approved_at"]
        )
        for row in await posts.standing(tx)
    ]
    in_force = [_warning(one) for one in await publishing.in_force(tx)]
    city = await tx.scalar(_CITY) or ""
    settings = context.settings
    return Site(city, settings.public_url, settings.city_zone, _steady(tx.now()), found, in_force)


def _steady(now: datetime) -> datetime:
    """The as-of time: whole minutes, so that a page on which nothing changed is not written at every look."""
    return now - timedelta(seconds=now.timestamp() % AS_OF_EVERY.total_seconds())


def _warning(alert: Alert) -> InForce:
    words = {
        info.language[:2]: {"headline": info.headline, "description": info.description, "instruction": info.instruction}
        for info in alert.infos
    }
    return InForce(alert.identifier, alert.sent, max(info.expires for info in alert.infos), words)


def write(place: Path, files: Mapping[str, bytes]) -> int:
    """Write what differs; how many files. Blocking. The pages come last: what they name is there before them."""
    place.mkdir(parents=True, exist_ok=True)
    written = 0
    for name in sorted(files, key=lambda one: (one.endswith(".html"), one)):
        packed = place / f"{name}.gz"
        if _laid(place / name, files[name]) or not packed.exists():
            _laid(packed, gzip.compress(files[name], 9, mtime=0))
            written += 1
    return written


def _laid(path: Path, content: bytes) -> bool:
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == content:
            return False
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
    return True
