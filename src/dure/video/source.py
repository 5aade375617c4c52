"""Where a picture comes from: a camera's address looked up and judged, once; whoever fetches gets a number."""

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

from dure.trust.address import Network
from dure.video.policy import may_fetch

_FIND_WITHIN_S = 3.0
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


class Trouble(StrEnum):
    """Why there is no picture. `video.trouble.<name>` says it to people."""

    NO_ADDRESS = "no_address"
    NOT_PERMITTED = "not_permitted"
    UNREACHABLE = "unreachable"
    LOGIN = "login"
    NO_PICTURE = "no_picture"
    STALLED = "stalled"
    CODEC = "codec"
    NO_RECORDER = "no_recorder"


class NoPicture(Exception):
    """There is no picture, and why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


async def located(address: str, allowed: Sequence[Network], ports: Mapping[str, int] = _PORTS) -> str:
    """The address with its host as a number that was judged. Raises NoPicture: a name nobody knows, or one of its
    numbers outside the networks of cameras. `ports` are the kinds of addresses that are asked for.
    """
    try:
        parts = urlsplit(address)
        port = parts.port or ports[parts.scheme.lower()]
    except (ValueError, KeyError) as error:
        raise NoPicture(Trouble.NO_ADDRESS) from error
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_FIND_WITHIN_S):
            found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise NoPicture(Trouble.UNREACHABLE) from error
    numbers = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    if not numbers or not all(may_fetch(one, allowed) for one in numbers):
        raise NoPicture(Trouble.NOT_PERMITTED)
    first = numbers[0]
    login = parts.netloc.rpartition("@")[0]
    host = f"[{first}]" if first.version == 6 else str(first)
    return urlunsplit(parts._replace(netloc=f"{login}@{host}:{port}" if login else f"{host}:{port}"))


def unproven() -> ssl.SSLContext:
    """TLS as cameras have it: their certificates are their own, and name no number. What is read on the way is kept
    from others; that the camera is the one is held by the network it stands in.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
