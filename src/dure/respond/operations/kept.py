"""How long the words about an operation are kept: summaries, reasons, reports, minutes, decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.trust.principal import system
from dure.trust.retention.model import Kind, Mark, Rule, Thing, due_values
from dure.trust.vault import texts

_DUE = text(
    "select o.id::text as id, o.closed_at as at, o.opened_at, "
    "array(select i.incident_id::text from operation_incident i where i.operation_id = o.id) as incidents, "
    "array(select m.person_id::text from operation_member m where m.operation_id = o.id and m.person_id is not null) "
    "as people from operation o where o.closed_at < :before "
    "and not exists (select from destruction d where d.kind = 'incident' and d.subject_id = o.id) "
    "and (cast(:after_at as timestamptz) is null or (o.closed_at, o.id::text) > (:after_at, :after_id)) "
    "order by o.closed_at, o.id::text limit :most for update of o skip locked"
)
_MEMBERS = text("update operation_member set person_id = null where operation_id = any(:ids)")


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(
            row["id"],
            row["at"],
            begin=min(row["opened_at"], row["at"]),
            incidents=frozenset(row["incidents"]),
            people=frozenset(row["people"]),
        )
        for row in await tx.rows(_DUE, due_values(before, after, most))
    ]


async def _destroy(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    """The operation's key goes, and with it every word about it; numbers, times, levels and counts stay. Who sat in the
    headquarters is needed no more.
    """
    ids = [UUID(one.id) for one in things]
    await texts.destroy(tx, system("retention"), ids, "retention")
    await tx.execute(_MEMBERS, {"ids": ids})


OPERATION_WORDS = Kind(
    "operation_words",
    (Rule(date(2026, 1, 1), 10 * 365, "도시 자체 기준: 재난 대응활동의 기록과 백서", confirm=True),),
    _find_due,
    _destroy,
    begins="trust.retention.begins.closed",
)
