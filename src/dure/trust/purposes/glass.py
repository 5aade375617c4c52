"""Break-glass (긴급 열람): one person, two hours, an alert at once, and a review that cannot be forgotten.

The row is the alert and the review: it stays on the reviewers' screens until somebody else than who broke the glass has
judged it, and goes up to the administrators after three working days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.engine.paging import Key
from dure.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from dure.kernel.events import Event
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal, system
from dure.trust.purposes import cases, days, model, queries
from dure.trust.purposes.model import Case, Leave
from dure.trust.roles import Role
from dure.trust.vault import Vault, reasons

MOST_OPENINGS = 200
"""More openings of one record in two hours nobody reads one by one."""


async def break_glass(
    tx: Tx, principal: Principal, person_id: UUID, reason: str, case: Case | None, words: str, zone: ZoneInfo
) -> RowMapping:
    """Break it: the row. Raises Invalid for a reason that is none, Conflict while own reviews are overdue, NotFound."""
    now = tx.now()
    account = principal.account_id
    if account is not None:
        await tx.execute(queries.LOCK_ACCOUNT, {"id": account})
    overdue = await tx.scalar(queries.OWN_OVERDUE, {"account": account, "now": now})
    refusal = model.break_refusal(reason=reason, is_account=account is not None, own_overdue=overdue)
    if refusal == "trust.glass.reviews_overdue":
        raise Conflict(refusal, count=overdue)
    if refusal is not None or account is None:
        raise Invalid(refusal or "trust.account.needed")
    if not await tx.row(queries.PERSON_LOCKED, {"id": person_id}):
        raise NotFound("trust.person.unknown")
    id_ = new_id()
    values = {
        "id": id_,
        "person_id": person_id,
        "account_id": account,
        "actor_name": principal.name,
        "agency_id": principal.agency_id,
        "reason": reason,
        "case_kind": case.kind if case else None,
        "case_id": case.id if case else None,
        "now": now,
        "until": now + model.GLASS_LASTS,
        "due": days.working_days_after(now, model.REVIEW_WORKING_DAYS, zone),
    }
    await tx.execute(queries.BREAK, values)
    code = _code(reason, case.kind if case else None, case.id if case else None)
    told = await reasons.sealed(
        tx, principal, words, code=code, incident_id=cases.incident_of(case), person_id=person_id
    )
    await audit.record(tx, principal, "glass.break", "glass", id_, purpose=told, person_id=person_id)
    await _tell(tx, "GlassBroken.v1", id_, 1)
    return await get(tx, id_)


def _code(reason: str, case_kind: str | None, case_id: str | None) -> str:
    """What the line of the breaking says in plain, before the sealed words."""
    return reason if case_id is None else f"{reason} {case_kind}:{case_id}"


async def _tell(tx: Tx, type_: str, id_: UUID, version: int) -> None:
    await tx.emit(Event(type_, "glass", str(id_), version))


async def get(tx: Tx, id_: UUID, *, lock: bool = False) -> RowMapping:
    """One. Raises NotFound."""
    row = await tx.row(queries.GLASS_LOCKED if lock else queries.GLASS, {"id": id_})
    if row is None:
        raise NotFound("trust.glass.unknown")
    return row


async def leave_by(tx: Tx, principal: Principal, person_id: UUID, glass_id: UUID) -> Leave:
    """Leave to open under a broken glass. Raises Forbidden."""
    row = await tx.row(queries.GLASS, {"id": glass_id})
    glass = None
    if row is not None:
        glass = model.Glass(
            row["id"], row["person_id"], row["account_id"], row["reason"], row["until_at"], row["closed_at"]
        )
    found = model.by_glass(glass, person_id=person_id, account_id=principal.account_id, now=tx.now())
    if isinstance(found, str):
        raise Forbidden(found)
    return found


async def close(tx: Tx, principal: Principal, glass_id: UUID) -> None:
    """End one's own before its two hours are over. Raises NotFound for another's, Conflict where it is over."""
    row = await get(tx, glass_id, lock=True)
    if row["account_id"] != principal.account_id:
        raise NotFound("trust.glass.unknown")
    if row["closed_at"] is not None or row["until_at"] <= tx.now():
        raise Conflict("trust.glass.over")
    version = await tx.scalar(queries.CLOSE_GLASS, {"id": glass_id, "now": tx.now()})
    await audit.record(tx, principal, "glass.close", "glass", glass_id, person_id=row["person_id"])
    await _tell(tx, "GlassClosed.v1", glass_id, version)


async def review(tx: Tx, principal: Principal, glass_id: UUID, verdict: str, note: str) -> RowMapping:
    """Judge it. Raises NotFound, Forbidden for one's own, Conflict where it was judged already."""
    row = await get(tx, glass_id, lock=True)
    refusal = model.review_refusal(
        broke=row["account_id"],
        reviewer=principal.account_id,
        reviewed_at=row["reviewed_at"],
        escalated=row["escalated_at"] is not None,
        roles=principal.roles,
    )
    if refusal == "trust.glass.reviewed":
        raise Conflict(refusal)
    if refusal is not None:
        raise Forbidden(refusal)
    kept = await reasons.sealed(tx, principal, note, person_id=row["person_id"])
    values = {"id": glass_id, "now": tx.now(), "by": principal.account_id, "verdict": verdict, "note": kept}
    version = await tx.scalar(queries.REVIEW, values)
    await audit.record(tx, principal, "glass.review", "glass", glass_id, purpose=verdict, person_id=row["person_id"])
    await _tell(tx, "GlassReviewed.v1", glass_id, version)
    return await get(tx, glass_id)


async def escalate(tx: Tx) -> int:
    """Hand overdue reviews up to the administrators; how many went up now."""
    gone_up = await tx.rows(queries.ESCALATE, {"now": tx.now()})
    for row in gone_up:
        await audit.record(tx, system("purposes"), "glass.escalate", "glass", row["id"])
        await _tell(tx, "GlassReviewOverdue.v1", row["id"], row["version"])
    return len(gone_up)


async def escalate_overdue(context: Context) -> None:
    """What the work process does each minute."""
    async with context.database.transaction() as tx:
        await escalate(tx)


@dataclass(frozen=True, slots=True)
class Told:
    """A broken glass as its reviewer reads it: the words that were said ("■■■" where their key is gone, None where the
    line was destroyed), the person's masked name (None: erased), the case's number, the record's openings under it (the
    first ones first), and whoever reviewed it, by their desk's name.
    """

    row: RowMapping
    words: str | None
    person_name: str | None
    case_no: str | None
    openings: Sequence[RowMapping]
    reviewed_by_name: str | None
    note: str | None


async def read(tx: Tx, vault: Vault, principal: Principal, glass_id: UUID) -> Told:
    """One, for its reviewer; its reading is a line of its own. Raises NotFound, also where it is not the reader's to
    see (`reach`).
    """
    row = await get(tx, glass_id)
    if reach(principal)["escalated"] and row["escalated_at"] is None:
        raise NotFound("trust.glass.unknown")
    person_id = row["person_id"]
    await audit.record(tx, principal, "glass.read", "glass", glass_id, person_id=person_id)
    (said,) = reasons.opened(tx, [await tx.scalar(queries.GLASS_SAID, {"id": str(glass_id)})])
    person = (await vault.masked(tx, [person_id])).get(person_id)
    case = (await cases.named(tx, [row["case_id"]])).get(row["case_id"]) if row["case_id"] else None
    values = {"id": glass_id, "person_id": person_id, "most": MOST_OPENINGS}
    return Told(
        row,
        said and said.removeprefix(_code(row["reason"], row["case_kind"], row["case_id"])).strip(),
        person.name if person else None,
        case.number if case else None,
        await tx.rows(queries.GLASS_OPENINGS, values),
        await tx.scalar(queries.LABEL, {"id": row["reviewed_by"]}),
        notes(tx, [row])[0],
    )


def reach(principal: Principal) -> dict[str, bool]:
    """What of the list somebody sees: an administrator only what has gone up."""
    return {"escalated": {Role.SHIFT_LEAD, Role.AUDITOR}.isdisjoint(principal.roles)}


async def listing(
    tx: Tx, *, account: UUID | None, unreviewed: bool, escalated: bool, after: Key | None, most: int
) -> Sequence[RowMapping]:
    """The newest first, one more than `most`."""
    before_at, before_id = after or (None, None)
    values = {"account": account, "unreviewed": unreviewed, "escalated": escalated, "most": most + 1}
    return await tx.rows(queries.GLASSES, {**values, "before_at": before_at, "before_id": before_id})


# --- on the reviewers' screens ---


def shown(row: RowMapping) -> dict[str, Any]:
    """What reviewers see of it: ids, codes and times."""
    return {
        name: row[name]
        for name in (
            *("id", "version", "person_id", "account_id", "actor_name", "agency_id", "reason", "case_kind", "case_id"),
            *("opened_at", "until_at", "closed_at", "review_due_at", "escalated_at", "reviewed_at", "verdict"),
        )
    }


def notes(tx: Tx, rows: Sequence[RowMapping]) -> list[str | None]:
    """What reviewers wrote, in the order given."""
    return reasons.opened(tx, [row["review_note"] for row in rows])


async def _load(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return {str(row["id"]): shown(row) for row in await tx.rows(queries.GLASSES_OF, {"ids": list(ids)})}


async def _snapshot(tx: Tx) -> Sequence[dict[str, Any]]:
    return [shown(row) for row in await tx.rows(queries.GLASSES_UNREVIEWED)]


def _visible(viewer: Any, value: dict[str, Any]) -> bool:
    """Shift leads and auditors see all of it at once, administrators what nobody reviewed in time."""
    assert isinstance(viewer, Principal)
    return value["escalated_at"] is not None or not reach(viewer)["escalated"]


LIVE = LiveEntity("glass", "glass.review", _load, _snapshot, _visible)
