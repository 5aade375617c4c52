"""How long is kept how patients were and who stayed at home."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.trust import vault
from dure.trust.retention.model import Kind, Mark, Rule, Thing, due_values

_AFTER = "and (cast(:after_at as timestamptz) is null or ({at}, {id}::text) > (:after_at, :after_id))"
_PATIENTS = text(
    "select k.case_id::text as id, k.ended_at as at, c.person_id::text as person from epidemic_care k "
    "left join epidemic_case c on c.id = k.case_id where k.ended_at < :before "
    f"{_AFTER.format(at='k.ended_at', id='k.case_id')} "
    "order by k.ended_at, k.case_id::text limit :most for update of k skip locked"
)
_QUARANTINES = text(
    "select q.id::text as id, q.ended_at as at, q.person_id::text as person from epidemic_quarantine q "
    f"where q.ended_at < :before {_AFTER.format(at='q.ended_at', id='q.id')} "
    "order by q.ended_at, q.id::text limit :most for update of q skip locked"
)
_FORGET_LOOKS = text("delete from epidemic_look where case_id = any(:ids)")
_FORGET_STAYS = text("delete from epidemic_stay where case_id = any(:ids) and until_at is not null")
_FORGET_CARE = text("delete from epidemic_care where case_id = any(:ids)")
_FORGET_QUARANTINES = text("delete from epidemic_quarantine where id = any(:ids) returning person_id")


def _things(rows: Sequence[object]) -> list[Thing]:
    return [
        Thing(row["id"], row["at"], people=frozenset({row["person"]} - {None}))  # type: ignore[index]
        for row in rows
    ]


async def _patients(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return _things(await tx.rows(_PATIENTS, due_values(before, after, most)))


async def _quarantines(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return _things(await tx.rows(_QUARANTINES, due_values(before, after, most)))


async def _forget_patients(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    """What was found at each look and the beds go; the line list has its own time."""
    ids = {"ids": [UUID(one.id) for one in things]}
    for statement in (_FORGET_LOOKS, _FORGET_STAYS, _FORGET_CARE):
        await tx.execute(statement, ids)


async def _forget_quarantines(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    """The rows go with every self-check, and who it was."""
    rows = await tx.rows(_FORGET_QUARANTINES, {"ids": [UUID(one.id) for one in things]})
    people = [row["person_id"] for row in rows if row["person_id"] is not None]
    if people:
        await vault.of(tx).remove(tx, people, "retention")


PATIENTS = Kind(
    "epidemic_care",
    (Rule(date(2020, 1, 1), 5 * 365, "도시 자체 기준: 감염병 환자 관리 기록", confirm=True),),
    _patients,
    _forget_patients,
    begins="trust.retention.begins.ended",
)
QUARANTINES = Kind(
    "epidemic_quarantine",
    (Rule(date(2020, 1, 1), 60, "도시 자체 기준: 격리가 끝나고 잠복기의 네 배", confirm=True),),
    _quarantines,
    _forget_quarantines,
    begins="trust.retention.begins.ended",
)
