"""ONVIF over sockets: cameras found, asked, signed in at and turned; what they say is bounded and believed little."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.commands.simulate.onvif import PRESETS, Onvif
from dure.video.onvif import discovery, soap
from dure.video.onvif.client import Camera, Position
from dure.video.onvif.soap import NotSoap
from dure.video.policy import camera_networks
from dure.video.source import NoPicture, Trouble

USUAL = camera_networks(())
LOGIN = "viewer:hunter2"


@pytest.fixture
async def dome() -> AsyncIterator[Onvif]:
    """A camera that asks for a login."""
    simulated = Onvif(8554, login=LOGIN, found=("P-1", "P-2"))
    await simulated.open("127.0.0.1", 0)
    yield simulated
    await simulated.close()


async def asked(dome: Onvif, login: str = LOGIN) -> Camera:
    address = dome.address("P-1").replace("http://", f"http://{login}@")
    return await Camera.at(address, USUAL)


async def test_a_camera_is_asked_what_it_has_and_turned(dome: Onvif) -> None:
    async with await asked(dome) as camera:
        await camera.begin()
        assert camera.turns
        assert await camera.model() == "dure simulated dome"
        profiles = await camera.profiles()
        assert [(one.token, one.width) for one in profiles] == [("main", 640), ("sub", 320)]
        assert await camera.stream("sub") == "rtsp://127.0.0.1:8554/P-1/sub", "its own host, whatever it says"
        presets = await camera.presets("main")
        assert [one.name for one in presets] == [name for name, _, _ in PRESETS.values()]
        await camera.go("main", "2")
        assert await camera.position("main") == Position(0.5, -0.1, 0.0)
        await camera.look_at("main", Position(-0.25, 0.1, 0.0))
        assert await camera.position("main") == Position(-0.25, 0.1, 0.0)
        await camera.move("main", 1.0, 0.0, 0.0, 0.1)
        await camera.stop("main")
        await camera.home("main")
        assert dome.head("P-1").turned == ["GotoPreset", "AbsoluteMove", "ContinuousMove", "Stop", "GotoHomePosition"]
        with pytest.raises(NoPicture):
            await camera.go("main", "no-such-preset")


@pytest.mark.parametrize("login", ["viewer:wrong", "other:hunter2"])
async def test_a_wrong_login_is_said(dome: Onvif, login: str) -> None:
    async with await asked(dome, login) as camera:
        with pytest.raises(NoPicture) as refused:
            await camera.begin()
        assert refused.value.trouble is Trouble.LOGIN
    assert dome.denied == 1


async def test_addresses_outside_the_camera_networks_are_not_asked() -> None:
    for address in ("http://169.254.169.254/onvif", "http://8.8.8.8/", "ftp://127.0.0.1/"):
        with pytest.raises(NoPicture):
            await Camera.at(address, USUAL)


@pytest.mark.parametrize(
    "body",
    [b"hello", b"<a/>", b"x" * (soap.LARGEST + 9), b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b""],
    ids=["text", "other", "huge", "entities", "nothing"],
)
async def test_what_is_no_soap_is_refused(body: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with await Camera.at(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", USUAL) as camera:
        with pytest.raises(NoPicture):
            await camera.begin()
    server.close()


async def test_redirects_are_not_followed(dome: Onvif) -> None:
    async def points(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        to = dome.address("P-1").encode()
        writer.write(b"HTTP/1.1 307 Go\r\nLocation: " + to + b"\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(points, "127.0.0.1", 0)
    async with await Camera.at(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", USUAL) as camera:
        with pytest.raises(NoPicture):
            await camera.begin()
    server.close()


async def test_cameras_are_found_on_their_networks_only(dome: Onvif) -> None:
    port = await dome.listen()
    found = await discovery.find(USUAL, to=("127.0.0.1", port), within_s=0.3)
    assert [(one.address, one.name, one.hardware) for one in found] == [
        (dome.address(one), one, "dure-sim") for one in ("P-1", "P-2")
    ]
    assert await discovery.find([ip_network("10.0.0.0/8")], to=("127.0.0.1", port), within_s=0.1) == []


@given(st.binary(max_size=300))
def test_no_answer_upsets_who_looks(data: bytes) -> None:
    assert discovery.answers(data, "n", USUAL) == []


def test_entities_are_no_messages_and_the_digest_is_the_standards() -> None:
    with pytest.raises(NotSoap):
        soap.read(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')
    # ONVIF Application Programmer's Guide, 6.1.1.3
    once = __import__("base64").b64decode("LKqI6G/AikKCQrN0zqZFlg==")
    assert soap.digest(once, "2010-09-16T07:50:45Z", "userpassword") == "tuOSpGlFlIXsozq4HFNeeGeFLEI="
    assert "hunter2" not in soap.token("viewer", "hunter2", datetime.now(UTC))
