"""Fragmented MP4 taken apart, and what is kept of it for whom: pure decisions, by example and by property."""

import subprocess
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.video.model import BrokenStream, Fragment, Init, Kept, Queue, Splitter, pause_s, read_init
from tests.video.conftest import made


def test_a_stream_is_one_beginning_and_then_one_fragment_a_picture(h264: bytes) -> None:
    init, *fragments = Splitter().feed(h264, came_ms=7.0)
    assert isinstance(init, Init)
    assert (init.width, init.height) == (192, 108)
    assert init.mime.startswith('video/mp4; codecs="avc1.')
    pictures = [one for one in fragments if isinstance(one, Fragment)]
    assert len(pictures) == len(fragments) == 30
    assert [index for index, one in enumerate(pictures) if one.key] == [0, 10, 20]
    assert [round(one.at_s, 2) for one in pictures[:4]] == [0, 0.1, 0.2, 0.3]
    assert {one.came_ms for one in pictures} == {7.0}


def test_h265_has_the_name_that_browsers_know() -> None:
    hevc = made("-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=error", "-preset", "ultrafast")
    init = Splitter().feed(hevc)[0]
    assert isinstance(init, Init)
    assert init.codec.startswith("hvc1.1.6.L")


def test_sound_is_nowhere_let_through() -> None:
    from dure.engine import ffmpeg

    inputs = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5", "-f", "lavfi", "-i", "sine")
    flags = ("-movflags", "frag_every_frame+empty_moov+default_base_moof", "-f", "mp4", "pipe:1")
    command = [ffmpeg.program(), "-loglevel", "error", *inputs, "-t", "1", "-c:a", "aac", *flags]
    both = subprocess.run(command, capture_output=True, check=True).stdout
    with pytest.raises(BrokenStream, match="other than one track of video"):
        Splitter().feed(both)


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(1, 4_000), min_size=1, max_size=40))
def test_however_it_is_cut_the_same_comes_out(h264: bytes, cuts: list[int]) -> None:
    whole = Splitter().feed(h264)
    splitter, found, at = Splitter(), [], 0
    for cut in cuts:
        found += splitter.feed(h264[at : at + cut])
        at += cut
    found += splitter.feed(h264[at:])
    assert found == whole


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_rubbish_is_refused_or_waits_and_never_anything_else(data: bytes) -> None:
    with suppress(BrokenStream):
        assert Splitter().feed(data) == []


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, 700), to=st.integers(0, 255))
def test_a_flipped_byte_of_the_description_is_refused_or_read(h264: bytes, at: int, to: int) -> None:
    init = Splitter().feed(h264)[0]
    assert isinstance(init, Init)
    bent = bytearray(init.data)
    bent[at % len(bent)] = to
    with suppress(BrokenStream):
        assert isinstance(read_init(bytes(bent)), Init)


def test_a_box_that_claims_too_much_is_not_waited_for() -> None:
    with pytest.raises(BrokenStream):
        Splitter().feed((64 << 20).to_bytes(4, "big") + b"mdat")


def picture(key: bool, size: int = 10) -> Fragment:
    return Fragment(b"x" * size, key, 0.0)


pictures = st.lists(st.builds(picture, st.booleans(), st.integers(1, 50)), max_size=120)


@given(pictures)
def test_what_is_kept_begins_with_a_picture_that_stands_by_itself_and_is_bounded(shown: list[Fragment]) -> None:
    kept = Kept(most_bytes=300, most_pictures=20)
    for one in shown:
        kept.add(one)
        assert len(kept.group) <= 20
        assert kept.bytes == sum(len(each.data) for each in kept.group) <= 300
        assert [each.key for each in kept.group] == [True] * bool(kept.group) + [False] * (len(kept.group) - 1)


def _read(queue: Queue, times: int) -> list[Fragment]:
    return [one for one in (queue.take() for _ in range(times)) if one is not None]


@given(pictures, st.lists(st.integers(0, 4), max_size=120), st.integers(0, 30))
def test_a_viewer_never_sees_a_picture_whose_beginning_they_missed(
    shown: list[Fragment], reads: list[int], begun: int
) -> None:
    """Numbered pictures: after a gap the next one taken stands by itself; and memory is bounded."""
    kept, queue = Kept(), Queue(most_bytes=400, most_pictures=15)
    numbered = [Fragment(one.data, one.key, float(number)) for number, one in enumerate(shown)]
    for one in numbered[:begun]:
        kept.add(one)
    queue.begin(kept.group)
    bound = queue.bytes + 400
    taken: list[Fragment] = []
    for number, one in enumerate(numbered[begun:]):
        queue.put(one)
        assert queue.bytes <= bound
        taken += _read(queue, reads[number] if number < len(reads) else 0)
    taken += _read(queue, len(shown) + 1)
    assert queue.bytes == 0
    for before, after in zip([None, *taken], taken, strict=False):
        assert after.key or (before is not None and before.at_s == after.at_s - 1)


def test_pauses_grow_and_end_growing() -> None:
    assert [pause_s(n) for n in (0, 1, 2, 3)] == [0, 1, 2, 4]
    assert pause_s(1_000) == 15
