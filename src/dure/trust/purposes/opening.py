"""Opening a person's record: leave first, then the line in the audit log, then what the leave covers."""

from dataclasses import dataclass
from uuid import UUID

import msgspec

from dure.engine.database import Tx
from dure.kernel.errors import FieldError, Invalid, NotFound
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.purposes import cases, glass, ledger, queries
from dure.trust.purposes.model import Leave, shown_fields
from dure.trust.vault import Person, Vault, reasons


@dataclass(frozen=True, slots=True)
class Asked:
    """Why: an entry of the ledger, a coded purpose, or a broken glass (one of the three), the case, and words."""

    purpose_id: UUID | None = None
    code: str | None = None
    glass_id: UUID | None = None
    case_kind: str | None = None
    case_id: str | None = None
    words: str = ""


async def leave_of(tx: Tx, principal: Principal, person_id: UUID, asked: Asked) -> Leave:
    """Leave to open. Raises Forbidden with the reason, Invalid where nothing is named, or more than one."""
    named = [one for one in (asked.purpose_id, asked.code, asked.glass_id) if one is not None]
    if len(named) != 1:
        raise Invalid("trust.purpose.needed", fields=[FieldError("purpose_id", "trust.purpose.needed")])
    case = await cases.find(tx, principal, asked.case_kind, asked.case_id)
    if asked.purpose_id is not None:
        return await ledger.check(tx, principal, person_id, asked.purpose_id, case)
    if asked.code is not None:
        return await ledger.by_code(tx, principal, asked.code, case)
    assert asked.glass_id is not None
    return await glass.leave_by(tx, principal, person_id, asked.glass_id)


def told(leave: Leave) -> str:
    """What the audit line says of the purpose in plain: ground, code, entry, case."""
    parts = [leave.basis, leave.code]
    if leave.purpose_id is not None:
        parts.append(f"purpose:{leave.purpose_id}")
    if leave.case is not None:
        parts.append(f"{leave.case.kind}:{leave.case.id}")
    if leave.glass_id is not None:
        parts.append(f"glass:{leave.glass_id}")
    return " ".join(parts).strip()


async def open_person(
    tx: Tx, vault: Vault, principal: Principal, person_id: UUID, asked: Asked
) -> tuple[Person, Leave]:
    """The record, open as far as the leave covers and masked beyond it.

    Raises Forbidden without leave, NotFound, and whatever keeps the line from being written: then nothing is shown.
    """
    leave = await leave_of(tx, principal, person_id, asked)
    why = await reasons.sealed(
        tx, principal, asked.words, code=told(leave), incident_id=cases.incident_of(leave.case), person_id=person_id
    )
    line = await audit.record(
        tx,
        principal,
        "person.open",
        "person",
        person_id,
        purpose=why,
        person_id=person_id,
        case=leave.case.id if leave.case else leave.glass_id,
    )
    found = await vault.opened(tx, [person_id])
    if person_id not in found:
        raise NotFound("trust.person.unknown")
    await note(tx, line, person_id, leave)
    return narrowed(found[person_id], leave), leave


async def note(tx: Tx, line: UUID, person_id: UUID, leave: Leave) -> None:
    """Keep beside an audit line on what ground the record was opened, for the person whom it is about."""
    await tx.execute(
        queries.OPENED,
        {
            "audit_id": line,
            "person_id": person_id,
            "now": tx.now(),
            "code": leave.code,
            "basis": leave.basis,
            "kinds": sorted(leave.kinds),
            "purpose_id": leave.purpose_id,
            "case_kind": leave.case.kind if leave.case else None,
            "case_id": leave.case.id if leave.case else None,
            "glass_id": leave.glass_id,
        },
    )


def narrowed(person: Person, leave: Leave) -> Person:
    """The record with what the leave does not cover masked."""
    whole, masked = msgspec.structs.asdict(person), msgspec.structs.asdict(person.masked())
    open_fields = shown_fields(leave, whole.keys())
    return Person(**{name: value if name in open_fields else masked[name] for name, value in whole.items()})
