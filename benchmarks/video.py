"""Claims of pictures, in headless Chromium on this machine, by the clock that benchmarks/barcode.py draws into them.
All pictures of ours are shown by the console itself: its screens, its players.

`warm`: from the request that is pressed in the console until five tiles show a picture, near an open incident.
`cold`: from the wall that is opened until five tiles show cameras that nobody had fetched.
`glass`: from the drawing of a picture until it is on the screen, five tiles (MSE). `webcodecs`: the same, as who has
chosen the quickest pictures has them. `past`: from a click on the time line until five cameras show that moment.
`relay`: the relay process with 50 recorded cameras and 200 viewers, as a share of one core.

Beside them HLS as FFmpeg writes it (fMP4, segments of a second, the newest segment played at once).
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
from playwright.async_api import Page

from benchmarks import hls
from benchmarks.barcode import EPOCH_S, film
from benchmarks.browser import board
from benchmarks.hls import CALM_S, EYES
from benchmarks.measuring import ROOT, City, Claim, city, claim, main, percentile
from dure.engine.database import Database
from dure.engine.servers.access import running_database_url
from dure.engine.servers.place import Place
from tests.video.past.made import kept
from tests.video.screen import Screen, connect

ROUNDS, COLD_ROUNDS, PAST_ROUNDS, WATCH_MS = 20, 5, 20, 12_000
RECORDED, VIEWERS, LOAD_S = 50, 200, 15
_PURPOSE = "측정을 위한 열람"
_BACK_S = 240
"""So much of the past is looked back on."""


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
        await page.evaluate(f"({EYES})({EPOCH_S * 1_000})")
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
    await _ask(page)
    press = "() => window.eyes.pressed(() => document.querySelector('dialog form').requestSubmit(), '.tile video', 5)"
    return float(await page.evaluate(press))


async def _ask(page: Page) -> None:
    """The request stands in its dialog, with its purpose."""
    await page.keyboard.press("v")
    await page.get_by_role("dialog").get_by_role("textbox").fill(_PURPOSE)


async def _shut(page: Page) -> None:
    await page.get_by_role("button", name=re.compile("영상 닫기|Shut pictures")).click()
    await page.wait_for_function("() => !document.querySelector('.tile video')")


async def _room(page: Page, found: dict[str, Any]) -> None:
    await page.evaluate(f"location.hash = '#/incidents/{found['id']}'")
    await page.wait_for_function("() => document.querySelectorAll('.tile').length === 5")


def _told(name: str, began: float, ours: Sequence[float], theirs: Sequence[float]) -> list[Claim]:
    """The claim of a figure in seconds, beside the peer's; from milliseconds."""
    return [
        claim(
            "video",
            f"{name}, p95",
            "s",
            percentile(ours, 0.95) / 1_000,
            samples=len(ours),
            seconds=time.perf_counter() - began,
            less_is_better=True,
            peer=hls.NAME,
            theirs=percentile(theirs, 0.95) / 1_000,
        )
    ]


async def warm() -> list[Claim]:
    """The request is pressed near an open incident."""
    began = time.perf_counter()
    with playing() as (town, port):
        found = await incident(town, "B-1")
        async with screen(town) as page:
            await _room(page, found)
            await asyncio.sleep(CALM_S)
            times = []
            for _ in range(ROUNDS):
                times.append(await _press(page))
                await _shut(page)
        async with hls.peer(port) as (browser, names):
            await asyncio.sleep(CALM_S)
            theirs = [(await hls.played(browser, names))["ms"] for _ in range(ROUNDS)]
    return _told("warm: request pressed to five first pictures", began, times, theirs)


async def cold() -> list[Claim]:
    """Five cameras that nobody had fetched."""
    began = time.perf_counter()
    with playing() as (town, port):
        known = await all_cameras(town)
        async with screen(town) as page:
            await _wall(page, [])
            times = [await _wall(page, known[5 * number : 5 * number + 5]) for number in range(COLD_ROUNDS)]
        theirs = []
        for _ in range(COLD_ROUNDS):
            since = time.perf_counter()
            async with hls.peer(port) as (browser, names):
                start = time.perf_counter() - since  # the programs were asked for; the browser's own start is left out
                theirs.append((await hls.played(browser, names))["ms"] + min(start, 0.1) * 1_000)
    return _told("cold: wall opened to five first pictures", began, times, theirs)


async def _wall(page: Page, cameras: Sequence[str]) -> float:
    """The wall is opened with these cameras, and left again; milliseconds until the last picture."""
    kept = json.dumps({"size": 5, "ids": list(cameras)})
    await page.evaluate("(kept) => localStorage.setItem('dure.wall', kept)", kept)
    opened = "(many) => window.eyes.pressed(() => { location.hash = '#/video/wall' }, '.wall video', many)"
    took = float(await page.evaluate(opened, len(cameras))) if cameras else 0.0
    await page.evaluate("location.hash = '#/video/wall'")
    await page.wait_for_selector(".wall", state="attached")
    await page.evaluate("location.hash = '#/board'")
    await page.wait_for_selector(".wall", state="detached")
    return took


async def glass() -> list[Claim]:
    """From the drawing to the screen, by MSE."""
    began = time.perf_counter()
    with playing() as (town, port):
        found = await incident(town, "B-2")
        async with screen(town) as page:
            await _room(page, found)
            await _press(page)
            await asyncio.sleep(CALM_S)
            watch = "(ms) => window.eyes.ages([...document.querySelectorAll('.tile video')], ms)"
            ages = await page.evaluate(watch, WATCH_MS)
        theirs = await hls.ages(port, WATCH_MS)
    return _told("glass: drawn to shown, five tiles, MSE", began, ages, theirs)


async def webcodecs() -> list[Claim]:
    """From the drawing to the painted picture, by WebCodecs."""
    began = time.perf_counter()
    with playing() as (town, port):
        found = await incident(town, "B-4")
        async with screen(town) as page:
            await page.evaluate("localStorage.setItem('dure.video.way', 'quick')")
            await page.reload()
            await page.wait_for_selector('a[href*="severity="] strong')
            await page.evaluate(f"({EYES})({EPOCH_S * 1_000})")
            await _room(page, found)
            await _ask(page)
            await page.evaluate("document.querySelector('dialog form').requestSubmit()")
            await page.wait_for_function("() => document.querySelectorAll('.tile canvas.painted').length === 5")
            await asyncio.sleep(CALM_S)
            ages = await page.evaluate("(ms) => window.eyes.painted('.tile canvas', ms)", WATCH_MS)
        theirs = await hls.ages(port, WATCH_MS)
    return _told("webcodecs: drawn to painted, five tiles", began, ages, theirs)


async def past() -> list[Claim]:
    """A click on a moment of the past that is not in the browser yet."""
    began = time.perf_counter()
    with playing() as (town, port):
        found = await incident(town, "B-3")
        five = [one["id"] for one in found["cameras"]]
        start = datetime.now(UTC) - timedelta(seconds=_BACK_S + 60)
        pictures = await asyncio.to_thread(film, start, _BACK_S)
        await _recorded(town, five, pictures, start)
        async with screen(town) as page:
            await _right(page, town, found, five, start, start + timedelta(seconds=_BACK_S))
            await page.evaluate(f"location.hash = '#/past/{found['id']}'")
            await page.wait_for_function("() => document.querySelectorAll('.show .tile.picture').length === 5")
            await asyncio.sleep(CALM_S)
            times = [await _click(page, share) for share in _shares()]
        async with hls.peer(port, pictures) as (browser, names):
            looked = "([names, s]) => window.eyes.hlsPast(names, s)"
            theirs = [float(await browser.evaluate(looked, [names, share * _BACK_S])) for share in _shares()]
    return _told("past: click to five pictures", began, times, theirs)


def _shares() -> list[float]:
    """Where on the time line it is clicked: each beyond what the clicks before it have fetched."""
    return [0.05 + 0.93 * (number * 7 % PAST_ROUNDS) / PAST_ROUNDS for number in range(1, PAST_ROUNDS + 1)]


async def _recorded(town: City, five: list[str], pictures: bytes, start: datetime) -> None:
    """These cameras' past, as their recordings would be."""
    database = Database(str(running_database_url(Place(town.folder))))
    for camera in five:
        await kept(database, town.folder, camera, pictures, start)
    await database.close()


async def _click(page: Page, share: float) -> float:
    """A click on the player's time line; milliseconds until five cameras show that moment."""
    box = await page.locator(".show [role=slider]").bounding_box()
    assert box is not None
    said = "() => Number(document.querySelector('.show').dataset.at)"
    await page.evaluate(f"() => {{ window.seen = window.eyes.sought('.show video', {said}) }}")
    await page.mouse.click(box["x"] + share * box["width"], box["y"] + 20)
    took = float(await page.evaluate("() => window.seen"))
    await page.wait_for_timeout(200)
    return took


async def _right(
    page: Page, town: City, found: dict[str, Any], five: list[str], start: datetime, until: datetime
) -> None:
    """A right to a stretch of the past for who sits at the screen: they ask, and a shift lead approves."""
    ground = {"ground": "pipa.18.2.7", "document": "측정-1"}
    wanted = {"purpose": _PURPOSE, "live": False, "camera_ids": five, **ground}
    span = {"past_from": start.isoformat(), "past_until": until.isoformat()}
    asked = await _post(page, f"/incidents/{found['id']}/video-tickets", {**wanted, **span})
    ticket = next(one for one in asked["items"] if one["kind"] == "past")
    lead = {"username": "lead", "password": "another long sentence"}
    made = await _post(page, "/accounts", {"username": "lead", "roles": ["shift_lead"], "agency_id": "control"})
    browser = page.context.browser
    assert browser is not None
    other = await browser.new_page(ignore_https_errors=True)
    await other.goto(town.url)
    await other.evaluate(f"({EYES})({EPOCH_S * 1_000})")
    await _post(other, "/password-reset", {"token": made["link"]["token"], "password": lead["password"]})
    await _post(other, "/sessions", lead)
    await _post(other, f"/video/tickets/{ticket['id']}/approve", ground)
    await other.close()


async def _post(page: Page, path: str, body: dict[str, Any]) -> Any:
    return await page.evaluate("([path, body]) => window.eyes.post(path, body)", [path, body])


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
                body = {"camera_id": known[number % len(known)], "purpose": _PURPOSE}
                answer = await client.post(town.api("/video/watch"), json=body)
                answer.raise_for_status()
                url = answer.json()["url"]
                viewer = await connect(url)
                await viewer.say({"ticket": answer.json()["ticket"]})
                viewers.append(viewer)
        seen = [asyncio.create_task(_counted(one)) for one in viewers]
        await asyncio.sleep(CALM_S)
        share = await _share([_listener(int(urlsplit(url).port or 0))], LOAD_S)
        for one in seen:
            one.cancel()
        for viewer in viewers:
            await viewer.leave()
        with hls.programs(port, [f"B-{n}" for n in range(RECORDED)]) as (_folder, programs):
            await asyncio.sleep(CALM_S)
            theirs = await _share([psutil.Process(one.pid) for one in programs], LOAD_S)
    told: dict[str, Any] = {"seconds": time.perf_counter() - began, "less_is_better": True}
    return [
        claim("video", f"relay: {RECORDED} cameras recorded, {VIEWERS} viewers, share of one core", "share", share,
              samples=VIEWERS, peer=f"{hls.NAME}, {RECORDED} programs, nobody watching", theirs=theirs, **told),
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


if __name__ == "__main__":
    main({"warm": warm, "cold": cold, "glass": glass, "webcodecs": webcodecs, "past": past, "relay": relay})
