"""What a hand-off shows of its door: how far it came, under which services it went, what both sides said."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.trust.vault import texts

_HANDOFFS = text("select id, progress, progress_at, outside_ref, service from handoff where id = any(:ids)")
_SENDS = text(
    "select s.id, s.handoff_id, s.status, s.reason, s.tries, s.doubled, s.sent_at, s.next_at, s.created_at, d.way "
    "from handoff_send s left join handoff_door d on d.agency_id = s.agency_id "
    "where s.handoff_id = any(:ids) and s.what = 'handoff' order by s.seq"
)
_MESSAGES = text(
    "select m.*, s.status as send_status from handoff_message m left join handoff_send s on s.message_id = m.id "
    "where m.handoff_id = any(:ids) order by m.at, m.id"
)


async def with_doors(tx: Tx, handoffs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Hand-offs of an incident as its detail shows them, with `progress`, `services`, `door` and `messages`."""
    if not handoffs:
        return []
    ids = [UUID(one["id"]) for one in handoffs]
    rows = {str(row["id"]): row for row in await tx.rows(_HANDOFFS, {"ids": ids})}
    doors = {str(row["handoff_id"]): row for row in await tx.rows(_SENDS, {"ids": ids})}
    said: dict[str, list[dict[str, Any]]] = {}
    for one in texts.opened(tx, "handoff_message", await tx.rows(_MESSAGES, {"ids": ids}), "words"):
        said.setdefault(str(one["handoff_id"]), []).append(_message(one))
    return [
        {
            **one,
            "progress": rows[one["id"]]["progress"],
            "progress_at": rows[one["id"]]["progress_at"],
            "reference": rows[one["id"]]["outside_ref"],
            "services": (rows[one["id"]]["service"] or "").split(",") if rows[one["id"]]["service"] else [],
            "door": _door(doors.get(one["id"])),
            "messages": said.get(one["id"], []),
        }
        for one in handoffs
    ]


def _door(row: Mapping[Any, Any] | None) -> dict[str, Any] | None:
    if row is None:
        return None
    names = ("way", "status", "reason", "tries", "doubled", "sent_at", "next_at")
    return {"letter": str(row["id"]), **{name: row[name] for name in names}}


def _message(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "side": row["side"],
        "text": row["words"],
        "by": row["said_by"],
        "said_at": row["said_at"],
        "at": row["at"],
        "door": row["send_status"],
    }
