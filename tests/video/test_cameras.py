"""What is wrong with cameras, over sockets: each fault is known, bounded, and shown for what it is."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop

from dure.commands.simulate.rtsp import CANARY, Cameras, Fault
from dure.engine.servers.tls import local_certificate
from dure.video import relay as relay_module
from dure.video.masks.veils import Veil, Veils
from dure.video.model import Splitter
from dure.video.relay import SMALL, Relay
from tests.video.conftest import Served
from tests.video.test_relay import Eye, found_at, programs
from tests.video.test_rtsp import decoded

pytestmark = pytest.mark.timeout(180)


@asynccontextmanager
async def watched(relay: Relay, camera: str) -> AsyncIterator[Eye]:
    with relay.watching(camera) as viewer:
        yield Eye(viewer)


def bytes_of(eye: Eye) -> bytes:
    return eye.inits[-1].data + b"".join(one.data for one in eye.pictures)


async def test_each_fault_is_shown_for_what_it_is(cameras: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "FIRST_WITHIN_S", 3.0)
    simulated, port = cameras
    simulated.faults = {f"F-{fault}": fault for fault in Fault}
    relay = Relay(found_at(port), kept_s=0.1)

    async def hangs() -> None:
        async with watched(relay, "F-hang") as eye:
            await eye.until(lambda eye: len(eye.pictures) >= 30)
            since = time.monotonic()
            await eye.until(lambda eye: "stalled" in eye.states)
            assert time.monotonic() - since < 2.5, "two seconds, and what a busy machine adds"

    async def answers_nothing() -> None:
        async with watched(relay, "F-mute") as eye:
            since = time.monotonic()
            await eye.until(lambda eye: "stalled" in eye.states)
            assert time.monotonic() - since < 2.5
            assert eye.states == ["connecting", "stalled"]

    async def sends_rubbish() -> None:
        async with watched(relay, "F-rubbish") as eye:
            await eye.until(lambda eye: eye.states[-1:] == ["failed"])
            assert eye.why[-1] == "no_picture"

    async def lies() -> None:
        async with watched(relay, "F-codec") as eye:
            await eye.until(lambda eye: "failed" in eye.states)
            assert not eye.pictures
            assert eye.why[-1] == "no_picture"

    async def jumps_in_time() -> None:
        async with watched(relay, "F-time") as eye:
            await eye.until(lambda eye: len(eye.pictures) >= 50)
            times = [one.at_s for one in eye.pictures]
            assert times == sorted(times)
            assert times[-1] - times[0] < 8, "an hour forth and back takes no time here"
            assert len(eye.inits) == 1

    async def becomes_small() -> None:
        async with watched(relay, "F-size") as eye:
            await eye.until(lambda eye: len(eye.inits) == 2)
            assert [(one.width, one.height) for one in eye.inits] == [(640, 360), (320, 180)]

    async def sends_sound() -> None:
        async with watched(relay, "F-sound") as eye:
            await eye.until(lambda eye: len(eye.pictures) >= 20)
            whole = bytes_of(eye)
            assert CANARY[:20] not in whole
            assert b"soun" not in whole
            Splitter().feed(whole)  # refuses any track beside the one of video
            assert len(decoded(whole)) == len(eye.pictures)

    await asyncio.gather(
        hangs(), answers_nothing(), sends_rubbish(), lies(), jumps_in_time(), becomes_small(), sends_sound()
    )
    await relay.end()
    assert simulated.sound_asked == 0, "sound is on offer and nobody asks for it"


async def test_h265_and_the_small_stream_come_as_they_are(cameras: Served) -> None:
    find = found_at(cameras[1])
    relay = Relay(find, kept_s=0.1)
    async with watched(relay, "S-1/h265") as big, watched(relay, "S-1/sub") as small:
        await big.until(lambda eye: len(eye.pictures) >= 16)
        await small.until(lambda eye: len(eye.pictures) >= 16)
        assert big.inits[0].codec.startswith("hvc1.1.6")
        assert (small.inits[0].width, small.inits[0].height) == (320, 180)
        assert len(decoded(bytes_of(big))) == len(big.pictures)
    await relay.end()


@pytest.mark.parametrize("schemes", [("Basic",), ("MD5",), ("SHA-256", "Basic")])
async def test_each_way_to_sign_in_opens(schemes: tuple[str, ...]) -> None:
    simulated = Cameras(login="viewer:hunter2", schemes=schemes, size=(64, 48))
    port = await simulated.open("127.0.0.1", 0)
    relay = Relay(found_at(port, "viewer:hunter2@"), kept_s=0.1)
    async with watched(relay, "L-1") as eye:
        await eye.until(lambda eye: bool(eye.pictures))
    await relay.end()
    await simulated.close()


async def test_a_camera_near_an_incident_is_there_before_anybody_presses(cameras: Served) -> None:
    relay = Relay(found_at(cameras[1]), kept_s=0.1)
    relay.keep_warm({"W-1"})
    while relay.fetched == 0 or not relay.begun("W-1"):  # noqa: ASYNC110 - nobody watches who would be told
        await asyncio.sleep(0.02)
    since = time.monotonic()
    async with watched(relay, "W-1") as eye:
        await eye.until(lambda eye: bool(eye.pictures))
        assert time.monotonic() - since < 0.1
        assert eye.pictures[0].key
        relay.keep_warm(())
        await eye.until(lambda eye: len(eye.pictures) > 20)  # who watches goes on watching
    async with asyncio.timeout(5):
        while relay.fetched:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await relay.end()


async def test_over_tls(cameras: Served, tmp_path: Path) -> None:
    """A camera's own certificate names no number and is signed by nobody: what is said is sealed all the same."""
    made = local_certificate(tmp_path, ["camera.example"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", cameras[1])

        async def pipe(one: asyncio.StreamReader, other: asyncio.StreamWriter) -> None:
            while data := await one.read(65_536):
                other.write(data)
            other.close()

        await asyncio.gather(pipe(reader, back), pipe(there, writer), return_exceptions=True)

    server = await asyncio.start_server(through, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]

    async def find(camera_id: str) -> str:
        return f"rtsps://127.0.0.1:{port}/{camera_id}"

    relay = Relay(find, kept_s=0.1)
    async with watched(relay, "T-1") as eye:
        await eye.until(lambda eye: bool(eye.pictures))
    await relay.end()
    server.close()


def test_on_the_loop_that_a_city_runs_on() -> None:
    async def shown() -> None:
        simulated = Cameras(size=(64, 48))
        relay = Relay(found_at(await simulated.open("127.0.0.1", 0)), kept_s=0.1)
        async with watched(relay, "U-1") as eye:
            await eye.until(lambda eye: bool(eye.pictures))
        await relay.end()
        await simulated.close()

    uvloop.run(shown())


async def test_a_mask_covers_the_small_stream_too(cameras: Served) -> None:
    relay, veils = Relay(found_at(cameras[1]), kept_s=0.1), Veils()
    source = relay.source("M-1" + SMALL)
    assert source.of == "M-1"
    veils.tell({"M-1": (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),)}, {})
    with veils.watching(source):
        assert source.viewers, "the one who masks"
        assert all(isinstance(one, Veil) for one in source.viewers)
    veils.tell({}, {})
    with veils.watching(source) as viewer:
        assert viewer in source.viewers
    veils.end()
    await relay.end()


async def test_a_camera_of_jpegs_is_turned_into_what_browsers_play_by_the_program(cameras: Served) -> None:
    relay = Relay(found_at(cameras[1]), kept_s=0.1)
    async with watched(relay, "J-1/jpeg") as eye:
        await eye.until(lambda eye: len(eye.pictures) >= 10)
        assert len(programs()) == 1
        assert not any("127.0.0.1" in word for word in programs()[0].cmdline())
        assert eye.inits[0].codec.startswith("avc1.")
        assert (eye.inits[0].width, eye.inits[0].height) == (640, 360)
        Splitter().feed(bytes_of(eye))
    await relay.end()
    assert programs() == []
    assert cameras[0].sound_asked == 0
