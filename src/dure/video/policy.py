"""Who may ask to see a camera, and which addresses a picture may be fetched from. Pure, default deny."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network

from dure.trust.address import Network, networks, within
from dure.trust.policy import Ask, Grants, grant
from dure.trust.roles import CONTROL_ROOM, RESPONDERS, Role
from dure.video.tickets.model import Span

_CENTRE = CONTROL_ROOM | {Role.ADMIN}
GRANTS: Grants = {
    "video.open": grant(_CENTRE, Ask.PURPOSE, own=RESPONDERS),
    "video.request": grant(_CENTRE, Ask.PURPOSE, own=RESPONDERS),
    "ticket.read": grant(_CENTRE | {Role.AUDITOR}, own=RESPONDERS),
    "video.track": grant(_CENTRE, own=RESPONDERS),
    "video.approve": grant(_CENTRE, Ask.ACCOUNT),
    "video.footage": grant(_CENTRE, own=RESPONDERS),
    "video.past": grant(_CENTRE, Ask.PURPOSE, own=RESPONDERS),
    "video.watch": grant(_CENTRE, Ask.PURPOSE),
    "disclosure.read": grant(_CENTRE | {Role.AUDITOR}),
}
"""The control room for any incident (in a small city the administrator sits there), responders for those that they
see. The other half of the decision is the incident's: it is open, the asker may read it, and the camera was chosen for
it or stands in a view ticket (respond/pictures.py). Approving is a person's act; that nobody approves what they asked
for is decided with the ticket (tickets/model.py). The wall beyond incidents is the centre's own work.
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


def may_see_past(span: Span, since_ms: int, until_ms: int) -> bool:
    """Whether a right for `span` of the past allows this stretch (milliseconds since 1970): a view ticket was approved
    for it (tickets/rights.py), and nothing outside it is shown.
    """
    begin, end = (round(one.timestamp() * 1_000) for one in (span.begin, span.end))
    return begin <= since_ms < until_ms <= end
