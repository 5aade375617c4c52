"""The ledger: entries are begun, checked and withdrawn; none is ever changed or taken out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.purposes import grounds, model, queries
from dure.trust.purposes.codes import KINDS
from dure.trust.vault import reasons


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an entry says beyond its basis: `kinds` of data, the office it is for (None: any), the paper's number."""

    code: str = "own"
    kinds: frozenset[str] = frozenset(KINDS) - {"number"}
    agency_id: str | None = None
    document: str | None = None
    from_at: datetime | None = None


async def begin(
    tx: Tx,
    principal: Principal,
    person_id: UUID | None,
    basis: str,
    purpose: str,
    until: datetime,
    wanted: Wanted = Wanted(),
) -> UUID:
    """A new entry: its id. Raises Invalid for a basis, kinds or a span that cannot stand."""
    now = tx.now()
    entry = model.Entry(
        new_id(), person_id, wanted.code, basis, wanted.kinds, wanted.agency_id, wanted.from_at or now, until
    )
    if refusal := model.entry_refusal(entry, today=now.date()):
        raise Invalid(refusal)
    await tx.execute(
        queries.ADD,
        {
            "id": entry.id,
            "person_id": person_id,
            "code": entry.code,
            "basis": basis,
            "text": purpose,
            "kinds": sorted(entry.kinds),
            "agency_id": entry.agency_id,
            "document": wanted.document,
            "from_at": entry.from_at,
            "until_at": until,
            "now": now,
            "by": principal.actor,
        },
    )
    await audit.record(tx, principal, "purpose.begin", "purpose", entry.id, purpose=basis, person_id=person_id)
    return entry.id


async def check(
    tx: Tx, principal: Principal, person_id: UUID, purpose_id: UUID, case: model.Case | None = None
) -> model.Leave:
    """Leave to open by an entry, read anew each time: a withdrawal counts at once. Raises Forbidden."""
    row = await tx.row(queries.ENTRY, {"id": purpose_id})
    found = model.by_ledger(
        entry_of(row) if row else None,
        person_id=person_id,
        agency_id=principal.agency_id,
        case=case,
        now=tx.now(),
        today=tx.now().date(),
    )
    return _leave(found)


def _leave(found: model.Leave | str) -> model.Leave:
    if isinstance(found, str):
        raise Forbidden(found)
    return found


async def by_code(tx: Tx, principal: Principal, code: str, case: model.Case | None) -> model.Leave:
    """Leave to open by a coded purpose with a case. Raises Forbidden."""
    now = tx.now()
    return _leave(model.by_code(code, roles=principal.roles, case=case, now=now, today=now.date()))


async def withdraw(tx: Tx, principal: Principal, purpose_id: UUID, why: str, *, by_person: UUID | None = None) -> None:
    """End an entry now. `by_person` is the citizen who takes a consent back: theirs only, and only consent; `why` is a
    code then, else words of the desk.

    Raises NotFound, Conflict where it is over already, Forbidden for what rests on law and not on consent.
    """
    row = await tx.row(queries.ENTRY_LOCKED, {"id": purpose_id})
    if row is None or (by_person is not None and row["person_id"] != by_person):
        raise NotFound("trust.purpose.none_such")
    ground = next((one for one in grounds.TABLE if one.code == row["basis"]), None)
    if by_person is not None and (ground is None or not ground.consent):
        raise Forbidden("trust.purpose.not_consent")
    if row["withdrawn_at"] is not None:
        raise Conflict("trust.purpose.withdrawn")
    by = "person" if by_person is not None else "desk"
    kept = why if by_person is not None else await reasons.sealed(tx, principal, why, person_id=row["person_id"])
    await tx.execute(queries.WITHDRAW, {"id": purpose_id, "now": tx.now(), "by": by, "why": kept})
    await audit.record(tx, principal, "purpose.withdraw", "purpose", purpose_id, person_id=row["person_id"])


async def stop(tx: Tx, principal: Principal, person_id: UUID, why: str) -> int:
    """End all that rests on this person's consent (PIPA 37); how many entries it was."""
    bases = [one.code for one in grounds.TABLE if one.consent]
    values = {"person_id": person_id, "bases": bases, "now": tx.now(), "by": "person", "why": why}
    ended = await tx.rows(queries.WITHDRAW_ALL, values)
    for row in ended:
        await audit.record(tx, principal, "purpose.withdraw", "purpose", row["id"], person_id=person_id)
    return len(ended)


async def listing(
    tx: Tx, *, person_id: UUID | None, agency_id: str | None, standing: bool, after: Key | None, most: int
) -> Sequence[RowMapping]:
    """Entries, the newest first; one more than `most`. `agency_id`: those which that office may use."""
    before_at, before_id = after or (None, None)
    return await tx.rows(
        queries.ENTRIES,
        {
            "person_id": person_id,
            "agency_id": agency_id,
            "standing": standing,
            "now": tx.now(),
            "before_at": before_at,
            "before_id": before_id,
            "most": most + 1,
        },
    )


def entry_of(row: RowMapping) -> model.Entry:
    """An entry as the decisions see it."""
    return model.Entry(
        row["id"],
        row["person_id"],
        row["code"],
        row["basis"],
        frozenset(row["kinds"]),
        row["agency_id"],
        row["from_at"],
        row["until_at"],
        row["withdrawn_at"],
    )
