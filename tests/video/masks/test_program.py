"""Pictures through a mask, by the real FFmpeg: what is covered cannot be told, what is not stays."""

import asyncio
import subprocess
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import numpy as np
import pytest

from dure.engine import ffmpeg
from dure.video.masks.program import Masking, masked
from dure.video.masks.veils import Veils
from dure.video.model import BrokenStream, Fragment, Init, Splitter
from dure.video.relay import Camera, Viewer

WIDE, HIGH = 192, 108
COVERED = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
EVERYTHING = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def grey(stream: bytes) -> np.ndarray:
    """Every picture as brightness: pictures x rows x columns."""
    words = [ffmpeg.program(), "-loglevel", "error", "-f", "mp4", "-i", "pipe:0", "-f", "rawvideo"]
    told = [*words, "-pix_fmt", "gray", "-fps_mode", "passthrough", "pipe:1"]
    out = subprocess.run(told, input=stream, capture_output=True, check=True).stdout
    return np.frombuffer(out, np.uint8).reshape(-1, HIGH, WIDE).astype(int)


def parts(stream: bytes) -> tuple[Init, list[Fragment]]:
    pieces = Splitter().feed(stream)
    assert isinstance(pieces[0], Init)
    return pieces[0], [one for one in pieces[1:] if isinstance(one, Fragment)]


async def test_what_is_covered_cannot_be_told_and_the_rest_stays(h264: bytes) -> None:
    init, fragments = parts(h264)
    pieces = await masked(init, fragments, [COVERED])
    shown = [one for one in pieces if isinstance(one, Fragment)]
    assert isinstance(pieces[0], Init)
    assert (pieces[0].width, pieces[0].height) == (WIDE, HIGH)
    assert len(shown) == len(fragments), "one out for each in"
    steps = [later.at_s - one.at_s for one, later in pairwise(shown)]
    assert max(abs(step - 0.1) for step in steps) < 0.005
    before, after = grey(h264), grey(b"".join(one.data for one in pieces))
    rows, columns = slice(HIGH // 4 + 2, 3 * HIGH // 4 - 2), slice(WIDE // 4 + 2, 3 * WIDE // 4 - 2)
    fine_before = np.abs(np.diff(before[:, rows, columns], axis=2)).max()
    fine_after = np.abs(np.diff(after[:, rows, columns], axis=2)).max()
    assert fine_before > 100
    assert fine_after < fine_before / 3, "no edge of what is beneath is left"
    beside = np.abs(before[:, : HIGH // 5] - after[:, : HIGH // 5]).mean()
    assert beside < 6


async def test_pictures_come_out_at_once_and_remember_when_they_came(h264: bytes) -> None:
    init, fragments = parts(h264)
    out: list[tuple[float, Fragment]] = []
    came = asyncio.Event()

    def take(piece: Init | Fragment) -> None:
        if isinstance(piece, Fragment):
            out.append((time.monotonic(), piece))
            came.set()

    masking = Masking(init, [COVERED], take)
    masking.begin()
    for number, one in enumerate(fragments[:20]):
        masking.show(Fragment(one.data, one.key, one.at_s, 1_000.0 + number))
        async with asyncio.timeout(20):
            while len(out) <= number:  # it does not wait for the next picture
                came.clear()
                await came.wait()
    assert [one.came_ms for _, one in out] == [1_000.0 + number for number in range(20)]
    masking.end()
    assert not masking.failed


async def test_rubbish_gives_no_picture_and_never_what_came(h264: bytes) -> None:
    init, fragments = parts(h264)
    broken = [Fragment(one.data[:-40] + bytes(40), one.key, one.at_s) for one in fragments]
    out = await masked(init, broken, [COVERED])
    assert {one.data for one in out}.isdisjoint({one.data for one in broken})
    with pytest.raises(BrokenStream):
        await masked(init, [Fragment(bytes(400), True, 0.0)], [COVERED])


class Fed(Camera):
    """A camera whose pieces a test gives."""

    def __init__(self) -> None:
        super().__init__("C-1", lambda _: asyncio.Future())

    def give(self, init: Init, fragments: list[Fragment]) -> None:
        self._begin(init)
        for one in fragments:
            self._show(one)


async def shown(viewer: Viewer, pictures: int = 1) -> tuple[Init, list[Fragment]]:
    """The next stream of a viewer and its first pictures."""
    init, found = None, list[Fragment]()
    async with asyncio.timeout(20):
        while init is None or len(found) < pictures:
            await viewer.woken.wait()
            viewer.woken.clear()
            if viewer.init is not None:
                init, viewer.init, found = viewer.init, None, []
            while (one := viewer.queue.take()) is not None:
                found.append(one)
    return init, found


async def test_who_watches_gets_masked_pieces_and_two_people_the_others_for_a_while(h264: bytes) -> None:
    init, fragments = parts(h264)
    raw = {one.data for one in fragments}
    now = datetime(2026, 12, 5, tzinfo=UTC)
    clock = [now.timestamp()]
    veils = Veils(kept_s=0, now=lambda: clock[0])
    camera, case, person = Fed(), uuid4(), uuid4()
    with veils.watching(camera, case, person) as one, veils.watching(camera, case, uuid4()) as other:
        camera.give(init, fragments)
        assert one.init is other.init is None, "as long as nobody has said what is covered, nothing is shown"
        veils.tell({"C-1": (COVERED,)}, {})
        for viewer in (one, other):
            begun, pictures = await shown(viewer)
            assert begun.data != init.data
            assert not raw & {picture.data for picture in pictures}
        assert len(camera.viewers) == 1, "one masked stream for both"
        veils.tell({"C-1": (COVERED,)}, {("C-1", case, person): now + timedelta(minutes=5)})
        begun, pictures = await shown(one)
        assert begun.data == init.data
        assert {picture.data for picture in pictures} <= raw
        camera.give(init, fragments)
        assert not raw & {picture.data for picture in (await shown(other))[1]}, "nobody else sees beneath"
        clock[0] += 301
        veils.look()
        camera.give(init, fragments)
        begun, pictures = await shown(one)
        assert begun.data != init.data, "and it ends by itself"
        veils.tell({"C-1": (EVERYTHING,)}, {})
        assert (await shown(one))[0].data != init.data
        veils.tell({}, {})
        assert (await shown(one))[0].data == init.data
    assert not camera.viewers
    veils.end()
    camera._let_go()
