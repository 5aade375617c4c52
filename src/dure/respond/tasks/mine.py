"""What waits for somebody, across incidents: theirs, their agency's, their roles'; the nearest deadline first."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Text, bindparam, text

from dure.engine import paging
from dure.engine.database import Tx
from dure.respond.policy import Scope, scope_of
from dure.respond.tasks import reading
from dure.respond.types import TYPES
from dure.respond.views import Reader
from dure.trust.principal import Principal

Whose = Literal["mine", "open"]
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Stands for no deadline, after all others."""
_SEEN = """(:everything or i.type = any(:types) or i.reported_by_agency = :agency or root.type = any(:types)
    or root.reported_by_agency = :agency or exists (select from handoff h join incident m on m.id = h.incident_id
        where h.agency_id = :agency and (m.id = root.id or m.merged_into = root.id)))"""
_MINE = """(t.person = :actor or (t.state = 'taken' and t.taken_by_id = :actor)
    or (t.person is null and t.agency_id is not null and t.agency_id = :agency)
    or (t.person is null and t.agency_id is null and t.state = 'asked' and (t.role = any(:roles) or exists (
        select from incident_role r where r.incident_id = t.incident_id and r.actor = :actor and r.role = t.role
        and r.until is null))))"""


def _statement(mine: str, *lists: str) -> Any:
    return text(
        "select t.*, a.act as last_act, a.at as last_at, a.by_id as last_by_id, root.id as root_id, root.receipt_no, "
        "root.type, root.severity, root.mode, root.status, root.name, root.address, root.reported_by_agency "
        "from incident_task t join incident i on i.id = t.incident_id "
        "join incident root on root.id = coalesce(i.merged_into, i.id) "
        "left join lateral (select * from incident_task_act a where a.task_id = t.id order by a.id desc limit 1) a "
        "on true "
        f"where t.state in ('asked', 'taken') and root.status <> 'closed' and i.status <> 'closed' and {_SEEN} "
        f"and {mine} and (cast(:after_at as timestamptz) is null or (coalesce(t.due_at, :never), t.id) > "
        "(:after_at, :after_id)) order by coalesce(t.due_at, :never), t.id limit :limit"
    ).bindparams(*[bindparam(name, type_=ARRAY(Text)) for name in lists])


_STATEMENTS = {"mine": _statement(_MINE, "types", "roles"), "open": _statement("true", "types")}


async def listed(
    tx: Tx, principal: Principal, whose: Whose, after: paging.Key | None, limit: int, reader: Reader
) -> dict[str, Any]:
    """A page of open tasks that the principal may know of."""
    scope: Scope = scope_of(principal, TYPES)
    looking = await reading.me(tx, principal, None)
    values = {
        "everything": scope.everything,
        "types": sorted(scope.types),
        "agency": looking.agency,
        "actor": principal.actor,
        "roles": sorted(looking.roles),
        "never": NEVER,
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": limit + 1,
    }
    used = values if whose == "mine" else {name: one for name, one in values.items() if name not in {"actor", "roles"}}
    statement = _STATEMENTS[whose]
    page = paging.page(await tx.rows(statement, used), limit, lambda row: (row["due_at"] or NEVER, str(row["id"])))
    rows: list[RowMapping] = page["items"]
    shown = await reading.shown(tx, rows, rows, looking, reader)
    return {
        "items": [{**task, "incident": _incident(row)} for task, row in zip(shown, rows, strict=True)],
        "next": page["next"],
        "as_of": tx.now(),
    }


def _incident(row: RowMapping) -> dict[str, Any]:
    root: UUID = row["root_id"]
    names = ("receipt_no", "type", "severity", "mode", "status", "name", "address")
    return {"id": str(root), "title": TYPES.kept(row["type"]).title, **{name: row[name] for name in names}}
