"""Asking a machine: a row of the transaction that wants it, and a bell for who speaks to machines."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.respond.automations import setup

CHANNEL = "dure_automation"
_INSERT = text(
    "insert into automation_call (id, automation_id, incident_id, run_id, act_id, attempt, title, due_at, status, "
    "next_at, created_at) values (:id, :automation, :incident, :run, :act, :attempt, :title, :due_at, 'queued', :now, "
    ":now)"
)
_WITHDRAW = text(
    "update automation_call set status = 'withdrawn', next_at = null, ended_at = :now "
    "where run_id = :run and act_id = :act and attempt = :attempt and status = 'queued'"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which attempt at an act of which run wants it, in the manual's own words, and by when."""

    incident_id: UUID
    run_id: UUID
    act_id: str
    attempt: int
    title: str
    due_at: datetime | None


async def ask(tx: Tx, automation: str, place: LonLat | None, wanted: Wanted) -> list[UUID]:
    """Have the machines that do this there set going once `tx` has committed; the calls' ids. None where the city has
    no such machine in use.
    """
    asked: list[UUID] = []
    for machine in await setup.serving(tx, automation, place):
        asked.append(new_id())
        values = {"id": asked[-1], "automation": machine, "incident": wanted.incident_id, "run": wanted.run_id}
        values |= {"act": wanted.act_id, "attempt": wanted.attempt, "title": wanted.title, "due_at": wanted.due_at}
        tx.later(_INSERT, {**values, "now": tx.now()})
    if asked:
        tx.ring(CHANNEL)
    return asked


def withdraw(tx: Tx, run_id: UUID, act_id: str, attempt: int) -> None:
    """It is not wanted any more; what a machine is doing already, it does."""
    tx.later(_WITHDRAW, {"run": run_id, "act": act_id, "attempt": attempt, "now": tx.now()})
