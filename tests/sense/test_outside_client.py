"""The MQTT door with a client that is not ours."""

import asyncio
import json

import paho.mqtt.client as paho

from dure.engine.context import Context
from tests.sense.conftest import doors, key_of, stored, until


async def test_paho_publishes_and_may_not_listen(context: Context) -> None:
    heard: list[bytes] = []
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="d1", clean_session=False)
    client.username_pw_set("d1", key_of("d1"))
    client.on_message = lambda _client, _data, message: heard.append(message.payload)

    def use() -> int:
        client.connect(context.settings.mqtt_host, context.settings.mqtt_port, keepalive=10)
        client.loop_start()
        try:
            client.subscribe("#", qos=1)
            client.subscribe("city/+", qos=1)
            sent = [client.publish("city/d1", json.dumps([{"n": "heat", "v": n}]), qos=1) for n in range(100)]
            for one in sent:
                one.wait_for_publish(10)
            return sum(one.is_published() for one in sent)
        finally:
            client.disconnect()
            client.loop_stop()

    async with doors(context):
        assert await asyncio.to_thread(use) == 100

        async def all_there() -> bool:
            return len(await stored(context)) == 100

        await until(all_there)
    assert [one.value for one in await stored(context)] == list(range(100))
    assert heard == []
