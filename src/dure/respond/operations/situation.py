"""What stands on the wall of the headquarters: counts, levels and times. Nobody's name, no words about people, and no
place that is nearer than a street.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.respond.operations import facts, queries

_NEXT = text(
    "select ordinal, starts_at from operation_meeting where operation_id = :id and state = 'planned' "
    "and starts_at > :since order by starts_at limit 1"
)
_REPORT = text(
    "select kind, ordinal, number, as_of, approved_at from operation_report where operation_id = :id "
    "and state = 'approved' order by approved_at desc limit 1"
)
_POSTS = text(
    "select r.level, r.words, r.approved_at from public_post p join public_post_revision r on r.post_id = p.id "
    "and r.number = p.shown where p.operation_id = :id and p.withdrawn_at is null order by r.approved_at desc limit 3"
)
_LEVELS = text("select change, before, after, at, issued_by from operation_level where operation_id = :id order by seq")
_INCIDENTS_MOST = 12
_ORDER = {"critical": 0, "serious": 1, "watch": 2, "notice": 3}


async def shown(tx: Tx, operation_id: UUID) -> dict[str, Any]:
    """The page's figures, as of now. Raises NotFound."""
    found = await facts.gathered(tx, operation_id)
    row = await queries.one(tx, operation_id)
    asked = {"id": operation_id, "since": tx.now()}
    standing = [one for one in found["items"] if one["status"] != "closed"]
    meeting, report = await tx.row(_NEXT, asked), await tx.row(_REPORT, asked)
    return {
        "id": str(operation_id),
        "version": row["version"],
        **{name: found[name] for name in ("as_of", "operation", "incidents", "toll", "said", "decisions", "entries")},
        "members": found["members"],
        "agencies": found["agencies"],
        "items": sorted(standing, key=lambda one: (_ORDER[one["severity"]], one["opened_at"]))[:_INCIDENTS_MOST],
        "levels": [dict(one) for one in await tx.rows(_LEVELS, asked)],
        "next_meeting": None if meeting is None else dict(meeting),
        "last_report": None if report is None else dict(report),
        "posts": [
            {"level": one["level"], "approved_at": one["approved_at"],
             "title": {language: words.get("title", "") for language, words in one["words"].items()}}
            for one in await tx.rows(_POSTS, asked)
        ],
    }  # fmt: skip
