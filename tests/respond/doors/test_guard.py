"""A door leads where the city meant it to lead, and nowhere inside the house."""

import asyncio

import pytest

from dure.commands.simulate.agency import AgencySystem
from dure.kernel.errors import Invalid
from dure.kernel.ids import new_id
from dure.respond.doors import guard
from dure.respond.doors.claiming import Parcel
from dure.respond.doors.client import Client
from dure.respond.doors.model import Lookup, NotNow, Refused, Unheard
from dure.trust.address import networks

INTRANET = networks(["10.20.0.0/16"])
HERE = networks(["127.0.0.0/8"])


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://fire.example/x", "form"),
        ("https://", "form"),
        ("https://user:secret@fire.example/", "form"),
        ("https://fire.example/?to=x", "form"),
        ("https://fire.example/#x", "form"),
        ("https://fire.example/\r\nHost: x", "form"),
        ("https://fire.example:0/", "form"),
        ("https://fire.example:99999/", "form"),
        ("https://화재.example/", "form"),
        ("https://" + "a" * 500, "form"),
        ("http://fire.example/", "tls"),
        ("http://8.8.8.8/", "tls"),
        ("http://10.20.0.1/", "tls"),
        ("https://127.0.0.1/", "network"),
        ("https://10.0.0.1/", "network"),
        ("https://192.168.0.1/", "network"),
        ("https://169.254.169.254/latest", "network"),
        ("https://0.0.0.0/", "network"),
        ("https://[::1]/", "network"),
        ("https://[::ffff:127.0.0.1]/", "network"),
        ("https://[::ffff:169.254.169.254]/", "network"),
        ("https://[64:ff9b::a9fe:a9fe]/", "network"),
        ("https://[2002:7f00:1::]/", "network"),
        ("https://[fe80::1]/", "network"),
        ("https://224.0.0.1/", "network"),
        ("https://100.64.0.1/", "network"),
    ],
)
def test_what_may_not_be_an_address(url: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        guard.checked(url, INTRANET)
    assert [one.key for one in refused.value.fields] == [f"respond.door.url.{why}"]


def test_what_may() -> None:
    assert guard.checked("https://fire.example/dure/", INTRANET) == "https://fire.example/dure"
    assert guard.checked("https://10.20.3.4:8443/in", INTRANET) == "https://10.20.3.4:8443/in"
    assert guard.checked("http://127.0.0.1:9/dure", HERE) == "http://127.0.0.1:9/dure"
    no_setting_lets_it_in = networks(["0.0.0.0/0"])
    with pytest.raises(Invalid):
        guard.checked("https://169.254.169.254/", no_setting_lets_it_in)


async def test_a_name_is_judged_by_every_number_each_time() -> None:
    with pytest.raises(guard.NotPermitted):
        await guard.located("https://localhost/x", [])
    with pytest.raises(guard.NotFound):
        await guard.located("https://nobody.invalid/x", [])
    found = await guard.located("https://localhost:8443/x", networks(["127.0.0.0/8", "::1/128"]))
    assert found.host == "localhost:8443"
    assert found.url.endswith(":8443/x")
    assert "localhost" not in found.url


def parcel(url: str, method: str = "POST") -> Parcel:
    return Parcel(new_id(), new_id(), "fire", url, method, b"{}", {})


async def test_a_redirection_is_not_followed_and_a_door_inside_is_not_opened() -> None:
    asked: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(redirect, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/dure"
    here, inside = Client(HERE), Client([])
    try:
        assert await here.send(parcel(url)) == Refused("http_307")
        assert await inside.send(parcel(url)) == Refused("not_permitted")
        assert await inside.look_up(parcel(url, "GET")) is Lookup.CANNOT_SAY
        assert len(asked) == 1
    finally:
        server.close()
        await here.close()
        await inside.close()


async def test_nobody_there_is_surely_not_taken_and_a_broken_line_is_not() -> None:
    agency = AgencySystem(secret="x")  # a simulator's
    await agency.start()
    await agency.stop()
    client = Client(HERE)

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        assert await client.send(parcel(agency.url)) == NotNow("away")
        assert isinstance(await client.send(parcel(f"http://127.0.0.1:{port}/")), Unheard)
        assert await client.look_up(parcel(agency.url, "GET")) is Lookup.AWAY
    finally:
        server.close()
        await client.close()
