"""nats-server on one machine: the stream (JetStream) and the MQTT door.

Clients sign in on the account CITY: dure itself by a password, everybody else by the auth callout that the `stream`
process
answers. Its own port is on loopback only; the MQTT port is where the city's devices reach it.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from dure.engine.servers import binaries, children
from dure.engine.servers.place import Place

MAX_PAYLOAD_BYTES = 8 * 1024 * 1024


class NatsFailed(Exception):
    """nats-server could not be started. `detail` is the end of its log."""

    def __init__(self, what: str, detail: str) -> None:
        super().__init__(f"{what}\n{detail}")
        self.what = what
        self.detail = detail


@dataclass(frozen=True, slots=True)
class MqttDoor:
    """Where devices reach the city. `certificate` and `key` (PEM files) are needed beyond loopback. Port 0 is any
    free one."""

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None


class Nats:
    """One nats-server and its store."""

    def __init__(self, folder: Path, *, password: str, issuer: str, log: Path, sync_always: bool = False) -> None:
        self.folder = folder
        self.password = password
        self.issuer = issuer
        self.log = log
        self.sync_always = sync_always
        self.port = 0
        self.door = MqttDoor()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """How dure's own processes reach it; holds the password."""
        return f"nats://dure:{self.password}@127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        """The configuration, written at each start."""
        return self.folder / "nats.conf"

    def start(self, door: MqttDoor, port: int | None = None) -> None:
        """Starts it; `port` is taken when free. A server of this store that outlived its parent is ended first.

        Raises NatsFailed when that cannot be done. The MQTT port must be free: the caller has looked.
        """
        self.clear()
        self.port = children.free_port(port)
        mqtt = door.port or children.free_port(host=_probe_host(door.host))
        self.door = MqttDoor(door.host, mqtt, door.certificate, door.key)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.config.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(self._written(), encoding="utf-8")
        fresh.replace(self.config)
        self.process = children.start(
            [str(binaries.nats_server()), "-c", str(self.config)],
            log=self.log,
            dies_by=signal.SIGTERM,
            folder=self.folder,
        )

    def _written(self) -> str:
        door = self.door
        tls = ""
        if door.certificate and door.key:
            tls = f"  tls {{ cert_file: {_quoted(door.certificate)}, key_file: {_quoted(door.key)} }}\n"
        return f"""# Written at each start of dure.
server_name: dure
host: 127.0.0.1
port: {self.port}
max_payload: {MAX_PAYLOAD_BYTES}
max_pending: 256MB
write_deadline: "10s"
lame_duck_duration: "30s"
jetstream {{
  store_dir: {_quoted(self.folder)}
  sync_interval: {"always" if self.sync_always else '"200ms"'}
  max_mem: 256MB
  max_file: 1TB
  max_buffered_msgs: 100000
  max_buffered_size: 256MB
}}
mqtt {{
  host: {_quoted(door.host)}
  port: {door.port}
  max_ack_pending: 65535
  ack_wait: "30s"
{tls}}}
accounts {{
  SYS {{ users: [ {{ user: sys, password: {_quoted(self.password)} }} ] }}
  CITY {{
    jetstream: enabled
    users: [ {{ user: dure, password: {_quoted(self.password)} }} ]
  }}
}}
system_account: SYS
authorization {{
  timeout: 5
  auth_callout {{ issuer: {self.issuer}, auth_users: [ dure, sys ], account: CITY }}
}}
"""

    def ready(self, within_s: float = 60.0) -> None:
        """Waits until it speaks on its own port and takes connections on the MQTT port. Raises NatsFailed."""
        until = time.monotonic() + within_s
        pause = 0.005
        while time.monotonic() < until:
            if self.process is not None and self.process.poll() is not None:
                raise NatsFailed("ended", self.log_end())
            if self.answers():
                return
            children.rest(self.process, pause)
            pause = min(pause * 1.3, 0.25)
        raise NatsFailed("slow", self.log_end())

    def answers(self) -> bool:
        """Whether it greets clients on both doors now."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
                if not line.recv(4).startswith(b"INFO"):
                    return False
            host = _probe_host(self.door.host)
            with socket.create_connection((host, self.door.port), timeout=2):
                return True
        except OSError:
            return False

    def log_end(self) -> str:
        """The last lines of its log."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")[-1500:]
        except OSError:
            return ""

    def stop(self, within_s: float = 10.0) -> None:
        """Ends it; all that it acknowledged is on disk then."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        for how, seconds in ((signal.SIGTERM, within_s), (signal.SIGKILL, 10.0)):
            process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                return

    def left_over(self) -> list[psutil.Process]:
        """nats-servers of this store that still live."""
        own = self.process.pid if self.process is not None and self.process.poll() is None else None
        found = []
        for process in psutil.process_iter(["pid", "name"]):
            if "nats-server" not in (process.info["name"] or "") or process.info["pid"] == own:
                continue
            try:
                named = any(os.path.realpath(word) == os.path.realpath(self.config) for word in process.cmdline()[1:])
                if named and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def clear(self) -> None:
        """Ends what a killed parent left. Raises NatsFailed."""
        if not children.end(self.left_over(), [(signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)]):
            raise NatsFailed("left over", ", ".join(str(process.pid) for process in self.left_over()))


def nats_of(place: Place, *, sync_always: bool = False) -> Nats:
    """The stream of this city."""
    return Nats(
        place.nats,
        password=place.secret("nats"),
        issuer=place.issuer().public,
        log=place.logs / "nats.log",
        sync_always=sync_always,
    )


def _probe_host(host: str) -> str:
    """Where a server that listens on `host` can be reached from this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}.get(host, host)  # noqa: S104


def _quoted(value: object) -> str:
    """A string of the configuration's own language."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
