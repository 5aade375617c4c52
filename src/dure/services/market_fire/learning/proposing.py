"""Proposals: found every hour in what stalls' alarms were, replayed on the past year, decided by a person."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict, FieldError, Invalid, Unavailable
from dure.kernel.geometry import LonLat, degrees_around, distance_m
from dure.kernel.ids import new_id
from dure.sense import history
from dure.sense.packs import Observation
from dure.services.market_fire import verification
from dure.services.market_fire.learning import queries, replay
from dure.services.market_fire.learning.replay import AFTER_S, BEFORE_S, MOST_WINDOWS, Window
from dure.services.market_fire.learning.replay_child import Columns, Past, Question
from dure.services.market_fire.learning.settings import Cause, Known, Setting, bounds, wished, wrong
from dure.services.market_fire.staged import grounds
from dure.trust import audit
from dure.trust.principal import Principal, system

log = logging.getLogger(__name__)
YEAR: Final = timedelta(days=365)
FRESH: Final = timedelta(days=30)
"""So long a replay stands; after that the past year is another."""
BESIDE_M: Final = 15.0
_PAUSE: Final = timedelta(minutes=10)
_failed: dict[UUID, datetime] = {}
"""Proposals whose replay was begun here and has not come to its end."""
_BESIDE: Final = 5
_PAGE: Final = 50_000
_CHILD_S: Final = 240.0
_SOURCE: Final = Path(__file__).parents[4]


def setting_of(row: RowMapping | None, before: str = "") -> Setting:
    """The setting in a row's columns, whose names may have something before them."""
    if row is None:
        return Setting()
    begin, end = row[f"{before}steam_from"], row[f"{before}steam_until"]
    return Setting(None if begin is None else (begin, end), row[f"{before}answer_s"])


async def of_stall(tx: Tx, stall_id: UUID) -> Setting:
    """How a stall is judged now."""
    return setting_of((await queries.settings_of(tx, [stall_id])).get(stall_id))


# Finding


async def find(context: Context) -> None:
    """Propose what the alarms of the last half year speak for; once for a stall, and not what was refused lately."""
    limits, table = bounds(), verification.stages()
    async with context.database.transaction() as tx:
        now = tx.now()
        since = now - timedelta(days=max(limits.days, limits.quiet_days))
        rows = await queries.known(tx, since)
        waiting = await queries.waiting(tx, now - timedelta(days=limits.days))
        zone = ZoneInfo(city_zone())
        for stall, told in groupby(rows, lambda row: row["stall_id"]):
            if stall in waiting:
                continue
            known = [_known(row, zone) for row in told]
            wish = wished(limits, table, await of_stall(tx, stall), known, now.astimezone(zone))
            if wish is not None:
                because = {"why": wish.why, "alarms": wish.alarms, "days": limits.days}
                await _propose(tx, stall, wish.setting, because, system("market_fire.proposals").name)


def _known(row: RowMapping, zone: ZoneInfo) -> Known:
    cause = None if row["cause"] is None else Cause(row["cause"])
    return Known(row["raised_at"].astimezone(zone), cause, row["denied_s"])


async def _propose(tx: Tx, stall: UUID, setting: Setting, because: dict[str, Any], by: str) -> UUID | None:
    begin, end = setting.steam or (None, None)
    id_ = new_id()
    values = {"id": id_, "stall": stall, "begin": begin, "end": end, "answer": setting.answer_s, "by": by}
    return id_ if await queries.propose(tx, {**values, "because": json.dumps(because)}) else None


async def by_hand(tx: Tx, who: Principal, stall_id: UUID, setting: Setting, why: str) -> UUID:
    """A person's own proposal. Raises NotFound, Invalid beyond the bounds, Conflict where one is open already, or
    nothing would change."""
    await queries.stall(tx, stall_id)
    field = wrong(bounds(), setting)
    if field is not None:
        raise Invalid("market_fire.proposal.bounds", fields=[FieldError(field, "market_fire.proposal.bounds")])
    if setting == await of_stall(tx, stall_id):
        raise Conflict("market_fire.proposal.same")
    id_ = await _propose(tx, stall_id, setting, {"why": "person", "words": why}, who.name)
    if id_ is None:
        raise Conflict("market_fire.proposal.open")
    await audit.record(tx, who, "market_fire.propose", "stall", stall_id)
    return id_


# Deciding


async def again(tx: Tx, who: Principal, proposal_id: UUID) -> None:
    """Ask for a new replay. Raises NotFound, Conflict for one that was decided."""
    await _open(tx, proposal_id)
    await queries.replayed(tx, proposal_id, None)
    await audit.record(tx, who, "market_fire.replay", "proposal", proposal_id)


async def decide(tx: Tx, who: Principal, proposal_id: UUID, *, approve: bool, reason: str) -> None:
    """Approve or refuse. Raises NotFound, Conflict: decided already, not replayed within thirty days, or a fire of the
    past year or of the simulated ones would have been missed."""
    row = await _open(tx, proposal_id)
    if approve:
        if row["replay"] is None or tx.now() - row["replayed_at"] > FRESH:
            raise Conflict("market_fire.proposal.unreplayed")
        if misses(row["replay"]):
            raise Conflict("market_fire.proposal.misses")
        setting = setting_of(row)
        begin, end = setting.steam or (None, None)
        values = {"stall": row["asset_id"], "begin": begin, "end": end, "answer": setting.answer_s}
        await queries.put_setting(tx, {**values, "id": proposal_id, "by": who.name})
    await queries.decide(tx, proposal_id, "approved" if approve else "refused", who.name, reason)
    action = "market_fire.approve" if approve else "market_fire.refuse"
    await audit.record(tx, who, action, "proposal", proposal_id, purpose=reason)


def misses(found: dict[str, Any]) -> bool:
    """Whether a replay says that a fire would be missed that is not missed now."""
    then, now, fires = found["then"], found["now"], found["fires"]
    return bool(then["missed"] > now["missed"] or fires["missed_then"] > fires["missed_now"])


async def _open(tx: Tx, proposal_id: UUID) -> RowMapping:
    row = await queries.proposal(tx, proposal_id, lock=True)
    if row["state"] != "open":
        raise Conflict("market_fire.proposal.decided")
    return row


# Replaying


async def replay_next(context: Context) -> None:
    """Replay one proposal that has none yet; one that could not be is tried again after a while."""
    async with context.database.transaction() as tx:
        row = await queries.unreplayed(tx, [id_ for id_, at in _failed.items() if tx.now() - at < _PAUSE])
        if row is None:
            return
        _failed[row["id"]] = tx.now()
        since = tx.now() - YEAR
        told = _apart(await queries.alarms(tx, since=since, until=tx.now(), stall=row["asset_id"], most=500))
        places, every = await _places(tx, row["asset_id"])
    past = [await _past(context, one, list(places)) for one in told[:MOST_WINDOWS]]
    question = Question(setting_of(row, "now_"), setting_of(row), places, every, past)
    found = json.loads(await _asked(question))
    left_out = max(0, len(told) - MOST_WINDOWS)
    unread = len(past) - len(found["windows"])
    found |= {"since": since.isoformat(), "alarms": len(told), "left_out": left_out, "unread": unread}
    async with context.database.transaction() as tx:
        if (await queries.proposal(tx, row["id"], lock=True))["state"] == "open":
            await queries.replayed(tx, row["id"], json.dumps(found))
    _failed.pop(row["id"], None)


async def _past(context: Context, one: RowMapping, devices: list[str]) -> Past:
    """An alarm as a window with its readings."""
    onset = one["onset_at"]
    local = onset.astimezone(ZoneInfo(city_zone()))
    minute = local.hour * 60 + local.minute
    judged = None if one["judged_at"] is None else max(0.0, (one["judged_at"] - one["raised_at"]).total_seconds())
    trades = grounds.hours_of(one["hours"], grounds.usual()).hold(minute)
    fire = one["stage"] == "confirmed"
    window = Window(
        str(one["id"]), onset.isoformat(), minute, one["cause"], trades, one["announced"], judged, says_fire=fire
    )
    return Past(window, onset.timestamp(), await _readings(context, devices, onset))


def _apart(rows: Sequence[RowMapping]) -> list[RowMapping]:
    """One alarm for each stretch of time: those within a window of a later one belong to it. Newest first."""
    kept: list[RowMapping] = []
    for row in sorted(rows, key=lambda row: row["onset_at"]):
        if kept and (row["onset_at"] - kept[-1]["onset_at"]).total_seconds() < AFTER_S:
            if kept[-1]["cause"] is None or row["cause"] == "fire":
                kept[-1] = kept[-1] if row["cause"] is None else row
            continue
        kept.append(row)
    return kept[::-1]


async def _places(tx: Tx, stall_id: UUID) -> tuple[dict[str, float], dict[str, float | None]]:
    """The stall's detectors and those beside them, with their distance in metres."""
    here = await queries.position(tx, stall_id)
    if here is None:
        found = await queries.devices(tx, stall_id)
        return {row["id"]: 0.0 for row in found}, {row["id"]: row["interval_s"] for row in found}
    at = LonLat(here["lon"], here["lat"])
    lon, lat = degrees_around(at, BESIDE_M)
    rows = [
        row
        for row in await queries.beside(tx, stall_id, at, (lon, lat))
        if row["own"] or distance_m(at, LonLat(row["lon"], row["lat"])) <= BESIDE_M
    ][:_BESIDE]
    places = {
        row["id"]: 0.0 if row["own"] or row["lon"] is None else distance_m(at, LonLat(row["lon"], row["lat"]))
        for row in rows
    }
    return places, {row["id"]: row["interval_s"] for row in rows}


async def _readings(context: Context, devices: list[str], onset: datetime) -> Columns:
    found: list[Observation] = []
    after: history.Mark | None = None
    while True:
        page = await history.read(
            context, devices=devices, properties=list(replay.PROPERTIES), start=onset - timedelta(seconds=BEFORE_S),
            end=onset + timedelta(seconds=AFTER_S), limit=_PAGE, after=after,
        )  # fmt: skip
        found += page.observations
        after = page.next
        if after is None:
            return Columns.of(found)


async def _asked(question: Question) -> bytes:
    """The child's answer. Raises Unavailable where it takes too long or dies."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dure.services.market_fire.learning.replay_child",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_SOURCE)},
    )  # fmt: skip
    try:
        async with asyncio.timeout(_CHILD_S):
            answer, said = await child.communicate(msgspec.msgpack.encode(question))
    except TimeoutError as error:
        raise Unavailable("engine.history.slow") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        log.error("a replay ended with %s: %s", child.returncode, said.decode(errors="replace")[-2_000:])
        raise Unavailable("engine.history.slow")
    return answer
