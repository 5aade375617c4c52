"""The built screens over HTTP. Files named by their hash are kept for ever: here in memory, there in the browser; they
go out as the build packed them. The page itself is asked for each time.
"""

import asyncio
import mimetypes
import stat
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PACKED = {"br": ".br", "gzip": ".gz"}
"""What the build leaves beside a file that packs well, best first."""
FOR_EVER = "public, max-age=31536000, immutable"


class Console(StaticFiles):
    """The console's folder."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory, html=True)
        self._kept: dict[tuple[str, str], bytes] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, in the best form that the reader takes, with its caching rule. Raises HTTPException (404, 405)."""
        if path.startswith("assets/") and scope["method"] in {"GET", "HEAD"}:
            taken = accepted(Headers(scope=scope).get("accept-encoding", ""))
            for encoding in (*taken, ""):
                body = await self._body(path, encoding)
                if body is not None:
                    return self._packed(path, body, encoding)
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = FOR_EVER if path.startswith("assets/") else "no-cache"
        return response

    async def _body(self, path: str, encoding: str) -> bytes | None:
        """A file's bytes, read once; None where there is no such form of it."""
        key = (path, encoding)
        if key not in self._kept:
            body = await asyncio.to_thread(self._read, path + PACKED.get(encoding, ""))
            if body is None:
                return None
            self._kept[key] = body
        return self._kept[key]

    def _read(self, path: str) -> bytes | None:
        found, about = self.lookup_path(path)
        return Path(found).read_bytes() if about is not None and stat.S_ISREG(about.st_mode) else None

    @staticmethod
    def _packed(path: str, body: bytes, encoding: str) -> Response:
        # Without an encoding of its own the middleware would pack it anew for each reader.
        headers = {"cache-control": FOR_EVER, "vary": "accept-encoding", "content-encoding": encoding or "identity"}
        return Response(body, headers=headers, media_type=mimetypes.guess_type(path)[0] or "application/octet-stream")


def accepted(given: str) -> list[str]:
    """The packed forms that an Accept-Encoding header takes, best first; `q=0` refuses one (RFC 9110, 12.5.3)."""
    offered = {}
    for part in given.lower().split(","):
        name, _, weight = part.partition(";")
        offered[name.strip()] = weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return [name for name in PACKED if offered.get(name, offered.get("*", False))]
