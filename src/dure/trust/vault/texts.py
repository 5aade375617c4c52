"""What people write about an incident, sealed under that incident's key: descriptions, notes, reasons, answers, files.

A column keeps bytes (empty: nothing was written). Lists do not open them; a reader who may see the incident does.
Destroying the incident's key makes every word about it unreadable and leaves times, types and places as they are.
"""

import asyncio
import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.trust.principal import Principal
from dure.trust.vault import envelope, erasing
from dure.trust.vault.records import Vault, of, readable

KIND = "incident"
_LINE = "sealed:"
_WAITS = b"\0"
"""The first byte of words that were written before they were sealed, until they are (see `upgrading`)."""


async def sealed(tx: Tx, incident_id: UUID, column: str, words: str | None) -> bytes | None:
    """`words` as the column `table.column` keeps them. Raises Conflict where the incident's key was destroyed."""
    if words is None:
        return None
    return await sealed_bytes(tx, incident_id, column, words.encode("utf-8", "surrogatepass"))


async def sealed_bytes(tx: Tx, incident_id: UUID, column: str, plain: bytes) -> bytes:
    """The same for a file that belongs to an incident."""
    if not plain:
        return b""
    vault = of(tx)
    keys = vault.key(KIND, [incident_id])
    if not keys:  # the first words about it: its key is made, and stands on the disk before they do
        keys = await asyncio.to_thread(vault.ensure, KIND, [incident_id])
    return envelope.seal(keys[incident_id], column, plain, vault.suite)


def opened(
    tx: Tx, table: str, rows: Iterable[RowMapping | Mapping[str, Any]], *columns: str, by: str = "incident_id"
) -> list[dict[str, Any]]:
    """The rows with these columns as text; `by` is the column that says whose they are. Words whose key was destroyed
    are empty. Raises Unavailable where a key does not fit.
    """
    found = [dict(row) for row in rows]
    vault = of(tx) if found else None
    keys = vault.key(KIND, {row[by] for row in found if any(row[one] for one in columns)}) if vault else {}
    for row in found:
        for column in columns:
            if row[column] is not None:
                row[column] = _text(keys.get(row[by]), f"{table}.{column}", bytes(row[column]))
    return found


def opened_bytes(vault: Vault, incident_id: UUID, column: str, sealed: bytes) -> bytes:
    """A file that `sealed_bytes` hid; empty where its key was destroyed."""
    return _plain(vault.key(KIND, [incident_id]).get(incident_id), column, sealed)


async def sealed_line(tx: Tx, id_: UUID, column: str, words: str | None) -> str | None:
    """As `sealed`, for a column of text: what a person added when they judged an alarm, under that alarm's key."""
    kept = await sealed(tx, id_, column, words)
    return None if kept is None else _LINE + base64.b64encode(kept).decode()


def opened_lines(tx: Tx, column: str, lines: Mapping[UUID, str | None]) -> dict[UUID, str | None]:
    """What `sealed_line` hid, by id. A line from before it was sealed is as it was."""
    hidden = {
        id_: base64.b64decode(line[len(_LINE) :]) for id_, line in lines.items() if line and line.startswith(_LINE)
    }
    keys = of(tx).key(KIND, hidden) if hidden else {}
    return {id_: _text(keys.get(id_), column, hidden[id_]) if id_ in hidden else line for id_, line in lines.items()}


def same(tx: Tx, told: bytes) -> bytes:
    """A digest by which the same words told twice are known, and nobody without the keys can guess them."""
    return of(tx).digest("report", told.hex())


async def destroy(tx: Tx, principal: Principal, incident_ids: Sequence[UUID], reason: str) -> int:
    """Destroy the words of incidents (their keys); how many. The caller leaves the line in the audit log."""
    return await erasing.order(tx, of(tx), KIND, list(incident_ids), reason, principal.actor)


def _text(key: envelope.DataKey | None, column: str, kept: bytes) -> str:
    return _plain(key, column, kept).decode("utf-8", "surrogatepass")


def _plain(key: envelope.DataKey | None, column: str, kept: bytes) -> bytes:
    if kept[:1] == _WAITS:
        return kept[1:]
    if not kept or key is None:
        return b""
    with readable():
        return envelope.unseal(key, column, kept)
