"""After a city has changed its cipher suite: what was sealed by another is sealed anew, some hundred rows at a time.

What is sealed says so in its first bytes, and authenticated encryption says which key and context it has, so the
database's own catalogue is enough: no list of columns could be forgotten. Cut off anywhere, it goes on from there when
it is asked again. What cannot be sealed anew is counted by table, never passed over in silence.
"""

import asyncio
import base64
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text
from sqlalchemy.exc import DBAPIError

from dure.engine.database import Database, Tx
from dure.kernel.errors import Unavailable
from dure.trust import audit
from dure.trust.principal import system
from dure.trust.vault import cipher, envelope
from dure.trust.vault.envelope import DataKey
from dure.trust.vault.records import Vault

LINE = "sealed:"
_MANY = 200
_KIND = "incident"
_LEFT_OUT = frozenset({"audit", "kept_answer", "import_row"})
"""The log, which nobody changes; and what lives for hours or days, sealed under the city's own key."""
_OF_CITY = {
    "camera.stream_login": "camera/{id}/login",
    "automation.sealed": "automation {id}",
    "handoff_door.sealed": "door {agency_id}",
    "handoff_door.earlier": "door {agency_id}",
    "notice.sealed": "notice {id}",
    "notice_contact.sealed": "contact {owner} {medium}",
    "push_key.sealed": "push key",
    "rights_request.words": "rights_request/{id}/words",
    "rights_request.answer": "rights_request/{id}/answer",
    "shift_handover.note": "shift {log_id} note",
    "shift_handover.taken_note": "shift {log_id} taken",
    "shift_remark.text": "shift {log_id} remark",
    "sso_session.id_token": "sso.session {id}",
    "totp.pending": "account.totp {account_id}",
    "totp.sealed": "account.totp {account_id}",
    "video_control.onvif_login": "camera/{camera_id}/onvif",
    "video_recorder.onvif_login": "recorder/{id}/onvif",
}
"""What rooms seal under the city's own key (`Vault.seal`), and what of the row it is bound to."""
_DIGESTS = ("hash", "digest")
"""Columns whose names end so hold digests: as random as what is sealed, some begin as that does."""


@dataclass
class Resealed:
    """How it went: things sealed anew, and by table those that stay as they were (readable, by their old suite)."""

    done: int = 0
    left: Counter[str] = field(default_factory=Counter)


@dataclass
class Relation:
    """A table as the database itself describes it; `parents` leads from a column to the table and column it names."""

    name: str
    keys: list[str]
    bytes_: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    parents: dict[str, tuple[str, str]] = field(default_factory=dict)


async def reseal(database: Database, vault: Vault, told: Callable[[int], None] = lambda _done: None) -> Resealed:
    """Seal all anew that another suite sealed. `told` hears after each transaction how many were done.

    Keys that wrap keys are the matter of `rotating.rotate`, which wraps by the chosen suite, too.
    """
    result = Resealed()
    async with database.transaction() as tx:
        relations = await _relations(tx)
    for one in relations.values():
        if one.name in _LEFT_OUT or not one.keys or not one.bytes_ + one.texts:
            continue
        after: list[Any] | None = None
        while True:
            async with database.transaction() as tx:
                rows = await _waiting(tx, one, vault.suite, after)
                for row in rows:
                    await _row(tx, vault, relations, one, row, result)
            if not rows:
                break
            told(result.done)
            after = [rows[-1][name] for name in one.keys]
    async with database.transaction() as tx:
        await audit.record(tx, system("dure vault"), "vault.reseal", "vault_key", vault.suite, purpose=str(result.done))
    return result


async def _relations(tx: Tx) -> dict[str, Relation]:
    found: dict[str, Relation] = {}
    for row in await tx.rows(_COLUMNS):
        one = found.setdefault(row["relation"], Relation(row["relation"], list(row["keys"])))
        if not (row["type"] == "bytea" and row["name"].endswith(_DIGESTS)):
            {"bytea": one.bytes_, "text": one.texts, "uuid": one.ids}[row["type"]].append(row["name"])
    for row in await tx.rows(_PARENTS):
        if row["relation"] in found:
            found[row["relation"]].parents[row["name"]] = (row["parent"], row["parent_name"])
    return found


async def _waiting(tx: Tx, one: Relation, suite: int, after: list[Any] | None) -> Sequence[RowMapping]:
    """Rows after a key, in order, in which another suite may have sealed something."""
    head = "substring({0} from 1 for 2) = any(:others)"
    if one.name == "person":  # its fields are sealed one by one, within
        head = "substring({0} from 1 for 1) = any(:others)"
    maybe = [head.format(_q(name)) for name in one.bytes_]
    maybe += [f"strpos({_q(name)}, '{LINE}') > 0" for name in one.texts]
    keys = ", ".join(map(_q, one.keys))
    values: dict[str, Any] = {"many": _MANY}
    if one.bytes_:
        forms = [bytes((envelope.FORM, other)) for other in cipher.known() if other != suite]
        values["others"] = [bytes((envelope.FORM,))] if one.name == "person" else forms
    place = ""
    if after is not None:
        place = f"and ({keys}) > ({', '.join(f':k{n}' for n in range(len(after)))})"
        values |= {f"k{n}": value for n, value in enumerate(after)}
    asked = f"select * from {_q(one.name)} where ({' or '.join(maybe)}) {place} order by {keys} limit :many for update"
    return await tx.rows(text(asked), values)


async def _row(
    tx: Tx, vault: Vault, relations: Mapping[str, Relation], one: Relation, row: RowMapping, result: Resealed
) -> None:
    fresh: dict[str, Any] = {}
    owners, gone = await _owners(tx, vault, relations, one, row)
    for column in one.bytes_ + one.texts:
        kept = row[column]
        if not kept:
            continue
        name = f"{one.name}.{column}"
        made = (
            _text(vault, name, kept, owners)
            if isinstance(kept, str)
            else _bytes(vault, one.name, name, bytes(kept), owners)
        )
        if made is None and name in _OF_CITY:
            made = _of_city(vault, _OF_CITY[name].format_map(row), bytes(kept))
        if made is None:
            if not gone:
                result.left[one.name] += 1
        elif made != kept:
            fresh[column] = made
    if not fresh:
        return
    given = ", ".join(f"{_q(column)} = :c{n}" for n, column in enumerate(fresh))
    which = " and ".join(f"{_q(name)} = :k{n}" for n, name in enumerate(one.keys))
    values = {f"c{n}": value for n, value in enumerate(fresh.values())}
    values |= {f"k{n}": row[name] for n, name in enumerate(one.keys)}
    try:
        async with tx.nested():
            await tx.execute(text(f"update {_q(one.name)} set {given} where {which}"), values)
    except DBAPIError:  # a table of what stands for ever: its own trigger refuses
        result.left[one.name] += len(fresh)
    else:
        result.done += len(fresh)


async def _owners(
    tx: Tx, vault: Vault, relations: Mapping[str, Relation], one: Relation, row: RowMapping
) -> tuple[list[DataKey], bool]:
    """The keys that something in this row can be sealed under: of each id in it, and of the incident of the row that it
    belongs to; and whether one of them was destroyed: then nobody reads it again, and nothing is left to do.
    """
    ids = {row[name] for name in one.ids}
    for name, (parent, column) in one.parents.items():
        if row[name] is not None and parent in relations and "incident_id" in relations[parent].ids:
            asked = f"select incident_id from {_q(parent)} where {_q(column)} = :id"
            ids.add(await tx.scalar(text(asked), {"id": row[name]}))
    wanted = [id_ for id_ in ids if isinstance(id_, UUID)]
    kind = "person" if one.name == "person" else _KIND
    found = await asyncio.to_thread(vault.key, kind, wanted)
    return list(found.values()), any(vault.keys.is_destroyed(kind, id_) for id_ in wanted if id_ not in found)


def _q(name: str) -> str:
    """A name of the database's own, quoted."""
    return '"' + name.replace('"', '""') + '"'


def _bytes(vault: Vault, table: str, name: str, kept: bytes, owners: Sequence[DataKey]) -> bytes | None:
    """The same sealed anew, as it is where it needs nothing, None where no key here opens it."""
    if table == "person":
        return _person(vault, kept, owners)
    if kept[:1] != bytes((envelope.FORM,)) or kept[1] == vault.suite or kept[1] not in cipher.known():
        return kept  # bytes that were not sealed may begin so, too
    return _anew(vault, _contexts(name), kept, owners)


def _of_city(vault: Vault, about: str, kept: bytes) -> bytes | None:
    try:
        return vault.seal(about, vault.unseal(about, kept))
    except Unavailable:
        return None


def _contexts(name: str) -> Iterator[str]:
    """What the words of a column are bound to: its name; a file's content, which has a table of its own, to its
    thing's; what a notice says, to its text.
    """
    yield name
    yield name.removesuffix("_content.sealed") + ".content"
    yield name.rpartition(".")[0] + ".text"


def _person(vault: Vault, kept: bytes, owners: Sequence[DataKey]) -> bytes | None:
    """A record: each field is sealed by itself. One of the first form is the upgrade's."""
    if kept[:1] != bytes((envelope.FORM,)):
        return kept
    parts: Mapping[str, bytes] = msgspec.msgpack.decode(kept[1:], type=dict[str, bytes])
    fresh = {
        name: part if part[1] == vault.suite else _anew(vault, [f"person.{name}"], part, owners)
        for name, part in parts.items()
    }
    return None if None in fresh.values() else kept[:1] + msgspec.msgpack.encode(fresh)


def _text(vault: Vault, name: str, kept: str, owners: Sequence[DataKey]) -> str | None:
    """A line of text: all of it is sealed (`texts.sealed_line`), or words behind a code are (`reasons.sealed`)."""
    code, marked, told = kept.rpartition(LINE)
    whose, _, coded = told.rpartition(":")
    try:
        if whose:
            kind, _, id_ = whose.partition(":")
            keys = list(vault.key(kind, [UUID(hex=id_)]).values())
            sealed = base64.urlsafe_b64decode(coded)
        else:
            keys, sealed = list(owners), base64.b64decode(coded, validate=True)
    except ValueError:
        return kept  # somebody's words that only look like it
    if not marked or sealed[:1] != bytes((envelope.FORM,)) or sealed[1:2] == bytes((vault.suite,)):
        return kept
    made = _anew(vault, ["audit.purpose" if whose else name], sealed, keys)
    if made is None:
        return None
    encoded = base64.urlsafe_b64encode(made) if whose else base64.b64encode(made)
    return f"{code}{LINE}{whose}{':' if whose else ''}{encoded.decode()}"


def _anew(vault: Vault, contexts: Iterable[str], sealed: bytes, keys: Sequence[DataKey]) -> bytes | None:
    for context in contexts:
        for key in keys:
            try:
                return envelope.seal(key, context, envelope.unseal(key, context, sealed), vault.suite)
            except cipher.Unreadable:
                continue
    return None


_COLUMNS = text(
    """
    select c.relname as relation, a.attname as name, t.typname as type,
        coalesce((select array_agg(k.attname order by k.attnum)
            from pg_index i join pg_attribute k on k.attrelid = i.indrelid and k.attnum = any(i.indkey)
            where i.indrelid = c.oid and i.indisprimary), '{}')::text[] as keys
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid and t.typname in ('bytea', 'text', 'uuid')
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    order by c.relname, a.attnum
    """
)
_PARENTS = text(
    """
    select c.relname as relation, a.attname as name, p.relname as parent, b.attname as parent_name
    from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_class p on p.oid = f.confrelid
    join pg_attribute a on a.attrelid = c.oid and a.attnum = f.conkey[1]
    join pg_attribute b on b.attrelid = p.oid and b.attnum = f.confkey[1]
    where f.contype = 'f' and cardinality(f.conkey) = 1 and f.connamespace = 'public'::regnamespace
    """
)
