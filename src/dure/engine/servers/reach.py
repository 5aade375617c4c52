"""Where a city is reached, by people, devices and its own processes; and what it was told of that."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from dure.engine.secrets import secret
from dure.engine.servers import children, faults
from dure.engine.servers.certificate import Certificate, names_of_this_machine
from dure.engine.servers.nats import MqttDoor
from dure.engine.servers.place import Place
from dure.engine.servers.units import NatsUnit, PostgresUnit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Options:
    """What `dure up` was told. Port 0 is any free one. Beyond loopback TLS is on: with the given files, else a local
    CA's."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8080
    mqtt_port: int = 1883
    video_port: int = 0
    certificate: Path | None = None
    key: Path | None = None
    public_url: str | None = None
    console: Path | None = None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the city."""
        return self.host in LOOPBACK


@dataclass(frozen=True, slots=True)
class Ready:
    """A city that serves: where people and devices reach it."""

    url: str
    mqtt: str
    video: str
    database_url: str


class Reach:
    """The addresses of one city: what was told, and the ports and engines as they are found."""

    def __init__(self, options: Options, place: Place) -> None:
        self.options = options
        self.place = place
        self.postgres: PostgresUnit | None = None
        self.nats: NatsUnit | None = None
        self.tls: Certificate | None = None
        self.port = 0
        self.video_port = 0

    @property
    def database_url(self) -> str:
        """The database that dure's processes use."""
        told = secret("DURE_DATABASE_URL")
        if told:
            return told
        assert self.postgres is not None
        return self.postgres.server.url

    @property
    def nats_url(self) -> str:
        """The stream that dure's processes use."""
        told = secret("DURE_NATS_URL")
        if told:
            return told
        assert self.nats is not None
        return self.nats.server.url

    @property
    def url(self) -> str:
        """Where people reach the city."""
        if self.options.public_url:
            return self.options.public_url.rstrip("/")
        if self.options.loopback:
            return f"http://localhost:{self.port}"
        names = names_of_this_machine(self.options.host)
        return f"https://{_in_url(names[3] if len(names) > 3 else names[0])}:{self.port}"

    def names(self) -> list[str]:
        """Every name by which the city is reached, the one that people are told included."""
        told = urlsplit(self.options.public_url).hostname if self.options.public_url else None
        names = names_of_this_machine(self.options.host)
        return [*names, told] if told and told not in names else names

    @property
    def video_url(self) -> str:
        """Where screens reach the relay: the city's own host, another port; or what `DURE_VIDEO_URL` says."""
        host = _in_url(urlsplit(self.url).hostname or "localhost")
        told = os.environ.get("DURE_VIDEO_URL")
        return told or f"{'ws' if self.url.startswith('http:') else 'wss'}://{host}:{self.video_port}"

    def _page(self, port: int, path: str) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.options.host, self.options.host)  # noqa: S104
        return f"{'https' if self.tls else 'http'}://{_in_url(host)}:{port}{path}"

    def health(self) -> Mapping[str, Callable[[], str]]:
        """The pages of health, by process."""
        return {
            "web": lambda: self._page(self.port, "/api/v1/health"),
            "relay": lambda: self._page(self.video_port, "/health"),
        }

    def environment(self) -> Mapping[str, str]:
        """What the city's processes are told."""
        options, door = self.options, self.door()
        values = {
            **os.environ,
            "DURE_DATA": str(self.place.folder),
            "DURE_DATABASE_URL": self.database_url,
            "DURE_NATS_URL": self.nats_url,
            "DURE_HOST": "127.0.0.1" if options.host == "localhost" else options.host,
            "DURE_PORT": str(self.port),
            "DURE_MQTT_HOST": door.host,
            "DURE_MQTT_PORT": str(door.port),
            "DURE_PUBLIC_URL": self.url,
            "DURE_VIDEO_PORT": str(self.video_port),
            "DURE_VIDEO_URL": self.video_url,
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
        }
        if options.console is not None:
            values["DURE_CONSOLE"] = str(options.console)
        if self.tls is not None:
            values |= {"DURE_TLS_CERT": str(self.tls.certificate), "DURE_TLS_KEY": str(self.tls.key)}
        return values

    def door(self) -> MqttDoor:
        """Where devices sign in; with a NATS of the city's own, its host and the port that `dure up` was told."""
        if self.nats is not None:
            return self.nats.door
        return MqttDoor(urlsplit(self.nats_url).hostname or "localhost", self.options.mqtt_port)

    def mqtt_address(self) -> str:
        """Where devices sign in, as people are told."""
        door = self.door()
        if self.nats is None:
            return f"{_in_url(door.host)}:{door.port}"
        host = "localhost" if self.options.loopback else urlsplit(self.url).hostname or door.host
        return f"{_in_url(host)}:{door.port}"

    def open_port(self, wanted: int, option: str, former: object) -> int:
        """The port wanted, or with 0 a free one (the former one, if it is). Raises CannotStart where it is taken."""
        host = "127.0.0.1" if self.options.host == "localhost" else self.options.host
        if wanted == 0:
            return children.free_port(former if isinstance(former, int) else None, host)
        if not children.port_taken(wanted, host):
            return wanted
        holder = children.holder_of(wanted)
        raise faults.port_taken(wanted, option, f"{holder.name()} (pid {holder.pid})" if holder else "")


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else quote(host)
