"""From an alarm to what people get, and what becomes of manuals under kills and under a thousand incidents at once.

The first starts a city of its own and reaches it as devices, agencies and gateways do. The others drive the real
worker of runs, as a process of its own, over a PostgreSQL that fsyncs. No peer is named: we know of none that carries
out a manual that officials read, and what a bare engine of workflows does in a step is not what a step is here.
"""

import asyncio
import contextlib
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.ingest import signed_in
from benchmarks.measuring import ROOT, City, Claim, city, claim, main, percentile
from dure.commands.simulate.sms_gateway import SmsGateway
from dure.engine.database import Database, migrate
from dure.engine.servers import binaries
from dure.engine.servers.postgres import Cluster, Postgres
from dure.sense.mqtt_client import MqttClient

SEED = 20261122
A_MINUTE = 20
FIRES = int(os.environ.get("DURE_BENCH_FIRES", "100"))
"""So many fires, five minutes of them: a p99 of fewer would be their worst."""
KILLS = int(os.environ.get("DURE_BENCH_KILLS", "200"))
INCIDENTS = int(os.environ.get("DURE_BENCH_INCIDENTS", "1000"))
STEPS = 20


@dataclass(slots=True)
class Heard:
    """When (Unix seconds) each thing was heard of outside: incidents handed to 119, by id, and texts, by number."""

    handed: dict[str, float] = field(default_factory=dict)
    texts: dict[str, float] = field(default_factory=dict)


def phone(number: int) -> str:
    """The number of one owner."""
    return f"0109{number:07d}"


async def prepared(town: City, count: int) -> dict[str, str]:
    """So many markets of one stall each, with a detector and an owner; the detectors' keys."""
    chance, keys = random.Random(SEED), {}
    folder = town.folder.parent
    spots = [(round(36.50 + n // 20 * 0.01, 6), round(127.30 + n % 20 * 0.01, 6)) for n in range(count)]
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {town.token}"}, timeout=60) as client:
        _imported(town, "markets", folder / "markets.csv", ["시장명", "소재지도로명주소", "위도", "경도"],
                  [[f"시장{n}", f"시장{n}길 1", *spots[n]] for n in range(count)])  # fmt: skip
        for n, (lat, lon) in enumerate(spots):
            body = {"id": f"probe-{n}", "kind": "fire_detector", "lon": lon, "lat": lat, "name": f"감지기 {n}"}
            answer = await client.post(town.api("/devices"), json=body)
            answer.raise_for_status()
            keys[f"probe-{n}"] = answer.json()["key"]
        _imported(town, "stalls", folder / "stalls.csv", ["시장명", "점포번호", "상호", "점주", "연락처", "감지기ID"],
                  [[f"시장{n}", "1", f"가게{n}", f"홍길동{chance.randrange(10**6)}", phone(n), f"probe-{n}"]
                   for n in range(count)])  # fmt: skip
    return keys


def _imported(town: City, kind: str, file: Path, header: list[str], rows: list[list[Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([header, *rows])
    words = [sys.executable, "-P", "-m", "dure.cli", "import", kind, str(file), "--data", str(town.folder), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    told = json.loads(subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout)
    if told["rejected"]:
        raise RuntimeError(f"{kind}: {told['rejected'][:3]}")


@contextlib.asynccontextmanager
async def listening(town: City, heard: Heard) -> AsyncIterator[None]:
    """The screen of 119: it notes when an incident is handed to it."""

    async def listen(lines: AsyncIterator[str]) -> None:
        async for line in lines:
            if line.startswith("data: ") and '"handed_to"' in line:
                now, told = time.time(), json.loads(line.removeprefix("data: "))
                if "fire" in ((told.get("value") or {}).get("handed_to") or ()):
                    heard.handed.setdefault(told["id"], now)

    async with (
        httpx.AsyncClient(headers={"Authorization": f"Bearer {town.token}"}, timeout=60) as client,
        client.stream("GET", town.api("/events")) as answer,
    ):
        task = asyncio.create_task(listen(answer.aiter_lines()))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def burn(device: str, client: MqttClient, after_s: float) -> None:
    """Heat and smoke for six and a half seconds, ten reports a second: the stages confirm it as it is raised."""
    await asyncio.sleep(after_s)
    began = time.time()
    for n in range(65):
        await asyncio.sleep(max(began + n * 0.1 - time.time(), 0))
        at = began + n * 0.1
        body = b'[{"n":"heat","u":"Cel","v":66.5,"t":%.6f},{"n":"smoke","vb":true,"t":%.6f}]' % (at, at)
        await client.post(f"city/{device}", body)


async def alarms(town: City) -> dict[str, tuple[str, float]]:
    """Each detector's incident, and when (Unix seconds) its alarm was raised."""
    found: dict[str, tuple[str, float]] = {}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {town.token}"}, timeout=60) as client:
        page = (await client.get(town.api("/alarms"), params={"limit": "500"})).json()
        for one in page["items"]:
            if (one["device"] or "").startswith("probe-") and one["rule"] == "market_fire_signal":
                found[one["device"]] = (one["incident_id"], datetime.fromisoformat(one["raised_at"]).timestamp())
    return found


async def speed() -> list[Claim]:
    """A fire each three seconds or so; of each, how long until 119 has it and the owner's text is accepted."""
    heard, gateway = Heard(), SmsGateway()

    def taken(_event: str, row: Mapping[str, Any]) -> None:
        if row["type"] != "VOICE":
            heard.texts.setdefault(row["to"], time.time())

    gateway.told = taken
    await gateway.start()
    environment = {
        "DURE_SMS_URL": gateway.url, "DURE_SMS_KEY": gateway.key, "DURE_SMS_SECRET": gateway.secret,
        "DURE_SMS_SENDER": min(gateway.senders),
    }  # fmt: skip
    try:
        with city(environment=environment) as town:
            probes = await signed_in(town.mqtt_host, town.mqtt_port, await prepared(town, FIRES))
            chance = random.Random(SEED)
            starts = [(n + chance.random()) * 60 / A_MINUTE for n in range(FIRES)]
            began = time.perf_counter()
            async with listening(town, heard):
                await asyncio.gather(*map(burn, probes, probes.values(), starts))
                await asyncio.sleep(5)
            seconds = time.perf_counter() - began
            raised = await alarms(town)
    finally:
        await gateway.stop()
    if len(raised) != FIRES:
        raise RuntimeError(f"{FIRES} fires, {len(raised)} alarms")
    lost = [one for one, (incident, _) in raised.items() if incident not in heard.handed]
    lost += [one for one in raised if phone(int(one.removeprefix("probe-"))) not in heard.texts]
    if lost:
        raise RuntimeError(f"{len(lost)} never came, of {FIRES} fires: {lost[:5]}")
    handed = [heard.handed[incident] - at for incident, at in raised.values()]
    texts = [heard.texts[phone(int(one.removeprefix("probe-")))] - at for one, (_, at) in raised.items()]
    told: dict[str, Any] = {"samples": FIRES, "seconds": seconds, "seed": SEED}
    # hand-off: alarm -> confirmed -> on the screen of 119; notice: alarm -> owner's text accepted by the gateway.
    return [
        claim("respond", name if share_name == "p99" else f"{name}, {share_name}, {A_MINUTE} incidents a minute",
              f"s {share_name}", percentile(values, share), **told)
        for name, values in (("hand-off", handed), ("notice", texts))
        for share_name, share in (("p99", 0.99), ("median", 0.5))
    ]  # fmt: skip


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="dure-bench-"))
    folder.chmod(0o711)
    (folder / "city").mkdir(mode=0o700)
    return folder


@contextlib.asynccontextmanager
async def records() -> AsyncIterator[tuple[Database, str, Path]]:
    """A migrated database that keeps its promises (fsync), its URL, and its city's folder."""
    folder = _folder()
    user = binaries.server_user()
    cluster = Cluster(folder / "postgres", binaries.postgres_home(user), user)
    server = Postgres(cluster, password="bench", log=folder / "log")
    server.make()
    server.start()
    try:
        server.ready()
        url = server.url_of("postgres")
        migrate(url)
        database = Database(url, folder=folder / "city")
        try:
            yield database, url, folder / "city"
        finally:
            await database.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def once() -> list[Claim]:
    """kill -9 of the worker again and again in the middle of runs: steps that were lost, or done twice."""
    from tests.respond.runs.test_kills import drill

    began = time.perf_counter()
    async with records() as (database, url, folder):
        found = await drill(database, url, folder, incidents=10, steps=STEPS, kills=KILLS, seed=SEED)
    told: dict[str, Any] = {"samples": KILLS, "seconds": time.perf_counter() - began, "seed": SEED}
    if found["jobs"]:
        raise RuntimeError(f"wakes were left over: {found}")
    return [
        claim("respond", "once", f"steps lost or doubled over {KILLS} kills", found["lost"] + found["doubled"],
              **told),
        claim("respond", f"once: notices wanted twice over {KILLS} kills", "notices", found["sends_doubled"], **told),
        claim("respond", f"once: steps carried out over {KILLS} kills", "steps", found["steps"], **told),
    ]  # fmt: skip


async def concurrent() -> list[Claim]:
    """A thousand incidents under way at the same time, each with a manual of 20 steps: all go on to their end. The
    claim is how many were under way at once.
    """
    from tests.respond.runs.test_kills import UNFINISHED, begin, counted, number, worker

    began = time.perf_counter()
    async with records() as (database, url, folder):
        await begin(database, INCIDENTS, STEPS)
        under_way, done = 0, 0
        async with worker(url, folder), asyncio.timeout(3600):
            started = time.perf_counter()
            while not done:
                await asyncio.sleep(0.5)
                under_way = max(under_way, await number(database, _UNDER_WAY))
                done = await number(database, UNFINISHED) == 0
            seconds = time.perf_counter() - started
        found = await counted(database, STEPS)
    if found["lost"] or found["doubled"] or found["sends_doubled"] or found["jobs"]:
        raise RuntimeError(f"not every step was done once: {found}")
    told: dict[str, Any] = {"samples": INCIDENTS, "seconds": time.perf_counter() - began, "seed": SEED}
    return [
        claim("respond", "concurrent", "incidents", under_way, **told),
        claim("respond", f"concurrent: steps a second by one worker, {INCIDENTS:,} incidents", "steps/s",
              found["steps"] / seconds, **told),
    ]  # fmt: skip


_UNDER_WAY = """select count(*) from run r where status = 'running' and exists
    (select from run_step s where s.run_id = r.id and s.status = 'done')"""

if __name__ == "__main__":
    main({"speed": speed, "once": once, "concurrent": concurrent})
