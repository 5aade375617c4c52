"""Runs between the rows and the plain values that `decide` works on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.respond.playbooks import plain
from dure.respond.playbooks.model import Playbook
from dure.respond.runs.state import Item, ItemStatus, RunStatus, State

_RUN = text("select * from run where incident_id = :incident for update")
_SEEN = text("select * from run where incident_id = :incident")
_ITEMS = text(
    "select number::text as key, status, attempt, begun_at, due_at, late_at, ended_at, answer, by from run_step "
    "where run_id = :run union all "
    "select act_id, status, attempt, begun_at, due_at, late_at, ended_at, answer, by from run_act where run_id = :run"
)
_SET = (
    "status = excluded.status, attempt = excluded.attempt, begun_at = excluded.begun_at, due_at = excluded.due_at, "
    "late_at = excluded.late_at, ended_at = excluded.ended_at, answer = excluded.answer, by = excluded.by"
)
_VALUES = ":status, :attempt, :begun_at, :due_at, :late_at, :ended_at, :answer, :by"
_NAMES = "status, attempt, begun_at, due_at, late_at, ended_at, answer, by"
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
    """A run as it is kept: its row, the plan that it carries out, how it stands."""

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
    row = await tx.row(_RUN if lock else _SEEN, {"incident": incident_id})
    if row is None:
        return None
    items = {
        each["key"]: Item(
            ItemStatus(each["status"]), **{name: each[name] for name in _NAMES.split(", ") if name != "status"}
        )
        for each in await tx.rows(_ITEMS, {"run": row["id"]})
    }
    moments = {name: datetime.fromisoformat(at) for name, at in row["moments"].items()}
    return Kept(row, _own_plan(row), State(RunStatus(row["status"]), items, moments))


_PLANS_MOST = 512
_plans: dict[UUID, Playbook] = {}
"""The plans of the runs that were carried on last, by the run's id: a run's plan never changes."""


def _own_plan(row: RowMapping) -> Playbook:
    plan = _plans.pop(row["id"], None) or plan_of(row, row["language"])
    _plans[row["id"]] = plan  # the newest stand last
    if len(_plans) > _PLANS_MOST:
        del _plans[next(iter(_plans))]
    return plan


def plan_of(row: Mapping[Any, Any], language: str) -> Playbook:
    """The plan in a language, in the one that is carried out where there is no other."""
    plans = row["plan"]
    return plain.from_json(plans.get(language) or plans[row["language"]])


async def save(tx: Tx, kept: Kept, after: State) -> None:
    """Write what has changed."""
    changed = [(key, item) for key, item in after.items.items() if kept.state.items.get(key) != item]
    for statement, rows in ((_STEP, [one for one in changed if one[0].isdigit()]),
                            (_ACT, [one for one in changed if not one[0].isdigit()])):  # fmt: skip
        if rows:
            await tx.execute(statement, [_row(kept.id, key, item) for key, item in rows])
    over = after.status is not RunStatus.RUNNING
    values = {
        "id": kept.id,
        "status": after.status.value,
        "moments": msgspec.json.encode(after.moments).decode(),
        "ended_at": (kept.row["ended_at"] if kept.state.status is after.status else tx.now()) if over else None,
        "wake_at": kept.row["wake_at"],
    }
    await tx.execute(_SAVE, values)


async def sleeps(tx: Tx, run_id: UUID, wake_at: datetime | None) -> None:
    """Note the time that a wake now stands for."""
    await tx.execute(_SLEEP, {"id": run_id, "wake_at": wake_at})


def _row(run_id: UUID, key: str, item: Item) -> dict[str, Any]:
    return {"run": run_id, "key": key, "status": item.status.value,
            **{name: getattr(item, name) for name in _NAMES.split(", ") if name != "status"}}  # fmt: skip


def following(kept: Kept, after: State) -> Kept:
    """The same run in its next state."""
    return replace(kept, state=after)


async def attempts(tx: Tx, run_id: UUID) -> Sequence[RowMapping]:
    """What a run asked of others, each with the hand-off or the task that came of it."""
    return await tx.rows(
        text(
            "select a.*, h.status as handoff_status, t.state as task_state, "
            "coalesce(h.answered_at, t.done_at) as answered_at, coalesce(h.answered_by, t.done_by) as answered_by "
            "from run_attempt a join run r on r.id = a.run_id "
            "left join handoff h on a.kind = 'hand_off' and h.id::text = a.ref "
            "left join incident_task t on a.kind = 'task' and t.incident_id = r.incident_id and t.id::text = a.ref "
            "where a.run_id = :run order by a.key"
        ),
        {"run": run_id},
    )
