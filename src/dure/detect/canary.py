"""The canary: each minute a reading of a device that is none goes MQTT -> rule -> alarm path -> screens.

Its row says when one was last sent and when it was last seen where alarms are written. When it is stale the top bar
says so and one alarm of a fault stands: then the city may be deaf although nothing else complains.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import RowMapping, text

from dure.detect.contributed import built_in
from dure.detect.events import CANARY_SEEN, CANARY_STALE
from dure.detect.model import CANARY_KIND, Cleared, Raised, Rule
from dure.detect.record import record
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.kernel.clock import from_epoch
from dure.kernel.errors import Unavailable
from dure.kernel.events import Event
from dure.sense.mqtt_client import MqttClient, MqttRefusedError

log = logging.getLogger(__name__)
ID: Final = "canary"
EVERY_S: Final = 60.0
_TRIES: Final = 20
STALE: Final = timedelta(seconds=150)
"""Two beats missed and half a minute of grace."""
_SEEN = text(
    """
    with before as (select stale from canary where id = :id)
    insert into canary (id, sent_at, seen_at, latency_ms) values (:id, :sent, :now, :latency)
    on conflict (id) do update set seen_at = :now, latency_ms = :latency, stale = false, version = canary.version + 1
    where canary.seen_at is null or canary.seen_at < :now
    returning version, (select stale from before) as was_stale
    """
)
_SENT = text(
    "insert into canary (id, sent_at) values (:id, :now) "
    "on conflict (id) do update set sent_at = :now, version = canary.version + 1 returning version"
)
_STALE = text(
    "update canary set stale = true, version = version + 1 where id = :id and not stale "
    "and coalesce(seen_at, sent_at) < :before returning version, coalesce(seen_at, sent_at) as since"
)
_DEVICE = text(
    """
    insert into device (id, kind, name, key_hash, key_at, interval_s, attrs)
    values (:id, :kind, :name, :hash, :now, :every, '{"properties": ["heartbeat"]}'::jsonb)
    on conflict (id) do update set kind = :kind, key_hash = :hash, key_at = :now, version = device.version + 1,
        updated_at = :now
    returning version
    """
)


async def seen(tx: Tx, outcomes: Sequence[Raised]) -> None:
    """A canary reading matured its rule."""
    for one in outcomes:
        sent = from_epoch(one.onset)
        now = tx.now()
        latency = max((now - sent).total_seconds() * 1_000, 0.0)
        row = await tx.row(_SEEN, {"id": ID, "sent": sent, "now": now, "latency": latency})
        if row is None:
            continue
        await tx.emit(Event(CANARY_SEEN, "canary", ID, row["version"], {"latency_ms": round(latency, 1)}))
        if row["was_stale"]:
            await record(tx, [(Cleared(ID, ID, now.timestamp()), now)], _rules())


async def check(tx: Tx) -> None:
    """Say it, and raise one alarm of a fault, when the canary has not been seen for too long."""
    now = tx.now()
    row = await tx.row(_STALE, {"id": ID, "before": now - STALE})
    if row is not None:
        await tx.emit(Event(CANARY_STALE, "canary", ID, row["version"]))
        since = row["since"].timestamp()
        stale = Raised(ID, ID, ID, None, since, since + STALE.total_seconds())
        await record(tx, [(stale, now)], _rules())


def _rules() -> dict[str, Rule]:
    return {ID: built_in()[ID][1]}


class Sender:
    """Sends the canary over MQTT as a device with a key of this process's own."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._client: MqttClient | None = None

    async def beat(self) -> None:
        """Send one reading and look whether former ones came through. Raises Unavailable where the database is away;
        the stream being away is what the canary is there to show, so that raises nothing."""
        async with self._context.database.transaction() as tx:
            await tx.execute(_SENT, {"id": ID, "now": tx.now()})
        try:
            client = await self._connected()
            at = self._context.database.clock.now().timestamp()
            await client.publish(f"city/{ID}", payload(at))
        except (OSError, TimeoutError, MqttRefusedError, Unavailable) as error:
            log.warning("the canary was not sent: %s", error)
            await self._drop()
        async with self._context.database.transaction() as tx:
            await check(tx)

    async def _connected(self) -> MqttClient:
        if self._client is None:
            key = secrets.token_urlsafe(32)
            async with self._context.database.transaction() as tx:
                await _admit(tx, key)
            settings = self._context.settings
            client = MqttClient(settings.mqtt_host, settings.mqtt_port, client_id=ID, username=ID, password=key)
            for attempt in range(_TRIES):
                try:
                    await client.connect()
                    break
                except MqttRefusedError:
                    if attempt == _TRIES - 1:
                        raise
                    await asyncio.sleep(0.5)  # the door has not heard of the new key yet
            self._client = client
        return self._client

    async def _drop(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None


async def keep_beating(context: Context) -> None:
    """Send the canary each minute, for ever."""
    sender = Sender(context)
    while True:
        try:
            await sender.beat()
        except Unavailable as error:
            log.warning("the canary waits: %s", error)
        await asyncio.sleep(EVERY_S)


async def _admit(tx: Tx, key: str) -> None:
    """Let the canary in with a fresh key."""
    version = await tx.scalar(
        _DEVICE,
        {
            "id": ID,
            "kind": CANARY_KIND,
            "name": "카나리아",
            "hash": sha256(key.encode()).digest(),
            "now": tx.now(),
            "every": EVERY_S,
        },
    )
    await tx.emit(Event("DeviceChanged.v1", "device", ID, version))


def payload(at: float) -> bytes:
    """One true reading and one that takes it back, so that the next matures the rule again."""
    records = [
        {"n": "heartbeat", "u": "count", "v": 1, "t": at},
        {"n": "heartbeat", "u": "count", "v": 0, "t": at + 0.001},
    ]
    return json.dumps(records).encode()


def _shown(row: RowMapping) -> dict[str, Any]:
    at: datetime | None = row["seen_at"]
    return {
        "id": row["id"],
        "version": row["version"],
        "at": at,
        "sent_at": row["sent_at"],
        "latency_ms": row["latency_ms"],
        "stale": row["stale"],
    }


async def _load(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    rows = await tx.rows(text("select * from canary where id = any(:ids)"), {"ids": list(ids)})
    return {row["id"]: _shown(row) for row in rows}


async def _snapshot(tx: Tx) -> Sequence[dict[str, Any]]:
    return [_shown(row) for row in await tx.rows(text("select * from canary"))]


LIVE = LiveEntity("canary", "alarm.read", _load, _snapshot)
