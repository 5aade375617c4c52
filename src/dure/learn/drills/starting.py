"""Starting a drill: an incident that is not earnest, run by a manual that need not be in force, with a script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from dure.engine import jobs
from dure.engine.database import Tx
from dure.kernel.errors import FieldError, Invalid
from dure.kernel.events import Event
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.kernel.severity import Severity
from dure.learn import findings
from dure.learn.drills.model import Inject
from dure.learn.drills.script import NAME
from dure.learn.model import FindingState
from dure.respond import opening, practice, queries, timeline
from dure.respond.model import Mode, Source
from dure.respond.opening import Opening, Place
from dure.respond.playbooks import library
from dure.respond.playbooks.model import Happening
from dure.respond.runs import starting
from dure.respond.timeline import Entry
from dure.respond.types import TYPES
from dure.trust import audit
from dure.trust.principal import Principal

CHANGED = "DrillChanged.v1"
"""A drill began or ended (entity `drill`, data: the incident's id)."""
_ACCOUNTS = text("select id from account where id = any(:ids) and state = 'active'")
_AGENCIES = text("select id from agency where id = any(:ids)")


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a script: so many seconds after the start."""

    after_s: float
    act: Inject
    value: str | None
    words: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A drill as somebody asks for it. Without `number` the version in force; with a finding the one it published."""

    kind: str
    number: int | None
    at: LonLat
    place: str
    title: str
    injects: tuple[Told, ...] = ()
    finding_id: UUID | None = None
    accounts: tuple[UUID, ...] = ()
    agencies: tuple[str, ...] = ()


async def start(tx: Tx, who: Principal, wanted: Wanted) -> UUID:
    """Start it; its id. Raises NotFound for a manual that is none, Invalid for a script or people that are none."""
    number = await _number(tx, wanted)
    manual = await (library.get(tx, wanted.kind) if number is None else library.version(tx, wanted.kind, number))
    if not manual.plans:
        raise Invalid("learn.drill.no_plan")
    await _check(tx, wanted)
    plan = manual.plan("ko")
    kind = TYPES.kept(wanted.kind)
    opened = Opening(
        kind=kind,
        severity=plan.severity or kind.severity,
        mode=Mode.DRILL,
        source=Source.OPERATOR,
        place=Place(wanted.at, wanted.place or None),
        signal_at=tx.now(),
        description=wanted.title,
        opened_by=who.name,
    )
    incident_id = await opening.open_incident(tx, opened)
    await practice.take_part(tx, incident_id, wanted.accounts, wanted.agencies)
    await timeline.add(tx, incident_id, Entry.STATE, "drill_begun", actor=who.name, words=wanted.title)
    await opening.begin_work(tx, incident_id, opened)
    await starting.start(tx, incident_id, manual.plans, manual.number)
    drill_id = await _put(tx, who, wanted, incident_id, manual.number)
    await audit.record(tx, who, "drill.start", "incident", incident_id, purpose=f"{wanted.kind}/{manual.number}")
    return drill_id


async def _number(tx: Tx, wanted: Wanted) -> int | None:
    """The version to rehearse. Raises Invalid for a finding of another manual, or one that is not published."""
    if wanted.finding_id is None:
        return wanted.number
    finding = await findings.one(tx, wanted.finding_id)
    if finding["kind"] != wanted.kind or finding["state"] not in {FindingState.PUBLISHED, FindingState.REHEARSED}:
        raise Invalid("engine.fields.wrong", fields=[FieldError("finding_id", "learn.drill.finding")])
    number: int = wanted.number or finding["published_number"]
    return number


async def _check(tx: Tx, wanted: Wanted) -> None:
    wrong: list[FieldError] = []
    accounts = {row["id"] for row in await tx.rows(_ACCOUNTS, {"ids": list(wanted.accounts)})}
    agencies = {row["id"] for row in await tx.rows(_AGENCIES, {"ids": list(wanted.agencies)})}
    wrong += [FieldError("accounts", "learn.drill.nobody") for one in wanted.accounts if one not in accounts]
    wrong += [FieldError("agencies", "learn.drill.nobody") for one in wanted.agencies if one not in agencies]
    for n, told in enumerate(wanted.injects):
        possible: Sequence[str] | None = {
            Inject.MOMENT: [one.value for one in Happening],
            Inject.SEVERITY: [one.value for one in Severity],
        }.get(told.act)
        if possible is not None and told.value not in possible:
            wrong.append(FieldError(f"injects.{n}.value", "learn.drill.inject"))
        if told.act is Inject.SAY and not told.words:
            wrong.append(FieldError(f"injects.{n}.words", "learn.drill.inject"))
        if told.act is Inject.ANSWER and not told.value:
            wrong.append(FieldError(f"injects.{n}.value", "learn.drill.inject"))
    if wrong:
        raise Invalid("engine.fields.wrong", fields=wrong)


async def _put(tx: Tx, who: Principal, wanted: Wanted, incident_id: UUID, number: int) -> UUID:
    drill_id, now = new_id(), tx.now()
    row = {
        "id": drill_id,
        "incident_id": incident_id,
        "kind": wanted.kind,
        "number": number,
        "finding_id": wanted.finding_id,
        "title": wanted.title,
        "started_at": now,
        "started_by": who.name,
    }
    await queries.insert(tx, "drill", [row])
    script = [
        {
            "drill_id": drill_id,
            "number": n,
            "due_at": now + timedelta(seconds=told.after_s),
            "act": told.act.value,
            "value": told.value,
            "words": told.words,
        }
        for n, told in enumerate(wanted.injects, start=1)
    ]
    await queries.insert(tx, "drill_inject", script)
    for after_s in sorted({told.after_s for told in wanted.injects}):
        await jobs.wake(tx, NAME, str(drill_id), now + timedelta(seconds=after_s))
    await tx.emit(Event(CHANGED, "drill", str(drill_id), 1, {"incident_id": str(incident_id)}))
    return drill_id
