"""`dure up` as a person starts it: one JSON line, children that come back, nothing left behind, two side by side."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from dure.engine.servers.access import running_database_url
from dure.engine.servers.place import Place
from tests.support import NatsServer, open_folder

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.timeout(240)
PROCESSES = {"postgres", "nats", "stream", "work", "relay", "web"}
TOLD_OF = {"recordings"}
"""What the relay's process tells of beside itself: it falls with it."""


@dataclass
class City:
    """One `dure up`."""

    folder: Path
    process: subprocess.Popen[bytes]
    ready: dict[str, Any]

    def children(self) -> dict[str, int]:
        """Its children by name, as run.json has them."""
        noted = Place(self.folder).noted()["children"]
        return {name: int(child["pid"]) for name, child in noted.items()}

    def states(self) -> dict[str, tuple[str, int]]:
        """State and restarts of each process, as screens see them."""
        url = running_database_url(Place(self.folder))
        assert url is not None
        with psycopg.connect(url) as line:
            rows = line.execute("select name, state, restarts from engine_process").fetchall()
        return {name: (state, restarts) for name, state, restarts in rows}

    def end(self) -> int:
        """SIGTERM, and its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(90)


def command(folder: Path, *more: str) -> list[str]:
    ports = [] if "--port" in more else ["--port", "0", "--mqtt-port", "0"]
    return [sys.executable, "-P", "-m", "dure.cli", "up", "--json", "--data", str(folder), *ports, *more]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DURE_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "DURE_LANG": "en", **more}


def start(folder: Path, *more: str, told: Mapping[str, str] | None = None) -> City:
    environs = environment(**(told or {}))
    process = subprocess.Popen(command(folder, *more), stdout=subprocess.PIPE, env=environs)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first, "it ended before it served"
    return City(folder, process, json.loads(first))


def until(what: Callable[[], bool], seconds: float = 120.0) -> None:
    """Waits for something that another process does; fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not what():  # another process writes what is asked for
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def gone(pids: list[int]) -> bool:
    return not any(lives(pid) for pid in pids)


def lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def healthy(url: str, context: ssl.SSLContext | None = None) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/health", timeout=5, context=context) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def cities() -> Iterator[Callable[..., City]]:
    """Starts cities; whatever is left of them is ended after the test."""
    started: list[City] = []
    folders: list[Path] = []

    def make(*more: str, folder: Path | None = None, told: Mapping[str, str] | None = None) -> City:
        if folder is None:
            folder = open_folder("dure 두레 ") / "city"
            folders.append(folder.parent)
        started.append(start(folder, *more, told=told))
        return started[-1]

    yield make
    for city in started:
        put_away(city)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def put_away(city: City) -> None:
    """Ends it where it runs."""
    if city.process.poll() is None:
        city.process.send_signal(signal.SIGTERM)
        city.process.wait(90)
    assert city.process.stdout is not None
    city.process.stdout.close()


class Home:
    """One city's folder, for tests that can take the city as another left it."""

    def __init__(self) -> None:
        self.folder = open_folder("dure 두레 ") / "city"
        self.started: list[City] = []

    def city(self) -> City:
        """The city, started where it does not run."""
        if not self.started or self.started[-1].process.poll() is not None:
            self.started.append(start(self.folder))
        return self.started[-1]


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    made = Home()
    yield made
    for city in made.started:
        put_away(city)
    shutil.rmtree(made.folder.parent, ignore_errors=True)


def test_it_serves_and_says_so(home: Home) -> None:
    city = home.city()
    assert city.ready["ready"] is True
    assert city.ready["url"].startswith("http://localhost:")
    assert city.ready["admin_link"].startswith(city.ready["url"] + "/#/setup?token=")
    assert healthy(city.ready["url"])
    relay = city.ready["video"]
    assert relay.startswith("ws://localhost:")
    with urllib.request.urlopen(relay.replace("ws:", "http:") + "/health", timeout=5) as answer:
        assert json.load(answer)["ok"] is True
    host, port = city.ready["mqtt"].rsplit(":", 1)
    socket.create_connection((host, int(port)), timeout=5).close()
    until(lambda: city.states().keys() >= PROCESSES and set(city.states().values()) == {("running", 0)})
    assert set(city.states()) - TOLD_OF == PROCESSES


def test_a_second_start_is_refused_with_a_word_and_keeps_the_ports_when_the_first_has_ended(home: Home) -> None:
    city = home.city()
    second = subprocess.run(command(city.folder), env=environment(), capture_output=True, text=True, timeout=60)
    assert second.returncode == 69
    assert f"running already (pid {city.process.pid})" in second.stderr
    assert second.stdout == ""
    pids = list(city.children().values())
    assert city.end() == 0
    assert gone(pids)
    again = home.city()
    assert [again.ready[name] for name in ("url", "mqtt", "video")] == [
        city.ready[name] for name in ("url", "mqtt", "video")
    ]


def test_killed_children_come_back_and_screens_are_told(cities: Callable[..., City]) -> None:
    city = cities()
    until(lambda: came_back(city, ()))  # who is still starting when PostgreSQL falls may count a restart of its own
    names = ("postgres", "nats", "stream", "work", "relay", "web")
    for killed, name in enumerate(names, start=1):
        psutil.Process(city.children()[name]).kill()
        try:
            until(lambda killed=killed: came_back(city, names[:killed]))
        except AssertionError:
            pytest.fail(f"after {name}: {city.states()}\n{(city.folder / 'logs/supervisor.log').read_text()}")
    assert city.process.poll() is None


def came_back(city: City, killed: Sequence[str]) -> bool:
    """Whether all run again and each that was killed counts one restart."""
    try:
        states = city.states()
    except psycopg.OperationalError:
        return False  # it is PostgreSQL that is away
    own = {name: state for name, state in states.items() if name not in TOLD_OF}
    wanted = {name: ("running", int(name in killed)) for name in PROCESSES}
    return own == wanted and healthy(city.ready["url"])


@pytest.mark.long
def test_the_fall_of_what_forks_them_brings_all_of_them_back(cities: Callable[..., City]) -> None:
    city = cities()
    before = city.children()
    (nursery,) = [
        child for child in psutil.Process(city.process.pid).children() if "nursery" in " ".join(child.cmdline())
    ]
    nursery.kill()
    names = ("stream", "work", "relay", "web")
    until(lambda: all(city.children().get(name, before[name]) != before[name] for name in names))
    until(lambda: healthy(city.ready["url"]) and city.states()["web"] == ("running", 1))


def test_kill_9_of_the_parent_leaves_nothing_that_blocks_the_next_start(home: Home) -> None:
    city = home.city()
    pids = list(city.children().values())
    city.process.kill()
    city.process.wait()
    again = home.city()  # at once, while the children are still ending
    assert healthy(again.ready["url"])
    until(lambda: gone(pids))


def test_a_port_that_is_taken_is_named_with_who_has_it_and_what_to_do(
    cities: Callable[..., City], reachable: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        asked = command(reachable / "city", "--port", str(port), "--mqtt-port", "0")
        done = subprocess.run(asked, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 69
    assert f"Port {port} is held by" in done.stderr
    assert f"pid {os.getpid()}" in done.stderr
    assert "--port 0" in done.stderr
    assert done.stdout == ""


@pytest.mark.long
def test_two_cities_side_by_side_and_tls_beyond_loopback(home: Home, cities: Callable[..., City]) -> None:
    plain = home.city()
    # Not one of the loopback names: treated as reachable from outside.
    closed = cities("--host", "127.0.0.2", "--public-url", "https://city.example:8443")
    assert healthy(plain.ready["url"])
    assert closed.ready["url"] == "https://city.example:8443"
    trust = ssl.create_default_context(cafile=str(closed.folder / "tls" / "ca.pem"))
    behind_tls = f"https://127.0.0.2:{Place(closed.folder).noted()['web_port']}"
    assert healthy(behind_tls, trust)
    with urllib.request.urlopen(f"{behind_tls}/api/v1/health", context=trust) as answer:
        assert answer.headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    with socket.create_connection(("127.0.0.2", Place(closed.folder).noted()["web_port"]), timeout=5) as line:
        trust.wrap_socket(line, server_hostname="city.example").close()
    host, port = closed.ready["mqtt"].rsplit(":", 1)
    assert host == "city.example"
    with (
        socket.create_connection(("127.0.0.2", int(port)), timeout=5) as line,
        trust.wrap_socket(line, server_hostname=host) as secured,
    ):
        assert secured.version() in {"TLSv1.2", "TLSv1.3"}
    assert (closed.end(), plain.end()) == (0, 0)


def test_engines_of_the_citys_own_are_used_and_not_started(
    cities: Callable[..., City], empty_database_url: str, own_nats: NatsServer
) -> None:
    told = {
        "DURE_DATABASE_URL": empty_database_url,
        "DURE_NATS_URL": own_nats.url,
        "DURE_NATS_ISSUER": own_nats.issuer.seed,
    }
    city = cities("--port", "0", "--mqtt-port", str(own_nats.mqtt_port), told=told)
    assert healthy(city.ready["url"])
    assert city.ready["mqtt"] == f"127.0.0.1:{own_nats.mqtt_port}"
    assert set(city.children()) == {"stream", "work", "relay", "web"}
    assert not (city.folder / "postgres").exists()
    with psycopg.connect(empty_database_url) as line:
        until(lambda: rows(line) == {("stream",), ("work",), ("relay",), ("web",)})
    assert city.end() == 0


def rows(line: psycopg.Connection[tuple[str]]) -> set[tuple[str]]:
    found = set(line.execute("select name from engine_process where state = 'running'").fetchall())
    line.rollback()
    return found
