"""History on real files, stream and database."""

import asyncio
import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import text

from dure.engine.context import Context
from dure.kernel.errors import Unavailable
from dure.sense import history, packs
from dure.sense.history_write import Writer, folder_of, run_history
from dure.sense.kept import OBSERVATION
from dure.sense.manifest import OvertakenError
from dure.sense.packs import Observation, Pack
from dure.sense.streams import OBS
from dure.sense.tail import Tail
from dure.sense.tidy import merge_one, sweep, tidy
from dure.trust.roles import Role
from tests.sense.conftest import Client, running, until

T0 = 1_750_000_000.0
START = datetime.fromtimestamp(T0, UTC)


async def put(context: Context, *rows: Observation, partition: int = 0) -> None:
    """Store one pack."""
    pack = Pack()
    for row in rows:
        pack.add(row)
    await context.stream.publish(packs.subject_of(partition), packs.encode(pack))


def seen(n: int, *, device: str = "d1", seq: int = 0, received: float = T0) -> Observation:
    """The n-th reading."""
    return Observation(device, "heat", float(n), T0 + n, received, False, seq)


async def took_in(writer: Writer, last: int) -> None:
    """Steps until the tail holds everything up to `last`."""

    async def there() -> bool:
        await writer.step(0.05)
        return writer._tail.last_seq >= last

    await until(there)


async def begun(context: Context) -> Writer:
    """A writer at its place in the stream."""
    writer = Writer(context)
    await writer._begin()
    return writer


async def values(context: Context, **more: object) -> list[float]:
    """All of d1's values by time."""
    more = {"devices": ["d1"], "start": START, **more}
    found = await history.read(context, limit=1_000, **more)  # type: ignore[arg-type]
    return [one.value for one in found.observations]


async def test_tail_and_files_are_one_list(context: Context) -> None:
    writer = await begun(context)
    await context.stream.answer("dure.history.tail", writer.answer)
    await put(context, *(seen(n) for n in range(10)))
    await took_in(writer, 1)
    assert await values(context) == list(range(10))
    await writer.flush()
    assert await values(context) == list(range(10))
    await put(context, *(seen(n) for n in range(10, 15)), seen(3, device="d2"))
    await took_in(writer, 2)
    assert await values(context) == list(range(15))
    assert await values(context, newest_first=True) == list(range(14, -1, -1))
    assert await values(context, start=START + timedelta(seconds=5), end=START + timedelta(seconds=12)) == list(
        range(5, 12)
    )
    assert await values(context, devices=None, properties=["smoke"]) == []
    (path,) = folder_of(context.settings.data).rglob("*.parquet")
    assert path.parent.name == "hour=15"
    assert path.parent.parent.name == "date=2025-06-15"
    names = [
        row[0]
        for row in duckdb.execute(
            f"describe select * from read_parquet('{path}', hive_partitioning = false)"
        ).fetchall()
    ]
    assert names == ["device", "property", "value", "observed_at", "received_at", "estimated"]


@pytest.mark.parametrize("newest", [False, True])
async def test_pages_give_each_row_once_even_doubled_ones(context: Context, newest: bool) -> None:
    writer = await begun(context)
    await context.stream.answer("dure.history.tail", writer.answer)
    guessed = [seen(n // 3)._replace(estimated=True) for n in range(40)]
    await put(context, *guessed[:30])
    await took_in(writer, 1)
    await writer.flush()
    await put(context, *guessed[30:])
    await took_in(writer, 2)
    found: list[float] = []
    mark = None
    while True:
        page = await history.read(context, start=START, limit=7, newest_first=newest, after=mark)
        found += [one.value for one in page.observations]
        mark = page.next
        if mark is None:
            break
    assert found == sorted((n // 3 for n in range(40)), reverse=newest)


async def test_while_the_process_is_away_the_stream_itself_is_asked(context: Context) -> None:
    writer = await begun(context)
    await put(context, *(seen(n, seq=n + 1) for n in range(10)))
    await took_in(writer, 1)
    await writer.flush()
    assert await values(context) == list(range(10)), "nobody answers: files alone"
    await put(context, *(seen(n, seq=n + 1) for n in range(8, 15)))  # the door was killed before it heard: sent again
    assert await values(context) == list(range(15))
    await put(context, seen(15, seq=16))
    assert await values(context) == list(range(16)), "it reads on"
    await took_in(writer, 3)
    await writer.flush()
    await put(context, seen(16, seq=17))
    assert await values(context) == list(range(17)), "files were written meanwhile"
    assert sorted(await asyncio.gather(values(context), values(context))) == [list(range(17))] * 2


async def test_a_process_that_has_just_begun_tells_nothing_half(context: Context) -> None:
    for n in range(40):
        await put(context, seen(n))
    writer = await begun(context)
    await context.stream.answer("dure.history.tail", writer.answer)
    assert await writer.answer(b"") == b"", "it has read nothing yet"
    assert await values(context) == list(range(40)), "so the stream is asked"
    await took_in(writer, 40)
    assert await values(context) == list(range(40))
    await put(context, seen(40))
    await took_in(writer, 41)
    assert await values(context) == list(range(41)), "and it goes on by itself"


async def test_a_batch_sent_again_over_http_stands_once_where_devices_tell_the_time(
    context: Context, client: Client
) -> None:
    service = await client(Role.SERVICE)
    timed = [{"n": "d1/heat", "v": float(n), "t": T0 + n} for n in range(5)]
    untimed = [{"n": "d2/heat", "v": 1.0}]
    for body in (timed, untimed, timed, untimed, [*timed, *timed]):
        assert (await service.post("/observations", json=body)).status_code == 202
    assert await values(context) == list(range(5))
    assert await values(context, devices=["d2"]) == [1.0, 1.0], (
        "without a time it is another reading, at the door's time"
    )
    writer = await begun(context)
    await took_in(writer, 5)
    await writer.flush()
    assert await values(context) == list(range(5)), "also from files"


async def test_a_reading_that_was_sent_again_stands_once(context: Context) -> None:
    """A device that lost our PUBACK publishes the same reading anew: MQTT keeps both, history tells one."""
    writer = await begun(context)
    await context.stream.answer("dure.history.tail", writer.answer)
    await put(context, *(seen(n) for n in range(20)))
    await took_in(writer, 1)
    await writer.flush()
    await put(context, *(seen(n, received=T0 + 9) for n in range(10, 30)))
    await took_in(writer, 2)
    assert await values(context) == list(range(30))
    for newest in (False, True):
        found: list[float] = []
        mark = None
        while True:
            page = await history.read(context, start=START, limit=4, newest_first=newest, after=mark)
            found += [one.value for one in page.observations]
            mark = page.next
            if mark is None:
                break
        assert found == sorted(range(30), reverse=newest)


async def test_what_comes_twice_is_dropped_by_its_sequence(context: Context) -> None:
    writer = await begun(context)
    await context.stream.answer("dure.history.tail", writer.answer)
    await put(context, *(seen(n, seq=n + 1) for n in range(5)))
    await put(context, *(seen(n, seq=n + 1) for n in range(2, 8)))
    await took_in(writer, 2)
    await writer.flush()
    later = await begun(context)
    await put(context, *(seen(n, seq=n + 1) for n in range(6, 10)))
    await put(context, seen(0, seq=1, device="d2"), partition=1)
    await took_in(later, 4)
    await later.flush()
    await context.stream.client.flush()
    await writer.step(0.05)
    (row,) = await _counts(context)
    assert row == (4, 11)


async def _counts(context: Context) -> list[tuple[int, int]]:
    async with context.database.transaction() as tx:
        rows = await tx.rows(text("select max(last_seq) as last, sum(rows)::bigint as rows from history_file"))
    return [(row["last"], row["rows"]) for row in rows]


async def test_a_crash_between_file_and_manifest_leaves_nothing_doubled(context: Context) -> None:
    writer = await begun(context)
    await put(context, *(seen(n) for n in range(10)))
    await took_in(writer, 1)
    writer._write(writer._tail, "")  # and the process dies here
    again = await begun(context)
    await context.stream.answer("dure.history.tail", again.answer)
    await put(context, seen(10))
    await took_in(again, 2)
    await again.flush()
    assert await values(context) == list(range(11))
    for path in folder_of(context.settings.data).rglob("*.parquet"):
        os.utime(path, (time.time() - 7_200,) * 2)
    assert len(await sweep(context)) == 1
    assert await values(context) == list(range(11))


async def test_only_one_writer_moves_the_mark(context: Context) -> None:
    one, two = await begun(context), await begun(context)
    await put(context, seen(1))
    await took_in(one, 1)
    await took_in(two, 1)
    await one.flush()
    with pytest.raises(OvertakenError):
        await two.flush()


async def test_small_files_of_an_hour_become_one(context: Context) -> None:
    writer = await begun(context)
    await context.stream.answer("dure.history.tail", writer.answer)
    for number in range(3):
        await put(context, *(seen(n) for n in range(number * 10, number * 10 + 10)))
        await took_in(writer, number + 1)
        await writer.flush()
    assert await merge_one(context)
    assert not await merge_one(context)
    assert await values(context) == list(range(30))
    async with context.database.transaction() as tx:
        (row,) = await tx.rows(text("select * from history_file"))
    assert (row["rows"], row["first_seq"], row["last_seq"]) == (30, 1, 3)


async def test_old_files_go(context: Context) -> None:
    writer = await begun(context)
    await put(context, seen(1), seen(2, received=time.time()))
    await took_in(writer, 1)
    await writer.flush()
    for path in folder_of(context.settings.data).rglob("*.parquet"):
        os.utime(path, (time.time() - 7_200,) * 2)
    assert OBSERVATION.find_due is not None
    assert OBSERVATION.destroy is not None
    async with context.database.transaction() as tx:
        due = await OBSERVATION.find_due(tx, tx.now() - timedelta(days=400), None, 10)
        await OBSERVATION.destroy(context, tx, due)
    await tidy(context)
    assert [path.suffix for path in _files(context)] == [".parquet"]


def _files(context: Context) -> list[Path]:
    return [path for path in folder_of(context.settings.data).rglob("*") if path.is_file()]


async def test_a_stream_made_anew_is_read_from_its_beginning(context: Context) -> None:
    writer = await begun(context)
    await put(context, *(seen(n) for n in range(3)))
    await took_in(writer, 1)
    await writer.flush()
    await context.stream.js.delete_stream(OBS)
    again = await begun(context)
    await context.stream.answer("dure.history.tail", again.answer)
    await put(context, seen(3))
    await took_in(again, 1)
    assert await values(context) == [0, 1, 2, 3]


async def test_the_stream_keeps_what_no_file_has(context: Context) -> None:
    small = replace(context.settings, stream_bytes=20_000)
    tight = Context(small, context.database, context.stream, context.catalogue)
    writer = await begun(tight)
    stored = 0
    for number in range(100):
        try:
            await put(context, *(seen(n) for n in range(number * 20, number * 20 + 20)))
        except Unavailable:
            break
        stored += 1
    assert 0 < stored < 100
    await took_in(writer, stored)
    await writer.flush()
    await put(context, seen(0))
    assert (await context.stream.facts(OBS)).messages == 1


async def test_devices_learn_what_they_said_last(context: Context) -> None:
    now = time.time()
    async with running(run_history(context)):
        await put(
            context,
            Observation("d1", "heat", 61.0, now, now, False, 1),
            Observation("d1", "heat", 20.0, now - 60, now, False, 2),
            Observation("d1", "smoke", True, now, now, False, 3),
            Observation("gone", "heat", 1.0, now, now, False, 4),
        )

        async def told() -> bool:
            async with context.database.transaction() as tx:
                row = await tx.row(text("select latest, last_seen, version from device where id = 'd1'"))
            assert row is not None
            return row["latest"].get("smoke", {}).get("value") is True and row["latest"]["heat"]["value"] == 61.0

        await until(told)
        async with context.database.transaction() as tx:
            assert await tx.scalar(text("select version from device where id = 'd1'")) == 1


async def test_reading_over_http(context: Context, client: Client) -> None:
    operator = await client(Role.OPERATOR)
    async with running(run_history(context)):
        await put(context, *(seen(n) for n in range(5)), Observation("d1", "smoke", True, T0, T0, True, 0))

        async def there() -> bool:
            answer = await operator.get("/observations", params={"device": "d1", "from": START.isoformat()})
            return answer.status_code == 200 and len(answer.json()["items"]) == 6

        await until(there)
        page = (await operator.get("/observations?device=d1&from=2025-06-15T00:00:00+09:00&limit=4")).json()
        assert [one["value"] for one in page["items"]] == [4, 3, 2, 1]
        rest = (
            await operator.get(
                "/observations",
                params={"device": "d1", "from": START.isoformat(), "limit": 4, "next": page["next"]},
            )
        ).json()
        assert [(one["property"], one["value"], one["clock"]) for one in rest["items"]] == [
            ("smoke", True, "estimated"),
            ("heat", 0, "ok"),
        ]
        assert rest["next"] is None
        table = await operator.get("/observations.csv", params={"from": START.isoformat(), "order": "oldest"})
        assert table.text.splitlines()[1].startswith("d1,heat,0.0,Cel,2025-06-15T15:06:40+00:00,")
        for wrong in ("from=yesterday", "from=2025-06-15T00:00:00", "device=a/b", "property=odd", "next=AAAA"):
            assert (await operator.get(f"/observations?{wrong}")).status_code == 422
    citizen = await client(Role.CITIZEN)
    assert (await citizen.get("/observations")).status_code == 403


def test_a_tail_is_small() -> None:
    tail = Tail(1)
    pack = Pack(
        device=[f"d{n % 100}" for n in range(1_000)],
        property=["heat"] * 1_000,
        value=[1.0] * 1_000,
        observed_at=[T0] * 1_000,
        received_at=[T0] * 1_000,
        estimated=[False] * 1_000,
        seq=[0] * 1_000,
    )
    began = time.perf_counter()
    for number in range(200):
        tail.take(pack, None, number + 1)
    assert len(tail) == 200_000
    assert time.perf_counter() - began < 5
    sizes = [column.itemsize for column in (tail._device, tail._property, tail._value, tail._observed)]
    assert sum(sizes) <= 24


async def test_refusals_are_listed_for_the_administrator(context: Context, client: Client) -> None:
    service, admin = await client(Role.SERVICE), await client(Role.ADMIN, language="en")
    await service.post("/observations", json=[{"n": "nobody/heat", "v": 1}, {"n": "d1/heat", "v": 99999}])
    from dure.sense.refusals import refusals_of

    await refusals_of(context).flush()
    await asyncio.sleep(0)
    first = (await admin.get("/refusals?limit=1")).json()
    second = (await admin.get("/refusals", params={"limit": 1, "next": first["next"]})).json()
    rows = {(one["door"], one["device"], one["code"], one["count"]) for one in first["items"] + second["items"]}
    assert rows == {("http", "nobody", "unknown_device", 1), ("http", "d1", "out_of_bounds", 1)}
    assert second["next"] is None
    assert "99999" not in str(first) + str(second)
    assert (await service.get("/refusals")).status_code == 403
