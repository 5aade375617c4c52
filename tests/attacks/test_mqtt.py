"""What a device that has been taken over may try on the MQTT door, with a client that is not ours."""

import asyncio
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="session")
HEAT = b'[{"n":"heat","u":"Cel","v":21}]'


class Taken:
    """A device in a stranger's hands: what it was granted, and what it heard."""

    def __init__(self, town: Town, device: str, key: str) -> None:
        self.heard: list[str] = []
        self._told: queue.Queue[Any] = queue.Queue()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=device)
        self.client.username_pw_set(device, key)
        self.client.on_connect = lambda _c, _u, _f, reason, _p: self._told.put(("connected", reason.is_failure))
        self.client.on_subscribe = lambda _c, _u, _m, codes, _p: self._told.put(
            ("subscribed", [code.value for code in codes])
        )
        self.client.on_message = lambda _c, _u, message: self.heard.append(message.topic)
        self.client.connect(town.mqtt_host, town.mqtt_port, keepalive=30)
        self.client.loop_start()
        assert self.told("connected") is False

    def told(self, what: str, within_s: float = 10) -> Any:
        """The next thing of that kind that the door said."""
        while True:
            kind, value = self._told.get(timeout=within_s)
            if kind == what:
                return value

    def asked(self, topic: str) -> list[int]:
        """What the door answers to a subscription: 0x80 is no."""
        self.client.subscribe(topic, qos=1)
        return self.told("subscribed")

    def says(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish and wait for the acknowledgement."""
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)


@contextmanager
def taken(town: Town, device: str, key: str) -> Iterator[Taken]:
    one = Taken(town, device, key)
    try:
        yield one
    finally:
        one.client.disconnect()
        one.client.loop_stop()


@pytest.mark.parametrize("topic", ["#", "+/#", "city/#", "city/+", "city/mq-b", "$SYS/#", "$MQTT/#", "$JS/#", "obs/#"])
async def test_a_device_hears_nobody(town: Town, topic: str) -> None:
    name = f"mq-{abs(hash(topic)) % 10_000_000}"
    key = await town.device(name, lon=127.3, lat=36.6)
    with taken(town, name, key) as one:
        assert one.asked(topic) == [0x80], "the door refuses"
        one.says(f"city/{name}", HEAT)
        assert one.heard == []


async def test_what_a_device_retains_reaches_nobody_who_comes_later(town: Town) -> None:
    keys = {name: await town.device(name, lon=127.3, lat=36.6) for name in ("mq-c", "mq-d")}
    with taken(town, "mq-c", keys["mq-c"]) as one:
        for _ in range(50):
            one.says("city/mq-c", HEAT, retain=True)
        one.says("city/mq-c", b"", retain=True)
    with taken(town, "mq-d", keys["mq-d"]) as other:
        assert other.asked("city/mq-c") == [0x80]
        other.says("city/mq-d", HEAT)
        assert other.heard == []
    await kept(town, "mq-c", 50)


async def kept(town: Town, device: str, count: int) -> None:
    async with asyncio.timeout(60):
        while True:
            if len(await town.readings(device)) == count:
                return
            await asyncio.sleep(0.1)


async def test_a_will_speaks_for_its_own_device_only(town: Town) -> None:
    key = await town.device("mq-e", lon=127.3, lat=36.6)
    await town.device("mq-f", lon=127.3, lat=36.6)
    told: queue.Queue[bool] = queue.Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="mq-e")
    client.username_pw_set("mq-e", key)
    client.will_set("city/mq-f", b'[{"n":"heat","u":"Cel","v":99}]', qos=1)
    client.on_connect = lambda _c, _u, _f, reason, _p: told.put(reason.is_failure)
    client.connect(town.mqtt_host, town.mqtt_port)
    client.loop_start()
    try:
        if not told.get(timeout=10):
            client.socket().close()  # type: ignore[union-attr]  # it falls without a word, so the will is spoken
    finally:
        client.loop_stop()
    with taken(town, "mq-e", key) as one:
        one.says("city/mq-e", HEAT)
    await kept(town, "mq-e", 1)
    assert await town.readings("mq-f") == []
