"""Cameras that send Motion JPEG over HTTP, over sockets: shown, signed in at, and refused for what they lie about."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dure.commands.simulate.mjpeg import Mjpeg
from dure.commands.simulate.rtsp import CANARY, Cameras, Fault
from dure.engine import ffmpeg
from dure.video import relay as relay_module
from dure.video.mjpeg import parts as parts_module
from dure.video.mjpeg.parts import Parts, boundary_of
from dure.video.model import BrokenStream, Splitter
from dure.video.policy import camera_networks
from dure.video.relay import Find, Relay
from dure.video.source import NoPicture, located
from tests.video.test_cameras import bytes_of, watched
from tests.video.test_relay import programs
from tests.video.test_rtsp import decoded

pytestmark = pytest.mark.timeout(180)


def found_over(http: Mjpeg, login: str = "") -> Find:
    async def find(camera_id: str) -> str:
        return await located(http.address(camera_id).replace("//", f"//{login}", 1), camera_networks(()))

    return find


@asynccontextmanager
async def served(login: str | None = None, schemes: tuple[str, ...] = ("MD5",)) -> AsyncIterator[tuple[Cameras, Mjpeg]]:
    cameras = Cameras(login=login, schemes=schemes, size=(320, 180))
    http = Mjpeg(cameras)
    await http.open("127.0.0.1", 0)
    yield cameras, http
    await http.close()
    await cameras.close()


@pytest.mark.long
async def test_a_camera_over_http_is_shown_and_each_fault_for_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "FIRST_WITHIN_S", 3.0)
    monkeypatch.setattr(parts_module, "LARGEST", 2 << 20)
    async with served() as (cameras, http):
        cameras.faults = {f"F-{fault}": fault for fault in Fault}
        relay = Relay(found_over(http), kept_s=0.1)

        async def shows() -> None:
            async with watched(relay, "F-none") as eye:
                await eye.until(lambda eye: len(eye.pictures) >= 20)
                assert eye.inits[0].codec.startswith("avc1.")
                assert (eye.inits[0].width, eye.inits[0].height) == (320, 180)
                assert len(decoded(bytes_of(eye))) == len(eye.pictures)
                times = [one.at_s for one in eye.pictures]
                assert times == sorted(times)
                assert not any("127.0.0.1" in word for one in programs() for word in one.cmdline())

        async def hangs() -> None:
            async with watched(relay, "F-hang") as eye:
                await eye.until(lambda eye: len(eye.pictures) >= 14)
                since = time.monotonic()
                await eye.until(lambda eye: "stalled" in eye.states)
                assert time.monotonic() - since < 3

        async def answers_nothing() -> None:
            async with watched(relay, "F-mute") as eye:
                since = time.monotonic()
                await eye.until(lambda eye: "stalled" in eye.states)
                assert time.monotonic() - since < 2.5
                await eye.until(lambda eye: eye.states[-1:] == ["failed"])

        async def fails(fault: Fault) -> None:
            async with watched(relay, f"F-{fault}") as eye:
                await eye.until(lambda eye: eye.states[-1:] == ["failed"])
                assert eye.why[-1] == "no_picture"

        async def lies_about_lengths() -> None:
            async with watched(relay, "F-length") as eye:
                await eye.until(lambda eye: len(eye.pictures) >= 20)
                assert len(decoded(bytes_of(eye))) == len(eye.pictures)

        async def becomes_small() -> None:
            async with watched(relay, "F-size") as eye:
                cameras.encoder("F-size", "smalljpeg")._size = (160, 90)
                await eye.until(lambda eye: len(eye.inits) == 2)
                assert [(one.width, one.height) for one in eye.inits] == [(320, 180), (160, 90)]

        async def sends_sound() -> None:
            async with watched(relay, "F-sound") as eye:
                await eye.until(lambda eye: len(eye.pictures) >= 10)
                assert CANARY[:20] not in bytes_of(eye)
                Splitter().feed(bytes_of(eye))  # refuses any track beside the one of video

        refused = (fails(one) for one in (Fault.RUBBISH, Fault.CODEC, Fault.ENDLESS))
        await asyncio.gather(
            shows(), hangs(), answers_nothing(), *refused, lies_about_lengths(), becomes_small(), sends_sound()
        )
        await relay.end()
        assert programs() == []
        async with asyncio.timeout(5):
            while http.lines:  # noqa: ASYNC110 - the other side ends without telling
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("schemes", [("Basic",), ("MD5",), ("SHA-256", "Basic")])
async def test_each_way_to_sign_in_opens_and_a_wrong_one_is_said(schemes: tuple[str, ...]) -> None:
    async with served("viewer:hunter2", schemes) as (_, http):
        for login, state in (("viewer:hunter2@", "live"), ("viewer:wrong@", "failed"), ("", "failed")):
            relay = Relay(found_over(http, login), kept_s=0.1)
            async with watched(relay, "L-1") as eye:
                await eye.until(lambda eye, state=state: state in eye.states)  # type: ignore[misc]
                assert state == "live" or eye.why[-1] == "login"
            await relay.end()


async def test_where_it_points_is_not_followed_and_addresses_elsewhere_are_not_asked() -> None:
    led: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        led.append(await reader.read(200))
        writer.close()

    async def points(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % to)
        writer.close()

    target = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    to = target.sockets[0].getsockname()[1]
    camera = await asyncio.start_server(points, "127.0.0.1", 0)
    port = camera.sockets[0].getsockname()[1]

    async def find(_camera_id: str) -> str:
        return f"http://127.0.0.1:{port}/x"

    relay = Relay(find, kept_s=0.1)
    async with watched(relay, "C-1") as eye:
        await eye.until(lambda eye: "failed" in eye.states)
    await relay.end()
    camera.close()
    target.close()
    assert led == []
    for address in ("http://169.254.169.254/latest/meta-data", "https://8.8.8.8/", "http://[::ffff:169.254.169.254]/"):
        with pytest.raises(NoPicture, match="not_permitted"):
            await located(address, camera_networks(()))


@pytest.fixture(scope="module")
def jpegs() -> list[bytes]:
    """Five pictures, among them a progressive one's neighbours."""
    source = (
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=96x64:rate=5",
        "-t",
        "1",
        "-c:v",
        "mjpeg",
        "-f",
        "image2pipe",
        "pipe:1",
    )
    data = subprocess.run([ffmpeg.program(), "-v", "error", *source], capture_output=True, check=True).stdout
    found = [b"\xff\xd8" + one for one in data.split(b"\xff\xd8")[1:]]
    assert len(found) == 5
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 900), max_size=30), st.integers(0, 99_999), st.sampled_from([b"\r\n", b"\n"]))
def test_however_a_body_is_cut_and_whatever_length_is_told_the_same_pictures_come(
    jpegs: list[bytes], cuts: list[int], told: int, end: bytes
) -> None:
    heads = [b"Content-Type: image/jpeg", b"Content-Length: %d" % told]
    sound = end.join([b"--b", b"Content-Type: audio/basic", b"", b"\xff\xd8\xff\xd9" * 9, b""])
    body = b"".join(sound + end.join([b"--b", *heads, b"", one, b""]) for one in jpegs)
    reader, found, at = Parts(b"b"), [], 0
    for cut in [*cuts, len(body)]:
        found += reader.feed(body[at : at + cut])
        at += cut
    assert [(one.data, one.width, one.height) for one in found] == [(one, 96, 64) for one in jpegs]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=8))
@example([b"--b\r\n\r\n\xff\xd8\xff\xd9"])
@example([b"--b\r\n\r\n\xff\xd8\xff\xc0\x00\x02\xff\xff\xff\xff\xff\xff\xff\xd9"])
def test_no_bytes_upset_the_reader_and_rubbish_is_no_picture(data: list[bytes]) -> None:
    reader = Parts(b"b")
    with suppress(BrokenStream):
        for one in data:
            assert reader.feed(one) == []
            reader.feed(b"--b\r\n\r\n\xff\xd8" + one)


@pytest.mark.parametrize(
    "data",
    [b"x" * (1 << 20) + b"yy", b"--b" + b"x" * 9_000, b"--b--\r\n\r\n", b"--b\r\n\r\nGIF89a" + bytes(20)],
    ids=range(4),
)
def test_what_never_becomes_a_picture_is_given_up(data: bytes) -> None:
    reader = Parts(b"b")
    cuts = [data[at : at + 5_000] for at in range(0, len(data), 5_000)]
    with pytest.raises(BrokenStream):
        list(map(reader.feed, cuts))


def test_what_stands_between_parts_is_told_by_the_kind() -> None:
    assert boundary_of('multipart/x-mixed-replace; boundary="--my boundary"') == b"my boundary"
    assert boundary_of("multipart/x-mixed-replace;boundary=--x") == b"x"
    assert boundary_of("image/jpeg") is None
    assert boundary_of("multipart/x-mixed-replace") is None
    assert boundary_of("multipart/x-mixed-replace; boundary=" + "x" * 200) is None
