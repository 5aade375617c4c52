"""The relay and cameras that speak RTSP over sockets, with pictures that FFmpeg draws."""

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from dure.commands.simulate.rtsp import Cameras
from dure.video.model import Fragment, Init, Splitter
from dure.video.policy import camera_networks
from dure.video.relay import DEAD_S, Find, Relay, Viewer
from dure.video.source import NoPicture, Trouble, located
from tests.video.conftest import Served

pytestmark = pytest.mark.timeout(180)


def found_at(port: int, login: str = "") -> Find:
    async def find(camera_id: str) -> str:
        return await located(f"rtsp://{login}127.0.0.1:{port}/{camera_id}", camera_networks(()))

    return find


class Eye:
    """Sees what a viewer is sent, without a network between."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.states: list[str] = []
        self.why: list[str | None] = []
        self.inits: list[Init] = []
        self.pictures: list[Fragment] = []

    async def until(self, enough: Callable[["Eye"], bool], within_s: float = 60) -> None:
        async with asyncio.timeout(within_s):
            while not enough(self):
                await self.viewer.woken.wait()
                self.viewer.woken.clear()
                while self.viewer.said:
                    told = self.viewer.said.popleft()
                    self.states.append(told["state"])
                    self.why.append(told["why"])
                if self.viewer.init is not None:
                    self.inits.append(self.viewer.init)
                    self.viewer.init = None
                while (one := self.viewer.queue.take()) is not None:
                    self.pictures.append(one)


def programs() -> list[psutil.Process]:
    """The FFmpeg programs that fetch for us."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has just ended
            if "ffmpeg" in one.name() and "concat" in one.cmdline():
                found.append(one)
    return found


async def test_a_camera_is_fetched_once_for_all_and_let_go_after_the_last(cameras: Served) -> None:
    relay = Relay(found_at(cameras[1]), kept_s=0.2)
    with relay.watching("C-1") as first, relay.watching("C-1") as second:
        one, two = Eye(first), Eye(second)
        await one.until(lambda eye: len(eye.pictures) >= 16)
        await two.until(lambda eye: len(eye.pictures) >= 16)
        assert relay.viewers == 2
        assert relay.fetched == len(cameras[0].lines) == 1
        assert one.states == ["connecting", "live"]
        assert one.pictures[0].key
        times = [picture.at_s for picture in one.pictures]
        assert times == sorted(times)
        assert abs(times[-1] - times[0] - (len(times) - 1) / 15) < 0.5
        stream = one.inits[0].data + b"".join(picture.data for picture in one.pictures)
        again = Splitter().feed(stream)  # reads exactly one track, of video, or refuses
        assert [picture.key for picture in again if isinstance(picture, Fragment)] == [p.key for p in one.pictures]
        with relay.watching("C-1") as third:
            late = Eye(third)
            await late.until(lambda eye: bool(eye.pictures), within_s=0.5)
            assert late.pictures[0].key, "who comes later starts at once, with a picture that stands by itself"
    over: list[Callable[[], bool]] = [
        lambda: relay.fetched == 0,
        lambda: not cameras[0].lines,
        lambda: cameras[0].encoder("C-1").idle,
    ]
    async with asyncio.timeout(30):
        for look in over:
            while not look():  # noqa: ASYNC110 - the other side ends without telling
                await asyncio.sleep(0.02)


async def test_a_camera_that_hangs_up_is_asked_again(cameras: Served) -> None:
    relay = Relay(found_at(cameras[1]), kept_s=0.1)
    with relay.watching("C-3") as viewer:
        eye = Eye(viewer)
        await eye.until(lambda eye: len(eye.pictures) >= 5)
        cameras[0].hang_up()
        await eye.until(lambda eye: len(eye.inits) == 2)
        seen = len(eye.pictures)
        await eye.until(lambda eye: len(eye.pictures) > seen + 5)
        assert eye.states[:2] == ["connecting", "live"]
        assert eye.states[-1] == "live"
        assert "failed" in eye.states
    await relay.end()


async def test_a_silent_camera_is_shown_as_standing_still_within_two_seconds(cameras: Served) -> None:
    relay = Relay(found_at(cameras[1]), kept_s=0.1)
    with relay.watching("C-5") as viewer:
        eye = Eye(viewer)
        await eye.until(lambda eye: len(eye.pictures) >= 5)
        cameras[0].encoder("C-5").end()  # the connection stays, nothing comes
        since = time.monotonic()
        await eye.until(lambda eye: "stalled" in eye.states)
        assert time.monotonic() - since < DEAD_S, "it is told before the camera is given up"
    await relay.end()


@pytest.mark.parametrize(
    ("login", "serves", "trouble"), [("viewer:wrong@", "viewer:right", "login"), ("", "viewer:right", "login")]
)
async def test_a_wrong_login_is_said_and_stands_nowhere(
    login: str, serves: str, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    simulated = Cameras(login=serves)
    port = await simulated.open("127.0.0.1", 0)
    relay = Relay(found_at(port, login), kept_s=0.1)
    with relay.watching("C-6") as viewer:
        eye = Eye(viewer)
        await eye.until(lambda eye: "failed" in eye.states)
        assert eye.why[-1] == trouble
        assert not eye.pictures
    await relay.end()
    await simulated.close()
    assert "wrong" not in caplog.text


async def test_the_right_login_opens_and_no_program_is_told() -> None:
    simulated = Cameras(login="viewer:hunter2")
    port = await simulated.open("127.0.0.1", 0)
    relay = Relay(found_at(port, "viewer:hunter2@"), kept_s=0.1)
    with relay.watching("C-7") as viewer:
        await Eye(viewer).until(lambda eye: bool(eye.pictures))
        assert programs() == []
    await relay.end()
    await simulated.close()


async def test_nobody_there_and_not_permitted_are_told_apart() -> None:
    async def nowhere(camera_id: str) -> str:
        if camera_id == "C-8":
            return "rtsp://127.0.0.1:1/C-8"
        raise NoPicture(Trouble.NOT_PERMITTED)

    relay = Relay(nowhere, kept_s=0.1)
    with relay.watching("C-8") as viewer, relay.watching("C-9") as other:
        eye, second = Eye(viewer), Eye(other)
        await eye.until(lambda eye: "failed" in eye.states)
        await second.until(lambda eye: "failed" in eye.states)
        assert (eye.why[-1], second.why[-1]) == ("unreachable", "not_permitted")
    await relay.end()


async def test_rubbish_in_place_of_rtsp_is_no_picture() -> None:
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: 9\r\n\r\nv=0\r\nhehe"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    relay = Relay(found_at(server.sockets[0].getsockname()[1]), kept_s=0.1)
    with relay.watching("C-10") as viewer:
        eye = Eye(viewer)
        await eye.until(lambda eye: "failed" in eye.states)
        assert eye.why[-1] == "no_picture"
        assert not eye.pictures
    await relay.end()
    server.close()


async def test_a_camera_that_points_to_another_host_is_not_followed() -> None:
    led: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        led.append(await reader.read(200))
        writer.close()

    async def points(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while asked := await reader.readuntil(b"\r\n\r\n"):
                (number,) = re.findall(rb"CSeq: [0-9]+", asked)
                if asked.startswith(b"DESCRIBE"):
                    answers.append(asked)
                    writer.write(b"RTSP/1.0 302 Found\r\n%s\r\nLocation: rtsp://127.0.0.1:%d/x\r\n\r\n" % (number, to))
                else:
                    writer.write(b"RTSP/1.0 200 OK\r\n%s\r\nPublic: DESCRIBE\r\n\r\n" % number)
        writer.close()

    answers: list[bytes] = []
    target = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    to = target.sockets[0].getsockname()[1]
    camera = await asyncio.start_server(points, "127.0.0.1", 0)
    relay = Relay(found_at(camera.sockets[0].getsockname()[1]), kept_s=0.1)
    with relay.watching("C-11") as viewer:
        eye = Eye(viewer)
        await eye.until(lambda eye: "failed" in eye.states)
    await relay.end()
    camera.close()
    target.close()
    assert answers, "it was asked"
    assert led == []
