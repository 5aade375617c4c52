"""Lists page by cursor: `{"items": [...], "next": cursor or null}`. A cursor is opaque; it holds the sort key of the
last row."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from fastapi import Query

from dure.kernel.errors import FieldError, Invalid

T = TypeVar("T")
MOST = 500
Key = tuple[Any, ...]
Cursor = Annotated[str | None, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=MOST)]


def encode(key: Key) -> str:
    """A cursor for the row whose sort key is `key` (text, numbers, times, ids)."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in key]
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(plain)).decode().rstrip("=")


def decode(cursor: str | None, *types: type) -> Key | None:
    """The sort key in `cursor`, each part of the given type. Raises Invalid for anything that dure did not make."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        parts = msgspec.msgpack.decode(raw, type=list[Any])
        if len(parts) != len(types):
            raise ValueError
        return tuple(_typed(part, wanted) for part, wanted in zip(parts, types, strict=True))
    except (ValueError, TypeError, binascii.Error, msgspec.DecodeError, RecursionError) as error:
        raise Invalid("engine.cursor.wrong", fields=[FieldError("cursor", "engine.cursor.wrong")]) from error


def _typed(part: object, wanted: type) -> object:
    if wanted is datetime:
        at = datetime.fromisoformat(str(part))
        if at.tzinfo is None:
            raise ValueError
        return at
    if wanted is UUID:
        return UUID(str(part))
    if not isinstance(part, wanted):
        raise TypeError
    if isinstance(part, str) and "\0" in part:
        raise ValueError
    if isinstance(part, int) and abs(part) >= 2**63:
        raise ValueError
    return part


def page(rows: Sequence[T], limit: int, key: Any) -> dict[str, Any]:
    """`rows` (fetched with `limit + 1`) as a page; `key(row)` is the sort key of a row."""
    more = len(rows) > limit
    items = list(rows[:limit])
    return {"items": items, "next": encode(key(items[-1])) if more and items else None}
