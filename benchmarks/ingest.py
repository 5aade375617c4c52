"""The way of a reading: in by MQTT or HTTP, through a rule, committed, onto a screen; and the nearest cameras.

Each claim starts a city of its own and reaches it only as devices, scripts and browsers do. Named peers, where this
machine has them: mosquitto with a plain Python client and PostgreSQL, and Node-RED, doing the same rule on the same
publishes.
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence

import httpx

from benchmarks import peers
from benchmarks.browser import board, grown
from benchmarks.measuring import City, Claim, city, claim, main, percentile
from benchmarks.nearest import nearest
from dure.sense.mqtt_client import MqttClient

SEED = 20261205
CONNECTIONS = 100
READINGS = 150_000
BATCH = 1000
BATCHES = 600
PROBES = 200
FIRES_PER_S = 4


async def devices(town: City, prefix: str, count: int) -> dict[str, str]:
    """Registers fire detectors far from each other and gives their keys."""
    chance = random.Random(SEED)
    keys: dict[str, str] = {}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {town.token}"}, timeout=60) as client:
        for n in range(count):
            lon, lat = 127.30 + (n % 40) * 0.006, 36.55 + (n // 40) * 0.006 + chance.random() * 1e-4
            body = {"id": f"{prefix}-{n}", "kind": "fire_detector", "lon": lon, "lat": lat, "name": f"{prefix} {n}"}
            answer = await client.post(town.api("/devices"), json=body)
            answer.raise_for_status()
            keys[body["id"]] = answer.json()["key"]
    return keys


async def signed_in(host: str, port: int, keys: dict[str, str]) -> dict[str, MqttClient]:
    """One connection a device."""
    clients = {}
    for device, key in keys.items():
        client = MqttClient(host, port, client_id=device, username=device, password=key)
        await client.connect()
        clients[device] = client
    return clients


async def flood(clients: dict[str, MqttClient], count: int) -> float:
    """Publishes `count` readings of 20 Cel as fast as they are taken; the seconds until all are acknowledged."""
    began = time.perf_counter()

    async def one(device: str, client: MqttClient, share: int) -> None:
        for n in range(share):
            await client.post(f"city/{device}", b'[{"n":"heat","u":"Cel","v":%d}]' % (20 + n % 5))
        await client.settled(within_s=300)

    await asyncio.gather(*(one(device, client, count // len(clients)) for device, client in clients.items()))
    return time.perf_counter() - began


@contextlib.asynccontextmanager
async def background(town: City, keys: dict[str, str], rate: int) -> AsyncIterator[None]:
    """`rate` readings a second from a process of their own."""
    words = [sys.executable, "-P", "-m", "benchmarks.load"]
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told = {"host": town.mqtt_host, "port": town.mqtt_port, "rate": rate, "keys": keys}
    process.stdin.write(json.dumps(told).encode() + b"\n")
    await process.stdin.drain()
    assert (await process.stdout.readline()).strip() == b"ready"
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def mqtt() -> list[Claim]:
    """MQTT QoS 1 -> rule -> committed, readings a second."""
    with city() as town:
        clients = await signed_in(town.mqtt_host, town.mqtt_port, await devices(town, "load", CONNECTIONS))
        ends = await signed_in(town.mqtt_host, town.mqtt_port, await devices(town, "end", 2))
        await flood(clients, CONNECTIONS * 20)
        await judged(town, ends, "end-0")
        began = time.perf_counter()
        await flood(clients, READINGS)
        await judged(town, ends, "end-1")
        seconds = time.perf_counter() - began
        for client in clients.values():
            await client.close()
    return [
        claim(
            "ingest",
            "mqtt: QoS 1 -> rule -> committed",
            "readings/s",
            READINGS / seconds,
            peer=peer.name,
            theirs=peer.rate,
            samples=READINGS,
            seconds=seconds,
            seed=SEED,
        )
        for peer in await peers.mqtt(CONNECTIONS, READINGS)
    ]


async def judged(town: City, clients: dict[str, MqttClient], device: str) -> None:
    """Waits until all that was published before is judged and committed.

    Readings are judged in the order in which they were taken, so an alarm that comes of the very last of them is
    committed behind all others. `device` says that it has smelled smoke for six seconds.
    """
    now = time.time()
    records = [{"n": "smoke", "vb": True, "t": now - before} for before in (6, 4, 2, 0)]
    await clients[device].publish(f"city/{device}", json.dumps(records).encode())
    async with (
        httpx.AsyncClient(headers={"Authorization": f"Bearer {town.token}"}, timeout=60) as client,
        asyncio.timeout(300),
    ):
        while True:
            if (await client.get(town.api("/alarms"), params={"device": device})).json()["items"]:
                return
            await asyncio.sleep(0.02)


async def http() -> list[Claim]:
    """HTTP in batches of 1,000, readings a second."""
    with city() as town:
        keys = await devices(town, "batch", 50)
        names = list(keys)
        bodies = [
            json.dumps(
                [{"n": f"{names[(n + k) % 50]}/heat", "u": "Cel", "v": 20 + (n * k) % 7} for n in range(BATCH)]
            ).encode()
            for k in range(20)
        ]

        async def sender(first: int) -> int:
            taken = 0
            async with httpx.AsyncClient(timeout=60) as client:
                for n in range(first, BATCHES, 4):
                    answer = await client.post(
                        town.api("/observations"),
                        content=bodies[n % 20],
                        headers={"Authorization": f"Bearer {service}", "Content-Type": "application/senml+json"},
                    )
                    taken += int(answer.json()["accepted"])
            return taken

        service = town.token_of("service")
        began = time.perf_counter()
        taken = sum(await asyncio.gather(*(sender(first) for first in range(4))))
        seconds = time.perf_counter() - began
    if taken != BATCH * BATCHES:
        raise RuntimeError(f"{taken} of {BATCH * BATCHES} readings were taken")
    theirs = await peers.http(bodies)
    return [
        claim(
            "ingest",
            "http: batches of 1,000",
            "readings/s",
            taken / seconds,
            peer=theirs.name,
            theirs=theirs.rate,
            samples=taken,
            seconds=seconds,
            seed=SEED,
        )
    ]


async def rule() -> list[Claim]:
    """From the moment a rule matures to the alarm that says so, with 10,000 readings a second beside it; and to the
    moment that a client hears of it, which is after the commit. Four fires a second: a city has fewer in a year.
    """
    with city() as town:
        load = await devices(town, "load", CONNECTIONS)
        probes = await signed_in(town.mqtt_host, town.mqtt_port, await devices(town, "probe", PROBES))
        chance = random.Random(SEED)  # detectors do not report in step
        starts = [n / FIRES_PER_S + chance.random() * 0.1 for n in range(PROBES)]
        began = time.perf_counter()
        async with background(town, load, 10_000), listening(town) as heard:
            await asyncio.gather(*map(smoulder, probes, probes.values(), starts))
            await asyncio.sleep(3)
        onsets = {one["id"]: _seconds(one["onset_at"]) for one in await fires(town, "probe-")}
        late = await lateness(town, "probe-")
        told = [heard[name] - onset - 5.0 for name, onset in onsets.items()]
        seconds = time.perf_counter() - began
    return [
        claim(
            "ingest",
            f"rule: matured -> {until}, 10,000 readings/s beside it, {name}",
            "ms",
            percentile(values, share) * 1000,
            samples=len(values),
            seconds=seconds,
            seed=SEED,
        )
        for until, values in (("raised", late), ("committed and told to a client", told))
        for name, share in (("p99", 0.99), ("median", 0.5))
    ]


@contextlib.asynccontextmanager
async def listening(town: City) -> AsyncIterator[dict[str, float]]:
    """When each alarm was first heard of over SSE (Unix seconds by the alarm's id)."""
    heard: dict[str, float] = {}

    async def listen(lines: AsyncIterator[str]) -> None:
        async for line in lines:
            if line.startswith("data: ") and '"alarm"' in line:
                now, told = time.time(), json.loads(line.removeprefix("data: "))
                if told.get("entity") == "alarm":
                    heard.setdefault(told["id"], now)

    async with (
        httpx.AsyncClient(headers={"Authorization": f"Bearer {town.token}"}, timeout=60) as client,
        client.stream("GET", town.api("/events")) as answer,
    ):
        task = asyncio.create_task(listen(answer.aiter_lines()))
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def screen() -> list[Claim]:
    """From a rule matured to the incident painted on a browser's board, with 1,000 readings a second beside it."""
    count = 120
    with city() as town:
        load = await devices(town, "load", 50)
        probes = await signed_in(town.mqtt_host, town.mqtt_port, await devices(town, "probe", count))
        began = time.perf_counter()
        async with board(town) as page, background(town, load, 1_000):
            await asyncio.gather(*(smoulder(name, client, n * 0.25) for n, (name, client) in enumerate(probes.items())))
            await asyncio.sleep(3)
            seen = sorted(await grown(page))
        onsets = sorted(await onset_times(town, "probe-"))
        seconds = time.perf_counter() - began
    if len(seen) != len(onsets) or len(seen) != count:
        raise RuntimeError(f"{count} fires, {len(onsets)} alarms, {len(seen)} incidents on the screen")
    late = [painted - onset - 5.0 for painted, onset in zip(seen, onsets, strict=True)]
    return [
        claim(
            "ingest",
            f"screen: matured -> incident painted, 1,000 readings/s beside it, {name}",
            "s",
            percentile(late, share),
            samples=count,
            seconds=seconds,
            seed=SEED,
        )
        for name, share in (("p99", 0.99), ("median", 0.5))
    ]


async def smoulder(device: str, client: MqttClient, after_s: float) -> None:
    """Smoke for six and a half seconds, ten reports a second, beginning after a while.

    By the clock, not by pauses: one report falls on 5.0 s sharp, the moment at which the rule matures.
    """
    await asyncio.sleep(after_s)
    began = time.time()
    for n in range(65):
        await asyncio.sleep(max(began + n * 0.1 - time.time(), 0))
        await client.post(f"city/{device}", b'[{"n":"smoke","vb":true,"t":%.6f}]' % (began + n * 0.1))


async def lateness(town: City, prefix: str) -> Sequence[float]:
    """Seconds from onset + 5.0 s to `raised_at`, of every alarm of these devices."""
    return [_seconds(one["raised_at"]) - _seconds(one["onset_at"]) - 5.0 for one in await fires(town, prefix)]


async def onset_times(town: City, prefix: str) -> Sequence[float]:
    """When each fire of these devices began, in Unix seconds."""
    return [_seconds(one["onset_at"]) for one in await fires(town, prefix)]


async def fires(town: City, prefix: str) -> list[dict[str, str]]:
    """The fire alarms of these devices."""
    found: list[dict[str, str]] = []
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {town.token}"}, timeout=60) as client:
        cursor: str | None = None
        while True:
            query = {"limit": "500"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get(town.api("/alarms"), params=query)).json()
            found += [
                one
                for one in page["items"]
                if (one["device"] or "").startswith(prefix) and one["rule"] == "market_fire_signal"
            ]
            cursor = page["next"]
            if cursor is None:
                return found


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    main({"mqtt": mqtt, "http": http, "rule": rule, "screen": screen, "nearest": nearest})
