"""Where a door may lead: the guard against requests that an address could trick the city into (SSRF).

HTTPS to public addresses; other networks (a closed administrative one, a simulator on this machine) only where the
machine's keeper names them in `DURE_DOOR_NETWORKS`. Plain HTTP never leaves the machine. Each time anew the name is
looked up, every number it has is judged, and the connection goes to the number that was judged.
"""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit, urlunsplit

from dure.kernel.errors import FieldError, Invalid
from dure.trust.address import Address, Network, networks, within

LONGEST = 500
_FIND_WITHIN_S = 3.0
_NEVER = tuple(
    ip_network(one)
    for one in (
        *("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "fe80::/10", "ff00::/8"),
        *("64:ff9b::/96", "64:ff9b:1::/48"),
    )
)
"""Link-local, where clouds keep their secrets, what is no host's address, and NAT64, behind which any IPv4 address may
stand; no setting lets these in.
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect, by number, and whom to expect there."""

    url: str
    host: str
    name: str


class NotPermitted(Exception):
    """A name leads where no door may."""


class NotFound(Exception):
    """Nobody knows the name at the moment."""


def allowed_networks(environment: Mapping[str, str] = os.environ) -> list[Network]:
    """The networks of `DURE_DOOR_NETWORKS`. Raises ValueError for what is no list of CIDRs."""
    return networks(filter(None, environment.get("DURE_DOOR_NETWORKS", "").split(",")))


def may_reach(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether a door may lead to this number: a public one, or one of the named networks."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return may_reach(inner, allowed)
        if address == IPv6Address("::"):
            return False
    if within(address, _NEVER) is not None:
        return False
    return within(address, allowed) is not None or (address.is_global and not address.is_multicast)


def checked(url: str, allowed: Sequence[Network]) -> str:
    """A door's address as it may be kept. Raises Invalid naming why it may not. Names are judged when they are used."""
    parts = _parts(url)
    if parts is None or not parts.hostname or parts.username or parts.password or parts.fragment or parts.query:
        raise _wrong("form")
    number = _number(parts.hostname)
    if number is not None and not may_reach(number, allowed):
        raise _wrong("network")
    if parts.scheme == "http" and not (number is not None and number.is_loopback):
        raise _wrong("tls")
    return urlunsplit(parts).rstrip("/")


async def located(url: str, allowed: Sequence[Network]) -> Target:
    """The address with its host as a number that was judged. Raises NotPermitted, NotFound."""
    parts = _parts(url)
    if parts is None or not parts.hostname:
        raise NotPermitted
    port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_FIND_WITHIN_S):
            found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise NotFound from error
    numbers = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    if not numbers or not all(may_reach(one, allowed) for one in numbers):
        raise NotPermitted
    if parts.scheme == "http" and not all(one.is_loopback for one in numbers):
        raise NotPermitted
    first = numbers[0]
    shown = f"[{first}]" if first.version == 6 else str(first)
    there = urlunsplit(parts._replace(netloc=f"{shown}:{port}"))
    return Target(there, parts.netloc, parts.hostname)


def _parts(url: str) -> SplitResult | None:
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or any(sign in url for sign in " \"'<>\\"):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in {"https", "http"} and port != 0 else None


def _number(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _wrong(why: str) -> Invalid:
    return Invalid("engine.fields.wrong", fields=[FieldError("url", f"respond.door.url.{why}")])
