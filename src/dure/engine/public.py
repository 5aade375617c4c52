"""Folders that anybody may read, served from memory before anything else looks at the request.

A file is asked of the disk at most once a second; its gzip form and its ETag are made when it has changed. What lies
there is whole: whoever writes replaces files by renaming.
"""

import gzip
import hashlib
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

LOOK_EVERY_S = 1.0
LARGEST = 8 << 20
MOST = 2_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".json": b"application/json",
    ".atom": b"application/atom+xml; charset=utf-8",
    ".xml": b"application/cap+xml; charset=utf-8",
    ".pem": b"application/x-pem-file",
}
"""What is served; a file of any other kind is not there."""
_COMMON: list[tuple[bytes, bytes]] = [
    (b"cache-control", b"public, max-age=10, stale-if-error=3600"),
    (b"vary", b"accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"access-control-allow-origin", b"*"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
]
_TLS_ONLY = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Form:
    """A body with its headers; the gzip form has an ETag of its own (RFC 9110, 8.8.3.3)."""

    body: bytes
    etag: bytes
    headers: Headers
    unchanged: Headers


@dataclass(slots=True)
class _File:
    stamp: tuple[int, int]
    looked: float
    plain: _Form
    packed: _Form


class Public:
    """ASGI: serves `folders` (path prefix -> folder) and passes all else on. `secure`: the city is reached by TLS."""

    def __init__(self, app: ASGIApp, folders: Mapping[str, Path], *, secure: bool) -> None:
        self._app = app
        self._folders = dict(folders)
        self._common = [*_COMMON, _TLS_ONLY] if secure else _COMMON
        self._kept: dict[str, _File] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            path: str = scope["path"]
            prefix, _, name = path[1:].partition("/")
            if prefix in self._folders:
                await self._answer(scope, send, prefix, name, slash=path.count("/") > 1)
                return
        await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, send: Send, prefix: str, name: str, *, slash: bool) -> None:
        method = scope["method"]
        if method not in {"GET", "HEAD"}:
            await _bare(send, 405, [*self._common, (b"allow", b"GET, HEAD")])
            return
        if not slash:
            await _bare(send, 308, [*self._common, (b"location", f"/{prefix}/".encode())])
            return
        file = self._file(prefix, name or "index.html")
        if file is None:
            await _bare(send, 404, self._common)
            return
        wants, known, since = b"", None, None
        for header, value in scope["headers"]:
            if header == b"accept-encoding":
                wants = value
            elif header == b"if-none-match":
                known = value
            elif header == b"if-modified-since":
                since = value
        form = file.packed if b"gzip" in wants and b"gzip;q=0" not in wants else file.plain
        if _unchanged(form, known, since):
            await send({"type": "http.response.start", "status": 304, "headers": form.unchanged})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.start", "status": 200, "headers": form.headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else form.body})

    def _file(self, prefix: str, name: str) -> _File | None:
        key = f"{prefix}/{name}"
        kept, now = self._kept.get(key), monotonic()
        if kept is not None and now - kept.looked < LOOK_EVERY_S:
            return kept
        kind = _TYPES.get(name[name.rfind(".") :]) if _NAME.fullmatch(name) else None
        if kind is None:
            return None
        path = self._folders[prefix] / name
        try:
            about = path.lstat()
            if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
                return None
            stamp = (about.st_mtime_ns, about.st_ino)
            if kept is not None and kept.stamp == stamp:
                kept.looked = now
                return kept
            body = path.read_bytes()
        except OSError:
            self._kept.pop(key, None)
            return None
        if len(self._kept) >= MOST:
            self._kept.clear()
        made = self._made(body, kind, stamp, now)
        self._kept[key] = made
        return made

    def _made(self, body: bytes, kind: bytes, stamp: tuple[int, int], now: float) -> _File:
        digest = hashlib.sha256(body).hexdigest()[:24]
        changed = formatdate(stamp[0] / 1e9, usegmt=True).encode()
        packed = gzip.compress(body, 6, mtime=0)

        def form(content: bytes, etag: str, more: Headers) -> _Form:
            told: Headers = [(b"etag", f'"{etag}"'.encode()), (b"last-modified", changed), *self._common, *more]
            length = (b"content-length", str(len(content)).encode())
            return _Form(content, told[0][1], [(b"content-type", kind), length, *told], told)

        gzipped = form(packed, f"{digest}-gz", [(b"content-encoding", b"gzip")])
        return _File(stamp, now, form(body, digest, []), gzipped)


def _unchanged(form: _Form, known: bytes | None, since: bytes | None) -> bool:
    """Whether the reader has it already; an ETag decides before a date (RFC 9110, 13.2.2)."""
    if known is not None:
        return known.strip() == b"*" or form.etag in [one.strip().removeprefix(b"W/") for one in known.split(b",")]
    return since is not None and (b"last-modified", since) in form.headers


async def _bare(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
