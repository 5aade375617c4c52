"""Where a request comes from, in one spelling; only listed proxies may name somebody else."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def parsed(text: str) -> Address | None:
    """An address without port, zone or brackets, IPv4-mapped IPv6 as IPv4; None when it is none."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def network(text: str) -> Network:
    """A CIDR (a lone address is a network of one), IPv4-mapped IPv6 as IPv4. Raises ValueError when it is none or
    has host bits.
    """
    found = ip_network(text.strip(), strict=True)
    if isinstance(found, IPv6Network) and found.network_address.ipv4_mapped is not None and found.prefixlen >= 96:
        return IPv4Network((found.network_address.ipv4_mapped, found.prefixlen - 96))
    return found


def networks(texts: Iterable[str]) -> list[Network]:
    """Several CIDRs. Raises ValueError."""
    return [network(text) for text in texts]


def within(address: Address | None, wanted: Iterable[Network]) -> Network | None:
    """The first network that holds `address`."""
    if address is None:
        return None
    return next((one for one in wanted if address.version == one.version and address in one), None)


def inside(part: Network, whole: Network) -> bool:
    """Whether every address of `part` is one of `whole`."""
    first, last = part.network_address, part.broadcast_address
    return part.version == whole.version and first in whole and last in whole


def origin(address: Address | None) -> str:
    """What counts as one sender: an IPv4 address, or the /64 of an IPv6 one, in which a single host has all
    addresses.
    """
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address) if address else ""


def client(peer: str | None, forwarded_for: Sequence[str], proxies: Sequence[Network]) -> Address | None:
    """The client's address: the peer's, or, behind listed proxies, the last named one that is not itself a listed
    proxy.

    `forwarded_for` are the X-Forwarded-For headers in order. What an unlisted peer names is ignored; a name that
    cannot be read ends the search at the proxy that passed it on.
    """
    here = parsed(peer or "")
    if within(here, proxies) is None:
        return here
    hops = [hop for header in forwarded_for for hop in header.split(",")]
    for hop in reversed(hops):
        named = parsed(hop)
        if named is None:
            return here
        here = named
        if within(here, proxies) is None:
            return here
    return here
