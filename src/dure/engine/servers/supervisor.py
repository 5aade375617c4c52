"""One parent for all the programs of a city: starts them in order, keeps them alive, ends them in reverse.

It waits on one queue: signals, ended children, and the tick of time. Every child is started from the main thread,
whose end Linux tells the children of. What another life left behind is ended before anything is started.
"""

import logging
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from dure.engine.secrets import secret
from dure.engine.servers import children, faults, postgres
from dure.engine.servers.certificate import Certificate
from dure.engine.servers.nats import MqttDoor, NatsFailed, nats_of
from dure.engine.servers.nursery import Nursery, NurseryFailed, Ward
from dure.engine.servers.place import Place
from dure.engine.servers.postgres import Postgres, PostgresFailed
from dure.engine.servers.pulse import Pulse
from dure.engine.servers.reach import Options, Reach, Ready
from dure.engine.servers.units import NatsUnit, PostgresUnit, PythonUnit, Unit, asked

if TYPE_CHECKING:
    from dure.engine.servers.reporter import Reporter

log = logging.getLogger(__name__)
PROCESSES = ("stream", "work", "relay", "web")
_CHECK_EVERY_S = 5.0


class Stopped(Exception):
    """A signal to end came while the city was starting."""


class Supervisor:
    """One city's programs. `prepare` is given the database's URL once it answers (migrations and the like)."""

    def __init__(self, options: Options, prepare: Callable[[str], None]) -> None:
        self.options = options
        self.place = Place(options.folder)
        self.reach = Reach(options, self.place)
        self._prepare = prepare
        self._events: queue.SimpleQueue[tuple[str, object]] = queue.SimpleQueue()
        self._units: list[Unit] = []
        self._reporter: Reporter | None = None
        self._nursery = Nursery(self.place.logs / "nursery.log", lambda ward: self._events.put(("ended", ward)))
        self._pulses: dict[str, Pulse] = {}
        self._ended = False

    # --- its life ---

    def run(self, ready: Callable[[Ready], None]) -> int:
        """Runs the city until a signal ends it; `ready` is called once, when everything serves. The exit code.

        Raises AlreadyRunning, CannotStart, EngineMissing, PostgresFailed, NatsFailed or OSError when it cannot start;
        what had been started is ended then.
        """
        hold = self.place.hold()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._signalled)
        try:
            self._end_left_over()
            self._nursery.open()
            self._start_engines()
            self._prepare(self.reach.database_url)
            self._check_stopped()
            self._start_processes()
            self._wait_until_serving()
            ready(Ready(self.reach.url, self.reach.mqtt_address(), self.reach.video_url, self.reach.database_url))
            self._start_reporter()
            self._watch()
        except Stopped:
            pass
        finally:
            self._end()
            hold.release()
        return 0

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self._events.put(("signal", number))
        if self._ended:  # a second Ctrl-C while ending: no more patience
            for unit in self._units:
                if unit.process is not None and unit.process.poll() is None:
                    unit.process.send_signal(signal.SIGQUIT if unit.name == "postgres" else signal.SIGKILL)

    def _end_left_over(self) -> None:
        """Ends dure's own processes of a killed former life. The engines find theirs by their folders."""
        noted = self.place.noted().get("children", {})
        left = []
        for child in noted.values() if isinstance(noted, dict) else ():
            process = children.alive(int(child.get("pid", 0)), child.get("created"))
            if process is not None:
                left.append(process)
        if left:
            log.warning("ending %d processes of a former life", len(left))
            children.end(left, [(signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)])

    def _start_engines(self) -> None:
        options, noted = self.options, self.place.noted()
        if not options.loopback:
            from dure.engine.servers.tls import local_certificate

            given = options.certificate and options.key
            self.reach.tls = (
                Certificate(options.certificate, options.key)
                if given and options.certificate and options.key
                else local_certificate(self.place.tls, self.reach.names())
            )
        self.reach.port = self.reach.open_port(options.port, "--port", noted.get("web_port"))
        self.reach.video_port = self.reach.open_port(options.video_port, "--video-port", noted.get("video_port"))
        if not secret("DURE_DATABASE_URL"):
            server = Postgres(
                postgres.cluster_of(self.place),
                password=self.place.secret("postgres"),
                log=self.place.logs / "postgres.log",
            )
            server.make()
            self.reach.postgres = PostgresUnit(server, noted.get("postgres_port"))
            self._units.append(self.reach.postgres)
        if not secret("DURE_NATS_URL"):
            nats = nats_of(self.place, sync_always=os.environ.get("DURE_SYNC_ALWAYS") == "1")
            nats.clear()
            mqtt = self.reach.open_port(options.mqtt_port, "--mqtt-port", noted.get("mqtt_port"))
            tls = self.reach.tls or Certificate(Path(), Path())
            door = MqttDoor(
                "127.0.0.1" if options.host == "localhost" else options.host,
                mqtt,
                tls.certificate if self.reach.tls else None,
                tls.key if self.reach.tls else None,
            )
            self.reach.nats = NatsUnit(nats, door, noted.get("nats_port"))
            self._units.append(self.reach.nats)
        for unit in list(self._units):
            self._launch(unit)
        self._wait_for(self._units, postgres.READY_WITHIN_S)
        if self.reach.postgres:
            self.reach.postgres.server.ensure_database()

    def _start_processes(self) -> None:
        for name in PROCESSES:
            health = self.reach.health().get(name, _no_page)
            self._units.append(
                PythonUnit(name, self.place.logs / f"{name}.log", self._nursery, self.reach.environment, health)
            )
        for unit in self._units:
            if unit.name in PROCESSES:
                self._launch(unit)

    def _start_reporter(self) -> None:
        from dure.engine.servers.reporter import Reporter  # its imports take long: the city serves already

        self._reporter = Reporter(self.reach.database_url, [unit.name for unit in self._units])
        self._reporter.start()
        for unit in self._units:
            self._tell(unit)

    def call(self, function: str, *arguments: object) -> object:
        """What `"module:function"` gives, computed beside the city's processes (see nursery.py). Raises
        NurseryFailed."""
        return self._nursery.call(function, *arguments)

    def _wait_until_serving(self) -> None:
        processes = [unit for unit in self._units if unit.name in PROCESSES]
        self._wait_for(processes, 120.0)

    def _wait_for(self, units: list[Unit], seconds: float) -> None:
        """Until all of these serve. Raises CannotStart with the end of a log when one falls thrice or time is up."""
        until = time.monotonic() + seconds
        while any(unit.state != "running" for unit in units):
            self._turn(0.02)
            for unit in units:
                if unit.restarts >= 3 or time.monotonic() > until:
                    end = _end_of(unit.log)
                    raise faults.CannotStart("servers.falls", name=unit.name, log=str(unit.log), end=end)

    def _check_stopped(self) -> None:
        while not self._events.empty():
            kind, value = self._events.get()
            if kind == "signal":
                raise Stopped
            self._child_ended(value)

    # --- the loop ---

    def _watch(self) -> None:
        checked = time.monotonic()
        while True:
            waits = any(unit.state != "running" for unit in self._units)
            self._turn(0.1 if waits else _CHECK_EVERY_S)
            if time.monotonic() - checked >= _CHECK_EVERY_S:
                checked = time.monotonic()
                self._check()

    def _turn(self, seconds: float) -> None:
        """One turn: an event if one comes in time, then whatever is due. Raises Stopped at a signal to end."""
        try:
            kind, value = self._events.get(timeout=seconds)
            if kind == "signal":
                raise Stopped
            self._child_ended(value)
        except queue.Empty:
            pass
        for unit in self._units:
            if unit.process is None and unit.state == "restarting" and time.monotonic() >= unit.start_at:
                self._launch(unit)
            elif unit.process is not None and unit.state in {"starting", "restarting"} and unit.serving():
                unit.state = "running"
                log.info("%s serves", unit.name)
                self._tell(unit)

    def _launch(self, unit: Unit) -> None:
        before = self.reach.postgres.server.port if self.reach.postgres else 0
        try:
            unit.start()
        except (OSError, PostgresFailed, NatsFailed, NurseryFailed, subprocess.SubprocessError):
            log.exception("%s could not be started", unit.name)
            unit.fell(None)
            return
        process = unit.process
        assert process is not None
        if not isinstance(process, Ward):
            threading.Thread(target=self._wait_child, args=(process,), name=f"wait {unit.name}", daemon=True).start()
        self._note()
        if unit is self.reach.postgres and before and before != self.reach.postgres.server.port:
            self._moved()

    def _wait_child(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._events.put(("ended", process))

    def _child_ended(self, process: object) -> None:
        unit = next((unit for unit in self._units if unit.process is process), None)
        if unit is None or unit.process is None:
            return
        pause = unit.fell(unit.process.returncode)
        log.warning("%s ended (%s); again in %.1f s", unit.name, unit.last_exit, pause)
        self._tell(unit)

    def _moved(self) -> None:
        """PostgreSQL came back on another port because its own was taken meanwhile: everybody must learn it."""
        if self._reporter is not None:
            self._reporter.use(self.reach.database_url)
        for unit in self._units:
            if unit.name in PROCESSES and unit.process is not None:
                unit.process.send_signal(signal.SIGTERM)

    def _check(self) -> None:
        """Each few seconds: logs are kept short, and a process that hangs is ended so that it comes anew."""
        for log_file in (*(unit.log for unit in self._units), self._nursery.log):
            children.rotate(log_file)
        for name, page in self.reach.health().items():
            unit = next((unit for unit in self._units if unit.name == name), None)
            if unit is None or unit.state != "running" or unit.process is None:
                self._pulses.pop(name, None)
                continue
            answer = asked(page())
            pulse = self._pulses.setdefault(name, Pulse())
            beat = None if answer == "closed" else unit.beat()  # nobody listens: that is not being busy
            if pulse.hung(well=answer == "well", spoke=answer == "unwell", beat=beat):
                log.error("%s does not answer (%s); starting it anew", name, answer)
                unit.process.kill()
            elif pulse.unwell:
                log.warning("%s: %s, %d times in a row", name, answer, pulse.unwell)

    def _tell(self, unit: Unit) -> None:
        if self._reporter is not None:
            pid = unit.process.pid if unit.process else None
            self._reporter.tell(unit.name, unit.state, pid, unit.restarts, unit.last_exit)

    def _note(self) -> None:
        """Keeps in run.json what runs, so that another start, or `dure doctor`, can find it."""
        running = {
            unit.name: {"pid": unit.process.pid, "created": children.created_at(unit.process.pid)}
            for unit in self._units
            if unit.process is not None
        }
        self.place.note(
            {
                "pid": os.getpid(),
                "url": self.reach.url,
                "web_port": self.reach.port,
                "video": self.reach.video_url,
                "video_port": self.reach.video_port,
                "mqtt": self.reach.mqtt_address(),
                "mqtt_port": self.reach.nats.door.port if self.reach.nats else None,
                "postgres_port": self.reach.postgres.server.port if self.reach.postgres else None,
                "nats_port": self.reach.nats.server.port if self.reach.nats else None,
                "children": running,
            }
        )

    def _end(self) -> None:
        """Ends all in reverse order: the doors for people first, the records last. Never raises."""
        self._ended = True
        ranks = ("web", "relay", "work", "stream", "nats", "postgres")
        order = sorted(self._units, key=lambda unit: ranks.index(unit.name))
        self._stop([unit for unit in order if unit.name in PROCESSES])
        if self._reporter is not None:
            self._reporter.end(2.0)  # while the database is still there
        self._nursery.close()
        self._stop([unit for unit in order if unit.name not in PROCESSES])

    def _stop(self, units: list[Unit]) -> None:
        for unit in units:
            unit.state = "stopped"
            try:
                unit.stop(20.0 if unit is self.reach.postgres else 5.0)
            except (OSError, subprocess.SubprocessError):
                log.exception("%s could not be ended", unit.name)
            unit.process = None
            self._tell(unit)


def _no_page() -> None:
    return None


def _end_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")[-1500:].strip()
    except OSError:
        return ""
