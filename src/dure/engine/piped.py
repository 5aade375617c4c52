"""Several statements of one transaction in one round trip (PostgreSQL's pipeline mode).

What a statement costs beside its work is the way there and back: on a busy machine each is a turn of two processes.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.rows import RowMaker, dict_row
from sqlalchemy import BindParameter, TextClause
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

Ask = tuple[TextClause, Mapping[str, Any]]
"""A statement and its values."""

_dialect = postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]


_written: dict[tuple[str, ...], str] = {}
"""Statements as the driver takes them, by their text and the types of their values, as far as they are told."""
_MOST = 4096
_known: MutableMapping[TextClause, str] = WeakKeyDictionary()
"""The same by the statement itself: most stand in their module."""


async def run(connection: AsyncConnection, writes: Sequence[Ask], reads: Sequence[Ask]) -> list[list[Any]]:
    """Carry out `writes`, whose results nobody wants, then `reads`, in this order; the rows of each read, as mappings.

    Raises what the first statement that fails raises, as `AsyncConnection.execute` does; none after it has happened.
    """
    raw = await connection.get_raw_connection()
    driver = raw.driver_connection
    assert isinstance(driver, psycopg.AsyncConnection)
    cursors: list[psycopg.AsyncCursor[dict[str, Any]]] = []
    try:
        if len(writes) + len(reads) == 1:
            await _ask(driver, cursors, *(writes or reads)[0])
        else:
            async with driver.pipeline():
                for statement, values in (*writes, *reads):
                    await _ask(driver, cursors, statement, values)
        return [await cursor.fetchall() if cursor.description else [] for cursor in cursors[len(writes) :]]
    except psycopg.Error as error:
        raise DBAPIError.instance(
            None, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=driver.closed,
            dialect=_dialect,
        ) from error  # fmt: skip
    except BaseException as error:
        if not isinstance(error, Exception):  # cancelled in mid-way: nobody knows what the line carries, so it is cut
            await connection.invalidate()
        raise


def _plain(statement: TextClause) -> str:
    typed = (repr(one.type) for one in statement.get_children() if isinstance(one, BindParameter))
    key = statement.text, *typed
    plain = _written.get(key)
    if plain is None:
        if len(_written) >= _MOST:
            _written.clear()
        plain = _written[key] = str(statement.compile(dialect=_dialect))
    return plain


def _by_name(cursor: psycopg.AsyncCursor[Any]) -> RowMaker[dict[str, Any]]:
    """Rows by their columns' names. Two of one name would hide one another, so the statement is refused."""
    names = [column.name for column in cursor.description or ()]
    if len(set(names)) < len(names):
        raise psycopg.ProgrammingError(f"two columns of one name: {', '.join(names)}")
    return dict_row(cursor)


async def _ask(
    driver: psycopg.AsyncConnection[Any],
    cursors: list[psycopg.AsyncCursor[dict[str, Any]]],
    statement: TextClause,
    values: Mapping[str, Any],
) -> None:
    plain = _known.get(statement)
    if plain is None:
        plain = _known[statement] = _plain(statement)
    cursor = driver.cursor(row_factory=_by_name)
    cursors.append(cursor)
    await cursor.execute(plain, dict(values))
