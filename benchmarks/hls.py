"""HLS of the benchmark's cameras as FFmpeg writes it (fMP4, segments of a second), played in a page of its own."""

import asyncio
import contextlib
import functools
import http.server
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from benchmarks.barcode import EPOCH_S
from benchmarks.measuring import free_port
from dure.engine import ffmpeg
from tests.browser import launch_options

NAME = "ffmpeg HLS (fMP4, 1 s)"
EYES = (Path(__file__).parent / "eyes.js").read_text(encoding="utf-8")
CALM_S = 6
"""Until what was begun has settled."""

_NEWEST, _ALL = "-hls_list_size 6 -hls_flags delete_segments", "-hls_list_size 0"


@contextlib.contextmanager
def programs(
    port: int, names: list[str], film: bytes | None = None
) -> Iterator[tuple[Path, list["subprocess.Popen[bytes]"]]]:
    """FFmpeg writes HLS of each camera into a folder of its own; or all of a film, before the block begins."""
    out = f"-an -c copy -f hls -hls_time 1 -hls_segment_type fmp4 {_NEWEST if film is None else _ALL} live.m3u8"
    live = "-rtsp_transport tcp -allowed_media_types video -fflags nobuffer"
    quiet = [ffmpeg.program(), "-loglevel", "quiet", "-nostdin"]
    with tempfile.TemporaryDirectory(prefix="dure-hls-") as made:
        folder, begun = Path(made), []
        try:
            for name in names:
                (folder / name).mkdir()
                source = [*live.split(), "-i", f"rtsp://127.0.0.1:{port}/{name}"]
                if film is not None:
                    source = ["-i", "film.mp4"]
                    (folder / name / "film.mp4").write_bytes(film)
                begun.append(subprocess.Popen([*quiet, *source, *out.split()], cwd=folder / name))
            for one in begun if film is not None else ():
                one.wait(60)
            yield folder, begun
        finally:
            for one in begun:
                one.terminate()
            for one in begun:
                one.wait(10)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Says nothing."""


@contextlib.asynccontextmanager
async def peer(port: int, film: bytes | None = None) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page that plays HLS of five cameras, and their names: the programs have just been started; of a film, all of it
    is there.
    """
    names = [f"P-{number}" for number in range(5)]
    async with async_playwright() as playwright:
        browser: Browser = await playwright.chromium.launch(**launch_options())
        page = await browser.new_page(viewport={"width": 1920, "height": 1080})
        with programs(port, names, film) as (folder, _):
            (folder / "page.html").write_text("<!doctype html><title>hls</title><body></body>")
            serve = functools.partial(_Quiet, directory=str(folder))
            server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), serve)
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                await page.goto(f"http://127.0.0.1:{server.server_address[1]}/page.html")
                await page.evaluate(f"({EYES})({EPOCH_S * 1_000})")
                yield page, names
            finally:
                server.shutdown()
                await browser.close()


async def played(page: Page, names: list[str], stay_ms: int = 0) -> dict[str, Any]:
    play = "([names, stay]) => window.eyes.hls(names, { stay })"
    found: dict[str, Any] = await page.evaluate(play, [names, stay_ms])
    return found


async def ages(port: int, watch_ms: int) -> list[float]:
    """How old its pictures are when they are shown, milliseconds; taken once for all claims of a run."""
    if not _AGES:
        async with peer(port) as (browser, names):
            await asyncio.sleep(CALM_S)
            _AGES.extend((await played(browser, names, watch_ms))["ages"])
    return _AGES


_AGES: list[float] = []
