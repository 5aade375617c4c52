"""The streams that readings pass: MQTT's own, and OBS.

OBS refuses when it is full and forgets nothing by age: an observation leaves it only after its file stands in the
manifest and everyone who follows has acknowledged it (`freed`).
"""

from pathlib import Path

import psutil
from sqlalchemy import text

from dure.engine.context import Context
from dure.engine.reader import Reader
from dure.engine.stream import Stream
from dure.sense.readings import MAX_MESSAGE_BYTES

OBS = "OBS"
OBS_SUBJECTS = ["obs.>"]
MQTT = "$MQTT_msgs"
MQTT_SUBJECTS = "$MQTT.msgs.city.>"
MQTT_CONSUMER = "sense"
MAX_PACK_BYTES = 8_000_000
MAX_MQTT_BYTES = 4 * MAX_MESSAGE_BYTES
"""What is larger is not taken in at all: a batch of the door stands in memory. What lies between is counted there."""
EPOCH_BITS = 40
"""An MQTT stream gives fewer than 2^40 sequences in one life: 10,000 a second for three years without a reboot."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_EPOCH = text(
    "insert into mqtt_origin (origin, epoch) select :origin, coalesce(max(epoch), 0) + 1 from mqtt_origin "
    "on conflict (origin) do nothing"
)


async def ensure(stream: Stream, *, max_bytes: int) -> None:
    """Make OBS, or bring its limit up to date. Raises Unavailable where the engine is away."""
    await stream.ensure(OBS, OBS_SUBJECTS, max_bytes=max_bytes, max_msg_size=MAX_PACK_BYTES)


def mqtt_reader(stream: Stream) -> Reader:
    """The door's consumer of everything that devices publish with QoS 1."""
    return stream.reader(MQTT, subject=MQTT_SUBJECTS, durable=MQTT_CONSUMER)


async def prepare(context: Context) -> None:
    """Make all streams and the door's durable consumer, before any device is let in: what is published while nobody
    consumes would be gone although it was acknowledged. Raises Unavailable.
    """
    await ensure(context.stream, max_bytes=context.settings.stream_bytes)
    await context.stream.ensure_mqtt(max_msg_size=MAX_MQTT_BYTES)
    reader = mqtt_reader(context.stream)
    await reader.open()
    await reader.close()


async def mqtt_base(context: Context) -> int:
    """What to add to an MQTT sequence so that it never falls: the epoch of the stream's life, above 40 bits.

    A life ends when the stream is made anew and with each boot of the machine, because a power cut may take the newest
    sequences and the engine then gives them again. Raises Unavailable.
    """
    made = (await context.stream.facts(MQTT)).made
    origin = f"{made} {_boot()}"
    async with context.database.transaction() as tx:
        await tx.execute(_EPOCH, {"origin": origin})
        epoch = await tx.scalar(text("select epoch from mqtt_origin where origin = :origin"), {"origin": origin})
    return int(epoch) << EPOCH_BITS


def _boot() -> str:
    return _BOOT.read_text().strip() if _BOOT.exists() else str(int(psutil.boot_time()) // 60)
