"""How long the words about an incident are kept, and who called."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.respond.attachments import keeping
from dure.trust.principal import system
from dure.trust.retention.model import Kind, Mark, Rule, Thing, due_values
from dure.trust.vault import texts

_DUE = text(
    "select i.id::text as id, i.closed_at as at, i.opened_at, i.merged_into, "
    "array(select c.camera_id from incident_camera c where c.incident_id = i.id) as cameras, "
    "array_remove(array(select r.caller_id::text from report r where r.incident_id = i.id) || i.caller_id::text, null) "
    "as callers from incident i where i.closed_at < :before "
    "and not exists (select from destruction d where d.kind = 'incident' and d.subject_id = i.id) "
    "and (cast(:after_at as timestamptz) is null or (i.closed_at, i.id::text) > (:after_at, :after_id)) "
    "order by i.closed_at, i.id::text limit :most for update of i skip locked"
)
_CALLER = text(
    "update incident set caller_id = null, version = version + 1 where id = any(:ids) and caller_id is not null"
)
_CALLERS = text("update report set caller_id = null where incident_id = any(:ids)")


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [
        Thing(
            row["id"],
            row["at"],
            begin=min(row["opened_at"], row["at"]),
            incidents=frozenset(str(one) for one in (row["id"], row["merged_into"]) if one is not None),
            people=frozenset(row["callers"]),
            cameras=frozenset(row["cameras"]),
        )
        for row in await tx.rows(_DUE, due_values(before, after, most))
    ]


async def _destroy(_context: Context, tx: Tx, things: Sequence[Thing]) -> None:
    """The incident's key goes, and with it every word about it; times, types and places stay for statistics. Who called
    is needed no more, and goes within days.
    """
    ids = [UUID(one.id) for one in things]
    await texts.destroy(tx, system("retention"), ids, "retention")
    await keeping.forget(tx, ids)
    await tx.execute(_CALLERS, {"ids": ids})
    await tx.execute(_CALLER, {"ids": ids})


INCIDENT_WORDS = Kind(
    "incident_words",
    (Rule(date(2026, 1, 1), 3 * 365, "도시 자체 기준: 상황 처리의 증빙과 사후 평가", confirm=True),),
    _find_due,
    _destroy,
    begins="trust.retention.begins.closed",
)
