"""kill -9 of the worker at any moment: every alarm once."""

import asyncio
import os
import random
import signal
import sys
import time

import pytest
from sqlalchemy import text

from dure.detect.core.shard import Shard
from dure.detect.model import Device, Raised
from dure.detect.rulefile import parse
from dure.sense.packs import Observation, Pack
from tests.conftest import ROOT
from tests.detect.city import FIRE, City

DEVICES = 20


async def start(city: City) -> asyncio.subprocess.Process:
    """A worker in a process of its own."""
    settings = city.context.settings
    environment = os.environ | {
        "DURE_DATA": str(settings.data),
        "DURE_DATABASE_URL": settings.database_url,
        "DURE_NATS_URL": settings.nats_url,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.detect.worker_process", env=environment, stdout=asyncio.subprocess.DEVNULL
    )


def story(city: City, seconds: int, seed: int) -> list[list[Observation]]:
    """Packs, one a second: detectors that burn and cool at random, with radio loss."""
    chance = random.Random(seed)
    burning = [False] * DEVICES
    told = []
    for at in range(seconds):
        readings = []
        for number in range(DEVICES):
            if chance.random() < 0.04:
                burning[number] = not burning[number]
            if chance.random() > 0.2:
                heat = 75.0 if burning[number] else 20.0
                readings.append(city.reading(at + number / 100, heat, f"d{number}", seq=at + 1))
        told.append(readings)
    return told


def expected(city: City, told: list[list[Observation]]) -> set[tuple[str, float]]:
    """What the core alone makes of it: (subject, onset)."""
    shard = Shard(parse(FIRE), [Device(f"d{number}", "fire_detector") for number in range(DEVICES)])
    for readings in told:
        made = Pack()
        for reading in readings:
            made.add(reading)
        shard.feed(made)
    return {(one.subject, round(one.onset, 3)) for one in shard.drain() if isinstance(one, Raised)}


async def outcome(city: City) -> tuple[list[tuple[str, float]], int]:
    """(subject, onset) of every onset that the store has, and how many were told to have begun."""
    async with city.context.database.transaction() as tx:
        rows = await tx.rows(text("select subject, onset_at from alarm where rule = 'fire'"))
        begun = await tx.scalar(
            text("select count(*) from outbox where type = 'AlarmRaised.v1' and data->>'rule' = 'fire'")
        )
    return [(row["subject"], round(row["onset_at"].timestamp(), 3)) for row in rows], begun


async def killed_at_random(city: City, kills: int) -> None:
    """Tell a story while the worker is killed again and again."""
    city.began = time.time() - 100_000
    await city.add_devices(DEVICES)
    chance = random.Random(kills)
    told = story(city, 40 * kills, seed=kills)
    process = await start(city)
    done = 0
    try:
        for round_ in range(kills):
            for readings in told[40 * round_ : 40 * (round_ + 1)]:
                await city.send(*readings)
                await asyncio.sleep(chance.random() * 0.01)
            before = await city.scalar("select coalesce(max(epoch), 0) from detect_shard")
            if before == 0:
                await until_epoch(city, 1)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            process = await start(city)
            done += 1
            await until_epoch(city, before + 1)
        last = await city.context.stream.last_sequence("OBS")
        await until_position(city, last)
    finally:
        process.kill()
        await process.wait()
    assert done == kills
    alarms, begun = await outcome(city)
    assert len(alarms) == len(set(alarms)) == begun
    assert set(alarms) == expected(city, told)


async def until_epoch(city: City, epoch: int) -> None:
    await until(city, "select coalesce(max(epoch), 0) from detect_shard", epoch)


async def until_position(city: City, position: int) -> None:
    await until(city, "select snapshot_position from detect_shard", position)


async def until(city: City, statement: str, least: int) -> None:
    """Wait until the database says at least that."""
    async with asyncio.timeout(120):
        while True:
            if await city.scalar(statement) >= least:
                return
            await asyncio.sleep(0.02)


@pytest.mark.timeout(300)
async def test_kill_9_at_random_moments(city: City) -> None:
    await killed_at_random(city, 4)


@pytest.mark.long
@pytest.mark.timeout(1_800)
async def test_kill_9_fifty_times(city: City) -> None:
    await killed_at_random(city, 50)
