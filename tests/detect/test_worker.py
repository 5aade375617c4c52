"""The worker on real PostgreSQL and NATS: nothing lost, nothing doubled, whoever is killed when."""

import asyncio
import time

import pytest
from sqlalchemy import text

from dure.detect import ownership
from dure.detect.ownership import LostShard
from dure.detect.worker import Detector
from tests.detect.city import City, eventually


async def test_five_seconds_of_heat_become_one_alarm_with_its_event(city: City) -> None:
    detector = city.start()
    await city.until(detector, await city.burn(0, 8))
    [alarm] = await city.alarms()
    assert (alarm["rule"], alarm["subject"], alarm["device"], alarm["stage"]) == ("fire", "d0", "d0", "pre_alarm")
    assert alarm["onset_at"].timestamp() == pytest.approx(city.began, abs=1e-5)
    assert (alarm["severity"], alarm["incident_type"], alarm["life_safety"], alarm["late"]) == (
        "critical",
        "fire",
        True,
        False,
    )
    assert len(alarm["recent"]) == 6
    assert await city.events() == [("AlarmRaised.v1", "d0")]


async def test_the_end_of_the_heat_clears_it(city: City) -> None:
    detector = city.start()
    await city.burn(0, 8)
    await city.until(detector, await city.burn(8, 15, value=20.0))
    [alarm] = await city.alarms()
    assert alarm["stage"] == "cleared"
    assert alarm["cleared_at"].timestamp() == pytest.approx(city.began + 18, abs=0.01)
    assert [kind for kind, _ in await city.events()] == ["AlarmRaised.v1", "AlarmCleared.v1"]


async def test_a_condition_that_comes_back_soon_reopens_and_counts(city: City) -> None:
    city.began = time.time() - 60
    detector = city.start()
    await city.burn(0, 8)
    await city.burn(8, 15, value=20.0)
    await city.until(detector, await city.burn(25, 8))
    [alarm] = await city.alarms()
    assert (alarm["stage"], alarm["count"], alarm["cleared_at"]) == ("pre_alarm", 2, None)
    assert [kind for kind, _ in await city.events()] == ["AlarmRaised.v1", "AlarmCleared.v1", "AlarmChanged.v1"]


async def test_a_timer_fires_without_another_message(city: City) -> None:
    city.began = time.time()
    detector = city.start()
    await city.send(*[city.reading(at / 2, 75.0) for at in range(-4, 1)])
    await eventually(lambda: detector.shard.tracks != {} and next(iter(detector.shard.tracks.values())).opened)
    await detector.settled()
    [alarm] = await city.alarms()
    assert (alarm["matured_at"] - alarm["onset_at"]).total_seconds() == pytest.approx(5.0, abs=1e-4)


@pytest.mark.parametrize("cut", [1, 4, 5, 6, 7])
async def test_an_orderly_restart_in_mid_stream_loses_and_doubles_nothing(city: City, cut: int) -> None:
    first = city.start()
    await city.until(first, await city.burn(0, cut))
    await city.stop(first)
    last = await city.burn(cut, 8 - cut)
    second = city.start()
    await city.until(second, last)
    assert len(await city.alarms()) == 1
    assert await city.events() == [("AlarmRaised.v1", "d0")]


@pytest.mark.parametrize("cut", [3, 6, 12])
async def test_a_crash_replays_from_the_snapshot_by_sequence(city: City, cut: int) -> None:
    first = city.start()
    await city.until(first, await city.burn(0, 2))
    await first.save()
    await city.until(first, await city.burn(2, cut - 2))
    first.save = _nothing  # type: ignore[method-assign]  # as if it had been killed: no last snapshot
    await city.stop(first)
    second = city.start()
    await city.until(second, await city.burn(cut, 3))
    alarms = await city.alarms()
    assert len(alarms) == (1 if cut + 3 > 5 else 0)
    assert len(await city.events()) == len(alarms)


async def _nothing() -> None:
    return None


async def test_what_was_cleared_before_a_crash_stays_cleared(city: City) -> None:
    first = city.start()
    await city.burn(0, 8)
    await city.until(first, await city.burn(8, 15, value=20.0))
    first.save = _nothing  # type: ignore[method-assign]
    await city.stop(first)
    second = city.start()
    await city.until(second, await city.burn(23, 2, value=20.0))
    assert [alarm["stage"] for alarm in await city.alarms()] == ["cleared"]
    assert len(await city.events()) == 2


async def test_an_alarm_that_only_the_store_knows_is_adopted_and_cleared(city: City) -> None:
    first = city.start()
    await city.until(first, await city.burn(0, 8))
    await city.stop(first)
    async with city.context.database.transaction() as tx:
        await tx.execute(text("update detect_shard set snapshot = null"))
    await city.context.stream.js.purge_stream("OBS")
    second = city.start()
    await city.until(second, await city.burn(20, 15, value=20.0))
    assert [alarm["stage"] for alarm in await city.alarms()] == ["cleared"]


async def test_a_worker_whose_shard_was_taken_over_can_write_nothing(city: City) -> None:
    old, new = Detector(city.context, 0), Detector(city.context, 0)
    await old.take()
    await new.take()
    await city.burn(0, 8)
    with pytest.raises(LostShard):
        await steps(old)
    assert await city.alarms() == []
    with pytest.raises(LostShard):
        await old.save()
    await steps(new)
    assert len(await city.alarms()) == 1
    await old.stop()
    await new.stop()


async def steps(detector: Detector) -> None:
    """Enough of them to take all that waits."""
    for _ in range(50):
        await detector.step()


async def test_a_second_worker_stands_by_and_goes_on(city: City) -> None:
    first = city.start()
    await city.until(first, await city.burn(0, 3))
    second = city.start()
    await city.until(first, await city.burn(3, 1))
    assert second.position == 0
    await city.stop(first)
    await city.until(second, await city.burn(4, 4))
    assert len(await city.alarms()) == 1
    assert await city.scalar("select epoch from detect_shard") == 2


async def test_a_device_registered_a_moment_ago_is_watched(city: City) -> None:
    detector = city.start()
    await city.until(detector, await city.burn(0, 1))
    await city.add_devices(3)
    await city.until(detector, await city.burn(1, 8, "d2"))
    assert [alarm["subject"] for alarm in await city.alarms()] == ["d2"]


async def test_a_changed_rule_comes_into_force_without_a_restart(city: City) -> None:
    detector = city.start()
    await city.until(detector, await city.burn(0, 1, value=50.0))
    async with city.context.database.transaction() as tx:
        await tx.execute(text("update rule set toml = replace(toml, 'value = 60, clear = 55', 'value = 45')"))
        position = await tx.scalar(
            text(
                "insert into outbox (id, type, entity, entity_id, entity_version, data, occurred_at, position) "
                "values (gen_random_uuid(), 'RuleChanged.v1', 'rule', 'fire', 2, '{}', now(), 1) returning position"
            )
        )
        await tx.execute(
            text("insert into lease (name, epoch, position, held_since) values ('outbox', 1, :p, now())"),
            {"p": position},
        )
    await eventually(lambda: any(c.value == 45 for c in detector.shard.rules["fire"].conditions))
    await city.until(detector, await city.burn(10, 8, value=50.0))
    assert len(await city.alarms()) == 1


async def test_packs_that_cannot_be_read_are_left_out(city: City) -> None:
    detector = city.start()
    await city.burn(0, 3)
    await city.context.stream.publish("obs.p0", b"garbage")
    await city.until(detector, await city.burn(3, 5))
    assert len(await city.alarms()) == 1


async def test_readings_that_come_twice_by_mqtt_are_dropped(city: City) -> None:
    detector = city.start()
    await city.send(*[city.reading(at, 75.0, seq=at + 1) for at in range(3)])
    await city.send(*[city.reading(at, 75.0, seq=at + 1) for at in range(3)])
    await city.until(detector, await city.send(city.reading(20, 20.0, seq=4)))
    assert detector.shard.mark == 4


async def test_a_dead_gateway_is_one_alarm(city: City) -> None:
    await city.add_devices(50, "gw1")
    now = city.began
    detector = city.start(lambda: now)
    await eventually(detector.caught_up.is_set)
    for at in range(0, 300, 60):
        last = await city.send(*[city.reading(at, 20.0, f"d{n}") for n in range(50)])
    await city.until(detector, last)
    assert await city.alarms() == []
    now = city.began + 1_000
    await detector.settled()
    assert [(a["rule"], a["subject"], len(a["members"])) for a in await city.alarms()] == [
        ("device_silent", "group:gw1", 50)
    ]


async def test_a_burst_of_300_alarms_is_written_at_once(city: City) -> None:
    await city.add_devices(300)
    detector = city.start()
    for at in range(8):
        last = await city.send(*[city.reading(at, 75.0, f"d{n}") for n in range(300)])
    await city.until(detector, last)
    assert len(await city.alarms()) == 300


async def test_postgres_away_loses_nothing(city: City) -> None:
    detector = city.start()
    await city.until(detector, await city.burn(0, 3))
    async with city.context.database.transaction() as tx:
        await tx.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    await city.until(detector, await city.burn(3, 5))
    await eventually(lambda: detector.caught_up.is_set())
    assert len(await city.alarms()) == 1
    assert await city.events() == [("AlarmRaised.v1", "d0")]


async def test_a_fence_is_part_of_each_transaction(city: City) -> None:
    async with city.context.database.transaction() as tx:
        held = await ownership.take(tx, 7, "life", 100)
    async with city.context.database.transaction() as tx:
        await ownership.take(tx, 7, "life", 100)
    with pytest.raises(LostShard):
        async with city.context.database.transaction() as tx:
            await ownership.hold(tx, held, 5, 1)


async def test_in_a_new_stream_sequences_begin_anew(city: City) -> None:
    first = city.start()
    await city.until(first, await city.burn(0, 6))
    await city.stop(first)
    await city.context.stream.js.delete_stream("OBS")
    await asyncio.sleep(0)
    second = city.start()
    await eventually(second.caught_up.is_set)
    await city.until(second, await city.burn(30, 3, value=20.0))
    assert second.position == 3
    assert len(await city.alarms()) == 1


async def test_the_stream_may_forget_what_the_snapshot_holds(city: City) -> None:
    stream = city.context.stream
    for position in (3, 7):
        await city.burn(position, 4)
        await stream.hold("OBS", "detect-p0", position)
        assert await stream.acknowledged("OBS") == position
    await stream.hold("OBS", "detect-p0", 7)
    assert await stream.acknowledged("OBS") == 7


async def test_what_can_never_be_written_keeps_nothing_else_back(city: City) -> None:
    await city.add_devices(3)
    async with city.context.database.transaction() as tx:
        await tx.execute(text("alter table alarm add constraint never check (subject <> 'd1')"))
    detector = city.start()
    for at in range(8):
        last = await city.send(*[city.reading(at, 75.0, f"d{n}") for n in range(3)])
    await city.until(detector, last)
    assert [alarm["subject"] for alarm in await city.alarms()] == ["d0", "d2"]


async def test_after_a_power_cut_sequences_given_again_are_judged(city: City) -> None:
    """The stream lost its newest messages, the database did not; what the stream gave again before the worker came
    stands at sequences that the shard knows."""
    first = city.start()
    await city.until(first, await city.burn(0, 2))
    await city.stop(first)
    known = "update detect_shard set position = :at, snapshot_position = :at, position_us = :us"
    for lost in (1_000, 4):
        async with city.context.database.transaction() as tx:
            await tx.execute(text(known), {"at": lost, "us": time.time_ns() // 1_000})
        await city.burn(2 if lost == 1_000 else 20, 6)
        second = city.start()
        await city.until(second, await city.context.stream.last_sequence("OBS"))
        await city.stop(second)
        assert len(await city.alarms()) == 1


async def test_the_end_that_a_shard_knows_is_found_by_time(city: City) -> None:
    stream = city.context.stream
    await city.burn(0, 9)
    reader, times = stream.reader("OBS", subject="obs.p0", after=0), dict[int, int]()
    while len(times) < 9:  # what is there comes in one answer or in several
        times |= {one.sequence: one.stored_us for one in await reader.read()}
    for sequence, stored_us in times.items():
        assert await stream.end_of("OBS", sequence, stored_us) == sequence
        assert await stream.end_of("OBS", 9, stored_us) == sequence
        assert await stream.end_of("OBS", 500, stored_us) == sequence
    assert await stream.end_of("OBS", 5, 0) == 5
    assert await stream.end_of("OBS", 5, times[1] - 1) == 0
    await stream.free("OBS", 6)
    assert await stream.end_of("OBS", 5, times[5]) == 5
