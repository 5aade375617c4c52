"""Whether passkeys can be offered, and for which name: decided by the city's public URL alone."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

Why = Literal["address", "insecure"]


@dataclass(frozen=True, slots=True)
class Relying:
    """The relying party of WebAuthn: `id` is the host's name, `origin` the one origin that is believed."""

    id: str
    origin: str


def relying(public_url: str) -> Relying | Why:
    """The relying party, or why there is none: `address` where the city is reached by a bare IP address (an RP id is a
    domain, WebAuthn level 3 section 5.1.2), `insecure` where it is reached without TLS and not on this machine.
    """
    parts = urlsplit(public_url)
    host = (parts.hostname or "").rstrip(".")
    if not host or _is_address(host):
        return "address"
    if parts.scheme != "https" and host != "localhost" and not host.endswith(".localhost"):
        return "insecure"
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = f":{parts.port}" if parts.port is not None and parts.port != default else ""
    return Relying(host, f"{parts.scheme}://{host}{port}")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
