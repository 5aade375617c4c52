"""Attaching, opening, removing. Opening leaves its line before a byte leaves; where people can be known by a file, the
line says for what purpose.
"""

import asyncio
import hashlib
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.respond import queries, reading, timeline
from dure.respond.attachments import kinds
from dure.respond.attachments.images import Kept, Refused
from dure.respond.changes import changed, taken
from dure.respond.policy import scope_of
from dure.respond.timeline import Entry
from dure.respond.types import TYPES
from dure.trust import audit
from dure.trust.policy import is_purpose
from dure.trust.principal import Principal
from dure.trust.vault import reasons, texts
from dure.trust.vault.records import of as vault_of

MOST: Final = 200
MOST_BYTES: Final = 500 << 20
"""Of one incident, so that no incident takes the city's disk."""
_CONTENT = "incident_attachment.content"
_ONE = text(
    "select a.*, c.sealed from incident_attachment a left join incident_attachment_content c on c.attachment_id = a.id "
    "join incident i on i.id = a.incident_id where a.id = :id and (i.id = :incident or i.merged_into = :incident)"
)
_OF = text(
    "select a.* from incident_attachment a join incident i on i.id = a.incident_id "
    "where i.id = :id or i.merged_into = :id order by a.added_at desc, a.id desc limit 500"
)
_HELD = text(
    "select count(*) as many, coalesce(sum(size), 0) as bytes from incident_attachment "
    "where incident_id = :id and removed_at is null"
)
_SAME = text("select id from incident_attachment where incident_id = :id and digest = :digest and removed_at is null")
_KEEP = text("insert into incident_attachment_content (attachment_id, sealed) values (:id, :sealed)")
_REMOVE = text(
    "update incident_attachment set removed_at = :now, removed_by = :by, reason = :reason, version = version + 1 "
    "where id = :id"
)
_FORGET = text("delete from incident_attachment_content where attachment_id = :id")
_FORGET_ALL = text(
    "delete from incident_attachment_content where attachment_id in "
    "(select id from incident_attachment where incident_id = any(:ids))"
)


@dataclass(frozen=True, slots=True)
class File:
    """What somebody sends: its name, its bytes, what it is about, and whether people can be known by it."""

    name: str
    content: bytes
    about: str
    persons: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A file on its way out."""

    name: str
    kind: kinds.Kind
    content: bytes


async def attach(tx: Tx, principal: Principal, incident_id: UUID, file: File) -> tuple[UUID, bool]:
    """Keep a file; its id, and whether it is new here. Raises Invalid with the reason for one that is not taken,
    Conflict where the incident has too many.
    """
    await taken(tx, principal, incident_id)
    digest = texts.same(tx, await asyncio.to_thread(lambda: hashlib.sha256(file.content).digest()))
    known: UUID | None = await tx.scalar(_SAME, {"id": incident_id, "digest": digest})
    if known is not None:
        return known, False
    kind, kept = await _understood(file)
    held = await tx.row(_HELD, {"id": incident_id})
    if held is None or held["many"] >= MOST or held["bytes"] + len(kept.content) > MOST_BYTES:
        raise Conflict("respond.attachment.full", most=MOST, megabytes=MOST_BYTES >> 20)
    attachment_id = new_id()
    row = {
        "id": attachment_id,
        "incident_id": incident_id,
        "name": await texts.sealed(tx, incident_id, "incident_attachment.name", plain_name(file.name, kind)),
        "about": await texts.sealed(tx, incident_id, "incident_attachment.about", file.about),
        "kind": kind.id,
        "size": len(kept.content),
        "persons": file.persons,
        "removed_parts": sorted(kept.left_out),
        "digest": digest,
        "added_at": tx.now(),
        "added_by": principal.name,
        "added_by_id": principal.actor,
    }
    await queries.insert(tx, "incident_attachment", [row])
    sealed = await texts.sealed_bytes(tx, incident_id, _CONTENT, kept.content)
    await tx.execute(_KEEP, {"id": attachment_id, "sealed": sealed})
    said: dict[str, str | int] = {"kind": kind.id, "location": "yes" if "location" in kept.left_out else "no"}
    await timeline.add(tx, incident_id, Entry.FILE, "attached", said, actor=principal.name, words=file.about or None)
    await changed(tx, incident_id, "attachment")
    await audit.record(tx, principal, "incident.attach", "incident", incident_id, purpose=str(attachment_id))
    return attachment_id, True


async def _understood(file: File) -> tuple[kinds.Kind, Kept]:
    try:
        return await asyncio.to_thread(kinds.understood, file.name, file.content)
    except Refused as refused:
        reason = FieldError("file", refused.key, {"at": refused.at})
        raise Invalid(refused.key, fields=[reason], at=refused.at) from refused


def plain_name(name: str, kind: kinds.Kind) -> str:
    """A file's name without folders, control and direction marks, ending as what the file is."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C" and letter not in '<>:"|?*')
    stem = clean.rsplit(".", 1)[0].strip(" .")[:80]
    return (stem or kind.id) + kind.suffix


async def open_one(tx: Tx, principal: Principal, incident_id: UUID, attachment_id: UUID, purpose: str | None) -> Opened:
    """A file to be shown or saved, its line written first. Raises NotFound, Invalid without a purpose where it needs
    one, Conflict for one that was removed or whose key was destroyed.
    """
    await reading.one(tx, incident_id, scope_of(principal, TYPES))
    row = await _one(tx, incident_id, attachment_id)
    if row["persons"] and not is_purpose(purpose):
        key = "respond.attachment.purpose"
        raise Invalid(key, fields=[FieldError("purpose", key)])
    if row["sealed"] is None:
        raise Conflict("respond.attachment.gone")
    said = await reasons.sealed(tx, principal, (purpose or "").strip(), incident_id=row["incident_id"]) or None
    await audit.record(
        tx, principal, "incident.attachment_open", "attachment", attachment_id, purpose=said, case=incident_id
    )
    vault, sealed = vault_of(tx), bytes(row["sealed"])
    content = await asyncio.to_thread(texts.opened_bytes, vault, row["incident_id"], _CONTENT, sealed)
    if not content:
        raise Conflict("respond.attachment.gone")
    (named,) = texts.opened(tx, "incident_attachment", [row], "name")
    return Opened(named["name"], kinds.KINDS[row["kind"]], content)


async def _one(tx: Tx, incident_id: UUID, attachment_id: UUID) -> RowMapping:
    row = await tx.row(_ONE, {"id": attachment_id, "incident": incident_id})
    if row is None:
        raise NotFound("respond.attachment.unknown")
    return row


async def remove(tx: Tx, principal: Principal, incident_id: UUID, attachment_id: UUID, reason: str) -> None:
    """Take a file away for good, with the reason: by whoever added it, or the control room. That it was there stays on
    the timeline. Again changes nothing.
    """
    await taken(tx, principal, incident_id, merged_too=True)
    row = await _one(tx, incident_id, attachment_id)
    if row["added_by_id"] != principal.actor and not principal.may("incident.handle"):
        raise Forbidden("respond.attachment.not_yours")
    if row["removed_at"] is not None:
        return
    sealed = await texts.sealed(tx, row["incident_id"], "incident_attachment.reason", reason)
    await tx.execute(_REMOVE, {"id": attachment_id, "now": tx.now(), "by": principal.name, "reason": sealed})
    await tx.execute(_FORGET, {"id": attachment_id})
    said = {"kind": row["kind"]}
    await timeline.add(
        tx, row["incident_id"], Entry.FILE, "attachment_removed", said, actor=principal.name, words=reason
    )
    await changed(tx, row["incident_id"], "attachment")
    await audit.record(tx, principal, "incident.attachment_remove", "attachment", attachment_id, case=incident_id)


async def forget(tx: Tx, incident_ids: Collection[UUID]) -> None:
    """The incidents' key is being destroyed: what it sealed goes with it."""
    await tx.execute(_FORGET_ALL, {"ids": list(incident_ids)})


async def of_incident(tx: Tx, principal: Principal, incident_id: UUID) -> list[dict[str, Any]]:
    """What is attached to an incident and to those merged into it, newest first, without content."""
    rows = texts.opened(tx, "incident_attachment", await tx.rows(_OF, {"id": incident_id}), "name", "about", "reason")
    handles = principal.may("incident.handle")
    return [_shown(row, handles=handles or row["added_by_id"] == principal.actor) for row in rows]


def _shown(row: dict[str, Any], *, handles: bool) -> dict[str, Any]:
    plain = ("name", "about", "kind", "size", "persons", "added_at", "added_by", "removed_at", "removed_by", "reason")
    return {
        "id": str(row["id"]),
        "incident_id": str(row["incident_id"]),
        **{name: row[name] for name in plain},
        "left_out": list(row["removed_parts"]),
        "shown": kinds.KINDS[row["kind"]].shown,
        "may_remove": handles and row["removed_at"] is None,
    }
