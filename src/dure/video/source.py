"""Where a picture comes from: a camera's address looked up and judged, and the FFmpeg program told to fetch it.

The program gets an address of numbers that has been judged, over its standard input: no name is looked up twice, and
no login stands in a list of processes. Only video is asked for and only video is passed on.
"""

import asyncio
import socket
from collections.abc import Sequence
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

from dure.trust.address import Network
from dure.video.policy import may_fetch

_FIND_WITHIN_S = 3.0
_PORTS = {"rtsp": 554, "rtsps": 322}
_PROBE = ("-fflags", "nobuffer", "-fpsprobesize", "0", "-analyzeduration", "1000000")
_OUT = (
    *("-map", "0:v:0", "-an", "-sn", "-dn", "-c", "copy", "-f", "mp4"),
    *("-movflags", "frag_every_frame+empty_moov+default_base_moof", "-flush_packets", "1", "pipe:1"),
)


class Trouble(StrEnum):
    """Why there is no picture. `video.trouble.<name>` says it to people."""

    NO_ADDRESS = "no_address"
    NOT_PERMITTED = "not_permitted"
    UNREACHABLE = "unreachable"
    LOGIN = "login"
    NO_PICTURE = "no_picture"
    STALLED = "stalled"


class NoPicture(Exception):
    """There is no picture, and why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


async def located(address: str, allowed: Sequence[Network]) -> str:
    """The address with its host as a number that was judged. Raises NoPicture: a name nobody knows, or one of its
    numbers outside the networks of cameras.
    """
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS[parts.scheme.lower()]
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


def arguments(address: str) -> list[str]:
    """What FFmpeg is told: nothing about whom it asks. The kinds of connections it may make are named; without `rtsp`
    among them it does not follow a camera that points to another host.
    """
    over = "tls,tcp" if address.lower().startswith("rtsps") else "tcp"
    return ["-protocol_whitelist", f"pipe,rtp,{over}", *_PROBE, "-f", "concat", "-safe", "0", "-i", "pipe:0", *_OUT]


def script(address: str) -> bytes:
    """What FFmpeg reads from its standard input (its `ffconcat` form): the address, over TCP, video alone. Raises
    NoPicture for an address that could say more than an address.
    """
    if not address.isprintable() or any(sign in address for sign in "'\"\\ "):
        raise NoPicture(Trouble.NO_ADDRESS)
    lines = (
        "ffconcat version 1.0",
        f"file '{address}'",
        "option rtsp_transport tcp",
        "option allowed_media_types video",
        "option fflags nobuffer",
        "option fpsprobesize 0",
        "option analyzeduration 1000000",
    )
    return ("\n".join(lines) + "\n").encode()


def trouble_of(said: str) -> Trouble:
    """What went wrong, by what FFmpeg said. Its words name the address and stay here."""
    if "401" in said or "403" in said or "nauthorized" in said:
        return Trouble.LOGIN
    if any(word in said for word in ("refused", "timed out", "unreachable", "No route", "Network is", "reset by peer")):
        return Trouble.UNREACHABLE
    return Trouble.NO_PICTURE
