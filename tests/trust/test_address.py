"""Where a request comes from."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.trust.address import client, network, networks, parsed, within

PROXIES = networks(["10.0.0.0/24", "::1"])


@given(st.ip_addresses(v=4))
def test_mapped_ipv6_is_ipv4(address: object) -> None:
    assert parsed(f"::ffff:{address}") == ip_address(str(address))
    assert parsed(f"[::ffff:{address}]:443") == ip_address(str(address))
    assert parsed(f"{address}:8080") == ip_address(str(address))


@given(st.ip_addresses(), st.text(max_size=40))
def test_an_unlisted_peer_names_nobody_else(peer: object, header: str) -> None:
    if within(parsed(str(peer)), PROXIES) is None:
        assert client(str(peer), [header], PROXIES) == parsed(str(peer))


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),  # the client's own claim stands further left
        ("10.0.0.1", ["1.1.1.1", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("10.0.1.1", ["203.0.113.9"], "10.0.1.1"),
    ],
)
def test_listed_proxies_are_believed_about_what_they_saw(peer: str, headers: list[str], expected: str) -> None:
    assert str(client(peer, headers, PROXIES)) == expected


@given(st.text(max_size=60))
def test_nonsense_is_no_address(text: str) -> None:
    found = parsed(text)
    assert found is None or str(found)


@pytest.mark.parametrize("wrong", ["", "10.0.0.1/8", "300.1.1.1", "10.0.0.0/33", "여기", "10.0.0.0/8\0"])
def test_a_network_is_a_cidr_without_host_bits(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        network(wrong)


def test_a_mapped_network_is_an_ipv4_network() -> None:
    assert str(network("::ffff:10.0.0.0/104")) == "10.0.0.0/8"
    assert within(parsed("10.9.9.9"), [network("::ffff:10.0.0.0/104")])
