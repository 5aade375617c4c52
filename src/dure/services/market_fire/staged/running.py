"""The stages in a running city: one look at an incident takes in all that is new, decides, and does what follows.

It is called for each wake and looks at the rows, so a wake that comes twice or late does no harm. The order of locks is
that of the house: the incident, then its verification.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from dure.engine import jobs
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import NotFound
from dure.respond import queries as respond
from dure.respond.changes import changed
from dure.respond.model import Mode, Source, Status
from dure.services.market_fire import signs, verification
from dure.services.market_fire.model import MARKET_FIRE
from dure.services.market_fire.signs import Readings, Sign
from dure.services.market_fire.staged import acting, answering, doubting, grounds, queries
from dure.services.market_fire.staged.grounds import Grounds
from dure.services.market_fire.verification import Act, Kind, Stage, Stages, State, Terms
from dure.trust.principal import Principal

LOOKS_BACK: Final = verification.stages().resumes_s
"""Seconds: what was said beside an alarm earlier says nothing of this one."""


@dataclass(slots=True)
class Ground:
    """What one look stands on: the locked incident, its alarms, where its devices stand, and how each is judged."""

    tx: Tx
    incident: RowMapping
    alarms: list[RowMapping]
    places: Mapping[str, RowMapping]
    works: Mapping[UUID, Sequence[RowMapping]]
    readings: Mapping[str, Readings]
    table: Stages
    usual: grounds.Hours

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self.tx.now().timestamp()

    @property
    def onsets(self) -> dict[str, float]:
        """Since when each device calls."""
        return {row["device"]: row["last_onset_at"].timestamp() for row in self.alarms}

    def judged(self, device: str) -> tuple[Stages, Terms, Grounds]:
        """How a device's stall is judged at this hour."""
        place = self.places.get(device)
        works = () if place is None else self.works.get(place["market_id"], ())
        return grounds.judged(self.table, self.usual, place, works, self.tx.now().astimezone(ZoneInfo(city_zone())))

    def strictest(self, devices: Iterable[str]) -> tuple[Stages, Terms, Grounds]:
        """The judgement of that device whose smoke nothing explains; else of the first."""
        found = [self.judged(one) for one in sorted(devices)] or [self.judged("")]
        return min(found, key=lambda one: (one[1].why is not None, one[1].step, one[0].answer_s))

    def doubts(self, devices: Iterable[str], at: float) -> frozenset[Sign]:
        """What speaks for a fault of every one of these devices."""
        each = [self._doubts(one, at) for one in devices]
        return frozenset[Sign]().union(*each) if each and all(each) else frozenset()

    def _doubts(self, device: str, at: float) -> frozenset[Sign]:
        known = self.readings.get(device)
        return frozenset() if known is None else signs.signs(self.table.signs, known, self.onsets.get(device, at), at)


async def look(context: Context | None, tx: Tx, incident_id: UUID) -> None:
    """Take in what is new about an incident and do what follows. Without a context no readings are looked at."""
    case = await queries.case(tx, incident_id)
    if case is None:
        return
    if case["merged_into"] is not None:
        queries.end(tx, incident_id)
        await look(context, tx, case["merged_into"])
        return
    if case["type"] != MARKET_FIRE:
        return
    readings = await _readings(context, tx, case)
    incident = await respond.locked(tx, incident_id)
    if incident["merged_into"] is not None:
        await jobs.wake(tx, acting.NAME, str(incident["merged_into"]))
    elif incident["status"] == Status.CLOSED:
        queries.end(tx, incident_id)
    elif incident["mode"] == Mode.DRILL or (incident["source"] != Source.SENSOR and incident["confirmed_at"] is None):
        await _told(tx, incident)
    else:
        await _stages(tx, incident, readings)


async def _told(tx: Tx, incident: RowMapping) -> None:
    """People told of it, or it is a drill: nothing is left to be verified."""
    if incident["confirmed_at"] is None:
        await acting.confirm(tx, incident)


async def _readings(context: Context | None, tx: Tx, case: RowMapping) -> dict[str, Readings]:
    """Of the devices that call, before anything is locked. Where a time-out is near there is time to look far back."""
    if context is None:
        return {}
    rows = await queries.alarms(tx, case["id"])
    devices = {row["device"] for row in rows if row["cleared_at"] is None}
    devices |= {row["device"] for row in await _beside(tx, case)}
    state = queries.state_of(await queries.glance(tx, case["id"]))
    due = verification.due(verification.stages(), state)
    if due is not None and due <= tx.now().timestamp() + 1.0:
        return await doubting.readings(context, tx, devices, back=doubting.LONG, within_s=doubting.IN_TIME_S)
    return await doubting.readings(context, tx, devices, back=doubting.LATELY, within_s=doubting.AT_ONCE_S)


async def ground(tx: Tx, incident: RowMapping, readings: Mapping[str, Readings]) -> Ground:
    """What a look at a locked incident stands on."""
    rows = list(await queries.alarms(tx, incident["id"]))
    beside = await _beside(tx, incident)
    places = await queries.places(tx, sorted({row["device"] for row in [*rows, *beside]}))
    markets = {row["market_id"] for row in places.values() if row["market_id"] is not None}
    works = {market: await queries.announced(tx, market) for market in sorted(markets)}
    return Ground(tx, incident, rows, places, works, readings, verification.stages(), grounds.usual())


async def _beside(tx: Tx, incident: Mapping[Any, Any]) -> list[RowMapping]:
    """What detection said of this place beside alarms, and no stage has taken in."""
    since = datetime.fromtimestamp(tx.now().timestamp() - LOOKS_BACK, UTC)
    found = await queries.unheard(tx, since)
    if not found:
        return []
    near = await queries.near(tx, [row["device"] for row in found], incident)
    return [row for row in found if row["device"] in near]


async def _stages(tx: Tx, incident: RowMapping, readings: Mapping[str, Readings]) -> None:
    row = await queries.load(tx, incident["id"])
    on = await ground(tx, incident, readings)
    course = Course(on, queries.state_of(row))
    for at, happen in sorted([*_alarms(course), *await _signs(course)], key=lambda one: one[0]):
        happen(min(at, on.now))
    await _answers(course)
    course.time()
    await keep(course, row)


class Course:
    """One look: the state as it moves, and what is to be done in order."""

    def __init__(self, on: Ground, before: State) -> None:
        self.on = on
        self.before = before
        self.state = before
        self.acts: list[tuple[Act, Principal, str | None]] = []

    def take(self, step: verification.Step, by: Principal = acting.DURE, cause: str | None = None) -> None:
        """The next state, and what it asks for."""
        self.state, acts = step
        self.acts += [(act, by, cause) for act in acts]

    def signal(self, kind: Kind, device: str, at: float) -> frozenset[Sign]:
        """Detection said something of a device; what spoke against it."""
        table, terms, _ = self.on.judged(device)
        doubts = self.on.doubts([device], at)
        if self.state.stage is Stage.FALSE and kind is Kind.SIGNAL and device not in self.state.denied:
            self.state = replace(self.state, told=None)  # nobody has looked at this one
        self.take(verification.on_signal(table, terms, self.state, kind, device, at, doubts))
        return doubts

    def answer(
        self, who: verification.Who, says: verification.Says, at: float, by: Principal, cause: str | None = None
    ) -> None:
        """Somebody answered."""
        trades = self.on.strictest(self.state.calling)[2].trades
        self.take(verification.on_answer(self.state, who, says, at, trades=trades), by, cause)

    def time(self) -> None:
        """The clock may have something to do; at most twice: a time-out that is over already was made longer once."""
        for _ in range(2):
            now = self.on.now
            table, terms, _ = self.on.strictest(self.state.calling)
            doubts = self.on.doubts(self.state.calling, now)
            self.take(verification.on_clock(table, terms, self.state, now, doubts))


Happens = tuple[float, Callable[[float], object]]


def _alarms(course: Course) -> list[Happens]:
    """Alarms that came, ended, or were judged by somebody on their own screen."""
    state, on, found = course.state, course.on, list[Happens]()
    trusted = state.told is not None and on.now - state.told <= on.table.trusts_s
    calling: dict[str, float] = {}
    for row in on.alarms:
        if row["cleared_at"] is None and not (row["stage"] == "false" and trusted):
            calling[row["device"]] = row["last_raised_at"].timestamp()
    for device, at in calling.items():
        if device not in state.calling or (state.stage is Stage.FALSE and not trusted):
            found.append((at, partial(course.signal, Kind.SIGNAL, device)))
    for device in state.calling - calling.keys():
        over = max((_over(row) for row in on.alarms if row["device"] == device), default=on.now)
        found.append((over, partial(course.signal, Kind.CLEARED, device)))
    return found


def _over(row: RowMapping) -> float:
    at: datetime | None = row["cleared_at"] or row["closed_at"]
    return 0.0 if at is None else at.timestamp()


async def _signs(course: Course) -> list[Happens]:
    """What detection said beside them."""
    found = list[Happens]()
    for row in await _beside(course.on.tx, course.on.incident):

        def happen(at: float, row: RowMapping = row) -> None:
            doubts = course.signal(Kind(row["kind"]), row["device"], at)
            queries.heard(course.on.tx, row["id"], course.on.incident["id"], doubts)

        found.append((row["at"].timestamp(), happen))
    return found


async def _answers(course: Course) -> None:
    """What people said by their links, and of the alarms themselves."""
    for said in await answering.new(course.on.tx, course.on.incident, course.on.alarms):
        course.answer(said.who, said.says, course.on.now, answering.principal_of(said), said.cause)
    if course.on.incident["confirmed_at"] is not None and course.state.stage is not Stage.REPORTED:
        course.answer(verification.Who.OPERATOR, verification.Says.FIRE, course.on.now, acting.DURE)


async def keep(course: Course, row: RowMapping | None) -> None:
    """Do what the look came to, keep where it stands, and leave a wake for the next time."""
    on, state, tx = course.on, course.state, course.on.tx
    incident_id: UUID = on.incident["id"]
    for act, by, cause in course.acts:
        await acting.do(tx, on.incident, state, act, on.alarms, by, cause)
    if state.stage is Stage.REPORTED and row is not None and row["stage"] == Stage.REPORTED:
        await acting.tell_119(tx, on.incident)
    table, _, why = on.strictest(state.calling or course.before.calling)
    due = verification.due(table, state)
    at = None if due is None else datetime.fromtimestamp(due, UTC)
    if row is None or state != course.before:
        market = next((one["market_id"] for one in on.places.values() if one["market_id"] is not None), None)
        queries.save(tx, incident_id, market, state, why, at)
        await changed(tx, incident_id, acting.CHANGE)
    if at is not None and state != course.before:
        await jobs.wake(tx, acting.NAME, str(incident_id), at)
    if state.stage is Stage.FALSE and course.before.stage is not Stage.FALSE and state.told is not None:
        again = datetime.fromtimestamp(state.told + table.trusts_s + 1.0, UTC)
        await jobs.wake(tx, acting.NAME, str(incident_id), again)


async def give(tx: Tx, incident_id: UUID, said: "answering.Said") -> None:
    """Somebody answers on a screen. Raises NotFound where nothing is verified (any more)."""
    incident, root = await respond.locked_with_root(tx, incident_id)
    row = await queries.load(tx, root["id"])
    if row is None or incident["type"] != MARKET_FIRE:
        raise NotFound("market_fire.verification.unknown")
    on = await ground(tx, root, {})
    course = Course(on, queries.state_of(row))
    answering.keep(tx, root["id"], said)
    course.answer(said.who, said.says, on.now, answering.principal_of(said), said.cause)
    await keep(course, row)
