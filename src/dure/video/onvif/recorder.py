"""One recorder (NVR) asked by ONVIF Profile G over HTTP: what it has recorded (Recording Search Service), and where
that is replayed (Replay Control Service). As of cameras, only paths of what it names are used, and what it says is
bounded.

Its clock may be wrong: every time that leaves here is ours, by what its clock showed when it was asked.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from dure.video.onvif import soap
from dure.video.onvif.client import Camera
from dure.video.source import NoPicture, Trouble

LONGEST_TOKEN: Final = 64
"""Of a reference to a recording (ONVIF's ReferenceToken)."""
_MOST = 256
_MOST_EVENTS = 20_000
_PAGES = 200
_SEARCH_WITHIN_S = 20.0
_ALWAYS = timedelta(seconds=2)
"""Clocks so near to ours are taken for right: what is said has no parts of a second."""
_HALF = timedelta(milliseconds=500)
_STATE = "tns1:RecordingHistory/Track/State"
_SET = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
_SERVICES = "<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>"


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording: one camera's past. From when until when there is something; whether it goes on."""

    token: str
    name: str
    start: datetime
    end: datetime
    going: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """All that a recorder has: from when, until when, how many recordings."""

    start: datetime | None
    end: datetime | None
    recordings: int


Stretch = tuple[datetime, datetime]


class Recorder(Camera):
    """A recorder at a judged address. Every call raises NoPicture with what is wrong."""

    SERVICES: ClassVar[Sequence[str]] = ("Media", "PTZ", "Search", "Replay")

    async def begin(self) -> None:
        """As a camera's; what the older way of asking does not name, the newer does."""
        await super().begin()
        if {"Search", "Replay"} <= self._paths.keys():
            return
        for one in soap.found(await self._ask(self._path, _SERVICES), ".//tds:Service"):
            for name, short in (("Search", "tse"), ("Replay", "trp")):
                if soap.said(one, "tds:Namespace") == soap.NAMES[short]:
                    self._paths.setdefault(name, urlsplit(soap.said(one, "tds:XAddr")).path or "/")

    @property
    def records(self) -> bool:
        """Whether it says that what it recorded can be found and replayed (Profile G)."""
        return {"Search", "Replay"} <= self._paths.keys()

    @property
    def ahead(self) -> timedelta:
        """By how much its clock is before ours, to half a second."""
        about = self._ahead + _HALF
        return timedelta() if abs(about) < _ALWAYS else about

    async def summary(self) -> Summary:
        """What it says of all that it has (GetRecordingSummary)."""
        body = await self._search("<tse:GetRecordingSummary/>")
        told = soap.said(body, ".//tt:NumberRecordings")
        count = int(told) if told.isdecimal() and len(told) < 7 else 0
        start, end = (self._ours(soap.said(body, f".//tt:{name}")) for name in ("DataFrom", "DataUntil"))
        return Summary(start, end, count)

    async def recordings(self) -> list[Kept]:
        """Those with a track of pictures, by name (FindRecordings, GetRecordingSearchResults)."""
        most = f"<tse:MaxMatches>{_MOST}</tse:MaxMatches>"
        asked = (
            f"<tse:FindRecordings><tse:Scope/>{most}<tse:KeepAliveTime>PT30S</tse:KeepAliveTime></tse:FindRecordings>"
        )
        found: dict[str, Kept] = {}
        for body in await self._found(asked, "GetRecordingSearchResults"):
            for node in soap.found(body, ".//tt:RecordingInformation"):
                one = self._kept(node)
                if one is not None and len(found) < _MOST:
                    found[one.token] = one
        return sorted(found.values(), key=lambda one: (one.name, one.token))

    async def stretches(self, one: Kept, since: datetime, until: datetime) -> list[Stretch]:
        """From when until when there are pictures of a recording, by when it began and ceased to have some (FindEvents,
        GetEventSearchResults); a recorder that does not tell is taken to have all from its beginning to its end.
        """
        begin, end = max(one.start, since), min(one.end, until)
        if begin >= end:
            return []
        asked = (
            f"<tse:FindEvents><tse:StartPoint>{self._theirs(begin)}</tse:StartPoint>"
            f"<tse:EndPoint>{self._theirs(end)}</tse:EndPoint>"
            f"<tse:Scope><tt:IncludedRecordings>{escape(one.token)}</tt:IncludedRecordings></tse:Scope>"
            f'<tse:SearchFilter><wsnt:TopicExpression Dialect="{_SET}">{_STATE}</wsnt:TopicExpression>'
            f"</tse:SearchFilter><tse:IncludeStartState>true</tse:IncludeStartState>"
            "<tse:KeepAliveTime>PT30S</tse:KeepAliveTime></tse:FindEvents>"
        )
        try:
            pages = await self._found(asked, "GetEventSearchResults")
        except NoPicture as error:
            if error.trouble is not Trouble.NO_PICTURE:
                raise
            return [(begin, end)]
        changes = [
            change
            for body in pages
            for node in soap.found(body, ".//tt:Result")
            if (change := self._change(node, one.token)) is not None
        ]
        return stretches(changes[:_MOST_EVENTS], begin, end) if changes else [(begin, end)]

    async def replay(self, token: str) -> str:
        """Where a recording is replayed (RTSP), at the recorder's own address and without a login."""
        setup = "<tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
        body = await self._ask(
            self._service("Replay"),
            f"<trp:GetReplayUri><trp:StreamSetup>{setup}</trp:StreamSetup>"
            f"<trp:RecordingToken>{escape(token)}</trp:RecordingToken></trp:GetReplayUri>",
        )
        return self._own(soap.said(body, ".//trp:Uri") or soap.said(body, ".//tt:Uri"))

    def _service(self, name: str) -> str:
        if name not in self._paths:
            raise NoPicture(Trouble.NO_RECORDER)
        return self._paths[name]

    async def _search(self, body: str) -> "etree._Element":
        return await self._ask(self._service("Search"), body)

    async def _found(self, asked: str, results: str) -> "list[etree._Element]":
        """All pages of a search's results. Raises NoPicture where it takes too long."""
        try:
            async with asyncio.timeout(_SEARCH_WITHIN_S):
                token = escape(soap.said(await self._search(asked), ".//tse:SearchToken"))
                more = "<tse:MinResults>1</tse:MinResults><tse:MaxResults>100</tse:MaxResults>"
                ask = f"<tse:{results}><tse:SearchToken>{token}</tse:SearchToken>{more}"
                pages = []
                for _ in range(_PAGES):
                    body = await self._search(f"{ask}<tse:WaitTime>PT1S</tse:WaitTime></tse:{results}>")
                    pages.append(body)
                    if soap.said(body, ".//tt:SearchState") not in ("Queued", "Searching"):
                        return pages
        except TimeoutError as error:
            raise NoPicture(Trouble.STALLED) from error
        raise NoPicture(Trouble.NO_RECORDER)

    def _kept(self, node: "etree._Element") -> Kept | None:
        token = soap.said(node, "tt:RecordingToken")
        tracks = [one for one in soap.found(node, "tt:Track") if soap.said(one, "tt:TrackType") == "Video"]
        start = self._ours(soap.said(node, "tt:EarliestRecording") or _first(tracks, "tt:DataFrom"))
        end = self._ours(soap.said(node, "tt:LatestRecording") or _first(tracks, "tt:DataTo"))
        if not 0 < len(token) <= LONGEST_TOKEN or not tracks or start is None or end is None or end <= start:
            return None
        name = soap.said(node, "tt:Source/tt:Name") or soap.said(node, "tt:Content") or token
        going = soap.said(node, "tt:RecordingStatus") == "Recording"
        return Kept(token, " ".join(name.split())[:100], start, end, going)

    def _change(self, node: "etree._Element", token: str) -> tuple[datetime, bool] | None:
        """When pictures began or ceased to be there, as an event says it."""
        at = self._ours(soap.said(node, "tt:Time"))
        said = {item.get("Name", ""): item.get("Value", "") for item in soap.found(node, ".//tt:SimpleItem")}
        present = said.get("IsDataPresent")
        if at is None or present is None or soap.said(node, "tt:RecordingToken") not in ("", token):
            return None
        return at, present.lower() in ("true", "1")

    def _ours(self, told: str) -> datetime | None:
        """A time of the recorder's on our clock; None for what is none."""
        try:
            at = datetime.fromisoformat(told)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC) - self.ahead
        except (ValueError, OverflowError):
            return None

    def _theirs(self, at: datetime) -> str:
        return f"{(at + self.ahead).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def stretches(changes: Iterable[tuple[datetime, bool]], since: datetime, until: datetime) -> list[Stretch]:
    """From when until when there was something, out of the changes, within `since` and `until`. Pure."""
    out: list[Stretch] = []
    began: datetime | None = None
    for at, present in sorted(changes):
        here = min(max(at, since), until)
        if present:
            began = here if began is None else began
        elif began is not None:
            if began < here:
                out.append((began, here))
            began = None
    if began is not None and began < until:
        out.append((began, until))
    return out


def _first(tracks: "Sequence[etree._Element]", path: str) -> str:
    return next((told for one in tracks if (told := soap.said(one, path))), "")
