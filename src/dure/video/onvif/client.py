"""One camera asked by ONVIF over HTTP. Its address is judged before anything is said to it, redirects are not followed,
and whatever addresses it names, only their paths are used: it is always itself that is asked.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import unquote, urlsplit, urlunsplit
from xml.sax.saxutils import escape

import httpx
from lxml import etree

from dure.trust.address import Network
from dure.video.onvif import soap
from dure.video.onvif.soap import NotSoap
from dure.video.source import NoPicture, Trouble, located, unproven

PORTS: Mapping[str, int] = {"http": 80, "https": 443}
_WITHIN_S = 4.0
_DEVICE = "/onvif/device_service"
_MOST = 200
_CAPABILITIES = "<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>"
__all__ = ["PORTS", "Camera", "Position", "Preset", "Profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One of a camera's streams; `width` is 0 where it does not say."""

    token: str
    name: str
    width: int
    height: int
    codec: str
    ptz: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where a camera looks: pan and tilt from -1 to 1, zoom from 0 to 1 (ONVIF's generic spaces)."""

    pan: float
    tilt: float
    zoom: float


@dataclass(frozen=True, slots=True)
class Preset:
    """A position that a camera remembers; where it looks then it need not say."""

    token: str
    name: str
    position: Position | None


class Camera:
    """A camera at a judged address. Every call raises NoPicture with what is wrong."""

    SERVICES: ClassVar[Sequence[str]] = ("Media", "PTZ")

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        name, _, password = parts.netloc.rpartition("@")[0].partition(":")
        self._login = (unquote(name), unquote(password))
        self._base = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "", "", ""))
        self._path = parts.path if parts.path not in ("", "/") else _DEVICE
        self._paths: dict[str, str] = {}
        self._ahead = timedelta()
        self._http = httpx.AsyncClient(timeout=_WITHIN_S, follow_redirects=False, trust_env=False, verify=unproven())

    @classmethod
    async def at(cls, address: str, allowed: Sequence[Network]) -> Self:
        """A camera at an address that is judged first. Raises NoPicture."""
        return cls(await located(address, allowed, PORTS))

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def begin(self) -> None:
        """Ask for its clock (its signatures go by it) and for where its services are."""
        body = await self._ask(self._path, "<tds:GetSystemDateAndTime/>", signed=False)
        self._ahead = _clock(body) - datetime.now(UTC)
        body = await self._ask(self._path, _CAPABILITIES)
        for name in self.SERVICES:
            told = soap.said(body, f".//tt:{name}/tt:XAddr")
            if told:
                self._paths[name] = urlsplit(told).path or "/"

    @property
    def turns(self) -> bool:
        """Whether it says that it can be turned."""
        return "PTZ" in self._paths

    async def model(self) -> str:
        """Maker and model, as it says."""
        body = await self._ask(self._path, "<tds:GetDeviceInformation/>")
        return f"{soap.said(body, './/tds:Manufacturer')} {soap.said(body, './/tds:Model')}".strip()[:100]

    async def profiles(self) -> list[Profile]:
        """Its streams, largest picture first."""
        body = await self._ask(self._media, "<trt:GetProfiles/>")
        found = [_profile(one) for one in soap.found(body, ".//trt:Profiles")[:_MOST]]
        return sorted((one for one in found if one.token), key=lambda one: -one.width * one.height)

    async def stream(self, profile: str) -> str:
        """Where a stream is fetched (RTSP), at the camera's own address and without a login."""
        setup = "<tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
        body = await self._ask(
            self._media,
            f"<trt:GetStreamUri><trt:StreamSetup>{setup}</trt:StreamSetup>"
            f"<trt:ProfileToken>{escape(profile)}</trt:ProfileToken></trt:GetStreamUri>",
        )
        return self._own(soap.said(body, ".//tt:Uri"))

    def _own(self, told: str) -> str:
        """An address of RTSP that it named, at its own number, whatever it said, and without a login."""
        try:
            parts = urlsplit(told)
            port = parts.port or 554
        except ValueError as error:
            raise NoPicture(Trouble.NO_ADDRESS) from error
        if parts.scheme.lower() not in ("rtsp", "rtsps") or not told.isprintable() or " " in told:
            raise NoPicture(Trouble.NO_ADDRESS)
        host = urlsplit(self._base).hostname or ""
        return urlunsplit(parts._replace(netloc=f"[{host}]:{port}" if ":" in host else f"{host}:{port}"))

    async def presets(self, profile: str) -> list[Preset]:
        """The positions that it remembers."""
        body = await self._turn("GetPresets", profile, "")
        found = soap.found(body, ".//tptz:Preset")[:_MOST]
        return [
            Preset(one.get("token", ""), soap.said(one, "tt:Name")[:100], _position(one, "tt:PTZPosition"))
            for one in found
            if one.get("token")
        ]

    async def position(self, profile: str) -> Position | None:
        """Where it looks now; None where it does not know."""
        return _position(await self._turn("GetStatus", profile, ""), ".//tt:Position")

    async def move(self, profile: str, pan: float, tilt: float, zoom: float, seconds: float) -> None:
        """Turn with this speed (-1 to 1 each) for so long, unless told otherwise before."""
        await self._turn(
            "ContinuousMove",
            profile,
            f'<tptz:Velocity><tt:PanTilt x="{pan:.3f}" y="{tilt:.3f}"/><tt:Zoom x="{zoom:.3f}"/></tptz:Velocity>'
            f"<tptz:Timeout>PT{seconds:.1f}S</tptz:Timeout>",
        )

    async def look_at(self, profile: str, to: Position) -> None:
        """Turn to a position."""
        await self._turn(
            "AbsoluteMove",
            profile,
            f'<tptz:Position><tt:PanTilt x="{to.pan:.3f}" y="{to.tilt:.3f}"/>'
            f'<tt:Zoom x="{to.zoom:.3f}"/></tptz:Position>',
        )

    async def stop(self, profile: str) -> None:
        """Stand still."""
        await self._turn("Stop", profile, "<tptz:PanTilt>true</tptz:PanTilt><tptz:Zoom>true</tptz:Zoom>")

    async def go(self, profile: str, preset: str) -> None:
        """Turn to a position that it remembers."""
        await self._turn("GotoPreset", profile, f"<tptz:PresetToken>{escape(preset)}</tptz:PresetToken>")

    async def home(self, profile: str) -> None:
        """Turn back to where it looks by itself."""
        await self._turn("GotoHomePosition", profile, "")

    @property
    def _media(self) -> str:
        return self._paths.get("Media", self._path)

    async def _turn(self, what: str, profile: str, more: str) -> "etree._Element":
        if not self.turns:
            raise NoPicture(Trouble.NO_ADDRESS)
        body = f"<tptz:{what}><tptz:ProfileToken>{escape(profile)}</tptz:ProfileToken>{more}</tptz:{what}>"
        return await self._ask(self._paths["PTZ"], body)

    async def _ask(self, path: str, body: str, *, signed: bool = True) -> "etree._Element":
        name, password = self._login
        header = soap.token(name, password, datetime.now(UTC) + self._ahead) if signed and name else ""
        kind = {"content-type": "application/soap+xml; charset=utf-8"}
        try:
            sent = self._http.build_request(
                "POST", self._base + path, content=soap.envelope(body, header), headers=kind
            )
            async with asyncio.timeout(_WITHIN_S):  # of the whole: one byte at a time is not an answer
                answer = await self._http.send(sent, stream=True)
                data = await _bounded(answer)
        except (httpx.HTTPError, TimeoutError) as error:
            raise NoPicture(Trouble.UNREACHABLE) from error
        if answer.status_code in (401, 403):
            raise NoPicture(Trouble.LOGIN)
        try:
            root = soap.read(data)
        except NotSoap as error:
            raise NoPicture(Trouble.NO_PICTURE) from error
        if (fault := root.find(".//s:Fault", dict(soap.NAMES))) is not None:
            told = " ".join(fault.itertext())
            raise NoPicture(Trouble.LOGIN if "NotAuthorized" in told else Trouble.NO_PICTURE)
        return root


async def _bounded(answer: httpx.Response) -> bytes:
    """An answer's bytes, and never more than a message may have."""
    data = b""
    try:
        async for one in answer.aiter_bytes():
            data += one
            if len(data) > soap.LARGEST:
                raise NoPicture(Trouble.NO_PICTURE)
    finally:
        await answer.aclose()
    return data


def _clock(body: "etree._Element") -> datetime:
    """What the camera's clock shows; ours where it does not say."""
    at = ".//tt:UTCDateTime/tt:"
    parts = [soap.said(body, f"{at}{name}") for name in ("Date/tt:Year", "Date/tt:Month", "Date/tt:Day")]
    parts += [soap.said(body, f"{at}Time/tt:{name}") for name in ("Hour", "Minute", "Second")]
    try:
        year, month, day, hour, minute, second = map(int, parts)
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return datetime.now(UTC)


def _profile(node: "etree._Element") -> Profile:
    def size(name: str) -> int:
        told = soap.said(node, f"tt:VideoEncoderConfiguration/tt:Resolution/tt:{name}")
        return int(told) if told.isdecimal() and len(told) < 6 else 0

    codec = soap.said(node, "tt:VideoEncoderConfiguration/tt:Encoding")[:20]
    turns = bool(soap.found(node, "tt:PTZConfiguration"))
    return Profile(node.get("token", ""), soap.said(node, "tt:Name")[:100], size("Width"), size("Height"), codec, turns)


def _position(node: "etree._Element", path: str) -> Position | None:
    pan_tilt, zoom = soap.found(node, f"{path}/tt:PanTilt"), soap.found(node, f"{path}/tt:Zoom")
    if not pan_tilt:
        return None
    pan, tilt = (soap.number(pan_tilt[0].get(name, "")) for name in ("x", "y"))
    deep = soap.number(zoom[0].get("x", "")) if zoom else 0.0
    return None if pan is None or tilt is None else Position(pan, tilt, deep or 0.0)
