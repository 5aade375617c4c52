"""Who may ask to see a camera, and which addresses a picture may be fetched from. Pure, default deny."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network

from dure.trust.address import Network, networks, within
from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role

GRANTS: Grants = {
    "video.open": grant(CONTROL_ROOM | {Role.ADMIN}, Ask.PURPOSE, own=RESPONDERS),
}
"""The control room for any incident (in a small city the administrator sits there), responders for those that they
see. The other half of the decision is the incident's: it is open, the asker may read it, and the camera was chosen for
it (respond/pictures.py).
"""

CAMERA_NETWORKS = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Where cameras are when nothing else is said: this machine and private networks (RFC 1918, RFC 4193)."""
_NEVER = tuple(ip_network(one) for one in ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "fe80::/10", "ff00::/8"))
"""Link-local, where clouds keep their secrets, and what is no host's address; no setting lets these in."""


def camera_networks(told: Iterable[str]) -> list[Network]:
    """The networks of `DURE_CAMERA_NETWORKS`, else the usual ones. Raises ValueError for what is no CIDR."""
    return networks(tuple(told) or CAMERA_NETWORKS)


def may_fetch(address: IPv4Address | IPv6Address, allowed: Iterable[Network]) -> bool:
    """Whether a picture may be fetched from this address."""
    if isinstance(address, IPv6Address):
        if address == IPv6Address("::"):
            return False
        address = address.ipv4_mapped or address
    if within(address, _NEVER) is not None:
        return False
    return within(address, allowed) is not None
