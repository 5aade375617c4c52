"""Cameras found by WS-Discovery (OASIS WS-Discovery 1.0 as ONVIF Core 7 has it): one question to all, answers for a few
seconds, and only from the camera networks.
"""

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from dure.trust.address import Network
from dure.video.onvif import soap
from dure.video.onvif.soap import NotSoap
from dure.video.policy import may_fetch

GROUP: Final = ("239.255.255.250", 3702)
_MOST = 2_000
_WITHIN_S = 1.6
"""A device answers within half a second of a question (APP_MAX_DELAY), and is asked twice."""
_FRESH_S = 10.0


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered: where it is asked by ONVIF, and the name and hardware that it tells."""

    address: str
    name: str
    hardware: str


def probe(number: str) -> bytes:
    """The question: which of you send pictures?"""
    return soap.envelope(
        "<d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe>",
        f"<a:MessageID>uuid:{number}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
        "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>",
    )


def answers(data: bytes, number: str, allowed: Sequence[Network]) -> list[Found]:
    """The devices of an answer to question `number`, at addresses of numbers on the camera networks."""
    try:
        root = soap.read(data)
    except NotSoap:
        return []
    if number not in soap.said(root, ".//a:RelatesTo"):
        return []
    found = []
    for match in soap.found(root, ".//d:ProbeMatch"):
        scopes = soap.said(match, "d:Scopes").split()
        told = {name: value for scope in scopes for name, value in [_scope(scope)] if name}
        for address in soap.said(match, "d:XAddrs").split():
            if _judged(address, allowed):
                found.append(Found(address[:300], told.get("name", "")[:100], told.get("hardware", "")[:100]))
                break
    return found


def _scope(scope: str) -> tuple[str, str]:
    head, _, value = scope.partition("onvif://www.onvif.org/")
    name, _, said = value.partition("/")
    return ("" if head else name, unquote(said))


def _judged(address: str, allowed: Sequence[Network]) -> bool:
    try:
        parts = urlsplit(address)
        host = ip_address(parts.hostname or "")
        return parts.scheme in ("http", "https") and "@" not in parts.netloc and may_fetch(host, allowed)
    except ValueError:
        return False


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, number: str, allowed: Sequence[Network]) -> None:
        self.found: dict[str, Found] = {}
        self._number = number
        self._allowed = allowed

    def datagram_received(self, data: bytes, _addr: object) -> None:
        """asyncio's."""
        if len(self.found) < _MOST:
            self.found |= {one.address: one for one in answers(data, self._number, self._allowed)}


async def find(allowed: Sequence[Network], *, to: tuple[str, int] = GROUP, within_s: float = _WITHIN_S) -> list[Found]:
    """Ask everybody near this machine; who answered within the time, by address. Raises OSError."""
    number = str(uuid4())
    loop = asyncio.get_running_loop()
    speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    speaker.setblocking(False)
    transport, ear = await loop.create_datagram_endpoint(lambda: _Ear(number, allowed), sock=speaker)
    try:
        for _ in range(2):  # of datagrams some are lost
            transport.sendto(probe(number), to)
            await asyncio.sleep(within_s / 2)
    finally:
        transport.close()
    return sorted(ear.found.values(), key=lambda one: one.address)


class Recent:
    """What was found last: who asks again at once is told the same, and nobody floods the camera networks."""

    def __init__(self) -> None:
        self._found: tuple[float, list[Found]] | None = None
        self._one = asyncio.Lock()

    async def find(self, allowed: Sequence[Network]) -> list[Found]:
        """As `find`, at most once in ten seconds. Raises OSError."""
        async with self._one:
            if self._found is None or time.monotonic() - self._found[0] > _FRESH_S:
                self._found = time.monotonic(), await find(allowed)
            return self._found[1]
