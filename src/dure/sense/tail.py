"""The newest observations in memory: what the stream holds and no file yet.

Columns, not objects: a row takes 33 bytes. Times are Unix seconds.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from dure.engine.history import Column, Moments, Words
from dure.kernel.units import PROPERTIES
from dure.sense.packs import Observation, Pack

MICRO = 1_000_000
ORDER = ("device", "property", "observed_at")
"""How rows stand in a file."""


class Row(NamedTuple):
    """An observation as history orders them: times in microseconds, a boolean as 0 or 1."""

    observed_us: int
    device: str
    property: str
    value: float
    received_us: int
    estimated: bool

    def same_fact(self, other: "Row") -> bool:
        """Whether both are one reading that a device, not having heard our answer, sent again: its own time says so."""
        return self[:4] == other[:4] and not self.estimated and not other.estimated

    def observation(self) -> Observation:
        """As the rest of the house knows it."""
        spec = PROPERTIES.get(self.property)
        value = bool(self.value) if spec is not None and spec.kind == "boolean" else self.value
        return Observation(
            self.device, self.property, value, self.observed_us / MICRO, self.received_us / MICRO, self.estimated, 0
        )


class Query(msgspec.Struct, frozen=True):
    """Which observations: of these devices (None: all) and properties, `start_us` <= observed < `end_us`.

    `after` is the last row of the page before, or None; `newest` tells the order.
    """

    devices: list[str] | None
    properties: list[str] | None
    start_us: int
    end_us: int
    newest: bool
    limit: int
    after: Row | None = None

    def holds(self, row: Row) -> bool:
        """Whether the row comes at or after where the last page ended (rows equal to its last one included)."""
        if self.after is None:
            return True
        return row <= self.after if self.newest else row >= self.after


class Answer(msgspec.Struct):
    """The tail's rows for a query, and up to which sequence of which making of OBS the files are complete."""

    origin: str
    mark: int
    rows: list[Row]


class _Numbers(dict[str, int]):
    """A number for each word, by its first use."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


class Tail:
    """Rows since the last file, and up to which sequence of OBS they go."""

    def __init__(self, first_seq: int) -> None:
        self.first_seq = first_seq
        self.last_seq = first_seq - 1
        self.messages = 0
        self._devices = _Numbers()
        self._properties = _Numbers()
        self._device = array("i")
        self._property = array("i")
        self._value = array("d")
        self._observed = array("d")
        self._received = array("d")
        self._estimated = array("b")

    def __len__(self) -> int:
        return len(self._device)

    def take(self, pack: Pack, rows: Sequence[int] | None, sequence: int) -> None:
        """Add a pack's rows (None: all) that came with `sequence`."""
        self.last_seq = sequence
        self.messages += 1
        if rows is not None:
            pack = _chosen(pack, rows)
        devices, properties = self._devices, self._properties
        self._device.extend([devices[one] for one in pack.device])
        self._property.extend([properties[one] for one in pack.property])
        self._value.extend(pack.value)
        self._observed.extend(pack.observed_at)
        self._received.extend(pack.received_at)
        self._estimated.extend(pack.estimated)

    def hours(self) -> dict[int, list[int]]:
        """Rows by the hour in which they were received (Unix hours)."""
        found: dict[int, list[int]] = {}
        for row, at in enumerate(self._received):
            found.setdefault(int(at // 3600), []).append(row)
        return found

    def columns(self, rows: Sequence[int]) -> dict[str, Column]:
        """The columns of a file that holds these rows."""
        return {
            "device": Words(array("i", [self._device[row] for row in rows]), list(self._devices)),
            "property": Words(array("i", [self._property[row] for row in rows]), list(self._properties)),
            "value": array("d", [self._value[row] for row in rows]),
            "observed_at": Moments(array("d", [self._observed[row] for row in rows])),
            "received_at": Moments(array("d", [self._received[row] for row in rows])),
            "estimated": array("b", [self._estimated[row] for row in rows]),
        }

    def span(self, rows: Sequence[int]) -> tuple[float, float]:
        """Earliest and latest observed time of these rows."""
        times = [self._observed[row] for row in rows]
        return min(times), max(times)

    def found(self, query: Query) -> Iterator[Row]:
        """The rows that a query asks for, in no order."""
        devices = None if query.devices is None else {self._devices.get(one, -1) for one in query.devices}
        properties = None if query.properties is None else {self._properties.get(one, -1) for one in query.properties}
        start, end = (query.start_us - 1) / MICRO, (query.end_us + 1) / MICRO
        names, kinds = list(self._devices), list(self._properties)
        for index, at in enumerate(self._observed):
            if not start <= at <= end:
                continue
            device, prop = self._device[index], self._property[index]
            if (devices is None or device in devices) and (properties is None or prop in properties):
                row = Row(
                    round(at * MICRO),
                    names[device],
                    kinds[prop],
                    self._value[index],
                    round(self._received[index] * MICRO),
                    bool(self._estimated[index]),
                )
                if query.start_us <= row.observed_us < query.end_us and query.holds(row):
                    yield row


def _chosen(pack: Pack, rows: Sequence[int]) -> Pack:
    return Pack(
        device=[pack.device[row] for row in rows],
        property=[pack.property[row] for row in rows],
        value=[pack.value[row] for row in rows],
        observed_at=[pack.observed_at[row] for row in rows],
        received_at=[pack.received_at[row] for row in rows],
        estimated=[pack.estimated[row] for row in rows],
        seq=[pack.seq[row] for row in rows],
    )
