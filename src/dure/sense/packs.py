"""Packs: how observations travel in the stream OBS. Messages are what costs, so many observations go in one.

A pack is one msgpack map of columns, all of one length; row i is the observation (device[i], property[i], …). Units
were normalised at the door (`dure.kernel.units`), so a pack carries none.
"""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

Value = float | bool


class Observation(NamedTuple):
    """One fact from outside. Times are Unix seconds; `seq` is the MQTT stream's sequence, 0 where it came by HTTP."""

    device: str
    property: str
    value: Value
    observed_at: float
    received_at: float
    estimated: bool
    seq: int


class Pack(msgspec.Struct, gc=False):
    """Columns of observations of one partition.

    `observed_at` is the device's time, or the door's where `estimated` is true; `received_at` is the door's. `seq`
    never falls within a partition (0, which is HTTP, aside) and all readings of one MQTT message stand in one pack, so
    a reader that keeps the highest seq it has taken drops what comes twice.
    """

    v: int = 1
    device: list[str] = []
    property: list[str] = []
    value: list[Value] = []
    observed_at: list[float] = []
    received_at: list[float] = []
    estimated: list[bool] = []
    seq: list[int] = []

    def __len__(self) -> int:
        return len(self.device)

    def add(self, seen: Observation) -> None:
        """Append one row."""
        self.device.append(seen.device)
        self.property.append(seen.property)
        self.value.append(seen.value)
        self.observed_at.append(seen.observed_at)
        self.received_at.append(seen.received_at)
        self.estimated.append(seen.estimated)
        self.seq.append(seen.seq)

    def rows(self) -> Iterator[Observation]:
        """The observations, in order."""
        return map(
            Observation,
            self.device,
            self.property,
            self.value,
            self.observed_at,
            self.received_at,
            self.estimated,
            self.seq,
        )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Pack)


def encode(pack: Pack) -> bytes:
    """The pack as msgpack."""
    return _encoder.encode(pack)


def decode(payload: bytes) -> Pack:
    """The pack in `payload`; raises ValueError where it is not one or its columns differ in length."""
    pack = _decoder.decode(payload)
    rows = len(pack.device)
    columns = (pack.property, pack.value, pack.observed_at, pack.received_at, pack.estimated, pack.seq)
    if pack.v != 1 or any(len(column) != rows for column in columns):
        raise ValueError(f"pack of version {pack.v} with uneven columns")
    return pack


def partition_of(device: str, group: str | None, partitions: int) -> int:
    """Which of `partitions` holds the device: by its group (gateway, market), if any, so that neighbours meet."""
    return zlib.crc32((group or device).encode()) % partitions


def subject_of(partition: int) -> str:
    """The subject of OBS that carries a partition."""
    return f"obs.p{partition}"
