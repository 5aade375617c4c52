"""Holds: what an investigation needs stays, however old it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.retention import queries
from dure.trust.retention.model import Hold, Scope, Thing, divide
from dure.trust.vault import reasons

LONGEST = timedelta(days=2 * 366)
"""A hold is looked at again after so long at the latest."""
_WORDS = ("reason", "released_why")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hold to be placed."""

    scope: Scope
    target: str | None
    reason: str
    until_at: datetime
    from_at: datetime | None = None
    to_at: datetime | None = None
    document: str | None = None


def refusal(wanted: Wanted, now: datetime) -> str | None:
    """Why this hold cannot stand, or None. Pure."""
    if (wanted.scope == "period") != (wanted.target is None):
        return "trust.hold.target_wrong"
    if wanted.scope == "person" and _person("person", wanted.target) is None:
        return "trust.hold.target_wrong"
    period = (wanted.from_at, wanted.to_at)
    if wanted.scope == "period" and None in period:
        return "trust.hold.period_needed"
    if wanted.from_at is not None and wanted.to_at is not None and wanted.to_at <= wanted.from_at:
        return "trust.hold.period_wrong"
    if wanted.until_at <= now or wanted.until_at - now > LONGEST:
        return "trust.hold.until_wrong"
    return None


async def place(tx: Tx, principal: Principal, wanted: Wanted) -> UUID:
    """Hold it from now on: the hold's id. Raises Invalid."""
    if key := refusal(wanted, tx.now()):
        raise Invalid(key)
    await tx.execute(queries.LOCK)
    id_, person_id = new_id(), _person(wanted.scope, wanted.target)
    why = await reasons.sealed(tx, principal, wanted.reason, person_id=person_id)
    await tx.execute(
        queries.ADD_HOLD,
        {
            "id": id_,
            "scope": wanted.scope,
            "target": wanted.target,
            "from_at": wanted.from_at,
            "to_at": wanted.to_at,
            "reason": why,
            "document": wanted.document,
            "now": tx.now(),
            "by": principal.actor,
            "until_at": wanted.until_at,
        },
    )
    await audit.record(
        tx,
        principal,
        "hold.place",
        wanted.scope,
        wanted.target or id_,
        purpose=why,
        person_id=person_id,
    )
    return id_


def _person(scope: str, target: str | None) -> UUID | None:
    try:
        return UUID(target) if scope == "person" and target else None
    except ValueError:
        return None


async def release(tx: Tx, principal: Principal, hold_id: UUID, why: str) -> None:
    """End a hold: what it kept goes the next night where it is due. Raises NotFound, Conflict where it is over."""
    row = await get(tx, hold_id, lock=True)
    if row["released_at"] is not None or row["until_at"] <= tx.now():
        raise Conflict("trust.hold.over")
    person_id = _person(row["scope"], row["target"])
    told = await reasons.sealed(tx, principal, why, person_id=person_id)
    await tx.execute(queries.RELEASE, {"id": hold_id, "now": tx.now(), "by": principal.actor, "why": told})
    await audit.record(
        tx,
        principal,
        "hold.release",
        row["scope"],
        row["target"] or hold_id,
        purpose=told,
        person_id=person_id,
    )


async def get(tx: Tx, hold_id: UUID, *, lock: bool = False) -> dict[str, Any]:
    """One, with its reasons as people read them. Raises NotFound."""
    row = await tx.row(queries.HOLD_LOCKED if lock else queries.HOLD, {"id": hold_id})
    if row is None:
        raise NotFound("trust.hold.unknown")
    return reasons.opened_in(tx, [row], *_WORDS)[0]


async def standing(tx: Tx) -> list[Hold]:
    """The holds in force."""
    return [
        Hold(row["scope"], row["target"], row["until_at"], row["from_at"], row["to_at"], row["released_at"])
        for row in await tx.rows(queries.HOLDS_STANDING, {"now": tx.now()})
    ]


async def check(tx: Tx, thing: Thing) -> None:
    """For what is destroyed on somebody's request. Raises Conflict where a hold keeps it; none comes in meanwhile."""
    await tx.execute(queries.LOCK)
    _going, held = divide([thing], await standing(tx), tx.now())
    if held:
        raise Conflict("trust.hold.held")


async def listing(tx: Tx, *, standing_only: bool, after: tuple[Any, ...] | None, most: int) -> list[dict[str, Any]]:
    """Holds, the newest first, with their reasons as people read them; one more than `most`."""
    before_at, before_id = after or (None, None)
    values = {"standing": standing_only, "now": tx.now(), "most": most + 1}
    rows = await tx.rows(queries.HOLDS, {**values, "before_at": before_at, "before_id": before_id})
    return reasons.opened_in(tx, rows, *_WORDS)
