"""How large a file may be, and the one error for files that are not what they say."""

from dataclasses import dataclass

from dure.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that a file of a city stays far below and an attack does not.

    `line` and `cell` are in characters; `unpacked` is what a workbook (a zip) may become, in bytes; `memory` is the
    address space of the child process that reads it.
    """

    file: int = 64 << 20
    unpacked: int = 512 << 20
    memory: int = 2 << 30
    rows: int = 300_000
    columns: int = 256
    cell: int = 32_767
    line: int = 1 << 20
    record_lines: int = 64


DEFAULT = Limits()


class UnreadableFile(Invalid):
    """The file as a whole could not be read: wrong format, no header, beyond a limit."""
