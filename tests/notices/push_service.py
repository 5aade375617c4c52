"""A push service on a socket (RFC 8030), and the browser behind it: it checks the city's word (RFC 8292) and reads what
was meant for it (RFC 8291). It faults as told.
"""

import asyncio
import json
import os
from dataclasses import dataclass, field
from typing import Any

import h11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from dure.notices.push.message import decoded, encoded, point, raw_point, unsealed


@dataclass(slots=True)
class Browser:
    """One subscription."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey
    auth: bytes

    def form(self, label: str = "Chrome") -> dict[str, Any]:
        """As the console tells the city of it."""
        keys = {"p256dh": encoded(raw_point(self.key.public_key())), "auth": encoded(self.auth)}
        return {"endpoint": self.endpoint, "keys": keys, "label": label}


@dataclass(slots=True)
class PushService:
    """`answers` says by path which status to give; without one it is 201. `heard` is what came in."""

    answers: dict[str, int] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    browsers: dict[str, Browser] = field(default_factory=dict)
    port: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def subscribed(self) -> Browser:
        """A browser has subscribed."""
        path = f"/push/{len(self.browsers)}"
        browser = Browser(f"{self.origin}{path}", ec.generate_private_key(ec.SECP256R1()), os.urandom(16))
        self.browsers[path] = browser
        return browser

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = h11.Connection(h11.SERVER)
        request, body = None, b""
        while not isinstance(event := line.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
            if event is h11.NEED_DATA:
                line.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
        if request is not None:
            status = self._take(request, body)
            headers = [("content-length", "0"), ("connection", "close")]
            writer.write(line.send(h11.Response(status_code=status, headers=headers)) or b"")
            writer.write(line.send(h11.EndOfMessage()) or b"")
            await writer.drain()
        writer.close()

    def _take(self, request: h11.Request, body: bytes) -> int:
        path = request.target.decode()
        headers = {name.decode().lower(): value.decode() for name, value in request.headers}
        told = {"path": path, "headers": headers, "claims": self._claims(headers["authorization"])}
        if path in self.answers:
            self.heard.append(told)
            return self.answers[path]
        browser = self.browsers[path]
        self.heard.append(told | {"said": json.loads(unsealed(body, browser.key, browser.auth))})
        return 201

    @staticmethod
    def _claims(header: str) -> dict[str, Any]:
        """The token's claims. Raises InvalidSignature."""
        parts = dict(one.strip().split("=", 1) for one in header.removeprefix("vapid ").split(","))
        signing, _, signature = parts["t"].rpartition(".")
        raw = decoded(signature)
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        point(decoded(parts["k"])).verify(der, signing.encode(), ec.ECDSA(hashes.SHA256()))
        claims: dict[str, Any] = json.loads(decoded(signing.partition(".")[2]))
        return claims | {"key": parts["k"]}
