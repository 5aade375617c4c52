"""The person's own copy: who they are, on what grounds they are kept, who read it, what they asked; given once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.kernel.errors import Conflict, Forbidden, NotFound
from dure.kernel.sheet import csv_bytes
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.purposes import ledger, opening, queries, rights
from dure.trust.purposes.codes import KINDS
from dure.trust.purposes.model import Leave
from dure.trust.vault import Person, Vault

_WHOLE = frozenset(KINDS)
_MOST = 100_000


async def reads(tx: Tx, principal: Principal, person_id: UUID, *, after: Key | None, most: int) -> Sequence[RowMapping]:
    """Who read what about this person, from the audit log, the newest first; one more than `most`. Whatever the person
    did themself is left out.
    """
    before_at, before_id = after or (None, None)
    values = {"person_id": person_id, "own": principal.actor, "with_own": False, "most": most + 1}
    return await tx.rows(queries.READS, {**values, "before_at": before_at, "before_id": before_id})


async def own_record(tx: Tx, vault: Vault, principal: Principal, person_id: UUID) -> Person:
    """The person's own record, while an accepted request for access stands. Raises Forbidden without one, NotFound."""
    request = await tx.scalar(queries.STANDING_ACCESS, {"person_id": person_id, "now": tx.now()})
    if request is None:
        raise Forbidden("trust.rights.access_needed")
    return await _opened(tx, vault, principal, person_id, "pipa.35")


async def _opened(tx: Tx, vault: Vault, principal: Principal, person_id: UUID, basis: str) -> Person:
    line = await audit.record(tx, principal, "person.own", "person", person_id, purpose=basis, person_id=person_id)
    await opening.note(tx, line, person_id, Leave("rights", basis, _WHOLE))
    found = await vault.opened(tx, [person_id])
    if person_id not in found:
        raise NotFound("trust.person.unknown")
    return found[person_id]


async def take(tx: Tx, vault: Vault, principal: Principal, person_id: UUID, request_id: UUID) -> dict[str, Any]:
    """All that is kept about the person, as plain data; once. Raises NotFound, Forbidden, Conflict if it was given."""
    row = await rights.get(tx, request_id, lock=True)
    if row["person_id"] != person_id or row["kind"] != "copy":
        raise NotFound("trust.rights.unknown")
    if row["state"] != "accepted" or row["open_until"] <= tx.now():
        raise Forbidden("trust.rights.copy_not_open")
    if (await tx.execute(queries.GIVE, {"id": request_id, "now": tx.now()})).first() is None:
        raise Conflict("trust.rights.copy_given")
    record = await _opened(tx, vault, principal, person_id, "pipa.35")
    purposes = await ledger.listing(tx, person_id=person_id, agency_id=None, standing=False, after=None, most=_MOST)
    requests = await rights.of_person(tx, person_id, after=None, most=_MOST)
    return {
        "person_id": person_id,
        "as_of": tx.now(),
        "record": msgspec.structs.asdict(record),
        "purposes": [
            _picked(one, "basis", "code", "text", "kinds", "from_at", "until_at", "withdrawn_at") for one in purposes
        ],
        "reads": [
            _picked(one, "at", "action", "agency_name", "basis", "code", "purpose_text", "kinds", "outcome")
            for one in await reads(tx, principal, person_id, after=None, most=_MOST)
        ],
        "requests": [
            {
                **_picked(one, "kind", "state", "received_at", "due_at", "decided_at", "ground"),
                "words": msgspec.to_builtins(rights.words_of(vault, one)),
                "answer": rights.answer_of(vault, one),
            }
            for one in requests
        ],
    }


def _picked(row: RowMapping, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def as_json(copy: dict[str, Any]) -> bytes:
    """The copy as a JSON file."""
    return msgspec.json.format(msgspec.json.encode(copy, enc_hook=str), indent=2)


def as_csv(copy: dict[str, Any]) -> bytes:
    """The copy as a CSV file, one value a row: part, number, field, value; with a BOM, so that spreadsheets read it."""
    rows: list[Sequence[object]] = [("part", "number", "field", "value"), ("about", 1, "as_of", copy["as_of"])]
    rows += [("record", 1, name, value) for name, value in copy["record"].items()]
    for part in ("purposes", "reads", "requests"):
        for number, one in enumerate(copy[part], 1):
            rows += [(part, number, name, value) for name, value in one.items()]
    return csv_bytes(rows)
