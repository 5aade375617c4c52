"""The real nats-server: devices sign in over MQTT by the auth callout and reach their own topic only."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import paho.mqtt.client as mqtt
from nats.aio.msg import Msg
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from dure.engine.servers import nkeys
from tests.support import NatsServer


@asynccontextmanager
async def callout(server: NatsServer) -> AsyncIterator[nats.NATS]:
    """Answers sign-ins: user `stall-1` with password `key` may publish to `city.stall-1`, nobody else may do
    anything."""
    line = await nats.connect(server.url)

    async def answer(message: Msg) -> None:
        asked = nkeys.read_callout(message.data.decode())
        if (asked.username, asked.password, asked.client_type) == ("stall-1", "key", "mqtt"):
            said = nkeys.allow(asked, server.issuer, publish=["city.stall-1"])
        else:
            said = nkeys.refuse(asked, server.issuer, "unknown device")
        await message.respond(said.encode())

    await line.subscribe("$SYS.REQ.USER.AUTH", cb=answer)
    await line.flush()
    try:
        yield line
    finally:
        await line.close()


def sign_in(server: NatsServer, user: str, password: str, topics: list[str]) -> tuple[str, list[bool]]:
    """Connects, publishes one QoS 1 message to each topic and says what came of it: the connect answer, which were
    acknowledged."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=user, protocol=mqtt.MQTTv311)
    client.username_pw_set(user, password)
    answers: list[str] = []
    client.on_connect = lambda _c, _u, _f, reason, _p: answers.append(str(reason))
    client.connect(server.mqtt_host, server.mqtt_port, keepalive=10)
    for _ in range(200):
        if client.loop(timeout=0.05) != MQTTErrorCode.MQTT_ERR_SUCCESS or answers:
            break
    stored = []
    for topic in topics:
        sent = client.publish(topic, b"21.5", qos=1)
        for _ in range(40):
            if sent.is_published() or client.loop(timeout=0.05) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
        stored.append(sent.is_published())
    client.disconnect()
    client.loop(timeout=0.05)
    return (answers[0] if answers else "none"), stored


async def test_a_device_signs_in_by_callout_and_its_readings_are_stored(own_nats: NatsServer) -> None:
    async with callout(own_nats) as line:
        assert await asyncio.to_thread(sign_in, own_nats, "stall-1", "key", []) == ("Success", [])
        # The stream keeps what somebody wants: a durable consumer first, as the stream process has one.
        stream = line.jetstream()
        pull = await stream.pull_subscribe("$MQTT.msgs.city.>", durable="sense", stream="$MQTT_msgs")
        assert await asyncio.to_thread(sign_in, own_nats, "stall-1", "key", ["city/stall-1"]) == ("Success", [True])
        (message,) = await pull.fetch(1, timeout=5)
        assert (message.subject, message.data) == ("$MQTT.msgs.city.stall-1", b"21.5")


async def test_a_device_cannot_write_to_the_topic_of_another(own_nats: NatsServer) -> None:
    async with callout(own_nats) as line:
        await asyncio.to_thread(sign_in, own_nats, "stall-1", "key", [])
        stream = line.jetstream()
        await stream.pull_subscribe("$MQTT.msgs.city.>", durable="sense", stream="$MQTT_msgs")
        await asyncio.to_thread(sign_in, own_nats, "stall-1", "key", ["city/stall-2", "city/stall-1"])
        kept = await stream.stream_info("$MQTT_msgs", subjects_filter=">")
        assert kept.state.subjects == {"$MQTT.msgs.city.stall-1": 1}


async def test_a_wrong_key_and_an_unknown_device_are_refused(own_nats: NatsServer) -> None:
    async with callout(own_nats):
        for user, password in (("stall-1", "wrong"), ("stranger", "key")):
            answer, _ = await asyncio.to_thread(sign_in, own_nats, user, password, [])
            assert answer == "Not authorized"


async def test_the_streams_own_door_is_closed_to_strangers(own_nats: NatsServer) -> None:
    async with callout(own_nats):
        with socket.create_connection(("127.0.0.1", int(own_nats.url.rsplit(":", 1)[1]))) as line:
            line.recv(4096)
            line.sendall(b'CONNECT {"verbose":false,"user":"dure","pass":"guess"}\r\nPING\r\n')
            line.settimeout(5)
            said = await asyncio.to_thread(line.recv, 4096)
        assert b"Authorization Violation" in said
