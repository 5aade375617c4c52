"""Tasks as they are read: whose they are, what they say, what the reader can do with them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.kernel.messages import Value
from dure.respond import queries
from dure.respond.model import Status, clock_state
from dure.respond.policy import Scope, desk_of
from dure.respond.roles import IncidentRole, held_by
from dure.respond.tasks.model import Held, Me, Of, TaskAct, TaskState, late, may, may_undo
from dure.respond.types import TYPES
from dure.respond.views import Reader
from dure.trust.principal import Principal
from dure.trust.roles import CONTROL_ROOM, RESPONDERS
from dure.trust.vault import texts

ROLES = frozenset(IncidentRole) | {role.value for role in CONTROL_ROOM | RESPONDERS}
"""Roles that a task may be asked of."""
_LOCKED = text(
    "select t.* from incident_task t join incident i on i.id = t.incident_id where t.id = :id "
    "and (i.id = :incident or i.merged_into = :incident) for update of t"
)
_OF = text(
    "select t.*, a.act as last_act, a.at as last_at, a.by_id as last_by_id from incident_task t "
    "join incident i on i.id = t.incident_id "
    "left join lateral (select * from incident_task_act a where a.task_id = t.id order by a.id desc limit 1) a on true "
    "where (i.id = :incident or i.merged_into = :incident) and (t.state <> 'cancelled' or t.cancelled_by is not null) "
    "and not (t.state = 'cancelled' and t.kind like 'playbook:%' and a.act is distinct from 'cancel') "
    "order by t.state in ('done', 'cancelled'), t.due_at nulls last, t.created_at, t.id"
)
_AGENCIES = text("select id, name, name_en from agency where id = any(:ids)")
_COLUMNS = ("words", "result", "reason")


async def locked(tx: Tx, incident_id: UUID, task_id: UUID) -> RowMapping:
    """A task of an incident or of one merged into it, held until the transaction ends. Raises NotFound."""
    row = await tx.row(_LOCKED, {"id": task_id, "incident": incident_id})
    if row is None:
        raise NotFound("respond.task.unknown")
    return row


async def me(tx: Tx, principal: Principal, incident_id: UUID | None) -> Me:
    """Who looks, with the roles that they hold in an incident."""
    roles = {role.value for role in principal.roles}
    if incident_id is not None:
        roles |= await held_by(tx, incident_id, principal.actor)
    handles, answers = principal.may("incident.handle"), principal.may("incident.answer")
    return Me(principal.actor, desk_of(principal), roles, handles=handles, answers=answers)


def held(row: Mapping[Any, Any], incident: Mapping[Any, Any]) -> Held:
    """A row as far as rights go."""
    return Held(
        TaskState(row["state"]),
        Of(row["role"], row["agency_id"], row["person"]),
        row["taken_by_id"] if row["state"] == TaskState.TAKEN else None,
        answers=row["wants"] == "answer",
        open=incident["status"] != Status.CLOSED,
    )


async def holder(tx: Tx, incident: RowMapping, of: Of) -> dict[str, Any]:
    """The columns that say of whom it is asked. Raises Invalid where nobody is meant, Conflict for somebody who does
    not see the incident.
    """
    if sum(one is not None for one in (of.role, of.agency, of.person)) != 1:
        raise _wrong("role", "respond.task.of")
    if of.role is not None:
        if of.role not in ROLES:
            raise _wrong("role", "respond.task.role")
        return {"role": of.role, "agency_id": None, "person": None, "person_name": None}
    if of.agency is not None:
        agency = await queries.agency(tx, of.agency)
        if not await sees(tx, incident, of.agency):
            raise Conflict("respond.task.blind", agency=agency["name"], agency_en=agency["name_en"])
        return {"role": None, "agency_id": of.agency, "person": None, "person_name": None}
    person = await account(tx, of.person or "")
    if not person["control"] and not await sees(tx, incident, person["desk"]):
        raise Conflict("respond.task.blind", agency=person["label"], agency_en=person["label"])
    return {"role": None, "agency_id": None, "person": of.person, "person_name": person["label"]}


async def sees(tx: Tx, incident: RowMapping, agency_id: str | None) -> bool:
    """Whether an agency's desk sees an incident."""
    if agency_id is None:
        return False
    scope = Scope(everything=False, types=TYPES.seen_by(agency_id), agency_id=agency_id)
    return scope.covers(incident["type"], await queries.handed_to(tx, incident["id"]), incident["reported_by_agency"])


async def account(tx: Tx, actor: str) -> RowMapping:
    """An active account by `account:<uuid>`: label, desk, and whether it is of the control room. Raises Invalid."""
    kind, _, id_ = actor.partition(":")
    try:
        found = await tx.row(_ACCOUNT, {"id": UUID(id_), "now": tx.now()}) if kind == "account" else None
    except ValueError:
        found = None
    if found is None:
        raise _wrong("person", "respond.task.person")
    return found


_ACCOUNT = text(
    "select a.id, a.label, coalesce(a.agency_id, (select h.role from held_roles(a.id, :now) h "
    "where h.role in ('police', 'fire', 'disaster') order by 1 limit 1)) as desk, "
    "exists (select from held_roles(a.id, :now) h where h.role in ('admin', 'operator', 'shift_lead')) as control "
    "from account a where a.id = :id and a.state = 'active'"
)


def _wrong(field: str, key: str) -> Invalid:
    return Invalid("engine.fields.wrong", fields=[FieldError(field, key)])


async def named(tx: Tx, row: Mapping[Any, Any]) -> dict[str, Value]:
    """Of whom it is asked, as the timeline keeps it: `who` (role, agency, person) and the names."""
    if row["person"] is not None:
        return {"who": "person", "name_ko": row["person_name"], "name_en": row["person_name"], "role": ""}
    if row["agency_id"] is not None:
        agency = await queries.agency(tx, row["agency_id"])
        return {"who": "agency", "name_ko": agency["name"], "name_en": agency["name_en"], "role": ""}
    return {"who": "role", "name_ko": row["role"], "name_en": row["role"], "role": row["role"]}


def short_title(row: Mapping[Any, Any]) -> str:
    """What the timeline may repeat in clear: a manual's own words. What people wrote stands sealed where they asked."""
    return str(row["title"] or "none")[:120]


def clock(at: datetime) -> str:
    """A time of day where the city is."""
    return at.astimezone(ZoneInfo(city_zone())).strftime("%H:%M:%S")


async def of_incident(
    tx: Tx, principal: Principal, incident: Mapping[Any, Any], reader: Reader
) -> list[dict[str, Any]]:
    """The tasks of an incident and of those merged into it, open ones first, by deadline."""
    rows = await tx.rows(_OF, {"incident": incident["id"]})
    looking = await me(tx, principal, incident["id"])
    return await shown(tx, rows, [incident] * len(rows), looking, reader)


async def shown(
    tx: Tx, rows: Sequence[RowMapping], incidents: Sequence[Mapping[Any, Any]], looking: Me, reader: Reader
) -> list[dict[str, Any]]:
    """Rows as the API shows them, each with its incident."""
    opened = texts.opened(tx, "incident_task", rows, *_COLUMNS)
    ids = sorted({row["agency_id"] for row in rows if row["agency_id"] is not None})
    agencies = {row["id"]: row for row in await tx.rows(_AGENCIES, {"ids": ids})} if ids else {}
    return [
        _shown(row, incident, agencies.get(row["agency_id"]), looking, reader, tx.now())
        for row, incident in zip(opened, incidents, strict=True)
    ]


def _shown(
    row: Mapping[str, Any], incident: Mapping[Any, Any], agency: RowMapping | None, looking: Me, reader: Reader,
    now: datetime,
) -> dict[str, Any]:  # fmt: skip
    stands, ended = held(row, incident), row["done_at"] or row["cancelled_at"]
    manual = row["kind"].startswith("playbook:")
    acts = [one.value for one in may(stands, looking)]
    if (
        stands.open
        and row["last_act"] is not None
        and may_undo(row["last_by_id"], row["last_act"], row["last_at"], looking, now, of_manual=manual)
    ):
        acts.append(TaskAct.UNDO.value)
    state = "in_time"
    if row["due_at"] is not None:
        span = (row["due_at"] - row["created_at"]).total_seconds()
        state = clock_state(row["created_at"], ended, span, now).value
    return {
        "id": str(row["id"]),
        "incident_id": str(row["incident_id"]),
        "version": row["version"],
        "kind": row["kind"],
        "from": "manual" if manual else "hand" if row["words"] is not None else "dure",
        "act": row["kind"].split(":")[1] if manual else None,
        "title": row["words"] or row["title"] or _by_kind(row["kind"], reader),
        "status": row["state"],
        "wants": row["wants"],
        "role": row["role"],
        "agency": row["agency_id"],
        "agency_name": None if agency is None else reader.named(agency),
        "person": row["person"],
        "person_name": row["person_name"],
        "holder": row["holder"],
        "asked_by": row["asked_by"],
        "created_at": row["created_at"],
        "due_at": row["due_at"],
        "late": stands.open and late(stands.state, row["due_at"], now),
        "taken_at": row["taken_at"],
        "taken_by": row["taken_by"],
        "done_at": row["done_at"],
        "done_by": row["done_by"],
        "result": row["result"],
        "reason": row["reason"],
        "cancelled_at": row["cancelled_at"],
        "cancelled_by": row["cancelled_by"],
        "decision_id": None if row["decision_id"] is None else str(row["decision_id"]),
        "state": state,
        "may": acts,
    }


def _by_kind(kind: str, reader: Reader) -> str:
    """The name of what dure asks by itself; words whose key was destroyed are gone."""
    return "" if kind.startswith("hand:") else reader.say(f"respond.task.{kind}")
