"""Reaching a city's engines from a command, whether the city runs or not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from dure.engine.secrets import secret
from dure.engine.servers import postgres
from dure.engine.servers.place import AlreadyRunning, Place
from dure.engine.servers.postgres import Postgres

_REVISIONS = Path(__file__).parents[2] / "migrations" / "versions"


def running_database_url(place: Place) -> str | None:
    """The database of a city that runs now, or the one that `DURE_DATABASE_URL` names; else None. Holds the
    password."""
    told = secret("DURE_DATABASE_URL")
    if told:
        return told
    port = place.noted().get("postgres_port")
    if not port or not place.held():
        return None
    return f"postgresql://dure:{quote(place.secret('postgres'), safe='')}@127.0.0.1:{port}/dure"


def newest_revision() -> str:
    """The migration that no other follows, read from the files' own words: Alembic takes longer to import than to
    run."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in _REVISIONS.glob("[0-9]*.py"))
    revisions: set[str] = set(re.findall(r'^revision = "([^"]+)"', text, re.MULTILINE))
    followed: set[str] = set(re.findall(r'^down_revision = "([^"]+)"', text, re.MULTILINE))
    (newest,) = revisions - followed
    return newest


def revision_of(url: str) -> str | None:
    """The migration that this database has; None for a new one. Raises psycopg.Error where it cannot be reached."""
    with psycopg.connect(plain(url), connect_timeout=10) as line:
        try:
            row = line.execute("select version_num from alembic_version").fetchone()
        except psycopg.errors.UndefinedTable:
            return None
    return str(row[0]) if row else None


def plain(url: str) -> str:
    """A database's URL without the name of a driver, as libpq reads it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.split('+')[0]}://{rest}"


def bring_up_to_date(url: str) -> None:
    """Applies the migrations that this database does not have, one process at a time (advisory lock)."""
    if revision_of(url) != newest_revision():
        from dure.engine.database import migrate

        migrate(url)


@contextmanager
def database_url(place: Place) -> Iterator[str]:
    """A migrated database of this city: the running city's, else its PostgreSQL is started for as long as the block
    lasts.

    Raises PostgresFailed or EngineMissing where it cannot be had.
    """
    url = running_database_url(place)
    if url is not None:
        yield url
        return
    try:
        hold = place.hold()
    except AlreadyRunning:  # somebody started the city between the two looks
        url = running_database_url(place)
        if url is None:
            raise
        yield url
        return
    server = Postgres(postgres.cluster_of(place), password=place.secret("postgres"), log=place.logs / "postgres.log")
    try:
        server.make()
        server.start(place.noted().get("postgres_port"))
        server.ready()
        server.ensure_database()
        bring_up_to_date(server.url)
        yield server.url
    finally:
        server.stop()
        hold.release()
