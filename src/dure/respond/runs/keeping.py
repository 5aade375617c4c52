"""Runs between the rows and the plain values that `decide` works on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.piped import Ask
from dure.respond.playbooks import plain
from dure.respond.playbooks.model import Playbook
from dure.respond.runs.state import Item, ItemStatus, RunStatus, State

_COLUMNS = (
    "r.id, r.incident_id, r.kind, r.playbook_version, r.language, r.status, r.moments, r.started_at, r.ended_at, "
    "r.wake_at, r.version"
)
_PLAN = text("select plan from run where incident_id = :incident")
# Of an incident that was merged, its root is locked first: then by a second look.
_RUN = text(
    f"select {_COLUMNS} from run r join incident i on i.id = r.incident_id where r.incident_id = :incident "
    "and (i.merged_into is null or :merged) for update of r"
)
_SEEN = text(f"select {_COLUMNS} from run r where r.incident_id = :incident")
_ITEMS = text(
    "select number::text as key, s.status, attempt, begun_at, due_at, late_at, s.ended_at, answer, by from run_step s "
    "join run r on r.id = s.run_id where r.incident_id = :incident union all "
    "select act_id, a.status, attempt, begun_at, due_at, late_at, a.ended_at, answer, by from run_act a "
    "join run r on r.id = a.run_id where r.incident_id = :incident"
)
_SET = (
    "status = excluded.status, attempt = excluded.attempt, begun_at = excluded.begun_at, due_at = excluded.due_at, "
    "late_at = excluded.late_at, ended_at = excluded.ended_at, answer = excluded.answer, by = excluded.by"
)
_VALUES = ":status, :attempt, :begun_at, :due_at, :late_at, :ended_at, :answer, :by"
_NAMES = "status, attempt, begun_at, due_at, late_at, ended_at, answer, by"
_ITEM_NAMES = tuple(name for name in _NAMES.split(", ") if name != "status")
_STEP = text(
    f"insert into run_step (run_id, number, {_NAMES}) values (:run, cast(:key as int), {_VALUES}) "
    f"on conflict (run_id, number) do update set {_SET}"
)
_ACT = text(
    f"insert into run_act (run_id, act_id, {_NAMES}) values (:run, :key, {_VALUES}) "
    f"on conflict (run_id, act_id) do update set {_SET}"
)
_SAVE = text(
    "update run set status = :status, moments = cast(:moments as jsonb), ended_at = :ended_at, wake_at = :wake_at, "
    "version = version + 1 where id = :id"
)
_SLEEP = text("update run set wake_at = :wake_at where id = :id")


@dataclass(frozen=True, slots=True)
class Kept:
    """A run as it is kept: its row (with its `plans` by language), the plan that it carries out, how it stands."""

    row: RowMapping
    plan: Playbook
    state: State

    @property
    def id(self) -> UUID:
        """The run's id."""
        found: UUID = self.row["id"]
        return found


async def load(tx: Tx, incident_id: UUID, *, lock: bool) -> Kept | None:
    """The run of an incident, or None. With `lock` nobody else changes it until this transaction ends."""
    rows, items = await tx.look(*asked(incident_id, lock=lock))
    return await made_of(tx, rows, items)


def asked(incident_id: UUID, *, lock: bool, merged: bool = True) -> tuple[Ask, Ask]:
    """What `made_of` makes a run of: its row and its items. `merged`: the row also where the incident was merged."""
    values = {"incident": incident_id}
    return (_RUN, {**values, "merged": merged}) if lock else (_SEEN, values), (_ITEMS, values)


async def made_of(tx: Tx, rows: Sequence[RowMapping], items: Sequence[RowMapping]) -> Kept | None:
    """The run of these rows; None where there is none."""
    if not rows:
        return None
    row: Any = {**rows[0], "plans": await _plans_of(tx, rows[0]["incident_id"])}
    moments = {name: datetime.fromisoformat(at) for name, at in row["moments"].items()}
    return Kept(
        row,
        plan_of(row, row["language"]),
        State(RunStatus(row["status"]), {each["key"]: _item(each) for each in items}, moments),
    )


def _item(each: RowMapping) -> Item:
    return Item(ItemStatus(each["status"]), **{name: each[name] for name in _ITEM_NAMES})


async def _plans_of(tx: Tx, incident_id: UUID) -> Mapping[str, Playbook]:
    known = _plans.get(incident_id)
    if known is None:
        kept = await tx.scalar(_PLAN, {"incident": incident_id})
        known = {name: _decoded(plan) for name, plan in kept.items()}
        remember(incident_id, known)
    return known


_PLANS_MOST = 5_000
_plans: dict[UUID, Mapping[str, Playbook]] = {}
"""The plans, by language, of the runs that were looked at last, by their incident: a run's plan never changes."""
_by_words: dict[bytes, Playbook] = {}
"""The plans that were read last, by their words: many runs have the same."""


def remember(incident_id: UUID, plans: Mapping[str, Playbook]) -> None:
    """The plans of an incident's run, for looks to come."""
    if len(_plans) >= _PLANS_MOST:
        del _plans[next(iter(_plans))]
    _plans[incident_id] = plans


def _decoded(plan: object) -> Playbook:
    words = sha256(msgspec.json.encode(plan)).digest()
    if words not in _by_words:
        if len(_by_words) >= _PLANS_MOST // 50:
            del _by_words[next(iter(_by_words))]
        _by_words[words] = plain.from_json(plan)
    return _by_words[words]


def plan_of(row: Mapping[Any, Any], language: str) -> Playbook:
    """The plan of a run that was loaded, in a language, in the one that is carried out where there is no other."""
    plans: Mapping[str, Playbook] = row["plans"]
    return plans.get(language) or plans[row["language"]]


async def save(tx: Tx, kept: Kept, after: State) -> None:
    """Write what has changed."""
    for key, item in after.items.items():
        if kept.state.items.get(key) != item:
            tx.later(_STEP if key.isdigit() else _ACT, _row(kept.id, key, item))
    over = after.status is not RunStatus.RUNNING
    values = {
        "id": kept.id,
        "status": after.status.value,
        "moments": msgspec.json.encode(after.moments).decode(),
        "ended_at": (kept.row["ended_at"] if kept.state.status is after.status else tx.now()) if over else None,
        "wake_at": kept.row["wake_at"],
    }
    tx.later(_SAVE, values)


async def sleeps(tx: Tx, run_id: UUID, wake_at: datetime | None) -> None:
    """Note the time that a wake now stands for."""
    tx.later(_SLEEP, {"id": run_id, "wake_at": wake_at})


def _row(run_id: UUID, key: str, item: Item) -> dict[str, Any]:
    return {"run": run_id, "key": key, "status": item.status.value,
            **{name: getattr(item, name) for name in _ITEM_NAMES}}  # fmt: skip


def following(kept: Kept, after: State) -> Kept:
    """The same run in its next state."""
    return replace(kept, state=after)


async def attempts(tx: Tx, incident_id: UUID) -> Sequence[RowMapping]:
    """What an incident's run asked of others, each with the hand-off or the task that came of it."""
    return await tx.rows(ATTEMPTS, {"incident": incident_id})


ATTEMPTS = text(
    "select a.*, h.status as handoff_status, t.state as task_state, c.status as call_status, "
    "coalesce(h.answered_at, t.done_at, c.ended_at) as answered_at, "
    "coalesce(h.answered_by, t.done_by) as answered_by "
    "from run_attempt a join run r on r.id = a.run_id "
    "left join handoff h on a.kind = 'hand_off' and h.incident_id = r.incident_id and h.id::text = a.ref "
    "left join incident_task t on a.kind = 'task' and t.incident_id = r.incident_id and t.id::text = a.ref "
    "left join automation_call c on a.kind = 'automation' and c.incident_id = r.incident_id and c.id::text = a.ref "
    "where r.incident_id = :incident order by a.key"
)
"""The same as a statement."""
