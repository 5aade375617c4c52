"""The public status page under load: how many requests a second the city's own web process answers, beside Python's
http.server over the very same folder.

Clients are processes of their own and share the two cores with the server. Each keeps its connections and asks for the
page in both languages, the JSON and the feed in turn, as browsers do (gzip); http.server is asked for the same files by
the same clients (it knows no gzip form and, by default, no kept connections: it is told HTTP/1.1).
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from benchmarks.measuring import ROOT, Claim, claim, free_port, percentile
from dure.engine.texts import catalogue
from dure.respond.operations import site
from dure.respond.operations.pages import Pages, Post, Site

SECONDS = 5.0
CLIENTS = 2
LINES = 16
PEER = "python http.server (HTTP/1.1, threads)"
_FILES = ("", "status.json", "status.ko.atom", "en.html")
_PEER = (
    "import sys, http.server as h\n"
    "class Q(h.SimpleHTTPRequestHandler):\n"
    "    protocol_version = 'HTTP/1.1'\n"
    "    def log_message(self, *_): pass\n"
    "    def __init__(self, *a): super().__init__(*a, directory=sys.argv[2])\n"
    "h.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Q).serve_forever()\n"
)
_SERVER = (
    "import sys\nfrom pathlib import Path\nfrom dure.app import web\nfrom dure.engine.context import Context\n"
    "from dure.engine.database import Database\nfrom dure.engine.settings import Settings\n"
    "from dure.engine.texts import catalogue\nfrom dure.processes.web import server_of\nimport uvloop\n"
    "settings = Settings(Path(sys.argv[2]), 'postgresql://nowhere', 'nats://nowhere', port=int(sys.argv[1]))\n"
    "context = Context(settings, Database(settings.database_url), None, catalogue())\n"
    "uvloop.run(server_of(web(context)[0], settings).serve())\n"
)


def _posts(now: datetime) -> list[Post]:
    """Ten posts of the length that people write."""
    korean = {"title": "중앙시장 화재, 주변에 가지 마세요", "place": "한빛중앙시장", "body": "연기가 납니다. " * 20}
    english = {"title": "Fire at the market", "place": "Jungang Market", "body": "There is smoke. " * 20}
    words = {"ko": korean, "en": english}
    return [
        Post(f"0000-{n}", "critical", n > 5, words, now - timedelta(hours=n), now - timedelta(minutes=n))
        for n in range(10)
    ]


@contextmanager
def _folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="dure-bench-"))
    now = datetime.now(UTC)
    told = Site("한빛시", "http://localhost", "Asia/Seoul", now, _posts(now), [])
    site.write(site.folder(made), Pages(told, catalogue()).files())
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _running(code: str, port: int, folder: Path) -> Iterator[None]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    words = [sys.executable, "-P", "-c", code, str(port), str(folder)]
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


async def _ready(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return


async def _flood(port: int, prefix: str) -> tuple[float, list[float]]:
    """Requests a second over all clients, and how long each sampled one took in ms."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    words = [sys.executable, "-P", "-m", "benchmarks.status", "client", str(port), prefix]
    clients = [
        await asyncio.create_subprocess_exec(*words, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE)
        for _ in range(CLIENTS)
    ]
    rate, taken = 0.0, []
    for one in clients:
        out, _ = await one.communicate()
        first, *rest = out.decode().split()
        rate += float(first)
        taken += [float(each) for each in rest]
    return rate, taken


async def status() -> list[Claim]:
    """Requests a second and the 99th percentile."""
    began = time.perf_counter()
    with _folder() as folder:
        port = free_port()
        with _running(_SERVER, port, folder):
            await _ready(port)
            ours, taken = await _flood(port, "/status/")
        port = free_port()
        with _running(_PEER, port, site.folder(folder)):
            await _ready(port)
            theirs, theirs_taken = await _flood(port, "/")
    told: dict[str, Any] = {"samples": int(ours * SECONDS), "seconds": time.perf_counter() - began, "peer": PEER}
    return [
        claim("status", "public status page and feeds on 2 cores, clients on them too", "requests/s", ours,
              theirs=theirs, **told),
        claim("status", "the same, one answer, p99", "ms", percentile(taken, 0.99),
              theirs=percentile(theirs_taken, 0.99), less_is_better=True, **told),
    ]  # fmt: skip


class _Line(asyncio.Protocol):
    """One kept connection that asks again as soon as it was answered."""

    def __init__(self, asked: list[bytes], until: float, taken: list[float]) -> None:
        self._asked, self._until, self._taken = asked, until, taken
        self.done = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins."""
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self._at = time.perf_counter()
        self._transport.write(self._asked[self.done % len(self._asked)])

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of one. Raises RuntimeError for what is no 200."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            raise RuntimeError(head[:100].decode("latin-1"))
        lower = head.lower()
        at = lower.index(b"content-length:") + 15
        if len(body) < int(lower[at : lower.find(b"\r", at) if lower.find(b"\r", at) > 0 else None]):
            return
        self._buffer = b""
        self.done += 1
        now = time.perf_counter()
        if self.done % 50 == 0:
            self._taken.append((now - self._at) * 1000)
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        """Ends."""
        if not self.over.done():
            self.over.set_result(None)


async def _client(port: int, prefix: str) -> None:
    head = f"Host: localhost:{port}\r\nAccept-Encoding: gzip\r\nUser-Agent: bench\r\n\r\n"
    asked = [f"GET {prefix}{name or 'index.html'} HTTP/1.1\r\n{head}".encode() for name in _FILES]
    loop, taken = asyncio.get_running_loop(), list[float]()
    began = time.perf_counter()
    lines = []
    for _ in range(LINES):
        _, line = await loop.create_connection(lambda: _Line(asked, began + SECONDS, taken), "127.0.0.1", port)
        lines.append(line)
    async with asyncio.timeout(SECONDS + 30):
        await asyncio.gather(*(line.over for line in lines))
    rate = sum(line.done for line in lines) / (time.perf_counter() - began)
    sys.stdout.write(" ".join([f"{rate:.1f}", *(f"{one:.3f}" for one in taken)]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        import uvloop

        uvloop.run(_client(int(sys.argv[2]), sys.argv[3]))
    else:
        from benchmarks.measuring import main

        main({"status": status})
