"""A rule tried on what was observed: what it would have raised, without raising anything."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

from dure.city.queries import devices_for_detection
from dure.detect.core.shard import Shard
from dure.detect.model import Device, Outcome, Raised, Rule
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.clock import from_epoch
from dure.kernel.errors import FieldError, Invalid
from dure.sense import history
from dure.sense.packs import Observation, Pack

LONGEST: Final = timedelta(days=1)
MOST_READINGS: Final = 200_000
MOST_RAISED: Final = 500
_PAGE: Final = 20_000
_PACK: Final = 1_000


async def tried(context: Context, tx: Tx, rule: Rule, start: datetime, end: datetime) -> dict[str, Any]:
    """Feed the readings of the rule's devices, as they came in, to a core of its own.

    Raises Invalid for a span of more than a day, Unavailable where history is away.
    """
    if not timedelta(0) < end - start <= LONGEST:
        raise Invalid("detect.try.span", fields=[FieldError("from", "detect.try.span")])
    devices = [
        Device(one.id, one.kind, one.group_id, one.lon, one.lat, one.asset_id, one.interval_s)
        for one in await devices_for_detection(tx)
        if rule.applies_to(one.kind)
    ]
    readings, more = await _readings(context, tx, rule, devices, start, end)
    readings.sort(key=lambda one: one.received_at)
    shard = Shard([rule], devices)
    outcomes: list[Outcome] = []
    for at in range(0, len(readings), _PACK):
        pack = Pack()
        for one in readings[at : at + _PACK]:
            pack.add(one._replace(seq=0))
        shard.feed(pack)
        outcomes += shard.drain()
        await asyncio.sleep(0)  # other requests of this process go on
    if not more:
        shard.advance(end.timestamp())
    outcomes += shard.drain()
    raised = _paired(outcomes)
    return {
        "readings": len(readings),
        "raised": raised[:MOST_RAISED],
        "truncated": more or len(raised) > MOST_RAISED,
    }


async def _readings(
    context: Context, tx: Tx, rule: Rule, devices: list[Device], start: datetime, end: datetime
) -> tuple[list[Observation], bool]:
    found: list[Observation] = []
    after: history.Mark | None = None
    if not devices:
        return found, False
    while len(found) < MOST_READINGS:
        page = await history.read(
            context,
            devices=[one.id for one in devices],
            properties=sorted(rule.properties) or None,
            start=start,
            end=end,
            limit=_PAGE,
            after=after,
            tx=tx,
        )
        found += page.observations
        after = page.next
        if after is None:
            return found, False
    return found, True


def _paired(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """Alarms with their ends."""
    raised: list[dict[str, Any]] = []
    open_now: dict[str, dict[str, Any]] = {}
    for one in outcomes:
        if isinstance(one, Raised):
            shown = {
                "subject": one.subject,
                "device": one.device,
                "onset_at": from_epoch(one.onset),
                "matured_at": from_epoch(one.at),
                "cleared_at": None,
                "late": one.late,
                "value": None if one.value is None else float(one.value),
            }
            raised.append(shown)
            if not one.late:
                open_now[one.subject] = shown
        elif one.subject in open_now:
            open_now.pop(one.subject)["cleared_at"] = from_epoch(one.at)
    return raised
