"""A device's key is exchanged without a gap: either opens the door until the new one is seen or the days are over."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from dure.city import devices
from dure.engine.context import Context
from dure.engine.outbox import Relay
from dure.kernel.errors import NotFound
from dure.sense.mqtt_client import MqttClient, MqttRefusedError
from dure.sense.registry import registry_of
from dure.trust import secret
from dure.trust.principal import system
from tests.sense.conftest import doors, key_of, running, until

BY = system("test")


async def relay(context: Context) -> None:
    await Relay(context.database, context.stream, "urn:test").run()


async def connected(context: Context, key: str, name: str) -> MqttClient:
    """d1, by this key, as an MQTT client of its own, so that none takes the other's place."""
    settings = context.settings
    client = MqttClient(settings.mqtt_host, settings.mqtt_port, client_id=name, username="d1", password=key)
    await client.connect(within_s=15)
    return client


async def exchanged(context: Context, days: int) -> str:
    async with context.database.transaction() as tx:
        _row, key = await devices.new_key(tx, BY, "d1", days)
    await until(lambda: _heard(context, key))
    return key


async def _heard(context: Context, key: str) -> bool:
    known = registry_of(context).get("d1")
    return known is not None and known.key_hash == secret.digest(key)


async def gone(client: MqttClient) -> bool:
    return client.refused is not None


async def test_either_key_is_good_until_the_new_one_is_seen(context: Context) -> None:
    async with doors(context), running(relay(context)):
        before = await connected(context, key_of("d1"), "before")
        new = await exchanged(context, 7)
        assert before.refused is None, "nobody is thrown out by a key that is added"
        again = await connected(context, key_of("d1"), "again")
        newest = await exchanged(context, 7)
        with pytest.raises(MqttRefusedError):
            await connected(context, new, "never used")
        assert again.refused is None, "the key that the device uses stays"
        present = await connected(context, newest, "present")
        await until(lambda: gone(before))
        await until(lambda: gone(again))
        with pytest.raises(MqttRefusedError):
            await connected(context, key_of("d1"), "too late")
        await present.publish("city/d1", b'[{"n":"heat","v":20,"u":"Cel"}]')
        assert present.refused is None, "who came in with the new key stays"
        async with context.database.transaction() as tx:
            row = await tx.row(text("select old_key_hash, old_key_until from device where id = 'd1'"))
            seen = await tx.scalar(text("select count(*) from audit where action = 'device.key_seen'"))
        assert row is not None
        assert (row["old_key_hash"], row["old_key_until"], seen) == (None, None, 1)
        for client in (before, again, present):
            await client.close()


async def test_the_old_key_ends_with_its_days(context: Context) -> None:
    async with doors(context), running(relay(context)):
        new = await exchanged(context, 7)
        soon = datetime.now(UTC) + timedelta(seconds=3)
        async with context.database.transaction() as tx:
            await tx.execute(text("update device set old_key_until = :soon where id = 'd1'"), {"soon": soon})
            await devices.change(tx, BY, "d1", {"name": "다른 이름"}, None)
        old = await connected(context, key_of("d1"), "old")
        await until(lambda: gone(old), within_s=20)
        assert datetime.now(UTC) >= soon
        with pytest.raises(MqttRefusedError):
            await connected(context, key_of("d1"), "too late")
        await (await connected(context, new, "new")).close()
        await old.close()


async def test_without_days_the_old_key_ends_at_once(context: Context) -> None:
    async with doors(context), running(relay(context)):
        old = await connected(context, key_of("d1"), "old")
        await exchanged(context, 0)
        await until(lambda: gone(old), within_s=20)
        await old.close()
        with pytest.raises(NotFound):
            async with context.database.transaction() as tx:
                await devices.new_key(tx, BY, "nobody", 7)
