"""Claims of pictures, in headless Chromium on this machine, by the clock that benchmarks/barcode.py draws into them.

`warm`: from the request that is pressed in the console until five tiles show a picture, near an open incident.
`cold`: the same for five cameras that nobody had fetched (a player of the benchmark's own, by the same doors).
`glass`: from the drawing of a picture until it is on the screen, five tiles of the console (MSE). `webcodecs`: the same
where the browser decodes without a video element. `past`: from a click on a moment of the past until five cameras show
it. `relay`: the relay process with 50 recorded cameras and 200 viewers, as a share of one core.

Beside them HLS as FFmpeg writes it (fMP4, segments of a second, the newest segment played at once).
"""

import asyncio
import contextlib
import functools
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
from playwright.async_api import Browser, Page, async_playwright

from benchmarks.barcode import EPOCH_S
from benchmarks.browser import board
from benchmarks.measuring import ROOT, City, Claim, city, claim, free_port, main, percentile
from dure.engine import ffmpeg
from tests.browser import launch_options
from tests.video.screen import Screen, connect

HLS = "ffmpeg HLS (fMP4, 1 s)"
ROUNDS, COLD_ROUNDS, PAST_ROUNDS, WATCH_MS = 20, 5, 20, 15_000
RECORDED, VIEWERS, LOAD_S = 50, 200, 15
_EYES = (Path(__file__).parent / "eyes.js").read_text(encoding="utf-8")
_PURPOSE = "측정"
_CALM_S = 6
"""Until what was begun has settled."""


@contextlib.contextmanager
def cameras(town: City) -> Iterator[int]:
    """Cameras that show the time, in a process of their own; their port."""
    words = [sys.executable, "-P", "-m", "benchmarks.barcode", str(town.folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(json.loads(process.stdout.readline())["port"])
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


@contextlib.contextmanager
def playing() -> Iterator[tuple[City, int]]:
    """A sample city whose cameras show the time."""
    with (
        city("--sample", "--video-port", "0", environment={"DURE_SAMPLE_RECORDED": "0"}) as town,
        cameras(town) as port,
    ):
        yield town, port


@contextlib.asynccontextmanager
async def screen(town: City) -> AsyncIterator[Page]:
    """A signed-in console with eyes."""
    async with board(town) as page:
        await page.evaluate(f"({_EYES})({EPOCH_S * 1_000})")
        yield page


async def incident(town: City, reference: str) -> dict[str, Any]:
    """A case whose five cameras the control room may ask to see."""
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {town.token}"}, verify=False, timeout=60) as client:
        body = {"type": "crime", "description": "측정", "source": "112", "lon": 127.42925, "lat": 36.630268}
        answer = await client.post(town.api("/incidents"), json={**body, "external_ref": reference})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


async def all_cameras(town: City) -> list[str]:
    """Cameras of the city that have a picture."""
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {town.token}"}, verify=False, timeout=60) as client:
        answer = await client.get(town.api("/cameras"), params={"limit": 200})
        return [one["id"] for one in answer.json()["items"] if one.get("has_stream") and one["state"] != "broken"]


async def record(town: City, ids: Sequence[str]) -> None:
    """These cameras are recorded from now on."""
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {town.token}"}, verify=False, timeout=60) as client:
        for id_ in ids:
            path = town.api(f"/cameras/{id_}")
            known = await client.get(path)
            answer = await client.patch(path, json={"recorded": True}, headers={"if-match": known.headers["etag"]})
            answer.raise_for_status()


async def _press(page: Page) -> float:
    """The request is pressed in an incident's room; milliseconds until the fifth picture."""
    await page.keyboard.press("v")
    box = page.get_by_role("dialog").get_by_role("textbox")
    await box.fill("측정을 위한 열람")
    press = "() => window.eyes.pressed(() => document.querySelector('dialog form').requestSubmit(), '.tile video', 5)"
    return float(await page.evaluate(press))


async def _shut(page: Page) -> None:
    await page.get_by_role("button", name=re.compile("영상 닫기|Shut pictures")).click()
    await page.wait_for_function("() => !document.querySelector('.tile video')")


async def warm() -> list[Claim]:
    """The request is pressed near an open incident."""
    began = time.perf_counter()
    with playing() as (town, port):
        found = await incident(town, "B-1")
        async with screen(town) as page:
            await _room(page, found)
            await asyncio.sleep(_CALM_S)
            times = []
            for _ in range(ROUNDS):
                times.append(await _press(page) / 1_000)
                await _shut(page)
        async with peer(port) as (browser, names):
            await asyncio.sleep(_CALM_S)
            theirs = [(await _hls(browser, names))["ms"] / 1_000 for _ in range(ROUNDS)]
    told: dict[str, Any] = {
        "samples": ROUNDS,
        "seconds": time.perf_counter() - began,
        "less_is_better": True,
        "peer": HLS,
    }
    return [
        claim("video", "warm: request pressed to five first pictures, p95", "s", percentile(times, 0.95), **told,
              theirs=percentile(theirs, 0.95)),
    ]  # fmt: skip


async def _room(page: Page, found: dict[str, Any]) -> None:
    await page.evaluate(f"location.hash = '#/incidents/{found['id']}'")
    await page.wait_for_function("() => document.querySelectorAll('.tile').length === 5")


async def cold() -> list[Claim]:
    """Five cameras that nobody had fetched."""
    began = time.perf_counter()
    with playing() as (town, port):
        known = await all_cameras(town)
        async with screen(town) as page:
            times = []
            for number in range(COLD_ROUNDS):
                five = known[5 * number : 5 * number + 5]
                times.append(
                    await page.evaluate("(five) => window.eyes.opened(five, '측정을 위한 열람')", five) / 1_000
                )
        theirs = []
        for _ in range(COLD_ROUNDS):
            since = time.perf_counter()
            async with peer(port) as (browser, names):
                start = time.perf_counter() - since  # the programs were asked for; the browser's own start is left out
                theirs.append((await _hls(browser, names))["ms"] / 1_000 + min(start, 0.1))
    told: dict[str, Any] = {
        "samples": COLD_ROUNDS,
        "seconds": time.perf_counter() - began,
        "less_is_better": True,
        "peer": HLS,
    }
    return [
        claim("video", "cold: opened to five first pictures, p95", "s", percentile(times, 0.95), **told,
              theirs=percentile(theirs, 0.95)),
    ]  # fmt: skip


async def glass() -> list[Claim]:
    """From the drawing to the screen, by MSE."""
    began = time.perf_counter()
    with playing() as (town, port):
        found = await incident(town, "B-2")
        async with screen(town) as page:
            await _room(page, found)
            await _press(page)
            await asyncio.sleep(_CALM_S)
            watch = "(ms) => window.eyes.ages([...document.querySelectorAll('.tile video')], ms)"
            ages = [one / 1_000 for one in await page.evaluate(watch, WATCH_MS)]
        async with peer(port) as (browser, names):
            await asyncio.sleep(_CALM_S)
            theirs = [one / 1_000 for one in (await _hls(browser, names, WATCH_MS))["ages"]]
    told: dict[str, Any] = {
        "samples": len(ages),
        "seconds": time.perf_counter() - began,
        "less_is_better": True,
        "peer": HLS,
    }
    return [
        claim("video", "glass: drawn to shown, five tiles, MSE, p95", "s", percentile(ages, 0.95), **told,
              theirs=percentile(theirs, 0.95)),
    ]  # fmt: skip


async def webcodecs() -> list[Claim]:
    """From the drawing to the decoded picture, by WebCodecs."""
    began = time.perf_counter()
    with playing() as (town, _port):
        five = (await all_cameras(town))[:5]
        async with screen(town) as page:
            decode = "([five, ms]) => window.eyes.decoded(five, '측정을 위한 열람', ms)"
            ages = [one / 1_000 for one in await page.evaluate(decode, [five, WATCH_MS])]
    told: dict[str, Any] = {"samples": len(ages), "seconds": time.perf_counter() - began}
    return [claim("video", "webcodecs: drawn to decoded, five tiles, p95", "s", percentile(ages, 0.95), **told)]


async def past() -> list[Claim]:
    """A click on a moment of the past."""
    began = time.perf_counter()
    with playing() as (town, _port):
        found = await incident(town, "B-3")
        five = [one["id"] for one in found["cameras"]]
        await record(town, five)
        async with screen(town) as page:
            await asyncio.sleep(40)
            until = datetime.now(UTC) - timedelta(seconds=2)
            start = until - timedelta(seconds=35)
            given = await _right(page, town, found, five, start, until)
            first = int(start.timestamp() * 1_000) + 3_000
            times = await page.evaluate(
                """async ([url, tickets, first, rounds]) => {
                    const one = await window.eyes.past(url, tickets), times = [];
                    for (let n = 0; n < rounds; n += 1) times.push(await one.ask(first + (n * 7919) % 26000));
                    one.end();
                    return times;
                }""",
                [given["url"], [one["ticket"] for one in given["items"]], first, PAST_ROUNDS],
            )
    told: dict[str, Any] = {"samples": PAST_ROUNDS, "seconds": time.perf_counter() - began}
    seconds = [one / 1_000 for one in times]
    return [claim("video", "past: click to five pictures, p95", "s", percentile(seconds, 0.95), **told)]


async def _right(
    page: Page, town: City, found: dict[str, Any], five: list[str], start: datetime, until: datetime
) -> dict[str, Any]:
    """A right to a stretch of the past: an operator asks, the administrator of the browser approves."""
    headers = {"authorization": f"Bearer {town.token_of('operator')}"}
    async with httpx.AsyncClient(headers=headers, verify=False, timeout=60) as client:
        span = {"past_from": start.isoformat(), "past_until": until.isoformat()}
        told = {
            "purpose": "측정을 위한 열람",
            "live": False,
            "camera_ids": five,
            "ground": "pipa.18.2.7",
            "document": "측정-1",
        }
        asked = await client.post(town.api(f"/incidents/{found['id']}/video-tickets"), json={**told, **span})
        asked.raise_for_status()
        ticket = next(one for one in asked.json()["items"] if one["kind"] == "past")
        await page.evaluate(
            "(id) => window.eyes.post(`/video/tickets/${id}/approve`, {ground: 'pipa.18.2.7', document: '측정-1'})",
            ticket["id"],
        )
        stretch = {
            "camera_ids": five,
            "start": start.isoformat(),
            "end": until.isoformat(),
            "purpose": "측정을 위한 열람",
        }
        given = await client.post(town.api(f"/incidents/{found['id']}/footage"), json=stretch)
        given.raise_for_status()
        answer: dict[str, Any] = given.json()
        return answer


async def relay() -> list[Claim]:
    """What the relay takes: 50 cameras recorded, 200 viewers."""
    began = time.perf_counter()
    with playing() as (town, port):
        known = (await all_cameras(town))[:RECORDED]
        await record(town, known)
        headers = {"authorization": f"Bearer {town.token_of('operator')}"}
        async with httpx.AsyncClient(headers=headers, verify=False, timeout=60) as client:
            viewers: list[Screen] = []
            url = ""
            for number in range(VIEWERS):
                body = {"camera_id": known[number % len(known)], "purpose": "측정을 위한 열람"}
                answer = await client.post(town.api("/video/watch"), json=body)
                answer.raise_for_status()
                url = answer.json()["url"]
                viewer = await connect(url)
                await viewer.say({"ticket": answer.json()["ticket"]})
                viewers.append(viewer)
        seen = [asyncio.create_task(_counted(one)) for one in viewers]
        await asyncio.sleep(_CALM_S)
        share = await _share([_listener(int(urlsplit(url).port or 0))], LOAD_S)
        for one in seen:
            one.cancel()
        for viewer in viewers:
            await viewer.leave()
        with _hls_programs(port, [f"B-{n}" for n in range(RECORDED)]) as (_folder, programs):
            await asyncio.sleep(_CALM_S)
            theirs = await _share([psutil.Process(one.pid) for one in programs], LOAD_S)
    told: dict[str, Any] = {"seconds": time.perf_counter() - began, "less_is_better": True}
    return [
        claim("video", f"relay: {RECORDED} cameras recorded, {VIEWERS} viewers, share of one core", "share", share,
              samples=VIEWERS, peer=f"{HLS}, {RECORDED} programs, nobody watching", theirs=theirs, **told),
    ]  # fmt: skip


async def _counted(viewer: Screen) -> None:
    """Reads and throws away."""
    while await viewer.reader.read(1 << 18):
        pass


def _listener(port: int) -> psutil.Process:
    for one in psutil.net_connections("tcp"):
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid:
            return psutil.Process(one.pid)
    raise RuntimeError("nobody listens there")


async def _share(processes: list[psutil.Process], seconds: float) -> float:
    """Their time on processors in a while, as a share of one core; without their children."""

    def spent() -> float:
        return sum(one.cpu_times().user + one.cpu_times().system for one in processes)

    before, since = spent(), time.perf_counter()
    await asyncio.sleep(seconds)
    return (spent() - before) / (time.perf_counter() - since)


# --- the peer ---


@contextlib.contextmanager
def _hls_programs(port: int, names: list[str]) -> Iterator[tuple[Path, list["subprocess.Popen[bytes]"]]]:
    """FFmpeg writes HLS of each camera into a folder of its own."""
    out = "-an -c copy -f hls -hls_time 1 -hls_list_size 6 -hls_flags delete_segments -hls_segment_type fmp4"
    with tempfile.TemporaryDirectory(prefix="dure-hls-") as made:
        folder, programs = Path(made), []
        try:
            for name in names:
                (folder / name).mkdir()
                into = [
                    "-rtsp_transport",
                    "tcp",
                    "-allowed_media_types",
                    "video",
                    "-fflags",
                    "nobuffer",
                    "-i",
                    f"rtsp://127.0.0.1:{port}/{name}",
                ]
                quiet = [ffmpeg.program(), "-loglevel", "quiet", "-nostdin"]
                programs.append(subprocess.Popen([*quiet, *into, *out.split(), "live.m3u8"], cwd=folder / name))
            yield folder, programs
        finally:
            for one in programs:
                one.terminate()
            for one in programs:
                one.wait(10)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Says nothing."""


@contextlib.asynccontextmanager
async def peer(port: int) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page that plays HLS of five cameras, and their names; the programs have just been started."""
    names = [f"P-{number}" for number in range(5)]
    async with async_playwright() as playwright:
        browser: Browser = await playwright.chromium.launch(**launch_options())
        page = await browser.new_page(viewport={"width": 1920, "height": 1080})
        with _hls_programs(port, names) as (folder, _programs):
            (folder / "page.html").write_text("<!doctype html><title>hls</title><body></body>")
            serve = functools.partial(_Quiet, directory=str(folder))
            server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), serve)
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                await page.goto(f"http://127.0.0.1:{server.server_address[1]}/page.html")
                await page.evaluate(f"({_EYES})({EPOCH_S * 1_000})")
                yield page, names
            finally:
                server.shutdown()
                await browser.close()


async def _hls(page: Page, names: list[str], stay_ms: int = 0) -> dict[str, Any]:
    play = "([names, stay]) => window.eyes.hls(names, { stay })"
    found: dict[str, Any] = await page.evaluate(play, [names, stay_ms])
    return found


if __name__ == "__main__":
    main({"warm": warm, "cold": cold, "glass": glass, "webcodecs": webcodecs, "past": past, "relay": relay})
