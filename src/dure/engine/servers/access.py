"""Reaching a city's engines from a command, whether the city runs or not."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from dure.engine.servers import postgres
from dure.engine.servers.place import AlreadyRunning, Place
from dure.engine.servers.postgres import Postgres


def running_database_url(place: Place) -> str | None:
    """The database of a city that runs now, or the one that `DURE_DATABASE_URL` names; else None. Holds the
    password."""
    told = os.environ.get("DURE_DATABASE_URL")
    if told:
        return told
    port = place.noted().get("postgres_port")
    if not port or not place.held():
        return None
    return f"postgresql://dure:{quote(place.secret('postgres'), safe='')}@127.0.0.1:{port}/dure"


@contextmanager
def database_url(place: Place) -> Iterator[str]:
    """A migrated database of this city: the running city's, else its PostgreSQL is started for as long as the block
    lasts.

    Raises PostgresFailed or EngineMissing where it cannot be had.
    """
    from dure.engine.database import migrate

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
        migrate(server.url)
        yield server.url
    finally:
        server.stop()
        hold.release()
