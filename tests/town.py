"""A real city in its own processes, for drills: started by the command that people use, reached as they reach it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[1]
DURE = [sys.executable, "-P", "-m", "dure.cli"]


@dataclass
class Town:
    """A running city and an administrator's client."""

    folder: Path
    supervisor: psutil.Process
    client: httpx.AsyncClient
    url: str
    mqtt_host: str
    mqtt_port: int
    admin_link: str | None

    async def device(self, device: str, *, lon: float, lat: float, kind: str = "fire_detector") -> str:
        """Registers a device and gives its key."""
        body = {"id": device, "kind": kind, "lon": lon, "lat": lat, "name": device}
        answer = await self.client.post("/devices", json=body)
        answer.raise_for_status()
        return str(answer.json()["key"])

    async def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        patience = 20
        while True:
            answer = await self.client.get(path, params={**query, **({"cursor": cursor} if cursor else {})})
            if answer.status_code == 503 and patience:  # an engine is away: the answer says to come back
                patience -= 1
                await asyncio.sleep(0.5)
                continue
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found

    async def readings(self, device: str) -> list[float]:
        """When the kept heat readings of a device were observed, in Unix seconds."""
        now = datetime.now(UTC)
        span = {"from": (now - timedelta(hours=1)).isoformat(), "to": (now + timedelta(minutes=1)).isoformat()}
        rows = await self.items("/observations", device=device, property="heat", **span)
        return [round(datetime.fromisoformat(row["observed_at"]).timestamp(), 3) for row in rows]

    def kill(self, process: str) -> bool:
        """kill -9 of one of the city's processes; whether it was there to be killed."""
        noted = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        try:
            os.kill(noted["children"][process]["pid"], signal.SIGKILL)
        except (KeyError, ProcessLookupError):  # it fell a moment ago
            return False
        return True

    @contextlib.asynccontextmanager
    async def kept_down(self, process: str) -> AsyncIterator[None]:
        """One of the city's processes is killed, and again whenever it comes back, until the block ends."""

        async def down() -> None:
            while True:
                self.kill(process)
                await asyncio.sleep(0.05)

        killing = asyncio.create_task(down())
        try:
            yield
        finally:
            killing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await killing

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """What forks the city's processes stands still: whatever falls stays away until the block ends."""
        nursery = next(one for one in self.supervisor.children() if "dure.processes.nursery" in one.cmdline())
        nursery.suspend()
        try:
            yield
        finally:
            nursery.resume()

    async def healthy(self, within_s: float = 120) -> None:
        """Waits until the city says that it serves."""
        async with asyncio.timeout(within_s):
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await self.client.get("/health")).status_code == 200:
                        return
                await asyncio.sleep(0.1)

    async def settled(self, devices: Sequence[str], within_s: float = 120) -> None:
        """Waits until each device has an alarm that is in an incident."""
        async with asyncio.timeout(within_s):
            while True:
                with contextlib.suppress(httpx.HTTPError, AssertionError):
                    alarms = await self.items("/alarms")
                    placed = {alarm["device"] for alarm in alarms if alarm["incident_id"] is not None}
                    if placed.issuperset(devices):
                        return
                await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def running(folder: Path, *arguments: str, told: Mapping[str, str] | None = None) -> AsyncIterator[Town]:
    """`dure up` in `folder` on free ports, ended by SIGTERM, which must give exit code 0. `told` is added to its
    environment.
    """
    process = await start(folder, *arguments, told=told)
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 240)
    except TimeoutError:
        process.kill()  # what it has started ends with it
        raise
    assert line, f"the city did not start: see {folder / 'logs'}"
    ready = json.loads(line)
    token = await said("token", "--role", "admin", "--data", str(folder))
    host, _, port = ready["mqtt"].rpartition(":")
    async with httpx.AsyncClient(
        base_url=ready["url"] + "/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60
    ) as client:
        try:
            yield Town(folder, psutil.Process(process.pid), client, ready["url"], host, int(port), ready["admin_link"])
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            code = await asyncio.wait_for(process.wait(), 120)
    assert code == 0, "SIGTERM ends a city cleanly"


async def start(folder: Path, *arguments: str, told: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
    """`dure up`, not waited for."""
    words = [
        *DURE,
        "up",
        "--data",
        str(folder),
        "--port",
        "0",
        "--mqtt-port",
        "0",
        "--no-browser",
        "--json",
        *arguments,
    ]
    return await asyncio.create_subprocess_exec(
        *words,
        stdout=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
        env={**environment(), **(told or {})},
    )


async def said(*words: str) -> str:
    """What a command of `dure` printed."""
    process = await asyncio.create_subprocess_exec(*DURE, *words, stdout=asyncio.subprocess.PIPE, env=environment())
    out, _ = await process.communicate()
    assert process.returncode == 0, words
    return out.decode().strip()


def environment() -> dict[str, str]:
    """Ours, with the sources on Python's path. No sample camera is recorded but those that a test wants."""
    return {"DURE_SAMPLE_RECORDED": "0", **os.environ, "PYTHONPATH": str(ROOT / "src")}
