"""How long the rows of an import wait."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.retention.model import Kind, Mark, Rule, Thing, due_values

# What can no longer be applied or undone, and still has rows.
_DUE = text(
    "with ended as (select id, case state when 'ready' then expires_at when 'applied' then undo_until "
    "when 'undone' then undone_at + interval '1 day' end as at from import_run "
    "where state in ('ready', 'applied', 'undone')) "
    "select id::text as id, at from ended e where at < cast(:before as timestamptz) + interval '1 day' "
    "and exists (select from import_row r where r.run_id = e.id) "
    "and (cast(:after_at as timestamptz) is null or (at, id::text) > (:after_at, :after_id)) "
    "order by at, id::text limit :most"
)


async def _find_due(tx: Tx, before: datetime, after: Mark | None, most: int) -> Sequence[Thing]:
    return [Thing(row["id"], row["at"]) for row in await tx.rows(_DUE, due_values(before, after, most))]


IMPORT_STAGING = Kind(
    "import_staging",
    (Rule(date(2026, 1, 1), 1, "도시 자체 기준: 미리 보기와 되돌리기 하루"),),
    _find_due,
)
"""The rows of a file, sealed where they say who somebody is. The city's own clock takes them out each minute."""
