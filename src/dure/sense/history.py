"""Reading history: files of the manifest and the tail that no file holds yet, as one ordered list."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from dure.engine import history
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.errors import Unavailable
from dure.sense import manifest
from dure.sense.history_write import TAIL, folder_of
from dure.sense.onlooker import forget, onlooker_of
from dure.sense.packs import Observation
from dure.sense.readings import LATEST
from dure.sense.tail import MICRO, Answer, Query, Row

MOST = 50_000
_ANSWERED_S = 5.0
_KEY = "observed_us, device, property, value, received_us, estimated"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page ended: its last row, and how many rows just like it were given."""

    row: Row
    given: int


@dataclass(frozen=True, slots=True)
class Found:
    """One page of observations; `next` is None at the end."""

    observations: list[Observation]
    next: Mark | None


async def read(
    context: Context,
    *,
    devices: Sequence[str] | None = None,
    properties: Sequence[str] | None = None,
    start: datetime,
    end: datetime | None = None,
    newest_first: bool = False,
    limit: int = 1_000,
    after: Mark | None = None,
    tx: Tx | None = None,
) -> Found:
    """Observations of these devices and properties (None: all) with `start` <= observed_at < `end`, by observed time.

    `after` goes on where a page ended. At most 50,000 at once. Raises Unavailable where the stream or the database is
    away, or where a search takes too long. `tx` is one to look with, if any.
    """
    wanted = min(limit, MOST)
    given = 0 if after is None else after.given
    query = Query(
        None if devices is None else list(devices),
        None if properties is None else list(properties),
        _micros(start),
        LATEST_US if end is None else _micros(end),
        newest_first,
        wanted + given + 1,
        None if after is None else after.row,
    )
    answer = await _tail(context, query)
    rows = [*answer.rows, *await _from_files(context, tx, query, answer)]
    rows.sort(reverse=newest_first)
    return _page(rows[: query.limit], wanted, len(rows) >= query.limit, after)


async def _tail(context: Context, query: Query) -> Answer:
    """What no file holds yet, from the process that keeps it at hand; while that is away, from the stream itself."""
    try:
        told = await context.stream.ask(TAIL, msgspec.msgpack.encode(query), timeout_s=_ANSWERED_S)
    except Unavailable:
        if not context.stream.connected:
            raise
        told = b""
    if not told:
        return await onlooker_of(context).answer(query)
    await forget(context)
    return msgspec.msgpack.decode(told, type=Answer)


def _page(rows: Sequence[Row], wanted: int, more: bool, after: Mark | None) -> Found:
    """`rows` without those that the last page gave and those sent twice; `more` tells whether others follow."""
    given = 0 if after is None else after.given
    before = None if after is None else after.row
    kept: list[int] = []
    for index in range(given, len(rows)):
        if before is None or not rows[index].same_fact(before):
            kept.append(index)
            before = rows[index]
    page = kept[:wanted]
    last = page[-1] if len(kept) > wanted else len(rows) - 1
    return Found(
        [rows[index].observation() for index in page],
        Mark(rows[last], rows[: last + 1].count(rows[last])) if more or len(kept) > wanted else None,
    )


LATEST_US = int(LATEST) * MICRO + 1


def _micros(at: datetime) -> int:
    return round(at.timestamp() * MICRO)


async def _from_files(context: Context, tx: Tx | None, query: Query, tail: Answer) -> list[Row]:
    """The files' part. Where a file was merged away since the look at the manifest, it is looked at anew."""
    for last_try in (False, True):
        async with nullcontext(tx) if tx is not None else context.database.transaction() as looking:
            paths = await manifest.files_for(
                looking, _time(query.start_us), _time(query.end_us), tail.origin, tail.mark
            )
        if not paths:
            return []
        folder = folder_of(context.settings.data)
        sql, parameters = statement(query, [str(folder / path) for path in paths])
        try:
            return [Row(*row) for row in await history.ask(sql, parameters, folder=folder / "tmp")]
        except FileNotFoundError:
            if last_try:
                raise
    return []


def _time(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / MICRO, UTC)


def statement(query: Query, files: Sequence[str]) -> tuple[str, list[object]]:
    """The query over these files for DuckDB."""
    conditions = ["observed_at >= make_timestamptz(?)", "observed_at < make_timestamptz(?)"]
    parameters: list[object] = [list(files), query.start_us, query.end_us]
    for name, values in (("device", query.devices), ("property", query.properties)):
        if values is not None:
            conditions.append(f"{name} in (select unnest(?::varchar[]))")
            parameters.append(values)
    if query.after is not None:
        row = (*query.after,)
        conditions.append(f"row({_KEY}) {'<=' if query.newest else '>='} row(?::bigint, ?, ?, ?::double, ?::bigint, ?)")
        parameters += row
    direction = " desc" if query.newest else ""
    order = ", ".join(f"{part}{direction}" for part in _KEY.split(", "))
    parameters.append(query.limit)
    source = "select *, epoch_us(observed_at) as observed_us, epoch_us(received_at) as received_us from "
    source += "read_parquet(?, hive_partitioning = false)"
    return f"select {_KEY} from ({source}) where {' and '.join(conditions)} order by {order} limit ?", parameters
