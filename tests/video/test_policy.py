"""From where a picture may be fetched, who may ask for it, and where a camera's login stands: nowhere in the open."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.city import streams
from dure.trust import vault
from dure.trust.policy import Ask, asks_of, permissions_of, union
from dure.trust.roles import Role
from dure.video.policy import GRANTS, camera_networks, may_fetch
from dure.video.program import arguments, script, trouble_of
from dure.video.source import NoPicture, Trouble, located

USUAL = camera_networks(())


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.20.0.9", "172.31.255.1", "192.168.0.64", "fd00::8"])
def test_private_networks_and_this_machine_are_cameras(address: str) -> None:
    assert may_fetch(ip_address(address), USUAL)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "2001:db8::1", "::ffff:8.8.8.8"]
)
def test_others_are_not(address: str) -> None:
    assert not may_fetch(ip_address(address), USUAL)


@given(st.ip_addresses(network="169.254.0.0/16") | st.ip_addresses(network="fe80::/10"))
def test_no_setting_lets_link_local_in(address: object) -> None:
    everything = camera_networks(("0.0.0.0/0", "::/0"))
    assert not may_fetch(address, everything)  # type: ignore[arg-type]


def test_a_city_names_its_own_networks() -> None:
    named = camera_networks(("203.0.113.0/24",))
    assert may_fetch(ip_address("203.0.113.7"), named)
    assert not may_fetch(ip_address("10.0.0.1"), named)
    assert may_fetch(ip_address("::ffff:203.0.113.7"), named)
    with pytest.raises(ValueError, match="nowhere"):
        camera_networks(("nowhere",))


def test_who_may_ask_and_with_what() -> None:
    table = union([GRANTS])
    may = {role for role in Role if "video.open" in permissions_of([role], table)}
    assert may == {Role.ADMIN, Role.OPERATOR, Role.SHIFT_LEAD, Role.POLICE, Role.FIRE, Role.DISASTER}
    assert asks_of("video.open", table) == {Ask.PURPOSE}


async def test_a_name_becomes_a_number_once_and_the_port_is_said() -> None:
    assert await located("rtsp://127.0.0.1/1", USUAL) == "rtsp://127.0.0.1:554/1"
    assert await located("rtsp://u:p%40@localhost:8554/a?b=1", camera_networks(("127.0.0.0/8", "::1/128"))) in {
        "rtsp://u:p%40@127.0.0.1:8554/a?b=1",
        "rtsp://u:p%40@[::1]:8554/a?b=1",
    }


@pytest.mark.parametrize(
    ("address", "trouble"),
    [
        ("rtsp://169.254.169.254/latest", Trouble.NOT_PERMITTED),
        ("rtsp://8.8.8.8/1", Trouble.NOT_PERMITTED),
        ("rtsp://[::ffff:8.8.8.8]/1", Trouble.NOT_PERMITTED),
        ("rtsp://no.such.name.invalid/1", Trouble.UNREACHABLE),
        ("ftp://127.0.0.1/1", Trouble.NO_ADDRESS),
        ("rtsp://127.0.0.1:99999/1", Trouble.NO_ADDRESS),
    ],
)
async def test_an_address_that_is_none_is_refused(address: str, trouble: Trouble) -> None:
    with pytest.raises(NoPicture) as refused:
        await located(address, USUAL)
    assert refused.value.trouble is trouble


def test_what_ffmpeg_is_told_names_neither_address_nor_login() -> None:
    address = "rtsp://viewer:hunter2@10.0.0.9:554/1"
    assert not any("hunter2" in word or "10.0.0.9" in word for word in arguments(address))
    assert b"rtsp://viewer:hunter2@10.0.0.9:554/1" in script(address)
    assert b"option allowed_media_types video" in script(address)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_address_ends_its_line_or_its_quotation(tail: str) -> None:
    try:
        told = script(f"rtsp://10.0.0.9/{tail}").decode()
    except NoPicture:
        return
    assert told.count("'") == 2
    assert [line.split(" ")[0] for line in told.splitlines()] == ["ffconcat", "file", *["option"] * 5]


def test_what_ffmpeg_complains_of_becomes_one_of_our_reasons() -> None:
    assert trouble_of("method DESCRIBE failed: 401 Unauthorized") is Trouble.LOGIN
    assert trouble_of("Connection to tcp://10.0.0.9:554 failed: Connection refused") is Trouble.UNREACHABLE
    assert trouble_of("Invalid data found when processing input") is Trouble.NO_PICTURE


def test_a_login_is_sealed_and_comes_back_whole(tmp_path: Path) -> None:
    held = vault.at(tmp_path)
    kept = streams.columns(held, "C-1", "rtsp://viewer:hunter2@10.0.0.9:554/1")
    assert kept["stream_url"] == "rtsp://10.0.0.9:554/1"
    assert b"hunter2" not in kept["stream_login"]
    assert streams.whole(held, "C-1", kept) == "rtsp://viewer:hunter2@10.0.0.9:554/1"
    assert streams.columns(held, "C-1", "rtsp://10.0.0.9/1") == {
        "stream_url": "rtsp://10.0.0.9/1",
        "stream_login": None,
    }


@pytest.mark.parametrize(
    "address",
    ["ftp://10.0.0.1/1", "rtsp://", "rtsp:///1", "rtsp://a b/1", "rtsp://a'/1", "rtsp://a/\n1", "file:///etc/passwd"],
)
def test_other_addresses_are_none(address: str) -> None:
    assert not streams.is_address(address)
