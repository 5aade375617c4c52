"""Somebody in a park presses an emergency bell: a person is asking, so an incident must follow at once."""

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta

from dure.commands.simulate.crew import Detector
from dure.commands.simulate.stage import Stage, keys
from dure.commands.simulate.telling import Teller
from dure.kernel.errors import NotFound

_PATIENCE_S = 60.0


async def play(stage: Stage, teller: Teller, seed: int | None) -> int:
    """0 when the bell became an incident."""
    bells = [bell for bell in await stage.city.all("/devices", kind="bell") if (bell.get("attrs") or {}).get("sample")]
    if not bells:
        raise NotFound("simulate.no_bells")
    bell = random.Random(seed or 1).choice(bells)
    given = await keys(stage.city, [bell])
    since = datetime.now(UTC) - timedelta(seconds=2)
    device = Detector(bell["id"], given[bell["id"]], lambda _: {"button": True})
    await device.sign_in(stage.door)
    teller.say("bell", place=bell["name"])
    await device.report(time.monotonic())
    incident_id = None
    until = time.monotonic() + _PATIENCE_S
    while incident_id is None and time.monotonic() < until:
        await asyncio.sleep(0.3)
        alarms = await stage.city.get("/alarms", device=bell["id"], limit=20)
        recent = [alarm for alarm in alarms["items"] if datetime.fromisoformat(alarm["raised_at"]) >= since]
        incident_id = next((alarm["incident_id"] for alarm in recent if alarm["incident_id"]), None)
    device.read = lambda _: {"button": False}
    await device.report(time.monotonic())
    await device.leave()
    if incident_id is None:
        teller.say("bell_bad", ok=False)
        return 1
    found = await stage.city.get(f"/incidents/{incident_id}")
    teller.say("bell_good", ok=True, receipt_no=found["receipt_no"], incident_id=incident_id)
    return 0
