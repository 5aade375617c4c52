"""Simulated cameras speak ONVIF over HTTP: device, media and PTZ service (SOAP 1.2, user name token with digest), and
answer who looks for them (WS-Discovery).

`/onvif/<id>/device_service` is a camera; any id is one.
"""

import asyncio
import base64
import contextlib
import hmac
import re
import socket
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from dure.video.onvif import soap
from dure.video.onvif.soap import NotSoap

PRESETS: Final = {
    "1": ("north", 0.0, 0.0),
    "2": ("east", 0.5, -0.1),
    "3": ("south", 1.0, 0.0),
    "4": ("west", -0.5, -0.1),
}
"""Of each camera: token, name, pan and tilt. Home is where it looks at first."""
_PATH = re.compile(r"/onvif/([A-Za-z0-9_-]{1,64})/(device|media|ptz|search|replay)_service")
_TURN_S = 4.0  # seconds for a full range at full speed
_LARGEST = 64 << 10


@dataclass
class Head:
    """Where a camera looks, and how it is turning."""

    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0
    speed: tuple[float, float, float] = (0.0, 0.0, 0.0)
    since: float = 0.0
    until: float = 0.0
    turned: list[str] = field(default_factory=list)

    def now(self, at: float) -> "Head":
        """Brought up to this moment."""
        passed = max(0.0, min(at, self.until) - self.since)
        share = passed * 2 / _TURN_S
        limits = ((-1.0, 1.0), (-1.0, 1.0), (0.0, 1.0))
        moved = [
            max(low, min(high, here + by * share))
            for here, by, (low, high) in zip((self.pan, self.tilt, self.zoom), self.speed, limits, strict=True)
        ]
        self.pan, self.tilt, self.zoom = moved
        self.since = max(self.since, min(at, self.until)) if at < self.until else at
        return self

    def go(self, pan: float, tilt: float, zoom: float) -> None:
        """Look there at once."""
        self.pan, self.tilt, self.zoom, self.speed, self.until = pan, tilt, zoom, (0.0, 0.0, 0.0), 0.0


class Onvif:
    """The ONVIF side of simulated cameras. `rtsp_port` is where their pictures are; `login` ("name:password") is asked
    for; `found` are the ids that answer who looks for cameras. `heads` says where each looks and what it was told.
    """

    def __init__(self, rtsp_port: int, *, login: str | None = None, found: Collection[str] = ()) -> None:
        self.heads: dict[str, Head] = {}
        self.denied = 0
        self.rtsp_port = rtsp_port
        self._login = login
        self._found = found
        self._port = 0
        self._server: asyncio.Server | None = None
        self._used: set[str] = set()
        self._ear: asyncio.DatagramTransport | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen; the port. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_LARGEST)
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self._port

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Answer who looks for cameras, by datagrams to this address; the port."""
        loop = asyncio.get_running_loop()
        self._ear, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(self), local_addr=(host, port), family=socket.AF_INET
        )
        return int(self._ear.get_extra_info("sockname")[1])

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
        if self._ear is not None:
            self._ear.close()

    def head(self, camera: str) -> Head:
        """Where a camera looks now."""
        return self.heads.setdefault(camera, Head()).now(time.monotonic())

    def matches(self, data: bytes) -> list[bytes]:
        """Answers to a question of WS-Discovery."""
        try:
            number = soap.said(soap.read(data), ".//a:MessageID")
        except NotSoap:
            return []
        return [
            soap.envelope(
                "<d:ProbeMatches><d:ProbeMatch><d:Types>dn:NetworkVideoTransmitter</d:Types>"
                f"<d:Scopes>onvif://www.onvif.org/name/{one} onvif://www.onvif.org/hardware/dure-sim</d:Scopes>"
                f"<d:XAddrs>{self.address(one)}</d:XAddrs></d:ProbeMatch></d:ProbeMatches>",
                f"<a:RelatesTo>{number}</a:RelatesTo>",
            )
            for one in self._found
        ]

    def address(self, camera: str, service: str = "device") -> str:
        """Where a camera is asked."""
        return f"http://127.0.0.1:{self._port}/onvif/{camera}/{service}_service"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").split("\r\n")
                pairs = (line.partition(":") for line in lines)
                headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
                body = await reader.readexactly(min(int(headers.get("content-length", "0")), _LARGEST))
                status, said = self.answer(first.split(" ")[1], body)
                kind = "application/soap+xml; charset=utf-8"
                reply = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(said)}\r\n\r\n"
                writer.write(reply.encode() + said)
                await writer.drain()
        writer.close()

    def answer(self, path: str, body: bytes) -> tuple[str, bytes]:
        """A request's status and answer."""
        where = _PATH.fullmatch(path)
        try:
            root = soap.read(body)
            asked = next(iter(soap.found(root, "s:Body")[0]))
        except (NotSoap, StopIteration, IndexError):
            return "400 Bad Request", soap.envelope(_fault("ter:InvalidArgVal"))
        name = etree.QName(asked).localname
        if where is None:
            return "404 Not Found", soap.envelope(_fault("ter:ActionNotSupported"))
        if name != "GetSystemDateAndTime" and not self._admits(root):
            self.denied += 1
            return "400 Bad Request", soap.envelope(_fault("ter:NotAuthorized"))
        camera = where[1]
        said = self._device(camera, name) or self._media(camera, name, asked) or self._ptz(camera, name, asked)
        said = said or self._more(camera, name, asked)
        if said is None:
            return "400 Bad Request", soap.envelope(_fault("ter:ActionNotSupported"))
        return "200 OK", soap.envelope(said)

    @property
    def clock(self) -> datetime:
        """What its clock shows."""
        return datetime.now(UTC)

    def _more(self, _camera: str, _name: str, _asked: "etree._Element", /) -> str | None:
        """What others than cameras answer."""
        return None

    def _admits(self, root: "etree._Element") -> bool:
        """Whether the token proves the login, was made just now, and was not used before."""
        if self._login is None:
            return True
        name, _, password = self._login.partition(":")
        told = {part: soap.said(root, f".//{part}") for part in ("wsse:Nonce", "wsu:Created", "wsse:Password")}
        try:
            once = base64.b64decode(told["wsse:Nonce"])
            age = self.clock - datetime.fromisoformat(told["wsu:Created"])
        except ValueError:
            return False
        good = hmac.compare_digest(soap.digest(once, told["wsu:Created"], password), told["wsse:Password"])
        fresh = abs(age.total_seconds()) < 60 and told["wsse:Nonce"] not in self._used
        self._used.add(told["wsse:Nonce"])
        return good and fresh and soap.said(root, ".//wsse:Username") == name

    def _device(self, camera: str, name: str) -> str | None:
        if name == "GetSystemDateAndTime":
            now = self.clock
            clock = (
                f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second>"
            )
            day = f"<tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day>"
            at = f"<tt:UTCDateTime><tt:Time>{clock}</tt:Time><tt:Date>{day}</tt:Date></tt:UTCDateTime>"
            return said_as("tds", name, f"<tds:SystemDateAndTime>{at}</tds:SystemDateAndTime>")
        if name == "GetCapabilities":
            parts = "".join(
                f"<tt:{kind}><tt:XAddr>{self.address(camera, kind.lower())}</tt:XAddr></tt:{kind}>"
                for kind in ("Media", "PTZ")
            )
            return said_as("tds", name, f"<tds:Capabilities>{parts}</tds:Capabilities>")
        if name == "GetDeviceInformation":
            return said_as(
                "tds", name, "<tds:Manufacturer>dure</tds:Manufacturer><tds:Model>simulated dome</tds:Model>"
            )
        return None

    def _media(self, camera: str, name: str, asked: "etree._Element") -> str | None:
        if name == "GetProfiles":
            return said_as("trt", name, _profile("sub", 320, 180) + _profile("main", 640, 360))
        if name == "GetStreamUri":
            small = "/sub" if soap.said(asked, "trt:ProfileToken") == "sub" else ""
            address = f"rtsp://192.0.2.1:{self.rtsp_port}/{camera}{small}"  # as behind a translated address
            return said_as("trt", name, f"<trt:MediaUri><tt:Uri>{address}</tt:Uri></trt:MediaUri>")
        return None

    def _ptz(self, camera: str, name: str, asked: "etree._Element") -> str | None:
        head, at = self.head(camera), time.monotonic()
        if name == "GetStatus":
            return said_as("tptz", name, f"<tptz:PTZStatus>{_at('tt:Position', head.pan, head.tilt)}</tptz:PTZStatus>")
        if name == "GetPresets":
            return said_as("tptz", name, "".join(_preset(token) for token in PRESETS))
        if name == "ContinuousMove":
            pan_tilt, zoom = soap.found(asked, ".//tt:PanTilt")[0], soap.found(asked, ".//tt:Zoom")[0]
            head.speed = (float(pan_tilt.get("x", "0")), float(pan_tilt.get("y", "0")), float(zoom.get("x", "0")))
            head.since, head.until = at, at + float(soap.said(asked, "tptz:Timeout").strip("PTS") or "1")
        elif name == "AbsoluteMove":
            pan_tilt = soap.found(asked, ".//tt:PanTilt")[0]
            head.go(float(pan_tilt.get("x", "0")), float(pan_tilt.get("y", "0")), head.zoom)
        elif name == "GotoPreset":
            known = PRESETS.get(soap.said(asked, "tptz:PresetToken"))
            if known is None:
                return None
            head.go(known[1], known[2], 0.0)
        elif name == "GotoHomePosition":
            head.go(0.0, 0.0, 0.0)
        elif name == "Stop":
            head.until = 0.0
        else:
            return None
        head.turned.append(name)
        return said_as("tptz", name, "")


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, cameras: Onvif) -> None:
        self._cameras = cameras
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """asyncio's."""
        if self._transport is not None:
            for one in self._cameras.matches(data):
                self._transport.sendto(one, addr)


def said_as(service: str, name: str, content: str) -> str:
    return f"<{service}:{name}Response>{content}</{service}:{name}Response>"


def _fault(code: str) -> str:
    return (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value>"
        f"<s:Subcode><s:Value>{code}</s:Value></s:Subcode></s:Code></s:Fault>"
    )


def _profile(token: str, width: int, height: int) -> str:
    size = f"<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution>"
    return (
        f'<trt:Profiles token="{token}"><tt:Name>{token}</tt:Name><tt:VideoEncoderConfiguration>'
        f"<tt:Encoding>H264</tt:Encoding>{size}</tt:VideoEncoderConfiguration><tt:PTZConfiguration/></trt:Profiles>"
    )


def _at(name: str, pan: float, tilt: float, zoom: float = 0.0) -> str:
    return f'<{name}><tt:PanTilt x="{pan:.3f}" y="{tilt:.3f}"/><tt:Zoom x="{zoom:.3f}"/></{name}>'


def _preset(token: str) -> str:
    name, pan, tilt = PRESETS[token]
    return f'<tptz:Preset token="{token}"><tt:Name>{name}</tt:Name>{_at("tt:PTZPosition", pan, tilt)}</tptz:Preset>'
