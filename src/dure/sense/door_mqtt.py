"""The MQTT door: what devices publish with QoS 1 is decoded, packed and stored in OBS, in order, and only then let go.

PUBACK tells a device that the engine has its message, not that OBS has its readings; so the door's durable consumer
gives a message back until its readings are stored. Nothing is acknowledged past a message that may have been missed.
"""

import asyncio
import logging
import time

from dure.engine.context import Context
from dure.engine.reader import Message, Reader
from dure.engine.stream import Stream, steadily
from dure.kernel.errors import Unavailable
from dure.sense.formats import decode_message
from dure.sense.packs import Pack, encode, subject_of
from dure.sense.readings import Reason
from dure.sense.refusals import Refusals, refusals_of
from dure.sense.registry import Known, Registry, registry_of
from dure.sense.streams import mqtt_base, mqtt_reader, prepare
from dure.trust.rates import Budget

log = logging.getLogger(__name__)
BATCH = 1_000
PAUSE_S = 0.2
GIVEN_UP_S = 20.0
"""How long missing deliveries are waited for; the engine gives each back after one second."""
BURST = 100_000
PER_S = 200.0
"""Messages of one device: a backlog of many hours at once, then as many a second as no detector has to say. A device
that has gone mad does not drown the others."""
_SUBJECT = len("$MQTT.msgs.city.")


async def run_mqtt_door(context: Context) -> None:
    """Carry readings from MQTT to OBS for ever."""
    registry = registry_of(context)
    base = await _begun(context)
    await registry.ready()
    door = MqttDoor(context.stream, mqtt_reader(context.stream), registry, refusals_of(context), base)
    await steadily("MQTT door", door.step)


async def _begun(context: Context) -> int:
    """Everything made that the door needs; gives what to add to sequences."""
    while True:
        try:
            await prepare(context)
            return await mqtt_base(context)
        except Unavailable as error:
            log.warning("MQTT door waits: %s", error)
            await asyncio.sleep(PAUSE_S)


class MqttDoor:
    """One consumer of the MQTT stream. `base` is added to its sequences (`streams.mqtt_base`)."""

    def __init__(self, stream: Stream, reader: Reader, registry: Registry, refusals: Refusals, base: int) -> None:
        self._stream = stream
        self._reader = reader
        self._registry = registry
        self._refusals = refusals
        self._base = base
        self._budget = Budget(BURST, PER_S, keys=200_000)
        self._done = 0
        self._delivered: int | None = None

    async def step(self) -> None:
        """Carry one batch. Raises Unavailable when the engine is away; nothing is lost then."""
        messages = await self._reader.read(BATCH)
        if not messages:
            return
        # Until these are stored nothing follows them: what fails halfway must not be acknowledged by the next batch.
        before, self._delivered = self._delivered, None
        delivered = messages[-1].delivery
        if not self._contiguous(before, messages):
            messages, delivered = await self._recovered(messages)
        if fresh := [one for one in messages if one.sequence > self._done]:
            await self._carry(fresh)
            self._done = fresh[-1].sequence
        await self._reader.ack(messages[-1])
        self._delivered = delivered

    def _contiguous(self, before: int | None, messages: list[Message]) -> bool:
        """Whether these follow the delivery `before` without a lost or repeated one between."""
        first, last = messages[0], messages[-1]
        return (
            before is not None
            and first.delivery == before + 1
            and last.delivery - first.delivery == len(messages) - 1
            and first.sequence > self._done
        )

    async def _recovered(self, messages: list[Message]) -> tuple[list[Message], int]:
        """All messages that were delivered to anybody and not acknowledged, in order, and the last delivery seen.

        After a restart or a lost connection newer messages come before the old ones come back; acknowledging the newer
        would acknowledge the old too. So wait until all are held that the engine counts. Raises Unavailable.
        """
        held = {one.sequence: one for one in messages}
        delivered = messages[-1].delivery
        progress = time.monotonic()
        while not (await self._reader.outstanding()).all_among(held) and time.monotonic() - progress < GIVEN_UP_S:
            before = len(held)
            more = await self._reader.read(BATCH, 0.5)
            held.update((one.sequence, one) for one in more)
            if more:
                delivered = more[-1].delivery
            if len(held) > before:
                progress = time.monotonic()
        return [held[sequence] for sequence in sorted(held)], delivered

    async def _carry(self, messages: list[Message]) -> None:
        packs = await self._packed(messages)
        span = f"mqtt-{self._base}-{messages[0].sequence}-{messages[-1].sequence}"
        for partition, pack in packs.items():
            payload = encode(pack)
            while True:
                try:
                    await self._stream.publish(subject_of(partition), payload, message_id=f"{span}-p{partition}")
                    break
                except Unavailable as error:
                    log.warning("readings wait at the MQTT door: %s", error)
                    await asyncio.sleep(PAUSE_S)

    async def _packed(self, messages: list[Message]) -> dict[int, Pack]:
        """Packs by partition; all readings of one message come to stand in one pack."""
        packs: dict[int, Pack] = {}
        now = time.time()
        for message in messages:
            device = message.subject[_SUBJECT:]
            known = self._registry.get(device) or await self._looked_up(device)
            if known is None or not known.on:
                reason = Reason.UNKNOWN_DEVICE if known is None else Reason.SWITCHED_OFF
                self._refusals.count("mqtt", device, reason, message.data)
                continue
            if not self._budget.take(device):
                self._refusals.count("mqtt", device, Reason.TOO_OFTEN, message.data)
                continue
            pack = packs.get(known.partition)
            if pack is None:
                pack = packs[known.partition] = Pack()
            self._unpack(message, known, pack, now)
        return {partition: pack for partition, pack in packs.items() if len(pack)}

    def _unpack(self, message: Message, known: Known, pack: Pack, now: float) -> None:
        found = decode_message(message.data, known.id, known.form, now)
        if found.whole is not None:
            self._refusals.count("mqtt", known.id, found.whole, message.data)
            return
        for refused in (*found.refused, *found.noted):
            self._refusals.count("mqtt", known.id, refused.reason, message.data)
        if known.properties is not None and not known.properties.issuperset(found.property):
            strange = found.keep(known.properties)
            self._refusals.count("mqtt", known.id, Reason.NOT_ITS_PROPERTY, message.data, strange)
        rows = len(found)
        pack.device += found.device
        pack.property += found.property
        pack.value += found.value
        pack.observed_at += found.at
        pack.estimated += found.estimated
        pack.received_at += [now] * rows
        pack.seq += [self._base + message.sequence] * rows

    async def _looked_up(self, device: str) -> Known | None:
        try:
            await self._registry.find([device])
        except Unavailable:
            log.warning("device %s could not be looked up", device)
        return self._registry.get(device)
