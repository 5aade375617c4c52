"""The heavy part of a replay: `python -m dure.services.market_fire.learning.replay_child`, short-lived and niced, so
that a replay never delays an alarm. Takes a `Question` in msgpack on standard input and prints what `compared` found.
"""

import os
import sys
from array import array
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from dure.sense.packs import Observation
from dure.services.market_fire import verification
from dure.services.market_fire.learning import replay
from dure.services.market_fire.learning.replay import Window
from dure.services.market_fire.learning.settings import Setting
from dure.services.market_fire.simulate import nights

MEMORY: Final = 3 << 30


class Columns(msgspec.Struct):
    """Readings packed into 18 bytes each: a year of alarms is more than a process should carry as objects."""

    devices: list[str]
    properties: list[str]
    device: bytes
    property: bytes
    value: bytes
    at: bytes

    @classmethod
    def of(cls, readings: Iterable[Observation]) -> "Columns":
        """Of at most 256 devices and as many properties."""
        names: dict[str, int] = {}
        kinds: dict[str, int] = {}
        device, kind, value, at = array("B"), array("B"), array("d"), array("d")
        for one in readings:
            device.append(names.setdefault(one.device, len(names)))
            kind.append(kinds.setdefault(one.property, len(kinds)))
            value.append(float(one.value))
            at.append(one.observed_at)
        return cls(list(names), list(kinds), device.tobytes(), kind.tobytes(), value.tobytes(), at.tobytes())

    def rows(self) -> Iterator[Observation]:
        """The readings again; a boolean as 0 or 1."""
        value, at = array("d", self.value), array("d", self.at)
        for device, kind, told, when in zip(self.device, self.property, value, at, strict=True):
            yield Observation(self.devices[device], self.properties[kind], told, when, when, False, 0)


class Past(msgspec.Struct):
    """One window with its readings; `onset` in Unix seconds."""

    window: Window
    onset: float
    readings: Columns


class Question(msgspec.Struct):
    """A stall's settings now and then, where its detectors stand (m, its own first), how often they speak, and the
    windows."""

    now: Setting
    then: Setting
    places: dict[str, float]
    every: dict[str, float | None]
    past: list[Past]
    fires: int = replay.FIRES


def answered(question: Question) -> bytes:
    """What was and would have been, as JSON."""
    windows = []
    for one in question.past:
        traces = replay.traces(one.readings.rows(), one.onset, question.places, question.every)
        if traces:
            windows.append((one.window, replay.episode(one.window, traces)))
    found = replay.compared(
        verification.stages(), nights.rules(), question.now, question.then, windows, replay.simulated(question.fires)
    )
    return msgspec.json.encode(found)


def main() -> int:
    """Answer one question."""
    if sys.platform != "win32":
        import resource

        os.nice(10)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(answered(question))
    return 0


if __name__ == "__main__":
    sys.exit(main())
