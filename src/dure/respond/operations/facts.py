"""The facts of an operation at one moment: counts with their as-of time, no words of people and nobody's name."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.respond.operations import queries
from dure.respond.operations.handling import TOLL
from dure.respond.operations.model import coarse
from dure.respond.types import TYPES

SHOWN_MOST = 200
_INCIDENTS = text(
    "select i.id, i.receipt_no, i.type, i.severity, i.status, i.mode, i.opened_at, i.closed_at, i.outcome, i.name, "
    "i.address, i.place_key, i.reported_by_agency, i.signal_at, i.version, i.merged_into "
    "from incident i where i.id in (select coalesce(m.merged_into, m.id) from operation_incident g "
    "join incident m on m.id = g.incident_id where g.operation_id = :id and g.removed_at is null) "
    "order by i.opened_at, i.id"
)
_FAMILY = (
    "select f.id from incident f where coalesce(f.merged_into, f.id) in (select coalesce(m.merged_into, m.id) "
    "from operation_incident g join incident m on m.id = g.incident_id "
    "where g.operation_id = :id and g.removed_at is null)"
)
_AGENCIES = text(
    "select h.agency_id, a.name, a.name_en, count(*) as sent, count(*) filter (where h.status = 'acknowledged') "
    "as acknowledged, count(*) filter (where h.status = 'declined') as declined from handoff h "
    f"left join agency a on a.id = h.agency_id where h.incident_id in ({_FAMILY}) "
    "group by 1, 2, 3 order by 1"
)
_SAID = text(
    "select (select count(*) from cap_alert c where c.msg_type = 'Alert' "
    f"and c.incident_id in ({_FAMILY})) as alerts, "
    f"(select count(*) from warning_draft w where w.status = 'sent' and w.incident_id in ({_FAMILY})) as warnings, "
    "(select count(*) from notice n where n.status in ('sent', 'delivered') "
    f"and n.incident_id in ({_FAMILY})) as notices"
)
_DECISIONS = text(
    "select count(*) as total, count(*) filter (where stands = 'open') as open, "
    "count(*) filter (where stands = 'done') as done, "
    "count(*) filter (where stands = 'open' and due_at < :now) as overdue "
    "from (select d.due_at, case when d.state = 'open' and t.state = 'done' then 'done' else d.state end as stands "
    "from operation_decision d left join incident_task t on t.id = d.task_id where d.operation_id = :id) each_one"
)
_REQUESTS = text(
    "select count(*) filter (where kind = 'measure') as measures, "
    "count(*) filter (where kind = 'request') as requests, count(*) filter (where state = 'open') as open "
    "from operation_entry where operation_id = :id"
)
_MEMBERS = text(
    "select count(*) filter (where side = 'public') as public, count(*) filter (where side = 'private') as private "
    "from operation_member where operation_id = :id and left_at is null"
)
_TOLL = text("select * from operation_toll where operation_id = :id order by as_of desc, told_at desc, id desc limit 1")


async def incidents(tx: Tx, operation_id: UUID) -> Sequence[RowMapping]:
    """The incidents that it groups, as they stand; merged ones once, as the one they went into."""
    return await tx.rows(_INCIDENTS, {"id": operation_id})


async def newest_toll(tx: Tx, operation_id: UUID) -> dict[str, Any] | None:
    """The casualties by the newest as-of time; None where nobody told any."""
    row = await tx.row(_TOLL, {"id": operation_id})
    return None if row is None else {name: row[name] for name in (*TOLL, "as_of", "source")}


def place_of(row: RowMapping) -> str:
    """Where an incident is, as far as may stand on a wall: a market or a block by its name, else the street."""
    if row["place_key"] is not None and row["name"]:
        return str(row["name"])
    return coarse(row["address"])


async def gathered(tx: Tx, operation_id: UUID) -> dict[str, Any]:
    """All of them. Raises NotFound."""
    row = await queries.one(tx, operation_id)
    asked = {"id": operation_id, "now": tx.now()}
    grouped = await incidents(tx, operation_id)
    counted = {name: dict(await tx.row(statement, asked) or {}) for name, statement in _COUNTED.items()}
    shown = ("number", "name", "kind", "mode", "place", "status", "level", "level_since", "opened_at", "closed_at")
    return {
        "as_of": tx.now(),
        "operation": {name: row[name] for name in shown},
        "incidents": counts(grouped),
        "items": [_item(one) for one in grouped[:SHOWN_MOST]],
        "toll": await newest_toll(tx, operation_id),
        "agencies": [dict(one) for one in await tx.rows(_AGENCIES, asked)],
        **counted,
    }


_COUNTED = {"said": _SAID, "decisions": _DECISIONS, "entries": _REQUESTS, "members": _MEMBERS}


def counts(rows: Sequence[RowMapping]) -> dict[str, Any]:
    """Incidents by how they stand, how grave and of what type they are."""
    standing = [row for row in rows if row["status"] != "closed"]
    return {
        "total": len(rows),
        "open": len(standing),
        "closed": len(rows) - len(standing),
        "by_severity": dict(Counter(row["severity"] for row in standing)),
        "by_type": dict(Counter(row["type"] for row in rows)),
    }


def _item(row: RowMapping) -> dict[str, Any]:
    return {
        "receipt_no": row["receipt_no"],
        "type": row["type"],
        "title": TYPES.kept(row["type"]).title,
        "severity": row["severity"],
        "status": row["status"],
        "opened_at": row["opened_at"],
        "closed_at": row["closed_at"],
        "place": place_of(row),
    }


def earliest(rows: Sequence[RowMapping]) -> datetime | None:
    """When the first signal came."""
    return min((row["signal_at"] for row in rows), default=None)
