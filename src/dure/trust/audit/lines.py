"""Writing a line, and the bytes that stand for it in every proof."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.ids import new_id
from dure.trust.principal import Principal

Outcome = Literal["ok", "denied", "failed"]
_LONGEST = 300
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

FIELDS = (
    *("id", "at", "actor", "actor_name", "agency_id", "address", "action", "entity", "entity_id"),
    *("person_id", "purpose", "case_id", "outcome"),
)
"""A line's fields in the order of its canonical form."""
_INSERT = text(f"insert into audit ({', '.join(FIELDS)}) values ({', '.join(f':{name}' for name in FIELDS)})")


async def record(
    tx: Tx,
    principal: Principal | None,
    action: str,
    entity: str,
    entity_id: object,
    *,
    purpose: str | None = None,
    person_id: UUID | None = None,
    case: object | None = None,
    outcome: Outcome = "ok",
    address: str | None = None,
) -> UUID:
    """Leave a line: `action` is room.verb ("incident.close"); ids and labels only, never who a person is.

    `case` is the id of the incident or case that it was done for. `principal` is None for somebody unknown, whose
    `address` is then given. The line stands before the next statement of the transaction and before its commit, which
    raise what the database raises: without its line, nothing happens.
    """
    line = new_id()
    tx.later(
        _INSERT,
        {
            "id": line,
            "at": tx.now(),
            "actor": principal.actor if principal else "anonymous",
            "actor_name": principal.audited_name if principal else "",
            "agency_id": principal.agency_id if principal else None,
            "address": principal.address if principal else address,
            "action": action,
            "entity": entity,
            "entity_id": str(entity_id)[:_LONGEST],
            "person_id": person_id,
            "purpose": purpose,
            "case_id": None if case is None else str(case)[:_LONGEST],
            "outcome": outcome,
        },
    )
    return line


def _field(value: object) -> bytes:
    if value is None:
        return b"-"
    plain = str((value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value).encode()
    return b"%d:%b" % (len(plain), plain)


def canonical(line: Mapping[Any, Any]) -> bytes:
    """The bytes of a line: each field is its length in bytes, a colon and its text, null is "-"; a time is
    microseconds since 1970. No two different lines have the same. `audit_canonical` in the database makes them, too.
    """
    return b"".join([_field(line[name]) for name in FIELDS])
