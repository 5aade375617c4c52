"""The programs that one supervisor keeps alive, all with one face."""

import signal
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from dure.engine.servers.nats import MqttDoor, Nats
from dure.engine.servers.nursery import Nursery, Ward
from dure.engine.servers.postgres import Postgres

Child = subprocess.Popen[bytes] | Ward
State = Literal["starting", "running", "restarting", "stopped"]
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
"""A city is deaf meanwhile: rather a program that fails each five seconds than one that is away for longer."""
_STEADY_S = 20.0
"""A program that ran this long is well: its next fall begins again with the shortest pause."""


class Unit(ABC):
    """One program: started, watched, started again for ever when it falls."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.state: State = "stopped"
        self.process: Child | None = None
        self.restarts = 0
        self.last_exit: str | None = None
        self.began = 0.0
        self.pause_s = _FIRST_PAUSE_S
        self.start_at = 0.0

    @abstractmethod
    def launch(self) -> Child:
        """Starts the program; may raise when what is left of a former life cannot be ended."""

    @abstractmethod
    def serving(self) -> bool:
        """Whether it does its work, asked while it is starting."""

    @abstractmethod
    def stop(self, within_s: float) -> None:
        """Ends it, at the latest by force."""

    def beat(self) -> int | None:
        """A number that changes as long as the program's own loop turns; None where it tells none."""
        return None

    def start(self) -> None:
        """Starts it now."""
        self.process = None
        self.began = time.monotonic()
        self.state = "starting" if self.restarts == 0 else "restarting"
        self.process = self.launch()

    def fell(self, exit_code: int | None) -> float:
        """Notes that it ended and says after how many seconds to start it again: longer each time, 5 at most."""
        if time.monotonic() - self.began > _STEADY_S:
            self.pause_s = _FIRST_PAUSE_S
        pause = self.pause_s
        self.pause_s = min(self.pause_s * 2, _LONGEST_PAUSE_S)
        self.process = None
        self.restarts += 1
        self.last_exit = exit_in_words(exit_code)
        self.state = "restarting"
        self.start_at = time.monotonic() + pause
        return pause


class PostgresUnit(Unit):
    """The records."""

    def __init__(self, server: Postgres, port: int | None) -> None:
        super().__init__("postgres", server.log)
        self.server = server
        self.port = port

    def launch(self) -> Child:
        """Starts it on the port it had."""
        self.server.start(self.server.port or self.port)
        assert self.server.process is not None
        return self.server.process

    def serving(self) -> bool:
        """Whether it takes connections; not while it recovers."""
        return self.server.answers()

    def stop(self, within_s: float) -> None:
        """Ends it with all written."""
        self.server.stop(within_s)


class NatsUnit(Unit):
    """The stream and the MQTT door."""

    def __init__(self, server: Nats, door: MqttDoor, port: int | None) -> None:
        super().__init__("nats", server.log)
        self.server = server
        self.door = door
        self.port = port

    def launch(self) -> Child:
        """Starts it on the ports it had."""
        self.server.start(self.door, self.server.port or self.port)
        self.door = self.server.door
        assert self.server.process is not None
        return self.server.process

    def serving(self) -> bool:
        """Whether both doors are open."""
        return self.server.answers()

    def stop(self, within_s: float) -> None:
        """Ends it."""
        self.server.stop(within_s)


class PythonUnit(Unit):
    """One of dure's own processes."""

    def __init__(
        self,
        name: str,
        log: Path,
        nursery: Nursery,
        environment: Callable[[], Mapping[str, str]],
        health: Callable[[], str | None],
    ) -> None:
        super().__init__(name, log)
        self._nursery = nursery
        self._environment = environment
        self._health = health
        self._sign = log.with_suffix(".ready")

    def launch(self) -> Child:
        """Forks dure.processes.<name> with the city's settings in its environment."""
        self._sign.unlink(missing_ok=True)
        return self._nursery.start(self.name, {**self._environment(), "DURE_READY_FILE": str(self._sign)}, self.log)

    def serving(self) -> bool:
        """Whether it has put up its sign, and its health page, where it has one, answers."""
        if not self._sign.exists():
            return False
        url = self._health()
        return url is None or asked(url) == "well"

    def beat(self) -> int | None:
        """When it last touched its sign, which it does each second (Unix nanoseconds)."""
        try:
            return self._sign.stat().st_mtime_ns
        except OSError:
            return None

    def stop(self, within_s: float) -> None:
        """Asks it to end, then makes it."""
        process = self.process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


Answer = Literal["well", "unwell", "silent", "closed"]


def asked(url: str, timeout_s: float = 2.0) -> Answer:
    """What an HTTP GET of our own health page gives: 200, another status, nothing in time, no connection.

    Its certificate is ours, reached over loopback: not checked.
    """
    import ssl

    context = ssl._create_unverified_context() if url.startswith("https:") else None  # noqa: SLF001, S323
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=context),
    )
    try:
        with opener.open(url, timeout=timeout_s) as response:
            return "well" if response.status == 200 else "unwell"
    except urllib.error.HTTPError as error:
        error.close()
        return "unwell"
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return "silent" if isinstance(reason, TimeoutError) else "closed"


def exit_in_words(code: int | None) -> str | None:
    """ "exit 1", "SIGKILL", or None when it is not known."""
    if code is None:
        return None
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
