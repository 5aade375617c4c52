"""Which encoding a text file of a Korean office is in, and its lines whatever they hold."""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dure.documents.limits import Limits

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAMPLE = 1 << 16


class Line(NamedTuple):
    """A line without its end; `whole` is false where it was cut at the limit, `clean` where bytes could not be
    decoded."""

    text: str
    whole: bool = True
    clean: bool = True


def detect(path: Path, limits: Limits) -> str:
    """`utf-8-sig`, `utf-8`, `utf-16` or `cp949`: by the mark, else by which decodes more of the lines. One pass over
    the file."""
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if head.startswith(_UTF16):
            return "utf-16"
        file.seek(0)
        utf8 = cp949 = 0
        while line := file.readline(limits.line):
            if line.isascii():
                continue
            if _decodes(line, "utf-8"):
                utf8 += 1
            elif _decodes(line, "cp949"):
                cp949 += 1
    return "cp949" if cp949 > utf8 else "utf-8"


def lines(path: Path, encoding: str, limits: Limits) -> Iterator[Line]:
    """The lines of the file. A line of another encoding than the file's is decoded by the other (two files were
    joined)."""
    if encoding == "utf-16":
        yield from _text_lines(path, encoding, limits, newline=None)
        return
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    if b"\n" not in sample and b"\r" in sample:  # the line ends of old Macs
        yield from _text_lines(path, encoding, limits, newline=None)
        return
    other = "cp949" if encoding.startswith("utf-8") else "utf-8"
    with path.open("rb") as file:
        if encoding == "utf-8-sig":
            file.seek(len(codecs.BOM_UTF8))
        while raw := file.readline(limits.line):
            whole = raw.endswith(b"\n") or len(raw) < limits.line
            while not whole and (rest := file.readline(limits.line)):
                if rest.endswith(b"\n") or len(rest) < limits.line:
                    break
            yield _decoded(raw.rstrip(b"\r\n"), encoding, other, whole=whole)


def _decoded(raw: bytes, encoding: str, other: str, *, whole: bool) -> Line:
    for candidate in (encoding, other):
        try:
            return Line(raw.decode("utf-8" if candidate == "utf-8-sig" else candidate), whole)
        except UnicodeDecodeError:
            continue
    return Line(raw.decode(encoding, errors="replace"), whole, clean=False)


def _text_lines(path: Path, encoding: str, limits: Limits, newline: str | None) -> Iterator[Line]:
    with path.open(encoding=encoding, errors="replace", newline=newline) as file:
        while text := file.readline(limits.line):
            whole = text.endswith("\n") or len(text) < limits.line
            while not whole and (rest := file.readline(limits.line)):
                if rest.endswith("\n") or len(rest) < limits.line:
                    break
            yield Line(text.rstrip("\r\n"), whole, clean="\ufffd" not in text)


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
