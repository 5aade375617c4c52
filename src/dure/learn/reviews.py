"""Reviews: opened by the platform, written by people, closed by them. Opening one again loses nothing of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.kernel.events import Event, Scalar
from dure.kernel.ids import new_id
from dure.learn.model import QUESTIONS, ReviewState, next_review
from dure.trust import audit
from dure.trust.principal import Principal, system
from dure.trust.vault import texts

CHANGED = "ReviewChanged.v1"
"""A review was opened, written, closed or given to somebody (entity `review`, data: the incident's id)."""
BY_HAND = "by_hand"
_OPEN = text(
    "insert into review (id, incident_id, state, rule, opened_at, due_on, owner_id, created_at, updated_at) values "
    "(:id, :incident, 'open', :rule, :now, :due, :owner, :now, :now) on conflict (incident_id) do nothing returning id"
)
_OF = text("select * from review where incident_id = :id")
_LOCKED = text("select * from review where incident_id = :id for update")
_WITHDRAW = text(
    "delete from review where incident_id = :id and state = 'open' and version = 1 "
    "and not exists (select from finding where incident_id = :id)"
)
_ACCOUNT = text("select id from account where id = :id and state = 'active'")


async def open_review(
    tx: Tx, incident: RowMapping, rule: str, due_on: date, who: Principal | None = None
) -> UUID | None:
    """Open it; its id, or None where the incident has one. Who took the incident up is asked to write it."""
    kind, _, taker = (incident["acknowledged_by_id"] or "").partition(":")
    owner = await tx.scalar(_ACCOUNT, {"id": UUID(taker)}) if kind == "account" else None
    values = {"id": new_id(), "incident": incident["id"], "rule": rule, "now": tx.now(), "due": due_on, "owner": owner}
    opened: UUID | None = await tx.scalar(_OPEN, values)
    if opened is not None:
        await tx.emit(Event(CHANGED, "review", str(opened), 1, {"incident_id": str(incident["id"])}))
        await audit.record(tx, who or system("learn"), "review.open", "incident", incident["id"], purpose=rule)
    return opened


async def withdraw(tx: Tx, incident_id: UUID) -> None:
    """The incident goes on: a review that nobody touched is not wanted yet."""
    await tx.execute(_WITHDRAW, {"id": incident_id})


async def of(tx: Tx, incident_id: UUID, *, lock: bool = False) -> RowMapping:
    """The review of an incident. Raises NotFound."""
    row = await tx.row(_LOCKED if lock else _OF, {"id": incident_id})
    if row is None:
        raise NotFound("learn.review.none")
    return row


def answers(tx: Tx, row: RowMapping) -> dict[str, str]:
    """The four answers; empty where nobody wrote one or the incident's words were destroyed."""
    (opened,) = texts.opened(tx, "review", [row], *QUESTIONS)
    return {one: opened[one] or "" for one in QUESTIONS}


async def write(
    tx: Tx, who: Principal, incident_id: UUID, written: Mapping[str, str], expected: int | None
) -> RowMapping:
    """Keep the answers. Raises PreconditionFailed, Conflict once it is closed."""
    row = await of(tx, incident_id, lock=True)
    check_version(expected, row["version"])
    if row["state"] == ReviewState.CLOSED:
        raise Conflict("learn.review.not_in_state", state=row["state"])
    values = {
        one: await texts.sealed(tx, incident_id, f"review.{one}", words)
        for one, words in written.items()
        if one in QUESTIONS
    }
    await audit.record(tx, who, "review.write", "incident", incident_id)
    return await _changed(tx, row, **values)


async def give(
    tx: Tx, who: Principal, incident_id: UUID, owner: UUID | None, due_on: date, expected: int | None
) -> RowMapping:
    """Say who writes it until when. Raises PreconditionFailed, Invalid for an account that is none or not in use."""
    row = await of(tx, incident_id, lock=True)
    check_version(expected, row["version"])
    if owner is not None and await tx.scalar(_ACCOUNT, {"id": owner}) is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("owner_id", "learn.review.no_owner")])
    await audit.record(tx, who, "review.give", "incident", incident_id, purpose=due_on.isoformat())
    return await _changed(tx, row, owner_id=owner, due_on=due_on)


async def move(tx: Tx, who: Principal, incident_id: UUID, wanted: ReviewState, expected: int | None) -> RowMapping:
    """Call it written, close it, or open it again. Raises PreconditionFailed, Conflict where it cannot be."""
    row = await of(tx, incident_id, lock=True)
    check_version(expected, row["version"])
    state = next_review(ReviewState(row["state"]), wanted, answers(tx, row))
    values: dict[str, Any] = {"state": state.value}
    if state is ReviewState.WRITTEN:
        values |= {"written_at": tx.now(), "written_by": who.name}
    if state is ReviewState.CLOSED:
        values |= {"closed_at": tx.now(), "closed_by": who.name}
    if state is ReviewState.OPEN:
        values |= {"closed_at": None, "closed_by": None}
    await audit.record(tx, who, f"review.{state.value}", "incident", incident_id)
    return await _changed(tx, row, **values)


async def _changed(tx: Tx, row: RowMapping, **values: Any) -> RowMapping:
    sets = "".join(f"{name} = :{name}, " for name in values)
    changed = await tx.row(
        text(f"update review set {sets}version = version + 1, updated_at = :now where id = :id returning *"),
        {**values, "now": tx.now(), "id": row["id"]},
    )
    assert changed is not None
    data: dict[str, Scalar] = {"incident_id": str(row["incident_id"])}
    await tx.emit(Event(CHANGED, "review", str(row["id"]), changed["version"], data))
    return changed
