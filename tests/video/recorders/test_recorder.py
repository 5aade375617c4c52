"""A recorder asked by ONVIF Profile G over sockets: what it has, on our clock, and where it is replayed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.commands.simulate.archive import Archive, stamped
from dure.commands.simulate.onvif import Onvif
from dure.video.onvif.recorder import Recorder, stretches
from dure.video.past.model import GAP_MS, Span, at, holes, spans
from dure.video.policy import camera_networks
from dure.video.rtsp.replay import clock, time_of
from dure.video.source import NoPicture, Trouble
from tests.video.recorders.conftest import MINUTE, address

USUAL = camera_networks(())


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(seconds=-37), timedelta(hours=9)], ids=str)
async def test_what_a_recorder_has_is_told_on_our_clock(archive: Archive, begun: int, ahead: timedelta) -> None:
    archive.kept.ahead = ahead
    async with await Recorder.at(address(archive), USUAL) as recorder:
        await recorder.begin()
        assert recorder.records
        found = await recorder.recordings()
        assert [(one.token, one.name, one.going) for one in found] == [("T-1", "정문", False), ("T-2", "후문", True)]
        off = timedelta(seconds=0.6 if ahead else 0)  # what a device says of its clock has no parts of a second
        first = found[0]
        assert abs(first.start - at(begun)) <= off
        assert abs(first.end - at(begun + 25 * MINUTE)) <= off
        summary = await recorder.summary()
        assert summary.recordings == 2
        assert summary.start is not None
        assert abs(summary.start - at(begun)) <= off
        there = await recorder.stretches(first, at(begun + MINUTE), at(begun + 60 * MINUTE))
        wanted = [(begun + MINUTE, begun + 10 * MINUTE), (begun + 15 * MINUTE, begun + 25 * MINUTE)]
        for (start, end), (from_ms, to_ms) in zip(there, wanted, strict=True):
            assert abs(start - at(from_ms)) <= off
            assert abs(end - at(to_ms)) <= off
        port = archive.finding.rtsp_port
        assert await recorder.replay("T-1") == f"rtsp://127.0.0.1:{port}/T-1", "its own host, whatever it says"


async def test_a_recorder_that_does_not_tell_its_gaps_is_taken_to_have_all(archive: Archive, begun: int) -> None:
    archive.kept.tells_gaps = False
    async with await Recorder.at(address(archive), USUAL) as recorder:
        await recorder.begin()
        first, _ = await recorder.recordings()
        there = await recorder.stretches(first, at(begun), at(begun + 60 * MINUTE))
        assert there == [(at(begun), at(begun + 25 * MINUTE))]


async def test_a_wrong_login_and_a_camera_that_is_no_recorder_are_told_apart(archive: Archive) -> None:
    async with await Recorder.at(address(archive, "viewer:wrong"), USUAL) as recorder:
        with pytest.raises(NoPicture) as refused:
            await recorder.begin()
        assert refused.value.trouble is Trouble.LOGIN
    camera = Onvif(8554)
    await camera.open("127.0.0.1", 0)
    async with await Recorder.at(camera.address("C-1"), USUAL) as recorder:
        with pytest.raises(NoPicture):
            await recorder.begin()
        assert not recorder.records
    await camera.close()


SECONDS = st.integers(0, 100).map(lambda one: datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=one))


@given(st.lists(st.tuples(SECONDS, st.booleans()), max_size=30), SECONDS, SECONDS)
def test_stretches_lie_within_what_was_asked_and_never_overlap(
    changes: list[tuple[datetime, bool]], since: datetime, until: datetime
) -> None:
    found = stretches(changes, since, until)
    assert all(since <= start < end <= until for start, end in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))


@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 20_000)), max_size=12), st.integers(1, 100_000))
def test_holes_and_what_there_is_make_up_the_whole(parts: list[tuple[int, int]], until: int) -> None:
    own = [Span(start, start + long) for start, long in parts]
    found = holes(own, 0, until)
    for hole in found:
        assert 0 <= hole.start_ms < hole.end_ms <= until
        assert not any(one.start_ms < hole.end_ms and one.end_ms >= hole.start_ms for one in own)
    there = [one for one in own if one.start_ms < until]
    whole = spans([*found, *there], GAP_MS)
    assert len(whole) == 1
    assert whole[0].start_ms <= GAP_MS
    assert whole[0].end_ms >= until - GAP_MS


@given(st.integers(0, 4_102_444_800_000), st.booleans())
def test_the_time_of_a_packet_is_the_one_that_was_written(at_ms: int, key: bool) -> None:
    plain = b"\x80\xe0" + bytes(10) + b"\x65abc"
    assert time_of(plain) is None
    assert time_of(stamped(plain, min(at_ms, 2_085_978_495_000), key=key, last=False)) == min(at_ms, 2_085_978_495_000)
    assert clock(0) == "clock=19700101T000000.000Z-"


@given(st.binary(max_size=40))
def test_no_packet_upsets_who_looks_for_its_time(data: bytes) -> None:
    time_of(data)
