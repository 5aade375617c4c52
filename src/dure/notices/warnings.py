"""Public warnings (재난문자, cell broadcast): drafted and approved here, sent by who may, and that is written down.

dure has no door to the broadcast system and never sends one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.notices import limits
from dure.notices.sending import today
from dure.trust import audit
from dure.trust.principal import Principal


class State(StrEnum):
    """How a draft stands."""

    DRAFT = "draft"
    REVIEWING = "reviewing"
    APPROVED = "approved"
    REJECTED = "rejected"
    SENT = "sent"


class Act(StrEnum):
    """What somebody does with it."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    SENT = "sent"


_NEXT = {
    Act.SUBMIT: ({State.DRAFT, State.REJECTED}, State.REVIEWING),
    Act.APPROVE: ({State.REVIEWING}, State.APPROVED),
    Act.REJECT: ({State.REVIEWING, State.APPROVED}, State.REJECTED),
    Act.SENT: ({State.APPROVED}, State.SENT),
}
_COLUMNS = "id, incident_id, kind, areas, text, status, steps, drafted_by, created_at, updated_at, version"
_LOCKED = text(f"select {_COLUMNS} from warning_draft where id = :id for update")
_LISTED = text(
    f"select {_COLUMNS} from warning_draft where (cast(:at as timestamptz) is null or (created_at, id) < (:at, :id)) "
    "order by created_at desc, id desc limit :limit"
)
_INSERT = text(
    "insert into warning_draft (id, incident_id, kind, areas, text, status, steps, drafted_by, created_at, updated_at) "
    "values (:id, :incident_id, :kind, cast(:areas as jsonb), :text, 'draft', cast(:steps as jsonb), :by, :now, :now)"
)
_WRITE = text(
    "update warning_draft set kind = :kind, areas = cast(:areas as jsonb), text = :text, status = :status, "
    "steps = cast(:steps as jsonb), updated_at = :now, version = version + 1 where id = :id"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said, to which districts (codes), and how urgent: critical (위급), urgent (긴급), safety
    (안전안내).
    """

    kind: str
    areas: tuple[str, ...]
    text: str
    incident_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """A text's length by the limit of the day, and where that limit stands."""

    characters: int
    most: int
    source: str

    @property
    def fits(self) -> bool:
        """Whether it may be submitted."""
        return 0 < self.characters <= self.most


def counted(words: str, day: date) -> Counted:
    """Characters, blanks and line ends included; line ends count one."""
    limit = limits.at(limits.CBS_CHARACTERS, day)
    return Counted(len(words.replace("\r\n", "\n").strip()), limit.most, limit.source)


def moved(state: State, act: Act) -> State:
    """The state after an act. Raises Conflict."""
    before, after = _NEXT[act]
    if state not in before:
        raise Conflict("notices.warning.state")
    return after


async def listed(tx: Tx, after: Key | None, limit: int) -> Sequence[RowMapping]:
    """Drafts, newest first."""
    at, id_ = after or (None, None)
    return await tx.rows(_LISTED, {"at": at, "id": id_, "limit": limit})


async def one(tx: Tx, warning_id: UUID) -> RowMapping:
    """One draft, locked. Raises NotFound."""
    row = await tx.row(_LOCKED, {"id": warning_id})
    if row is None:
        raise NotFound("notices.warning.unknown")
    return row


async def draft(tx: Tx, principal: Principal, wanted: Draft) -> UUID:
    """Begin one. It may still be too long: that is said, and keeps it from being submitted."""
    id_ = new_id()
    await audit.record(tx, principal, "warning.draft", "warning", id_, case=wanted.incident_id)
    steps = [_step(principal, "draft", tx.now())]
    values = {"id": id_, "incident_id": wanted.incident_id, "by": principal.actor, "now": tx.now()}
    await tx.execute(_INSERT, {**values, **_written(wanted, steps)})
    return id_


async def change(tx: Tx, principal: Principal, warning_id: UUID, wanted: Draft, expected: int | None) -> None:
    """Write it anew: what was approved, was approved as it stood, so it begins again. Raises Conflict once sent."""
    row = await one(tx, warning_id)
    check_version(expected, row["version"])
    if row["status"] == State.SENT:
        raise Conflict("notices.warning.state")
    await audit.record(tx, principal, "warning.change", "warning", warning_id, case=row["incident_id"])
    steps = [*row["steps"], _step(principal, "change", tx.now(), text=row["text"])]
    values = {"id": warning_id, "status": State.DRAFT.value, "now": tx.now()}
    await tx.execute(_WRITE, {**values, **_written(wanted, steps)})


async def act(tx: Tx, principal: Principal, warning_id: UUID, what: Act, **more: str | None) -> None:
    """Submit, approve, reject (with a reason), or write down who sent it, when and where.

    Raises Conflict out of turn, Invalid where it is too long or a reason is missing, Forbidden where somebody approves
    what they drafted or changed themselves.
    """
    row = await one(tx, warning_id)
    after = moved(State(row["status"]), what)
    if what in {Act.SUBMIT, Act.APPROVE} and not counted(row["text"], today(tx)).fits:
        raise Invalid("notices.warning.long", fields=[FieldError("text", "notices.warning.long")])
    if what is Act.APPROVE and principal.actor in _authors(row["steps"]):
        raise Forbidden("notices.warning.own")
    if what is Act.REJECT and not (more.get("reason") or "").strip():
        raise Invalid("engine.fields.wrong", fields=[FieldError("reason", "notices.warning.reason")])
    await audit.record(tx, principal, f"warning.{what.value}", "warning", warning_id, case=row["incident_id"])
    steps = [*row["steps"], _step(principal, what.value, tx.now(), **more)]
    values = {"id": warning_id, "status": after.value, "now": tx.now()}
    await tx.execute(_WRITE, {**values, **_written(Draft(row["kind"], tuple(row["areas"]), row["text"]), steps)})


def shown(row: RowMapping, day: date) -> dict[str, Any]:
    """A draft as the API shows it."""
    count = counted(row["text"], day)
    return {
        **{name: row[name] for name in ("kind", "areas", "text", "status", "created_at", "updated_at", "version")},
        "id": str(row["id"]),
        "incident_id": None if row["incident_id"] is None else str(row["incident_id"]),
        "characters": count.characters,
        "most": count.most,
        "limit_source": count.source,
        "fits": count.fits,
        "steps": [{name: value for name, value in one.items() if name != "actor"} for one in row["steps"]],
    }


def _authors(steps: Sequence[dict[str, Any]]) -> set[str]:
    return {str(one["actor"]) for one in steps if one["act"] in {"draft", "change"}}


def _step(principal: Principal, what: str, at: datetime, **more: str | None) -> dict[str, Any]:
    told = {name: value for name, value in more.items() if value}
    return {"act": what, "actor": principal.actor, "name": principal.name, "at": at.isoformat(), **told}


def _written(wanted: Draft, steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": wanted.kind,
        "areas": json.dumps(list(wanted.areas)),
        "text": wanted.text.replace("\r\n", "\n").strip(),
        "steps": json.dumps(list(steps), ensure_ascii=False),
    }
