"""Where a camera's picture comes from: the address in the open, the login in it sealed by the vault's key."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.vault import Vault

FORM = r"^([rR][tT][sS][pP]|[hH][tT][tT][pP])[sS]?://[^\s'\"\\<>]{1,500}$"
"""RTSP, and Motion JPEG over HTTP, each over TLS, too; nothing that could end a line or a quotation."""
_FORM = re.compile(FORM)
_STREAM = text("select stream_url, stream_login, state from camera where id = :id")


def is_address(value: str) -> bool:
    """Whether `value` is an address that a picture can be fetched from."""
    if not value.isprintable() or _FORM.fullmatch(value) is None:
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def without_login(address: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def login_of(address: str) -> str:
    """`name:password` as it stands in the address; empty where there is none."""
    return urlsplit(address).netloc.rpartition("@")[0]


def columns(vault: Vault, camera_id: str, address: str | None) -> dict[str, Any]:
    """`stream_url` and `stream_login` of a camera with this address."""
    if address is None:
        return {"stream_url": None, "stream_login": None}
    login = login_of(address)
    sealed = vault.seal(_about(camera_id), login.encode()) if login else None
    return {"stream_url": without_login(address), "stream_login": sealed}


def whole(vault: Vault, camera_id: str, row: Mapping[Any, Any]) -> str | None:
    """The address with its login, out of a camera's columns. Raises Unavailable where the key is another."""
    address, sealed = row["stream_url"], row["stream_login"]
    if address is None or sealed is None:
        return address if address is None else str(address)
    parts: SplitResult = urlsplit(address)
    login = vault.unseal(_about(camera_id), bytes(sealed)).decode()
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))


async def address_of(tx: Tx, vault: Vault, camera_id: str) -> str | None:
    """Where to fetch the picture of a camera, its login included; None where nobody has said, or there is no such
    camera. Only for whoever fetches it: never shown, never logged. Raises Unavailable.
    """
    row = await tx.row(_STREAM, {"id": camera_id})
    return None if row is None else whole(vault, camera_id, row)


def _about(camera_id: str) -> str:
    return f"camera/{camera_id}/login"
