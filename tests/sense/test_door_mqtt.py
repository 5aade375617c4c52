"""The MQTT door on a real nats-server and PostgreSQL."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.outbox import Relay
from dure.engine.reader import Outstanding, Reader
from dure.engine.tasks import ended
from dure.kernel.errors import Unavailable
from dure.kernel.events import Event
from dure.sense import door_mqtt
from dure.sense.door_auth import is_open, run_auth
from dure.sense.door_http import take_in
from dure.sense.door_mqtt import MqttDoor
from dure.sense.mqtt_client import MqttRefusedError
from dure.sense.packs import partition_of
from dure.sense.refusals import refusals_of
from dure.sense.registry import registry_of
from dure.sense.streams import MQTT, ensure, mqtt_base, mqtt_reader, prepare
from tests.sense.conftest import doors, key_of, refusals, running, signed_in, stored, until


def heat(value: float, **more: object) -> bytes:
    """One SenML record."""
    return json.dumps([{"n": "heat", "v": value, "u": "Cel", **more}]).encode()


async def test_a_reading_goes_through(context: Context) -> None:
    async with doors(context):
        device = await signed_in(context, "d1")
        await device.publish("city/d1", heat(61.5, t=1_750_000_000))
        await until(lambda: _count(context, 1))
        await device.close()
    (seen,) = await stored(context)
    assert (seen.device, seen.property, seen.value, seen.observed_at) == ("d1", "heat", 61.5, 1_750_000_000)
    assert not seen.estimated
    assert seen.seq > 1 << 40


async def _count(context: Context, wanted: int) -> bool:
    return len(await stored(context)) >= wanted


@pytest.mark.parametrize(("device", "key"), [("d1", "wrong"), ("d1", ""), ("nobody", "x"), ("d1", "key-of-d2")])
async def test_a_wrong_key_or_an_unknown_device_is_refused(context: Context, device: str, key: str) -> None:
    async with doors(context):
        good = await signed_in(context, "d2")
        with pytest.raises(MqttRefusedError):
            await signed_in(context, device, key=key)
        await good.close()
    assert {(one.door, one.reason) for one in await refusals(context)} in (
        {("sign_in", "wrong_key")},
        {("sign_in", "unknown_device")},
    )


async def test_a_device_reaches_its_own_topic_only(context: Context) -> None:
    async with doors(context):
        device = await signed_in(context, "d1")
        for topic in ("city/d2", "city", "city/d1/x", "obs/p0", "$MQTT/msgs/city/d2", "$JS/API/INFO"):
            # Nobody answers a publish that is not allowed: the engine hangs up, or leaves it without effect.
            posted = await device.post(topic, heat(99))
            posted.cancel()
        await device.close()
        other = await signed_in(context, "d1")
        await other.publish("city/d1", heat(20))
        await until(lambda: _count(context, 1))
        await other.publish("city/d1", b'[{"bn":"d2/","n":"heat","v":99}]')
        await other.publish("city/d1", heat(21))
        await until(lambda: _count(context, 2))
        await other.close()
    assert [(one.device, one.value) for one in await stored(context)] == [("d1", 20), ("d1", 21)]
    assert {(one.device, one.reason) for one in await refusals(context)} == {("d1", "other_device")}


async def test_garbage_does_not_stop_good_readings(context: Context) -> None:
    garbage = [
        b"",
        b"\xff" * 100,
        b"[" * 5_000,
        b"{" * 5_000,
        b'[{"n":"heat","v":NaN}]',
        b'[{"n":"heat","v":true}]',
        b'[{"n":"heat","v":"61"}]',
        b'[{"n":"heat","v":1,"v":99}]',
        b'[{"n":"heat","v":61,"u":"lx"}]',
        b'[{"n":"heat","v":1e9}]',
        b'[{"n":"no_such","v":1}]',
        b"x" * 70_000,
        b"\x81\xa2\x00",
    ]
    async with doors(context):
        bad, good = await signed_in(context, "d1"), await signed_in(context, "d2")
        for turn in range(50):
            for payload in garbage:
                await bad.post("city/d1", payload)
            await good.post("city/d2", heat(turn))
        await good.settled()
        await bad.settled()
        await until(lambda: _count(context, 50))
        await bad.close()
        await good.close()
    assert [one.value for one in await stored(context)] == [float(turn) for turn in range(50)]
    counted = await refusals(context)
    assert {"malformed", "not_finite", "wrong_kind", "duplicate_key", "wrong_unit", "out_of_bounds", "too_large"} <= {
        one.reason for one in counted
    }
    assert not any("99" in one.sample or "61" in one.sample for one in counted)


async def test_a_device_that_has_gone_mad_is_heard_only_so_often(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_mqtt, "BURST", 3)
    monkeypatch.setattr(door_mqtt, "PER_S", 0.001)
    async with doors(context):
        mad, good = await signed_in(context, "d1"), await signed_in(context, "d2")
        for turn in range(10):
            await mad.publish("city/d1", heat(turn))
        await good.publish("city/d2", heat(20))
        await until(lambda: _count(context, 4))
        await mad.close()
        await good.close()
    assert [(one.device, one.value) for one in await stored(context)] == [("d1", 0), ("d1", 1), ("d1", 2), ("d2", 20)]
    assert [(one.device, one.reason, one.count) for one in await refusals(context)] == [("d1", "too_often", 7)]


async def test_a_device_that_is_switched_off_is_not_heard(context: Context) -> None:

    async with doors(context):
        device = await signed_in(context, "d1")
        await device.publish("city/d1", heat(20))
        await until(lambda: _count(context, 1))
        async with context.database.transaction() as tx:
            await tx.execute(text("update device set state = 'off', version = version + 1 where id = 'd1'"))
            await tx.emit(Event("DeviceChanged.v1", "device", "d1", 2))
        await give_positions(context)

        async def heard() -> bool:
            known = registry_of(context).get("d1")
            return known is not None and not known.on

        await until(heard)

        async def hung_up() -> bool:
            return device.refused is not None

        await until(hung_up)
        with pytest.raises(MqttRefusedError):
            await signed_in(context, "d1", key=key_of("d1"))
        await device.close()
        other = await signed_in(context, "d2")
        await other.publish("city/d2", heat(22))
        await until(lambda: _count(context, 2))
        await other.close()
        late = await take_in(context, b'[{"n":"d1/heat","v":23}]', None, own=None, message_id=None)
        assert [(late.accepted, one.reason) for one in late.rejected] == [(0, "switched_off")]
    assert [one.value for one in await stored(context)] == [20, 22]
    assert ("d1", "switched_off") in {(one.device, one.reason) for one in await refusals(context)}


async def test_a_revoked_key_ends_the_connection_it_opened(context: Context) -> None:
    async with doors(context):
        device = await signed_in(context, "d1")
        await device.publish("city/d1", heat(20))
        async with context.database.transaction() as tx:
            await tx.execute(text("update device set key_hash = '\\x00' where id = 'd1'"))
            await tx.emit(Event("DeviceChanged.v1", "device", "d1", 2))
        await give_positions(context)

        async def hung_up() -> bool:
            return device.refused is not None

        await until(hung_up)
        await device.close()


async def test_a_giant_message_is_not_even_taken_in(context: Context) -> None:
    async with doors(context):
        device, other = await signed_in(context, "d1"), await signed_in(context, "d2")
        lost = await device.post("city/d1", b"x" * 1_000_000)
        with pytest.raises(TimeoutError):
            await device.settled(within_s=0.5)
        lost.cancel()
        await device.close()
        await other.publish("city/d2", heat(20))
        await until(lambda: _count(context, 1))
        await other.close()
    assert (await context.stream.facts(MQTT)).last == 1


async def test_two_partitions_keep_their_devices_and_their_order(context: Context) -> None:
    two = Context(replace(context.settings, partitions=2), context.database, context.stream, context.catalogue)
    names = ("d1", "d2", "d3", "d4")
    async with doors(two):
        devices = {name: await signed_in(context, name) for name in names}
        for value in range(50):
            for name, device in devices.items():
                await device.post(f"city/{name}", heat(value))
        await until(lambda: _count(context, 200))
        for device in devices.values():
            await device.close()
    for partition in (0, 1):
        seen = await stored(context, subject=f"obs.p{partition}")
        assert {one.device for one in seen} == {name for name in names if partition_of(name, None, 2) == partition}
        assert [one.seq for one in seen] == sorted({one.seq for one in seen})
        for name in {one.device for one in seen}:
            assert [one.value for one in seen if one.device == name] == [float(value) for value in range(50)]


async def test_while_the_stream_is_full_readings_wait_and_keep_their_order(context: Context) -> None:
    await ensure(context.stream, max_bytes=4_000)
    tight = Context(replace(context.settings, stream_bytes=4_000), context.database, context.stream, context.catalogue)
    async with doors(tight):
        device = await signed_in(context, "d1")
        for value in range(200):
            await device.publish("city/d1", heat(value))
        before = len(await stored(context))
        assert before < 200
        await ensure(context.stream, max_bytes=10_000_000)
        await until(lambda: _count(context, 200))
        await device.close()
    assert [one.value for one in await stored(context)] == [float(value) for value in range(200)]


async def give_positions(context: Context) -> None:
    """What the outbox relay of the work process does."""

    relay = Relay(context.database, context.stream, source="urn:test")
    task = asyncio.create_task(relay.run())

    async def done() -> bool:
        async with context.database.transaction() as tx:
            return await tx.scalar(text("select count(*) from outbox where position is null")) == 0

    await until(done)
    await ended([task])


async def test_what_a_killed_door_held_is_not_lost_or_overtaken(context: Context) -> None:
    """A door that dies between delivery and storing leaves messages that its successor must not acknowledge unread."""

    async with doors(context):
        device = await signed_in(context, "d1")
        await device.publish("city/d1", heat(0))
        await until(lambda: _count(context, 1))
    for value in range(1, 31):
        await device.publish("city/d1", heat(value))
    dead = mqtt_reader(context.stream)
    held = 0
    while held < 20:
        held += len(await dead.read(20 - held))
    await dead.close()
    async with doors(context):
        await until(lambda: _count(context, 31))
    await device.close()
    assert [one.value for one in await stored(context)] == [float(value) for value in range(31)]


async def test_what_was_read_when_the_engine_went_away_is_not_acknowledged_by_what_follows(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine goes away between reading and storing: the next batch, though it follows, must not let the lost go."""
    await prepare(context)
    async with running(run_auth(context)):
        await until(lambda: is_open(context.stream))
        device = await signed_in(context, "d1")
    base = await mqtt_base(context)
    registry = registry_of(context)
    await registry.ready()
    door = MqttDoor(context.stream, mqtt_reader(context.stream), registry, refusals_of(context), base)
    for value in range(5):
        await device.publish("city/d1", heat(value))
    away = Reader.outstanding

    async def gone(_reader: Reader) -> Outstanding:
        raise Unavailable("engine.stream.away")

    monkeypatch.setattr(Reader, "outstanding", gone)
    with pytest.raises(Unavailable):
        await _stepped(door)
    monkeypatch.setattr(Reader, "outstanding", away)
    await device.publish("city/d1", heat(5))

    async def all_there() -> bool:
        await door.step()
        return await _count(context, 6)

    await until(all_there)
    await device.close()
    assert [one.value for one in await stored(context)] == [float(value) for value in range(6)]


@pytest.mark.parametrize(
    ("floor", "upto", "count", "held", "whole"),
    [
        (300, 310, 10, range(301, 311), True),
        (300, 310, 10, range(302, 311), False),  # 301 has yet to come back
        (300, 310, 10, [*range(301, 311), *range(426, 669)], False),  # the engine has forgotten that it sent these
        (300, 668, 368, [*range(301, 311), *range(426, 669)], False),
        (300, 668, 368, range(301, 669), True),
        (668, 668, 0, range(426, 669), True),
    ],
)
def test_all_that_is_outstanding_is_held_or_waited_for(
    floor: int, upto: int, count: int, held: Sequence[int], whole: bool
) -> None:
    assert Outstanding(floor, upto, count).all_among(held) is whole


async def _stepped(door: MqttDoor) -> None:
    """Steps until one reads something."""
    while True:
        await door.step()
