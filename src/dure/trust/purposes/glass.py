"""Break-glass (긴급 열람): one person, two hours, an alert at once, and a review that cannot be forgotten.

The row is the alert and the review: it stays on the reviewers' screens until somebody else than who broke the glass has
judged it, and goes up to the administrators after three working days.
"""

from collections.abc import Mapping, Sequence
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
from dure.trust.vault import reasons


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
    coded = " ".join([reason, f"{case.kind}:{case.id}" if case else ""]).strip()
    told = await reasons.sealed(
        tx, principal, words, code=coded, incident_id=cases.incident_of(case), person_id=person_id
    )
    await audit.record(tx, principal, "glass.break", "glass", id_, purpose=told, person_id=person_id)
    await _tell(tx, "GlassBroken.v1", id_, 1)
    return await get(tx, id_)


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
