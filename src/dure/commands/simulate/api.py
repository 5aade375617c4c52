"""The running city as the simulator sees it: its HTTP API with a short-lived token, nothing else."""

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode


class CityRefusedError(Exception):
    """The city said no; `status` is HTTP's, `detail` what it said."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class City:
    """Where the city serves, and as whom we ask."""

    url: str
    token: str
    authority: Path | None = None

    async def get(self, path: str, **query: Any) -> Any:
        """A GET below /api/v1; the decoded answer. Raises CityRefusedError or OSError."""
        tail = f"?{urlencode(query)}" if query else ""
        return await asyncio.to_thread(self._ask, "GET", path + tail, None)

    async def post(self, path: str, body: object = None) -> Any:
        """A POST below /api/v1. Raises CityRefusedError or OSError."""
        return await asyncio.to_thread(self._ask, "POST", path, body)

    async def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor: dict[str, Any] = {}
        while True:
            page = await self.get(path, **query, **cursor)
            items += page["items"]
            if not page.get("next"):
                return items
            cursor = {"cursor": page["next"]}

    def tls(self) -> ssl.SSLContext | None:
        """How to trust the city, where it speaks TLS."""
        if not self.url.startswith("https:"):
            return None
        known = self.authority is not None and self.authority.exists()
        return ssl.create_default_context(cafile=str(self.authority) if known else None)

    def _ask(self, method: str, path: str, body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=data, method=method)  # noqa: S310  our own city
        request.add_header("authorization", f"Bearer {self.token}")
        request.add_header("accept-language", "ko")
        if data is not None:
            request.add_header("content-type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=20, context=self.tls()) as answer:  # noqa: S310
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise CityRefusedError(error.code, error.read(2_000).decode("utf-8", "replace")) from error
        return json.loads(text) if text else None
