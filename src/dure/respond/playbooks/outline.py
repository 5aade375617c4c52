"""Lines of a manual as an outline: front matter, headings, prose and the tree of lines that begin with a dash. What
they mean is for `parse` to say. Pure and linear; never raises.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from dure.respond.playbooks.faults import Faults

LONGEST: Final = 256 * 1024
"""Bytes of UTF-8."""
LONGEST_LINE: Final = 2_000
MOST_STEPS: Final = 500
DEEPEST: Final = 4
_HEADING = re.compile(r"## +(\d{1,4})[.)] *(.*)")
_ITEM = re.compile(r"([ \t]*)[-*] +(.*)")
_WORD = re.compile(r"([^:：]{1,24})[:：](?:\s+|$)(.*)")
_TAG = re.compile(r"<[A-Za-z/!?]")
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""Control characters and those that reverse or hide what is read."""


@dataclass(slots=True)
class Item:
    """`- word: value`. `word` is empty for a sentence. Columns count from 1."""

    line: int
    column: int
    word: str
    value: str
    value_column: int
    items: list["Item"] = field(default_factory=list)


@dataclass(slots=True)
class Section:
    """A step as written."""

    number: int
    title: str
    line: int
    prose: list[str] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class Outline:
    """A manual as written."""

    front: list[Item] = field(default_factory=list)
    title: str = ""
    intro: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


class _Reader:
    """Reads line by line."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.outline = Outline()
        self.open: list[tuple[int, Item]] = []  # items that the next may stand in, with how far each is indented
        self.fenced = False

    def body(self, number: int, line: str) -> None:
        """One line below the front matter."""
        if not line.strip():
            return
        if line.startswith("```"):
            self.fenced = not self.fenced
            self.faults.add(number, 1, 0, "code")
        elif self.fenced:
            return
        elif line.startswith("## "):
            self.heading(number, line)
        elif line.startswith("# "):
            self.title(number, line[2:].strip())
        elif item := _ITEM.fullmatch(line):
            self.item(number, len(item[1].expandtabs(4)), len(line) - len(item[2]) + 1, item[2])
        else:
            self.prose(number, line)

    def title(self, number: int, title: str) -> None:
        """The one heading of the whole."""
        if self.outline.title or self.outline.sections:
            self.faults.add(number, 1, 0, "title_again")
        self.outline.title = self.outline.title or title

    def heading(self, number: int, line: str) -> None:
        """A step begins."""
        self.open = []
        heading = _HEADING.fullmatch(line)
        expected = len(self.outline.sections) + 1
        if heading is None or not heading[2].strip():
            self.faults.add(number, 1, 0, "heading", n=expected)
            found, title = expected, line[3:].strip()
        else:
            found, title = int(heading[1]), heading[2].strip()
            if found != expected:
                self.faults.add(number, 4, len(heading[1]), "number", n=found, expected=expected)
        if expected > MOST_STEPS:
            if expected == MOST_STEPS + 1:
                self.faults.add(number, 1, 0, "too_many_steps", most=MOST_STEPS)
            expected = MOST_STEPS + 1
            del self.outline.sections[MOST_STEPS:]
        self.outline.sections.append(Section(expected, title, number))

    def item(self, number: int, indent: int, column: int, text: str) -> None:
        """A line that begins with a dash."""
        if not self.outline.sections:
            self.faults.add(number, 1, 0, "before_steps")
            return
        while self.open and self.open[-1][0] >= indent:
            self.open.pop()
        worded = _WORD.fullmatch(text)
        if worded is None:
            item = Item(number, column, "", text.strip(), column)
        else:
            item = Item(number, column, worded[1].strip(), worded[2].strip(), column + worded.start(2))
        if len(self.open) >= DEEPEST:
            self.faults.add(number, 1, 0, "too_deep", most=DEEPEST)
            return
        held = self.open[-1][1].items if self.open else self.outline.sections[-1].items
        held.append(item)
        self.open.append((indent, item))

    def prose(self, number: int, line: str) -> None:
        """A sentence for people."""
        text = line.strip()
        if not self.outline.title and not self.outline.sections:
            self.faults.add(number, 1, 0, "no_title")
            return
        self.open = []
        held = self.outline.sections[-1].prose if self.outline.sections else self.outline.intro
        held.append(text.lstrip("> ").strip() if text.startswith(">") else text)


def outlined(text: str, faults: Faults) -> Outline | None:
    """The outline of `text`, or None where it is too long to be read; what is wrong with it goes into `faults`."""
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST:
        faults.add(1, 1, 0, "too_long", most_kib=LONGEST // 1024)
        return None
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reader = _Reader(faults)
    first = _front(lines, reader)
    for number, line in enumerate(lines[first:], first + 1):
        if _readable(number, line, faults):
            reader.body(number, line.rstrip())
    if not reader.outline.title and lines != [""]:
        faults.add(min(first + 1, len(lines)), 1, 0, "no_title")
    if not reader.outline.sections:
        faults.add(len(lines), 1, 0, "no_steps")
    return reader.outline


def _readable(number: int, line: str, faults: Faults) -> bool:
    if len(line) > LONGEST_LINE:
        faults.add(number, LONGEST_LINE + 1, 0, "line_too_long", most=LONGEST_LINE)
        return False
    if found := _HIDDEN.search(line):
        faults.add(number, found.start() + 1, 1, "character", code=f"U+{ord(found[0]):04X}")
        return False
    if found := _TAG.search(line):
        faults.add(number, found.start() + 1, 1, "html")
        return False
    return True


def _front(lines: list[str], reader: _Reader) -> int:
    """Read the front matter. The number of lines that it takes."""
    if not lines or lines[0].rstrip() != "---":
        reader.faults.add(1, 1, 0, "no_front")
        return 0
    for number, line in enumerate(lines[1:], 2):
        if line.rstrip() == "---":
            return number
        if line.startswith("#"):  # somebody forgot to end it
            break
        if not line.strip() or not _readable(number, line, reader.faults):
            continue
        worded = _WORD.fullmatch(line.strip())
        if worded is None:
            reader.faults.add(number, 1, 0, "front_line")
        else:
            column = len(line) - len(line.lstrip()) + 1
            item = Item(number, column, worded[1].strip(), worded[2].strip(), column + worded.start(2))
            reader.outline.front.append(item)
    reader.faults.add(1, 1, 3, "front_open")
    return next((number for number, line in enumerate(lines[1:], 1) if line.startswith("#")), len(lines))
