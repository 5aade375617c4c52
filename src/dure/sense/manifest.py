"""The manifest of history in PostgreSQL: which files there are, and up to where the stream is in them."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from dure.engine.database import Tx
from dure.sense.tables import history_file

WHOLE = -1
"""In place of a partition: the stream as a whole."""


class OvertakenError(Exception):
    """Another process wrote history from the same place."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Up to which sequence of OBS history stands in files, of which making of that stream, and the highest MQTT
    sequence of each partition.
    """

    seq: int
    origin: str
    mqtt: dict[int, int]


@dataclass(frozen=True, slots=True)
class File:
    """One row of the manifest."""

    path: str
    sha256: bytes
    bytes: int
    rows: int
    origin: str
    first_seq: int
    last_seq: int
    hour: datetime
    min_at: datetime
    max_at: datetime


async def marks(tx: Tx) -> Marks:
    """Where history stands; the beginning in a new city."""
    rows = {row["partition"]: row for row in await tx.rows(text("select * from history_mark"))}
    whole = rows.pop(WHOLE, None)
    return Marks(
        0 if whole is None else whole["seq"],
        "" if whole is None else whole["origin"],
        {partition: row["seq"] for partition, row in rows.items()},
    )


async def begin(tx: Tx, seq: int, origin: str) -> None:
    """History goes on from `seq` of the stream made at `origin`."""
    await tx.execute(
        text(
            "insert into history_mark (partition, seq, origin) values (:whole, :seq, :origin) "
            "on conflict (partition) do update set seq = excluded.seq, origin = excluded.origin"
        ),
        {"whole": WHOLE, "seq": seq, "origin": origin},
    )


async def advance(tx: Tx, before: int, marks: Marks, files: Sequence[File]) -> None:
    """Put files into the manifest and move the marks. Raises OvertakenError where history is no longer at `before`."""
    moved = await tx.execute(
        text(
            "update history_mark set seq = :seq "
            "where partition = :whole and seq = :before and origin = :origin returning 1"
        ),
        {"seq": marks.seq, "whole": WHOLE, "before": before, "origin": marks.origin},
    )
    if moved.first() is None:
        raise OvertakenError
    for partition, seq in sorted(marks.mqtt.items()):
        await tx.execute(
            text(
                "insert into history_mark (partition, seq, origin) values (:partition, :seq, '') "
                "on conflict (partition) do update set seq = greatest(history_mark.seq, excluded.seq)"
            ),
            {"partition": partition, "seq": seq},
        )
    await add(tx, files)


async def add(tx: Tx, files: Sequence[File]) -> None:
    """Put files into the manifest."""
    if files:
        await tx.execute(
            history_file.insert(),
            [{name: getattr(one, name) for name in File.__slots__} | {"made_at": tx.now()} for one in files],
        )


async def files_for(tx: Tx, start: datetime, end: datetime, origin: str, upto_seq: int) -> list[str]:
    """Paths of files that may hold observations of `start` <= observed_at < `end`; of the stream made at `origin` only
    those with sequences up to `upto_seq`.
    """
    rows = await tx.rows(
        text(
            "select path from history_file where max_at >= :start and min_at < :end "
            "and (origin <> :origin or first_seq <= :upto) order by min_at"
        ),
        {"start": start, "end": end, "origin": origin, "upto": upto_seq},
    )
    return [row["path"] for row in rows]


async def paths(tx: Tx) -> set[str]:
    """All paths in the manifest."""
    return {row["path"] for row in await tx.rows(text("select path from history_file"))}


async def crowded_hour(tx: Tx, before: datetime, most_rows: int) -> Sequence[Any]:
    """The files of one hour before `before` that are worth merging (two or more, `most_rows` together); [] for none."""
    return await tx.rows(
        text(
            "select * from history_file where (hour, origin) = "
            "(select hour, origin from history_file where hour < :before group by hour, origin "
            "having count(*) > 1 and sum(rows) <= :most order by hour, origin limit 1) order by first_seq"
        ),
        {"before": before, "most": most_rows},
    )


async def remove(tx: Tx, gone: Sequence[str]) -> int:
    """Take paths out of the manifest; how many there were."""
    statement = text("delete from history_file where path = any(cast(:gone as text[]))")
    return (await tx.execute(statement, {"gone": list(gone)})).rowcount


def path_of(hour: datetime, origin: str, first: int, last: int, generation: int) -> str:
    """Where a file goes; `generation` sets a merged one apart. Two lives of the stream never share a path."""
    life = zlib.crc32(origin.encode())
    return f"date={hour:%Y-%m-%d}/hour={hour:%H}/{life:08x}-{first:016d}-{last:016d}-{generation}.parquet"


def hour_of(unix_hour: int) -> datetime:
    """The beginning of an hour that is counted from 1970."""
    return datetime.fromtimestamp(unix_hour * 3600, UTC)
