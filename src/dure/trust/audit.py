"""The audit log: who did what to what, when, from where, why, and how it ended.

A line is part of the transaction that does the thing: no deed without its line, no line without its deed. What
discloses is recorded and committed before it is shown. The database refuses to change lines and chains them
(`audit_seal`).
"""

import hashlib
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import RowMapping, insert, text

from dure.engine.database import Tx
from dure.kernel.ids import new_id
from dure.trust.principal import Principal
from dure.trust.tables import audit

Outcome = Literal["ok", "denied", "failed"]
_LONGEST = 300


async def record(
    tx: Tx,
    principal: Principal | None,
    action: str,
    entity: str,
    entity_id: object,
    *,
    purpose: str | None = None,
    person_id: UUID | None = None,
    outcome: Outcome = "ok",
    address: str | None = None,
) -> UUID:
    """Leave a line: `action` is room.verb ("incident.close"); ids and labels only, never who a person is.

    `principal` is None for somebody unknown, whose `address` is then given. Raises what the database raises: without
    its line, nothing happens.
    """
    line = new_id()
    await tx.execute(
        insert(audit).values(
            id=line,
            at=tx.now(),
            actor=principal.actor if principal else "anonymous",
            actor_name=principal.name if principal else "",
            agency_id=principal.agency_id if principal else None,
            address=principal.address if principal else address,
            action=action,
            entity=entity,
            entity_id=str(entity_id)[:_LONGEST],
            person_id=person_id,
            purpose=purpose,
            outcome=outcome,
        )
    )
    return line


def _field(value: object) -> bytes:
    if value is None:
        return b"-"
    plain = str(value).encode()
    return b"%d:%b" % (len(plain), plain)


def _microseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond


def canonical(line: RowMapping) -> bytes:
    """The bytes that the chain is made over; the same as `audit_canonical` in the database."""
    return b"".join(
        _field(_microseconds(line[name]) if name == "at" else line[name])
        for name in (
            *("id", "at", "actor", "actor_name", "agency_id", "address", "action", "entity", "entity_id"),
            *("person_id", "purpose", "outcome"),
        )
    )


async def broken_at(tx: Tx) -> tuple[int, int | None]:
    """Walk the whole chain: (lines that are sound, number of the first line that is not, or None).

    It finds a changed, removed or reordered line. That the newest lines were cut off, only a witness outside can tell.
    """
    last, sound = b"", 0
    unsealed = await tx.scalar(
        text("select count(*) from audit a where not exists (select from audit_seal where audit_id = a.id)")
    )
    while True:
        rows = await tx.rows(
            text(
                "select s.seq, s.hash, a.* from audit_seal s left join audit a on a.id = s.audit_id "
                "where s.seq > :after order by s.seq limit 1000"
            ),
            {"after": sound},
        )
        if not rows:
            return sound, (sound + 1 if unsealed else None)
        for row in rows:
            if row["id"] is None or row["seq"] != sound + 1:
                return sound, sound + 1
            last = hashlib.sha256(last + canonical(row)).digest()
            if bytes(row["hash"]) != last:
                return sound, sound + 1
            sound += 1
