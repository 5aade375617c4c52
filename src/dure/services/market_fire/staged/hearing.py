"""How the stages hear: of alarms by the incidents that have them, of what is beside alarms from detection itself.

What is beside alarms and enough without one (a fast rise in a closed market, high heat, two neighbours) becomes an
alarm that is confirmed, and goes the way of every alarm from there.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping

from dure.city.queries import devices_for_detection
from dure.detect.contributed import built_in
from dure.detect.model import Cleared, Judged, Raised
from dure.detect.record import record
from dure.engine import jobs, processes
from dure.engine.consumers import Consumer
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.jobs import Queue, Worker
from dure.engine.settings import city_zone
from dure.kernel.clock import from_epoch
from dure.kernel.events import Event
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.respond import queries as respond
from dure.respond.changes import CHANGED, OPENED
from dure.respond.joining import Spot, incident_to_join
from dure.respond.model import Mode
from dure.respond.runs.interpreter import CHANGE as RUN
from dure.respond.types import TYPES
from dure.services.market_fire import signs, verification
from dure.services.market_fire.model import MARKET_FIRE
from dure.services.market_fire.staged import doubting, grounds, queries, running
from dure.services.market_fire.staged.acting import CHANGE, NAME
from dure.services.market_fire.verification import RULES, Kind, Stage, State

BESIDE: Final = "device:"
"""Begins the subject of a wake about a device."""


async def hear(tx: Tx, outcomes: Sequence[Judged]) -> None:
    """Keep what detection says beside alarms, and wake who weighs it."""
    woken: set[str] = set()
    for one, judged in outcomes:
        kind = RULES.get(one.rule)
        if kind is None:
            continue
        if isinstance(one, Cleared):
            queries.over(tx, one.rule, one.subject, from_epoch(one.at))
            if kind in _ALONE:
                await record(tx, [(one, judged)], {one.rule: built_in()[one.rule][1]})
            continue
        if one.late:
            continue
        queries.note(tx, _row(one, kind, judged))
        woken.add(one.device or one.subject)
    for device in sorted(woken):
        await jobs.wake(tx, NAME, BESIDE + device)


_ALONE: Final = frozenset({Kind.RISE, Kind.NEIGHBOURS, Kind.HOT, Kind.WARM, Kind.WARMER, Kind.WARMEST})
"""What may become an alarm by itself."""
_NEEDS_READINGS: Final = frozenset({Kind.WARM, Kind.WARMER, Kind.WARMEST, Kind.RISE})
"""What is never enough alone where nobody can say how the detector warmed."""
SUSTAINED: Final = timedelta(seconds=5)
"""A puff of steam warms, too: what is to be enough alone stands as long as a pre-alarm's heat or smoke has to."""
_RUN_UP: Final = 6
"""So many readings tell it."""


def _row(one: Raised, kind: Kind, judged: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "rule": one.rule,
        "kind": kind.value,
        "device": one.device or one.subject,
        "members": list(one.members),
        "value": None if one.value is None else float(one.value),
        "onset_at": from_epoch(one.onset),
        "at": min(from_epoch(one.at), judged),
    }


async def on_incident(tx: Tx, event: Event) -> None:
    """An incident opened or changed: its stages look at it, where it has any."""
    change = event.data.get("change")
    if change == CHANGE:
        return
    found = await queries.watched(tx, UUID(event.entity_id))
    if found is None or not (found["known"] or found["type"] == MARKET_FIRE):
        return
    if change != RUN or found["open"]:
        await jobs.wake(tx, NAME, event.entity_id)


CONSUMER = Consumer(NAME, (OPENED, CHANGED), on_incident)


async def handle(context: Context | None, tx: Tx, subject: str) -> None:
    """A wake: an incident's id, or a device that detection said something of beside alarms."""
    if not subject.startswith(BESIDE):
        await running.look(context, tx, UUID(subject))
        return
    device = subject.removeprefix(BESIDE)
    incident_id = await _incident(tx, device)
    if incident_id is not None:
        await running.look(context, tx, incident_id)
    else:
        await _alone(context, tx, device)


async def _incident(tx: Tx, device: str) -> UUID | None:
    """The open incident at the device's place."""
    found = await devices_for_detection(tx, [device])
    if not found:
        return None
    one, kind = found[0], TYPES.kept(MARKET_FIRE)
    block = one.parent_id or one.asset_id
    at = None if one.lon is None or one.lat is None else LonLat(one.lon, one.lat)
    spot = Spot(at, f"asset:{block}" if block else f"device:{device}")
    near = await respond.nearby(tx, kind, Mode.REAL, spot, tx.now())
    chosen = incident_to_join(kind, Mode.REAL, spot, tx.now(), [one for one in near if one.kind.id == MARKET_FIRE])
    return None if chosen is None else chosen.id


async def _alone(context: Context | None, tx: Tx, device: str) -> None:
    """No incident stands there: what the stages make of the signs of this device alone."""
    since = datetime.fromtimestamp(tx.now().timestamp() - running.LOOKS_BACK, UTC)
    rows = [row for row in await queries.unheard(tx, since) if device in {row["device"], *row["members"]}]
    young = [row for row in rows if Kind(row["kind"]) is not Kind.HOT and tx.now() < row["at"] + SUSTAINED]
    if young:
        await jobs.wake(tx, NAME, BESIDE + device, min(row["at"] for row in young) + SUSTAINED)
    rows = [row for row in rows if row not in young and (row["cleared_at"] is None or row["kind"] == Kind.HOT)]
    found = await _enough(context, tx, device, rows)
    if found is None:
        return
    told, stage = found
    rule = built_in()[told["rule"]][1]
    raised = Raised(
        rule.id, device, device, None, told["onset_at"].timestamp(), told["at"].timestamp(),
        value=told["value"], members=tuple(told["members"]),
    )  # fmt: skip
    await record(tx, [(raised, tx.now())], {rule.id: replace(rule, stage=stage)})


async def _enough(
    context: Context | None, tx: Tx, device: str, rows: Sequence[RowMapping]
) -> tuple[RowMapping, Literal["pre_alarm", "confirmed"]] | None:
    """The sign at which the stages report or ask, of those that need no alarm before."""
    if not rows:
        return None
    readings = {}
    if context is not None:
        readings = await doubting.readings(context, tx, {device}, back=doubting.LATELY, within_s=doubting.ALONE_S)
    table = verification.stages()
    place = (await queries.places(tx, [device])).get(device)
    works = [] if place is None or place["market_id"] is None else await queries.announced(tx, place["market_id"])
    zone = ZoneInfo(city_zone())
    state = State()
    for row in rows:
        at = row["at"].timestamp()
        own, terms, _ = grounds.judged(table, grounds.usual(), place, works, row["at"].astimezone(zone))
        known = readings.get(device)
        seen = 0 if known is None else known.until(at).at.size
        if context is not None and seen < _RUN_UP and Kind(row["kind"]) in _NEEDS_READINGS:
            continue  # a puff of steam is warm, too: the alarm's five seconds are waited for
        doubts = frozenset() if known is None else signs.signs(own.signs, known, row["onset_at"].timestamp(), at)
        state, _ = verification.on_signal(own, terms, state, Kind(row["kind"]), device, at, doubts)
        if state.stage is Stage.REPORTED:
            return row, "confirmed"
        if state.stage is Stage.PRE_ALARM:
            return row, "pre_alarm"
    return None


async def run(context: Context) -> None:
    """The work process's task: the stages' own lanes, for they read what devices reported."""

    async def handled(tx: Tx, subject: str) -> None:
        await handle(context, tx, subject)

    async def report(name: str, waiting_s: float | None) -> None:
        async with context.database.transaction() as tx:
            await processes.report_consumer(tx, name, waiting_s)

    await Worker(context.database, [Queue(NAME, handled, lanes=3)]).run(report)
