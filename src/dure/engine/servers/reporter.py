"""Writes what the supervisor sees into the database, from a thread of its own: a database that is away never holds
it up."""

import asyncio
import logging
import threading
from dataclasses import dataclass

from dure.engine import processes
from dure.engine.database import Database
from dure.kernel.errors import Unavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """The state of one process at one moment."""

    name: str
    state: str
    pid: int | None
    restarts: int
    last_exit: str | None


class Reporter:
    """Keeps the newest state of each process until the database has it."""

    def __init__(self, url: str, names: list[str]) -> None:
        self._url = url
        self._names = names
        self._waiting: dict[str, Seen] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="reporter", daemon=True)

    def start(self) -> None:
        """Begins; rows of processes that this city no longer has are dropped."""
        self._thread.start()

    def tell(self, name: str, state: str, pid: int | None, restarts: int, last_exit: str | None) -> None:
        """Hands over a state; returns at once."""
        with self._lock:
            self._waiting[name] = Seen(name, state, pid, restarts, last_exit)
        self._wake.set()

    def use(self, url: str) -> None:
        """The database has moved to another port."""
        self._url = url

    def end(self, within_s: float) -> None:
        """Writes what is waiting, as far as that goes in `within_s`, and ends."""
        self._ending = True
        self._wake.set()
        self._thread.join(within_s)

    async def _run(self) -> None:
        url = self._url
        database = Database(url, pool_size=1)
        forgotten = False
        while True:
            await asyncio.to_thread(self._wake.wait, 60.0)
            self._wake.clear()
            if url != self._url:
                await database.close()
                url = self._url
                database = Database(url, pool_size=1)
            try:
                if not forgotten:
                    async with database.transaction() as tx:
                        await processes.forget_others(tx, self._names)
                    forgotten = True
                await self._write(database)
            except (Unavailable, OSError) as error:
                log.info("states wait for the database: %s", error)
                if self._ending:
                    break
                self._wake.set()
                await asyncio.sleep(1.0)
            if self._ending and not self._waiting:
                break
        await database.close()

    async def _write(self, database: Database) -> None:
        with self._lock:
            taken, self._waiting = self._waiting, {}
        try:
            async with database.transaction() as tx:
                for seen in taken.values():
                    await processes.report(
                        tx, seen.name, seen.state, pid=seen.pid, restarts=seen.restarts, last_exit=seen.last_exit
                    )
        except BaseException:
            with self._lock:
                self._waiting = {**taken, **self._waiting}
            raise
