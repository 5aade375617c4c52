"""What tests share beyond fixtures."""

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from fastapi import APIRouter, FastAPI
from sqlalchemy import Table, create_engine, text
from starlette.routing import BaseRoute

import dure
from dure.engine.database import Database, driver_url, metadata
from dure.engine.servers import binaries
from dure.engine.servers.nkeys import KeyPair


@dataclass(frozen=True)
class NatsServer:
    """A running nats-server: where dure's own processes and devices reach it, and the key that answers its callout."""

    url: str
    mqtt_host: str
    mqtt_port: int
    issuer: KeyPair


_MEMORY, _ROOM = Path("/dev/shm"), 6 << 30
"""Where files lie in memory, and the bytes that must be free there: a new database is some thirty times cheaper."""


def open_folder(prefix: str = "dure-test-") -> Path:
    """A new folder that the account which runs PostgreSQL can walk into, also where TMPDIR is closed to it; in memory
    where there is room."""
    user = binaries.server_user()
    places = [Path(tempfile.gettempdir()), Path("/var/tmp")]
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM:
        places.insert(0, _MEMORY)
    place = next((one for one in places if binaries.can_reach(one, user)), None) or binaries.shared_folder()
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    folder.chmod(0o711)
    return folder


@contextmanager
def passing_folder() -> Iterator[Path]:
    """Such a folder, gone afterwards."""
    folder = open_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_read: list[tuple[APIRouter, list[BaseRoute]]] = []


def open_room(app: FastAPI, router: APIRouter | None) -> None:
    """Adds a room's routes to the application of one test. Reading their signatures takes longer than most tests do, so
    all applications of this process share what was read.
    """
    assert router is not None
    routes = next((routes for known, routes in _read if known is router), None)
    if routes is None:
        whole = APIRouter()
        whole.include_router(router, prefix="/api/v1")
        routes = whole.routes
        _read.append((router, routes))
    app.router.routes.extend(routes)


async def tables_with(database: Database, words: str) -> list[str]:
    """The tables that hold these words where anybody who reads the database reads them."""
    found: list[str] = []
    async with database.transaction() as tx:
        names = await tx.rows(text("select relname from pg_class where relkind in ('r', 'p') and relnamespace = "
                                   "'public'::regnamespace and not relispartition order by 1"))  # fmt: skip
        for row in names:
            sought = f'select 1 from "{row["relname"]}" as one where strpos(one::text, :words) > 0 limit 1'
            if await tx.scalar(text(sought), {"words": words}):
                found.append(row["relname"])
    return found


@cache
def _all_tables() -> None:
    """Have every room's tables known: some refer to those of other rooms."""
    source = Path(dure.__file__).parent
    for path in sorted(source.rglob("tables*.py")):
        import_module(".".join(("dure", *path.relative_to(source).with_suffix("").parts)))


def tables_of(*rooms: ModuleType) -> set[str]:
    """The names of the tables that these modules make."""
    return {table.name for room in rooms for table in vars(room).values() if isinstance(table, Table)}


def differences(database_url: str, names: Collection[str]) -> list[object]:
    """What a migrated database and these tables of ours do not agree on."""
    _all_tables()

    def ours(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
        return kind != "table" or name in names

    engine = create_engine(driver_url(database_url))
    try:
        with engine.connect() as connection:
            options = {"include_object": ours, "compare_server_default": True}
            return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))
    finally:
        engine.dispose()
