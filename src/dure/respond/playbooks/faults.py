"""What is wrong with a manual, and where."""

import dataclasses
from dataclasses import dataclass
from typing import Final

from dure.kernel.errors import Param

MOST: Final = 200
"""Faults that are told of one text; nobody mends more at once."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: line and column count from 1, `length` is in characters (0: the whole line); `key` is a catalogue
    key.
    """

    line: int
    column: int
    length: int
    key: str
    params: dict[str, Param] = dataclasses.field(default_factory=dict)


class Faults:
    """Collects faults in any order and tells the first ones by line."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, line: int, column: int, length: int, name: str, /, **params: Param) -> None:
        """One more: `name` is the last part of its key."""
        if len(self._found) < MOST:
            self._found.append(Fault(line, column, length, f"respond.playbook.fault.{name}", params))

    @property
    def found(self) -> tuple[Fault, ...]:
        """All of them, the first line first."""
        return tuple(sorted(self._found, key=lambda fault: (fault.line, fault.column)))
