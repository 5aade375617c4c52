"""The peers of the ingest claims, doing the same job on the same publishes.

* mosquitto, a plain Python client (paho) that keeps the rule's state in a dict, and PostgreSQL, where the client
  commits the readings it has judged each 50 ms: the usual home-made way.
* Node-RED: an MQTT node into a function node with the same rule, which reports how many it has judged.
* For HTTP: FastAPI with pydantic models into PostgreSQL by COPY, the usual way too.

A peer that this machine does not have is named, with no figure: both must be on PATH, as `mosquitto` and `node-red`.
"""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks.measuring import ROOT, free_port
from dure.engine.servers import binaries
from dure.engine.servers.postgres import Cluster, Postgres
from dure.sense.mqtt_client import MqttClient

MOSQUITTO = "mosquitto + paho + PostgreSQL"
NODE_RED = "mosquitto + Node-RED (no database)"
FASTAPI = "FastAPI + pydantic + PostgreSQL COPY"


class Peer(NamedTuple):
    """A peer and what it did, in readings a second; None where it is not on this machine."""

    name: str
    rate: float | None


async def mqtt(connections: int, readings: int) -> list[Peer]:
    """Both MQTT peers."""
    if shutil.which("mosquitto") is None:
        return [Peer(MOSQUITTO, None), Peer(NODE_RED, None)]
    with _folder() as folder, _mosquitto(folder) as port:
        with _postgres(folder) as url:
            plain = await _flooded(
                [sys.executable, "-P", "-m", "benchmarks.peer_client", str(port), url], port, connections, readings
            )
        node_red = shutil.which("node-red")
        red = None
        if node_red is not None:
            flows = _node_red_flow(folder, port)
            words = [node_red, "--userDir", str(folder), "--port", str(free_port()), str(flows)]
            red = await _flooded(words, port, connections, readings // 3)
    return [Peer(MOSQUITTO, plain), Peer(NODE_RED, red)]


async def http(bodies: list[bytes]) -> Peer:
    """The same batches into the usual web service."""
    port = free_port()
    with _folder() as folder, _postgres(folder) as url:
        words = [sys.executable, "-P", "-m", "benchmarks.peer_web", str(port), url]
        process = await asyncio.create_subprocess_exec(
            *words, cwd=ROOT, env=_environment(), stdout=asyncio.subprocess.DEVNULL
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                await _answers(client)
                began, sent = time.perf_counter(), 0
                for n in range(60):
                    body = bodies[n % len(bodies)]
                    answer = await client.post(
                        "/observations", content=body, headers={"Content-Type": "application/json"}
                    )
                    sent += int(answer.json()["accepted"])
                return Peer(FASTAPI, sent / (time.perf_counter() - began))
        finally:
            process.terminate()
            await process.wait()


async def _answers(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/")).status_code < 500:
                    return
            await asyncio.sleep(0.1)


async def _flooded(words: list[str], port: int, connections: int, readings: int) -> float:
    """Starts a judge, which prints `ready` and then how many it has judged.

    The rate counts from the first publish to the last verdict.
    """
    judge = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE, env=_environment(), cwd=ROOT)
    assert judge.stdout is not None
    try:
        while b"ready" not in await asyncio.wait_for(judge.stdout.readline(), 60):
            pass
        clients = []
        for n in range(connections):
            client = MqttClient("127.0.0.1", port, client_id=f"peer-{n}", username=f"peer-{n}", password="none")
            await client.connect()
            clients.append(client)
        began = time.perf_counter()
        await asyncio.gather(*(_publish(client, n, readings // connections) for n, client in enumerate(clients)))
        judged = 0
        while judged < readings // connections * connections:
            line = await asyncio.wait_for(judge.stdout.readline(), 120)
            if line.startswith(b"judged "):
                judged = int(line.split()[1])
        seconds = time.perf_counter() - began
        for client in clients:
            await client.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            judge.terminate()
        await judge.wait()
    return readings / seconds


async def _publish(client: MqttClient, number: int, share: int) -> None:
    for n in range(share):
        await client.post(f"city/peer-{number}", b'[{"n":"heat","u":"Cel","v":%d}]' % (20 + n % 5))
    await client.settled(within_s=300)


def _node_red_flow(folder: Path, port: int) -> Path:
    """An MQTT node, a function with the sustained rule, and a count on stdout four times a second."""
    rule = """
        for (const one of JSON.parse(msg.payload.toString())) {
            const hot = one.n === 'heat' ? one.v >= 60 : one.vb === true;
            const since = context.get(msg.topic);
            if (!hot) { if (since) context.set(msg.topic, undefined); }
            else if (!since) context.set(msg.topic, Date.now());
            else if (Date.now() - since >= 5000) node.warn('alarm ' + msg.topic);
            context.set('judged', (context.get('judged') || 0) + 1);
        }
        return null;
    """
    began = (
        "setInterval(() => { console.log('judged ' + (context.get('judged') || 0)); }, 250);"
        "setTimeout(() => console.log('ready'), 2000);"
    )
    flow = [
        {"id": "tab", "type": "tab", "label": "rule"},
        {
            "id": "broker",
            "type": "mqtt-broker",
            "broker": "127.0.0.1",
            "port": str(port),
            "clientid": "node-red",
            "protocolVersion": "4",
            "keepalive": "60",
            "cleansession": True,
        },
        {
            "id": "in",
            "type": "mqtt in",
            "z": "tab",
            "topic": "city/#",
            "qos": "1",
            "datatype": "buffer",
            "broker": "broker",
            "wires": [["rule"]],
        },
        {
            "id": "rule",
            "type": "function",
            "z": "tab",
            "func": rule,
            "initialize": began,
            "libs": [],
            "outputs": 0,
            "wires": [],
        },
    ]
    path = folder / "flows.json"
    path.write_text(json.dumps(flow))
    return path


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="dure-bench-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _mosquitto(folder: Path) -> Iterator[int]:
    port = free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n"
        f"user root\npersistence true\npersistence_location {folder}/\n"
    )
    process = subprocess.Popen(["mosquitto", "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    user = binaries.server_user()
    cluster = Cluster(folder / "postgres", binaries.postgres_home(user), user)
    server = Postgres(cluster, password="bench", log=folder / "log")
    server.make()
    server.start()
    server.ready()
    try:
        yield server.url_of("postgres")
    finally:
        server.stop()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
