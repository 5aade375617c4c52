"""Garbage by the hundred thousand: requests that no library would send, over plain sockets."""

import asyncio
import json
import random
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

PARTS = (
    "0",
    "-1",
    "null",
    "..",
    "%2e%2e",
    "%00",
    "%ff",
    "a" * 300,
    "'",
    '"',
    "<b>",
    "${7*7}",
    "홍길동",
    "\u202egnp",
    "*",
    ">",
)
NUMBERS = ("1e999", "-1e999", "NaN", "Infinity", "9" * 400, "0.1e-400", "-0", "1.0", "true", "null", '"1"', "[]", "{}")
HEADERS = (
    ("If-Match", ("*", 'W/"1"', '"-1"', 'W/"' + "9" * 40 + '"', "\x7f")),
    ("Idempotency-Key", ("k", "", "x" * 300, "키")),
    ("Accept-Language", ("en", "ko;q=2", "," * 500, "\xff")),
    ("Cookie", ("dure=x", "dure=" + "y" * 3000, "__Host-dure=", "; ; ;")),
    ("Forwarded", ("for=1.2.3.4", 'for="[::1]"')),
    ("X-Forwarded-For", ("127.0.0.1", "::ffff:10.0.0.1, 10.0.0.2", "," * 200, "x")),
    ("Authorization", ("Bearer", "Bearer ", "Basic eDp4", "Bearer " + "z" * 2000)),
    ("Content-Encoding", ("gzip", "br", "identity, gzip")),
    ("Origin", ("null", "http://[", "https://evil.example")),
    ("Range", ("bytes=0-1", "bytes=-9999999999")),
    ("Last-Event-ID", ("1", "-1", "٣", "9" * 60)),
)
TYPES = (
    "application/json",
    "application/senml+json",
    "application/senml+cbor",
    "text/plain",
    "multipart/form-data",
    "x",
)


@dataclass
class Told:
    """What came back: how often each status, the requests that were answered with 5xx, and connections that the server
    closed, which it may. `refused` are connections that nobody took.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    closed: int = 0
    refused: int = 0

    @property
    def answered(self) -> int:
        """How many answers there were."""
        return self.statuses.total()


class Garbage:
    """Makes requests out of an OpenAPI document; the same seed makes the same ones."""

    def __init__(self, document: Mapping[str, Any], tokens: Sequence[str], seed: int) -> None:
        self._chance = random.Random(seed)
        self._tokens = tokens
        self._operations = [
            (method.upper(), path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if "text/event-stream" not in json.dumps(operation.get("responses", {}))
        ]
        self._keys = sorted(
            {name for schema in document["components"]["schemas"].values() for name in schema.get("properties", {})}
        )

    def request(self) -> tuple[str, bytes]:
        """A name for reports, and the bytes."""
        chance = self._chance
        method, path, operation = chance.choice(self._operations)
        if chance.random() < 0.1:
            method = chance.choice(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"))
        target = "/".join(self._part() if part.startswith("{") else part for part in path.split("/"))
        query = "&".join(
            f"{quote(one.get('name', 'x'))}={self._word()}"
            for one in operation.get("parameters", [])
            if one.get("in") == "query" and chance.random() < 0.5
        )
        if query or chance.random() < 0.1:
            target += "?" + (query or self._word())
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
        if chance.random() < 0.9:
            lines.append(f"Authorization: Bearer {chance.choice(self._tokens)}")
        for name, values in HEADERS:
            if name != "Authorization" and chance.random() < 0.05:
                lines.append(f"{name}: {chance.choice(values)}")
        if "Authorization" not in lines[2:3] and chance.random() < 0.02:
            lines = [line for line in lines if not line.startswith("Authorization")]
            lines.append(f"Authorization: {chance.choice(dict(HEADERS)['Authorization'])}")
        body = self._body() if method in {"POST", "PUT", "PATCH", "DELETE"} else b""
        if body:
            kind = "application/json" if chance.random() < 0.8 else chance.choice(TYPES)
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        head = "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n"
        return f"{method} {path}", head + body

    def _part(self) -> str:
        chance = self._chance
        if chance.random() < 0.4:
            return f"{chance.getrandbits(32):08x}-0000-7000-8000-{chance.getrandbits(48):012x}"
        return quote(chance.choice(PARTS), safe="%.")

    def _word(self) -> str:
        chance = self._chance
        if chance.random() < 0.5:
            return quote(chance.choice(PARTS + NUMBERS), safe="%")
        return "".join(chance.choices(string.ascii_letters + string.digits + "-:T.,", k=chance.randrange(30)))

    def _body(self) -> bytes:
        chance = self._chance
        kind = chance.random()
        if kind < 0.05:
            return chance.randbytes(chance.randrange(1, 400))
        if kind < 0.08:
            deep = chance.randrange(1, 3000)
            return b"[" * deep + b"]" * deep
        if kind < 0.1:
            return b'{"a":1,"a":2}'
        return self._value(0).encode("utf-8", "surrogatepass")

    def _value(self, depth: int) -> str:
        chance = self._chance
        kind = chance.random()
        if depth < 3 and kind < 0.6:
            names = chance.sample(self._keys, chance.randrange(6))
            return "{" + ",".join(f"{json.dumps(name)}:{self._value(depth + 1)}" for name in names) + "}"
        if depth < 3 and kind < 0.7:
            return "[" + ",".join(self._value(depth + 1) for _ in range(chance.randrange(4))) + "]"
        if kind < 0.85:
            return chance.choice(NUMBERS)
        return json.dumps(chance.choice(PARTS), ensure_ascii=chance.random() < 0.5)


async def storm(host: str, port: int, garbage: Sequence[Garbage], count: int, told: Told | None = None) -> Told:
    """`count` requests, shared by one connection for each of `garbage`; `told` can be read while it goes on."""
    told = Told() if told is None else told
    share = count // len(garbage)
    await asyncio.gather(*(_one(host, port, one, share, told) for one in garbage))
    return told


async def _one(host: str, port: int, garbage: Garbage, count: int, told: Told) -> None:
    done = 0
    while done < count:
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except ConnectionError:
            told.refused += 1
            done += 1
            continue
        try:
            while done < count:
                name, request = garbage.request()
                done += 1
                writer.write(request)
                async with asyncio.timeout(60):
                    status = await _answer(reader, head_only=name.startswith("HEAD "))
                told.statuses[status] += 1
                if status >= 500:
                    told.faults.append(f"{status} {request[:600]!r}")
        except (asyncio.IncompleteReadError, ConnectionError):
            told.closed += 1
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader, *, head_only: bool) -> int:
    """Read one answer whole; its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    if head_only or status in {204, 304}:
        return status
    if b"transfer-encoding: chunked" in head:
        while True:
            size = int(await reader.readline(), 16)
            await reader.readexactly(size + 2)
            if size == 0:
                return status
    _, _, length = head.partition(b"\r\ncontent-length:")
    await reader.readexactly(int(length.partition(b"\r\n")[0] or 0))
    if b"connection: close" in head:
        raise ConnectionError("closed as said")
    return status
