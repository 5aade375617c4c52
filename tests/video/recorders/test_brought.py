"""Exports of what stands on a recorder: brought into the export's folder, made into a film, its gaps named."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from dure.commands.simulate.rtsp import CANARY, Fault
from dure.engine.database import Database
from dure.video.export import running
from dure.video.export.model import Order, Part, View
from dure.video.past import index
from dure.video.past.model import at, read_file
from dure.video.recorders import bringing, reels
from dure.video.recorders.bringing import NotBrought
from tests.video.past.made import kept
from tests.video.recorders.conftest import MINUTE
from tests.video.recorders.test_replayed import Rack, rack

__all__ = ["rack"]
pytestmark = pytest.mark.timeout(120)


async def _always() -> bool:
    return True


async def test_a_film_is_made_of_ours_and_the_recorders_pictures_with_its_gaps(
    rack: Rack,
    database: Database,
    h264: bytes,
    begun: int,
    tmp_path: Path,
) -> None:
    rack.archive.replays.faults = {"*": Fault.SOUND}
    start = begun + 9 * MINUTE + 54_000
    (ours,) = await kept(database, tmp_path, "R-1", h264, at(start + 3_000))
    own = [Part(str(index.folder_of(tmp_path) / ours.path), start, begun + 15 * MINUTE + 2_000)]
    folder = tmp_path / "export"
    folder.mkdir()
    order = Order(str(folder), [View("R-1", "R-1", own, [])], "fire-07 · 2026-1 · 문서", 0, blur=False)
    begin, end = at(start), at(begun + 15 * MINUTE + 2_000)
    order = await bringing.ordered(rack.context, order, begin, end, _always)
    parts = order.views[0].parts
    for part in parts:
        data = await asyncio.to_thread(Path(part.path).read_bytes)
        assert CANARY[:20] not in data
        assert read_file(data).camera_id == "R-1"
    child = await running._child(order)
    assert child.stdout is not None
    said = [json.loads(line) for line in (await child.stdout.read()).splitlines()]
    await child.wait()
    (film,) = said[-1]["made"]
    assert film["pictures"] == 30 + 30 + 20, "three seconds, ours, and two seconds after the gap"
    gaps = [(begins - begun, ends - begun) for begins, ends in film["gaps"]]
    assert gaps == [(10 * MINUTE - 100, 15 * MINUTE)]


async def test_what_a_recorder_does_not_send_is_no_film_and_a_cancelled_one_ends(
    rack: Rack,
    begun: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dure.video.rtsp.client.ANSWER_WITHIN_S", 0.3)
    monkeypatch.setattr(reels, "_FIRST_S", 0.3)
    begin, end = at(begun), at(begun + MINUTE)
    rack.archive.replays.faults = {"*": Fault.MUTE}
    with pytest.raises(NotBrought, match="stalled"):
        await bringing.brought(rack.context, "R-2", begin, end, tmp_path, _always)
    rack.archive.replays.faults = {}
    rack.archive.replays.slow = True
    monkeypatch.setattr(bringing, "_LOOK_S", 0.1)

    async def cancelled() -> bool:
        return False

    async with asyncio.timeout(5):
        with pytest.raises(NotBrought, match="wants"):
            await bringing.brought(rack.context, "R-2", begin, end, tmp_path, cancelled)
    assert await bringing.brought(rack.context, "R-2", begin - timedelta(days=3), begin, tmp_path, _always) == []
