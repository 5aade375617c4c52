"""Small streams: cameras offer a second picture of less size, and walls of many tiles are shown that."""

from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import text

from dure.city import streams
from dure.engine.database import Tx
from dure.trust.vault import Vault
from dure.video.relay import SMALL

_SUB = text("select sub_url from video_control where camera_id = :id")


async def source_of(tx: Tx, camera_id: str) -> str:
    """What to fetch for a small tile: the camera's small stream, where it is known to have one."""
    return camera_id if await tx.scalar(_SUB, {"id": camera_id}) is None else camera_id + SMALL


async def address_of(tx: Tx, vault: Vault, source: str) -> str | None:
    """Where to fetch a source, its login included; None where nobody has said. Only for whoever fetches it: never
    shown, never logged. Raises Unavailable.
    """
    camera_id = source.removesuffix(SMALL)
    address = await streams.address_of(tx, vault, camera_id)
    if address is None or source == camera_id:
        return address
    sub = await tx.scalar(_SUB, {"id": camera_id})
    if sub is None:
        return address
    parts = urlsplit(str(sub))
    login = streams.login_of(address)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}")) if login else str(sub)
