"""Speaking to machines, in the process of work: each call is written and in the audit log before its machine hears."""

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine import jobs, outbox
from dure.engine.context import Context
from dure.engine.database import Database, Tx
from dure.kernel.errors import Invalid, Unavailable
from dure.respond import timeline
from dure.respond.automations import model, plc, setup
from dure.respond.automations.asking import CHANNEL
from dure.respond.automations.model import LOST_AFTER, Machine, Next, Outcome, Status, Way
from dure.respond.doors import client, guard, signing
from dure.respond.doors.claiming import Parcel
from dure.respond.doors.client import Client
from dure.respond.doors.model import NotNow, Taken, Unheard
from dure.respond.runs import interpreter
from dure.respond.tasks import made
from dure.respond.timeline import Entry
from dure.trust import audit
from dure.trust.principal import Principal, system
from dure.trust.roles import Role

log = logging.getLogger(__name__)
LANES = 8
_LOOK_S = 2.0
MACHINE: Principal = system("automation")

_DUE = text("select * from automation_call where next_at <= :now order by next_at, id limit 1 for update skip locked")
_RUNNING = text(
    "update automation_call set status = 'running', tries = tries + 1, next_at = :lost, "
    "doubled = doubled + cast(status = 'running' as int) where id = :id returning tries"
)
_STAND = text(
    "update automation_call set status = :status, reason = :reason, next_at = :at, ended_at = :ended "
    "where id = :id and status = 'running' and tries = :tries returning id"
)
_HEALTH = text(
    "update automation set last_ok_at = case when cast(:fault as text) is null then :now else last_ok_at end, "
    "last_fault = :fault, last_fault_at = case when cast(:fault as text) is null then last_fault_at else :now end "
    "where id = :id"
)
_BY_HAND = text(
    "update run_attempt set kind = 'task', ref = :task, error = null where run_id = :run and act_id = :act "
    "and attempt = :attempt and kind = 'automation' and ref = :call"
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was taken: its row, the machine, and the request where it is one over HTTP."""

    row: RowMapping
    tries: int
    machine: Machine
    parcel: Parcel | None


class Runner:
    """Takes what is due and does it, several machines at once."""

    def __init__(self, database: Database, out: Client) -> None:
        self._database, self._out = database, out

    async def run(self) -> None:
        """For ever."""
        async with outbox.wakes(self._database.url, CHANNEL) as woken:
            lanes = [asyncio.create_task(self._lane(woken)) for _ in range(LANES)]
            try:
                await asyncio.gather(*lanes)
            finally:
                for one in lanes:
                    one.cancel()

    async def _lane(self, woken: outbox.Bell) -> None:
        while True:
            woken.clear()
            try:
                while await self.step():
                    pass
            except Unavailable as error:
                log.warning("automations wait: %s", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await woken.wait()

    async def step(self) -> bool:
        """Take one call and do it; whether there was one. Raises Unavailable."""
        async with self._database.transaction() as tx:
            row = await tx.row(_DUE, {"now": tx.now()})
            if row is None:
                return False
            taken = await _taken(tx, row)
        if taken is None:
            return True
        outcome = await self._done(taken)
        async with self._database.transaction() as tx:
            await settle(tx, taken.row, taken.tries, outcome)
        return True

    async def _done(self, taken: Call) -> Outcome:
        if taken.parcel is not None:
            found = await self._out.send(taken.parcel)
            if isinstance(found, Taken):
                return Outcome(ok=True)
            return Outcome(ok=False, reason=found.code, again=isinstance(found, NotNow | Unheard))
        assert taken.machine.plc is not None
        try:
            at = model.unit(taken.machine.url, guard.allowed_networks())
        except Invalid:
            return Outcome(ok=False, reason="not_permitted")
        return await plc.move(at, taken.machine.plc)


async def _taken(tx: Tx, row: RowMapping) -> Call | None:
    await audit.record(tx, MACHINE, "automation.run", "automation", row["automation_id"], case=row["incident_id"])
    tries = await tx.scalar(_RUNNING, {"id": row["id"], "lost": tx.now() + LOST_AFTER})
    found = await setup.of(tx, row["automation_id"])
    if found is None or not found["is_on"]:
        await settle(tx, row, tries, Outcome(ok=False, reason="off"))
        return None
    machine = setup.machine(found)
    parcel = _parcel(tx, row, found, tx.now()) if machine.way is Way.HTTP else None
    return Call(row, tries, machine, parcel)


def _parcel(tx: Tx, row: RowMapping, found: RowMapping, now: datetime) -> Parcel:
    """The request: which machine, for which incident and since when. No words, nobody's name."""
    reference = str(row["id"])
    said: dict[str, Any] = {
        "automation": found["automation"],
        "machine": row["automation_id"],
        "incident": str(row["incident_id"]),
        "asked_at": row["created_at"].isoformat(),
    }
    body = json.dumps(said, separators=(",", ":")).encode()
    headers = signing.headers([setup.key(tx, found)], signing.US, "POST", reference, now, signing.new_nonce(), body) | {
        "Idempotency-Key": reference,
        "Accept": "application/json",
        "Content-Type": "application/json",
    }
    return Parcel(row["id"], row["id"], row["automation_id"], found["url"], "POST", body, headers)


async def settle(tx: Tx, row: RowMapping, tries: int, outcome: Outcome) -> None:
    """Write what became of a try; where nothing more is tried, somebody does it by hand. The run goes on."""
    now = tx.now()
    after = model.following(outcome, tries, now)
    ended = None if after.status is Status.QUEUED else now
    values = {"id": row["id"], "status": after.status.value, "reason": after.reason, "at": after.at, "ended": ended}
    if await tx.scalar(_STAND, {**values, "tries": tries}) is None:
        return
    tx.later(_HEALTH, {"id": row["automation_id"], "fault": outcome.reason, "now": now})
    if ended is not None:
        await _tell(tx, row, after)
        await jobs.wake(tx, interpreter.NAME, str(row["incident_id"]))


async def _tell(tx: Tx, row: RowMapping, after: Next) -> None:
    incident: UUID = row["incident_id"]
    params = {"name": row["automation_id"], "reason": after.reason or ""}
    if after.status is Status.DONE:
        await timeline.add(tx, incident, Entry.PLAYBOOK, "automation_done", params)
        return
    await timeline.add(tx, incident, Entry.PLAYBOOK, "automation_failed", params)
    kind = f"playbook:{row['act_id']}:{row['attempt']}:{row['id']}"
    found = await setup.of(tx, row["automation_id"])
    title = row["title"] if found is None else f"{row['title']} · {found['name']}"
    task = await made.ask(tx, incident, kind, row["due_at"], role=Role.OPERATOR.value, title=title)
    values = {"run": row["run_id"], "act": row["act_id"], "attempt": row["attempt"], "call": str(row["id"])}
    tx.later(_BY_HAND, {**values, "task": str(task)})


async def run(context: Context) -> None:
    """The work process's task."""
    out = client.of_environment()
    try:
        await Runner(context.database, out).run()
    finally:
        await out.close()
