"""Messages of OBS into a tail, each reading once. Whoever keeps the newest readings at hand takes them in this way."""

import logging
from collections.abc import Sequence

from dure.engine.reader import Message
from dure.sense import packs
from dure.sense.packs import Pack
from dure.sense.tail import Tail

log = logging.getLogger(__name__)


class Intake:
    """A tail that begins after the sequence `seq`; `mqtt` is the highest MQTT sequence of each partition before it."""

    def __init__(self, seq: int, mqtt: dict[int, int]) -> None:
        self.tail = Tail(seq + 1)
        self.mqtt = dict(mqtt)

    def take(self, message: Message) -> Pack | None:
        """Put a message's readings into the tail; the pack, where all of it was new."""
        try:
            pack = packs.decode(message.data)
        except ValueError:
            log.exception("message %s of the stream is no pack", message.sequence)
            return None
        rows = self._fresh(_partition(message.subject), pack)
        self.tail.take(pack, rows, message.sequence)
        return pack if rows is None else None

    def start_tail(self, seq: int) -> None:
        """What came up to `seq` stands in files now."""
        self.tail = Tail(seq + 1)

    def _fresh(self, partition: int, pack: Pack) -> Sequence[int] | None:
        """The rows that did not come before; None for all."""
        if not len(pack) or pack.seq[-1] == 0:
            return None
        mark = self.mqtt.get(partition, 0)
        self.mqtt[partition] = max(mark, pack.seq[-1])
        if pack.seq[0] > mark:
            return None
        return [row for row, seq in enumerate(pack.seq) if seq > mark]


def _partition(subject: str) -> int:
    digits = subject.removeprefix("obs.p")
    return int(digits) if digits.isdigit() else 0
