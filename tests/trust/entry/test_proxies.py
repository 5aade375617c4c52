"""Where a request comes from, through the real server: only listed proxies name somebody else.

The machine's own loopback has many addresses: 127.0.0.1 is the listed proxy here, 127.0.0.2 is not.
"""

import asyncio
import contextlib
import dataclasses
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.engine.servers.children import free_port
from dure.engine.settings import Settings
from dure.processes.serving import serve
from dure.processes.web import server_of
from dure.trust import address as addresses
from dure.trust.roles import Role
from tests.trust.conftest import PASSWORD, account, token

PROXY, STRANGER = "127.0.0.1", "127.0.0.2"
Header = tuple[str, str]


@dataclass
class Served:
    """A running server and a token that may ask who it is."""

    host: str
    port: int
    secret: str

    async def ask(self, peer: str, *headers: Header, method: str = "GET", path: str = "/me", body: bytes = b"") -> str:
        """The raw answer to a request from `peer`, with headers exactly as given."""
        reader, writer = await asyncio.open_connection(self.host, self.port, local_addr=(peer, 0))
        lines = [f"{method} /api/v1{path} HTTP/1.1", "host: city", "connection: close"]
        lines += [f"authorization: Bearer {self.secret}"] if method == "GET" else [f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        answer = await reader.read()
        writer.close()
        return answer.decode()

    async def address(self, peer: str, *headers: Header) -> str | None:
        """The address that the city takes the asker to have."""
        answer = await self.ask(peer, *headers)
        told = json.loads(answer.partition("\r\n\r\n")[2].split("\r\n")[-1] or answer.partition("\r\n\r\n")[2])
        return told.get("address")  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def running(app: FastAPI, settings: Settings, host: str, secret: str) -> AsyncIterator[Served]:
    port = free_port(host=host)
    task = asyncio.create_task(serve(server_of(app, dataclasses.replace(settings, host=host, port=port))))
    reached = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)
    try:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection(reached, port)
                    writer.close()
                    break
                await asyncio.sleep(0.02)
        yield Served(reached, port, secret)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def trusting(app: FastAPI, proxies: Sequence[str]) -> None:
    app.state.proxies = addresses.networks(proxies)


async def test_only_a_listed_proxy_names_somebody_else(database: Database, app: FastAPI, settings: Settings) -> None:
    trusting(app, [f"{PROXY}/32", "10.9.0.0/16"])
    async with running(app, settings, "0.0.0.0", await token(database, Role.SERVICE)) as city:
        said = "X-Forwarded-For"
        told: list[tuple[str, list[Header], str]] = [
            # nobody between
            (STRANGER, [], STRANGER),
            # a stranger's word is nothing, in any header and spelling
            (STRANGER, [(said, "203.0.113.9")], STRANGER),
            (STRANGER, [("x-forwarded-for", PROXY), ("X-FORWARDED-FOR", "203.0.113.9")], STRANGER),
            (STRANGER, [("Forwarded", "for=203.0.113.9"), ("X-Real-IP", "203.0.113.9")], STRANGER),
            (STRANGER, [("True-Client-IP", "203.0.113.9"), ("X-Client-IP", "203.0.113.9")], STRANGER),
            # the proxy's word is taken
            (PROXY, [(said, "203.0.113.9")], "203.0.113.9"),
            (PROXY, [(said, "::ffff:203.0.113.9")], "203.0.113.9"),
            (PROXY, [(said, "[2001:db8::7]:4711")], "2001:db8::7"),
            (PROXY, [(said, "203.0.113.9:4711")], "203.0.113.9"),
            (PROXY, [], PROXY),
            # what the client itself wrote stands further left, in one header or several
            (PROXY, [(said, "1.1.1.1, 203.0.113.9")], "203.0.113.9"),
            (PROXY, [(said, "1.1.1.1"), (said, "203.0.113.9")], "203.0.113.9"),
            (PROXY, [(said, "10.9.0.1, 203.0.113.9"), (said, "10.9.0.2")], "203.0.113.9"),
            (PROXY, [(said, "203.0.113.9"), (said, "10.9.0.1, 10.9.0.2")], "203.0.113.9"),
            (PROXY, [(said, "10.9.0.3, 10.9.0.2")], "10.9.0.3"),
            # what cannot be read ends the search at the proxy that passed it on
            (PROXY, [(said, "203.0.113.9, nonsense")], PROXY),
            (PROXY, [(said, "203.0.113.9,, ")], PROXY),
            (PROXY, [(said, "203.0.113.9, unknown"), (said, "10.9.0.2")], "10.9.0.2"),
            (PROXY, [(said, "203.0.113.9, 0x7f000001")], PROXY),
            (PROXY, [(said, "203.0.113.9, 127.1")], PROXY),
            # other headers never count, not even the proxy's
            (PROXY, [("Forwarded", "for=203.0.113.9")], PROXY),
            (PROXY, [("X-Real-IP", "203.0.113.9")], PROXY),
            (PROXY, [("Forwarded", "for=1.1.1.1"), (said, "203.0.113.9")], "203.0.113.9"),
            # a header that only looks like it
            (PROXY, [("X_Forwarded_For", "203.0.113.9")], PROXY),
        ]
        wrong = [
            (peer, headers, found, expected)
            for peer, headers, expected in told
            if (found := await city.address(peer, *headers)) != expected
        ]
        assert wrong == []


async def test_nobody_is_believed_where_no_proxy_is_listed(
    database: Database, app: FastAPI, settings: Settings
) -> None:
    async with running(app, settings, "127.0.0.1", await token(database, Role.SERVICE)) as city:
        assert await city.address("127.0.0.1", ("X-Forwarded-For", "203.0.113.9")) == "127.0.0.1"


async def test_an_ipv4_neighbour_of_a_server_on_both_families_has_an_ipv4_address(
    database: Database, app: FastAPI, settings: Settings
) -> None:
    trusting(app, ["::ffff:127.0.0.1/128"])
    async with running(app, settings, "::", await token(database, Role.SERVICE)) as city:
        assert await city.address(STRANGER) == STRANGER
        assert await city.address(PROXY, ("X-Forwarded-For", "::ffff:203.0.113.9")) == "203.0.113.9"
        assert await city.address(STRANGER, ("X-Forwarded-For", "203.0.113.9")) == STRANGER


async def test_a_header_cannot_bring_somebody_into_an_approved_network(
    database: Database, app: FastAPI, settings: Settings
) -> None:
    trusting(app, [f"{PROXY}/32"])
    await account(database, "kim", Role.POLICE, agency="police")
    async with database.transaction() as tx:
        await tx.execute(text("update agency set networks = '{10.1.0.0/16}' where id = 'police'"))
    body = json.dumps({"username": "kim", "password": PASSWORD}).encode()
    sent = ("content-type", "application/json")
    async with running(app, settings, "0.0.0.0", await token(database, Role.SERVICE)) as city:

        async def enter(peer: str, *headers: Header) -> str:
            return (await city.ask(peer, sent, *headers, method="POST", path="/sessions", body=body)).split()[1]

        inside = ("X-Forwarded-For", "10.1.2.3")
        assert await enter(STRANGER, inside) == "403"
        assert await enter(PROXY, ("X-Forwarded-For", "10.1.2.3, 203.0.113.9")) == "403"
        assert await enter(PROXY, inside) == "201"


@pytest.mark.parametrize("count", [1, 200])
async def test_many_hops_are_walked_and_not_believed(
    database: Database, app: FastAPI, settings: Settings, count: int
) -> None:
    trusting(app, [f"{PROXY}/32"])
    async with running(app, settings, "127.0.0.1", await token(database, Role.SERVICE)) as city:
        hops = ", ".join(["10.1.2.3"] * count)
        assert await city.address(PROXY, ("X-Forwarded-For", f"{hops}, 203.0.113.9")) == "203.0.113.9"
