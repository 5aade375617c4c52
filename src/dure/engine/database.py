"""PostgreSQL: one request, event or task is one transaction, opened and committed at the edge.

Use cases take a `Tx` first and never commit. What they emit becomes rows of the outbox in the same transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Executable, MetaData, TextClause, text
from sqlalchemy.engine import CursorResult, RowMapping, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from dure.engine import piped
from dure.engine.piped import Ask
from dure.kernel.clock import Clock, SystemClock
from dure.kernel.errors import Unavailable
from dure.kernel.events import Event

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every room's tables. Rooms refer to other rooms' rows by id, without foreign keys across rooms."""

OUTBOX_CHANNEL = "dure_outbox"
_json = msgspec.json.Encoder()
_RING = text("select pg_notify(:channel, :word)")
_INSERT_OUTBOX = text(
    "insert into outbox (id, type, entity, entity_id, entity_version, data, occurred_at) "
    "values (:id, :type, :entity, :entity_id, :entity_version, cast(:data as jsonb), :occurred_at)"
)

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Tx:
    """One open transaction. `folder` is that of the city whose records these are, where it is known."""

    def __init__(self, connection: AsyncConnection, clock: Clock, folder: Path | None = None) -> None:
        self.connection = connection
        self.clock = clock
        self.folder = folder
        self._waiting: list[Ask] = []
        self._bells: dict[tuple[str, str], None] = {}
        self._savepoints = 0
        self._after_commit: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The time by this city's clock (not the database's)."""
        return self.clock.now()

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> CursorResult[Any]:
        """Run a statement; a sequence of parameters runs it for each."""
        await self.flush()
        result = await self.connection.execute(statement, parameters)
        assert isinstance(result, CursorResult)
        return result

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[RowMapping]:
        """All rows, as mappings by column name."""
        if isinstance(statement, TextClause):
            return (await self.look((statement, parameters or {})))[0]
        return (await self.execute(statement, parameters)).mappings().all()

    async def row(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> RowMapping | None:
        """The first row, or None."""
        if isinstance(statement, TextClause):
            return next(iter(await self.rows(statement, parameters)), None)
        return (await self.execute(statement, parameters)).mappings().first()

    async def scalar(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        if isinstance(statement, TextClause):
            first = await self.row(statement, parameters)
            return None if first is None else next(iter(first.values()))
        return (await self.execute(statement, parameters)).scalar()

    # --- in few round trips ---

    def later(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> None:
        """Write what nobody waits for: it is carried out in its order before the next statement of this transaction,
        before the end of a `nested` block and before the commit, in one round trip with its neighbours. What it raises
        is raised there.
        """
        self._waiting.append((statement, parameters or {}))

    async def look(self, *reads: TextClause | Ask) -> list[list[Any]]:
        """The rows of several statements, as mappings by column name, in one round trip with all that waits. For reads
        of a hot way; the statements are carried out one after the other, each seeing what those before it did.
        """
        asked = [(one, dict[str, Any]()) if isinstance(one, TextClause) else one for one in reads]
        waiting, self._waiting = self._waiting, []
        return await piped.run(self.connection, waiting, asked)

    async def flush(self) -> None:
        """Carry out what waits."""
        if self._waiting:
            await self.look()

    @asynccontextmanager
    async def nested(self) -> AsyncIterator[None]:
        """A block that is undone as a whole when it raises, and the transaction goes on (a savepoint). All that was
        written in it has been carried out at its end.
        """
        self._savepoints += 1
        name = f"dure_{self._savepoints}"
        begin = text(f"savepoint {name}")
        self.later(begin)
        try:
            yield
            self.later(text(f"release savepoint {name}"))
            await self.flush()
        except Exception as error:  # who is cancelled ends the transaction as a whole
            at = next((n for n, (one, _) in enumerate(self._waiting) if one is begin), None)
            if at is not None:  # nothing of the block has left yet
                del self._waiting[at:]
                raise
            self._waiting.clear()
            try:
                await self.execute(text(f"rollback to savepoint {name}"))
            except Exception as lost:  # nothing is left that could go on
                raise error from lost
            raise

    def ring(self, channel: str, word: str = "") -> None:
        """Wake whoever listens to `channel` (PostgreSQL's notify) once this transaction has committed; the same twice
        is once.
        """
        self._bells[channel, word] = None

    async def emit(self, *events: Event) -> None:
        """Put events into the outbox; they are published once this transaction has committed."""
        at = self.now()
        for event in events:
            self.later(
                _INSERT_OUTBOX,
                {
                    "id": event.id,
                    "type": event.type,
                    "entity": event.entity,
                    "entity_id": event.entity_id,
                    "entity_version": event.version,
                    "data": _json.encode(event.data).decode(),
                    "occurred_at": at,
                },
            )
        if events:
            self.ring(OUTBOX_CHANNEL)

    async def finish(self) -> None:
        """Carry out what waits, as the last before the commit."""
        for channel, word in self._bells:
            self.later(_RING, {"channel": channel, "word": word})
        self._bells.clear()
        await self.flush()

    def after_commit(self, act: Callable[[], None]) -> None:
        """Call `act` once the transaction has committed, for caches of this process only."""
        self._after_commit.append(act)

    def committed(self) -> None:
        """Run what waited for the commit."""
        for act in self._after_commit:
            act()


class Database:
    """A pool of connections to one database."""

    def __init__(self, url: str, *, clock: Clock | None = None, pool_size: int = 8, folder: Path | None = None) -> None:
        self.url = url
        self.folder = folder
        self.clock: Clock = clock or SystemClock()
        self.engine: AsyncEngine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=4,
            pool_pre_ping=True,
            pool_timeout=10,
            hide_parameters=True,  # logs never say who a person is
            connect_args={"options": "-c timezone=UTC -c statement_timeout=60000"},
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction that commits when the block ends and rolls back when it raises.

        Raises Unavailable where the database is away.
        """
        try:
            async with self.engine.begin() as connection:
                tx = Tx(connection, self.clock, self.folder)
                yield tx
                await tx.finish()
        except (PoolTimeout, PendingRollbackError) as error:  # the latter: the line was cut, and somebody went on
            raise Unavailable("engine.database.away") from error
        except (OperationalError, InterfaceError) as error:
            if _is_away(error):
                raise Unavailable("engine.database.away") from error
            raise
        tx.committed()

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


def _is_away(error: DBAPIError) -> bool:
    """Whether trying again is right: no connection (08), crossed with another transaction (40), out of disk, memory or
    connections (53), stopped by an operator, a restart or a time limit (57).
    """
    code = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or code is None or str(code).startswith(("08", "40", "53", "57"))


def driver_url(url: str) -> str:
    """`url` with the driver that dure uses, whatever form the city wrote it in."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def plain_url(url: str) -> str:
    """`url` as libpq and psycopg understand it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def migrate(url: str) -> None:
    """Bring the database to this version's tables, one process at a time (advisory lock). Blocking."""
    from dure.engine.migration import upgrade

    upgrade(driver_url(url))


async def migrated(database: Database) -> None:
    """`migrate` without blocking the loop."""
    await asyncio.to_thread(migrate, database.url)
