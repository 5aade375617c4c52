"""Why somebody did something, in their own words, as a line of the audit log and the thing itself (a delegation, a
hold, a review) keep it: codes plain, words sealed.

The words are sealed under the key of the incident they were said for, else of the person they were said of, else of
whoever said them. Destroying that key makes them unreadable in the log and in every copy of it; the line's bytes stay
as they were written, so the log's tree still proves them.
"""

import asyncio
import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.trust.principal import Principal
from dure.trust.vault import cipher, envelope
from dure.trust.vault.envelope import DataKey
from dure.trust.vault.records import Vault, of

KIND = "actor"
"""The kind of the key of whoever wrote something: an account, a token, a part of the city."""
_INCIDENT = "incident"
GONE = "■■■"
"""Stands for words whose key was destroyed."""
MARK = "sealed:"
"""In the purpose of a line: here begin words that were sealed."""
_COLUMN = "audit.purpose"
_SEALED = re.compile(
    r"^(?P<code>.*?) ?sealed:(?P<kind>[a-z]+):(?P<id>[0-9a-f]{32}):(?P<kept>[A-Za-z0-9_=-]+)$", re.DOTALL
)


async def sealed(
    tx: Tx,
    principal: Principal,
    words: str,
    *,
    code: str = "",
    incident_id: UUID | None = None,
    person_id: UUID | None = None,
) -> str:
    """`code` and the sealed `words`, for the `purpose` of a line; the code alone where nothing was said."""
    return await sealed_by(tx, principal.id, words, code=code, incident_id=incident_id, person_id=person_id)


async def sealed_by(
    tx: Tx, writer: UUID, words: str, *, code: str = "", incident_id: UUID | None = None, person_id: UUID | None = None
) -> str:
    """As `sealed`, of somebody of whom no more is known than the id."""
    if not words:
        return code
    vault = of(tx)
    key = await _key(vault, writer, incident_id, person_id)
    kept = envelope.seal(key, _COLUMN, words.encode("utf-8", "surrogatepass"), vault.suite)
    told = f"{MARK}{key.kind}:{key.id.hex}:{base64.urlsafe_b64encode(kept).decode()}"
    return f"{code} {told}" if code else told


def opened(tx: Tx, purposes: Sequence[str | None]) -> list[str | None]:
    """The purposes of lines as people read them, in the order given; `GONE` where the key was destroyed."""
    found = [_SEALED.match(one) if one and MARK in one else None for one in purposes]
    wanted: dict[str, set[UUID]] = {}
    for one in found:
        if one:
            wanted.setdefault(one["kind"], set()).add(UUID(hex=one["id"]))
    keys = {(kind, id_): key for kind, ids in wanted.items() for id_, key in of(tx).key(kind, ids).items()}
    return [
        f"{one['code']} {_words(keys.get((one['kind'], UUID(hex=one['id']))), one['kept'])}".strip() if one else purpose
        for one, purpose in zip(found, purposes, strict=True)
    ]


def opened_in(tx: Tx, rows: Sequence[RowMapping | Mapping[str, Any]], *columns: str) -> list[dict[str, Any]]:
    """The rows with these columns as people read them. What was written before words were sealed is as it was."""
    found = [dict(row) for row in rows]
    for column in columns:
        for row, said in zip(found, opened(tx, [row[column] for row in found]), strict=True):
            row[column] = said
    return found


def _words(key: DataKey | None, kept: str) -> str:
    """One that cannot be read must not keep an auditor from all others; what was changed, the tree finds."""
    if key is None:
        return GONE
    try:
        return envelope.unseal(key, _COLUMN, base64.urlsafe_b64decode(kept)).decode("utf-8", "surrogatepass")
    except (cipher.Unreadable, ValueError):
        return GONE


async def _key(vault: Vault, writer: UUID, incident_id: UUID | None, person_id: UUID | None) -> DataKey:
    """The first key of these that there is; a key for words is made where there was none, but never for a person."""
    if person_id is not None and incident_id is None:
        of_person = vault.key("person", [person_id])
        if of_person:
            return of_person[person_id]
    whose = (_INCIDENT, incident_id) if incident_id is not None else (KIND, writer)
    if incident_id is not None and vault.keys.is_destroyed(*whose):
        whose = (KIND, writer)
    keys = vault.key(whose[0], [whose[1]])
    if not keys:
        keys = await asyncio.to_thread(vault.ensure, whose[0], [whose[1]])
    return keys[whose[1]]
