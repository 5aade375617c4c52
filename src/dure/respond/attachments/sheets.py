"""Sheets and plain text: workbooks without macros, links and objects of others; CSV without formulas."""

import csv
import io
import re
import zipfile
import zlib
from typing import Final

from dure.respond.attachments.images import Kept, Refused

UNPACKED: Final = 256 << 20
RATIO: Final = 200
"""A sheet of figures packs 10 to 30 times; a bomb a thousand and more."""
MOST_PARTS: Final = 2_000
_ACTIVE = re.compile(
    r"vbaproject|activex|embeddings/|externallinks/|oleobject|ctrlprops/|customui|macrosheets/|dialogsheets/"
    r"|connections\.xml|querytables/|\.(exe|dll|js|vbs|html?|svg)$",
    re.IGNORECASE,
)
_MACRO = re.compile(rb"macroEnabled|vnd\.ms-office\.vbaProject", re.IGNORECASE)
_OUTSIDE = re.compile(rb"<Relationship\b[^>]*TargetMode\s*=\s*[\"']External[\"'][^>]*>", re.IGNORECASE)
_ENTITY = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_FORMULA = re.compile(r"^\s*(=|@|[+-](?![\d.,\s-]*%?$)|\t|\r)")


def workbook(content: bytes) -> Kept:
    """An XLSX as it is. Every part is unpacked with a bound, whatever the zip says of its size. Raises Refused."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _parts(packed, len(content))
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise Refused("respond.attachment.broken") from error
    return Kept(content)


def _parts(packed: zipfile.ZipFile, size: int) -> None:
    infos = packed.infolist()
    names = [info.filename for info in infos]
    if len(infos) > MOST_PARTS or len(set(names)) != len(names):
        raise Refused("respond.attachment.broken")
    if "xl/workbook.xml" not in names or "[Content_Types].xml" not in names:
        raise Refused("respond.attachment.kind")
    room = min(UNPACKED, max(size * RATIO, 1 << 20))
    for info in infos:
        if _ACTIVE.search(info.filename) or ".." in info.filename.split("/") or info.flag_bits & 0x1:
            raise Refused("respond.attachment.active", info.filename[:80])
        with packed.open(info) as part:
            body = part.read(room + 1)
        room -= len(body)
        if room < 0:
            raise Refused("respond.attachment.bomb")
        _check_part(info.filename, body)


def _check_part(name: str, body: bytes) -> None:
    if not name.lower().endswith((".xml", ".rels", ".vml")):
        return
    if _ENTITY.search(body) or (name == "[Content_Types].xml" and _MACRO.search(body)):
        raise Refused("respond.attachment.active", name[:80])
    if name.lower().endswith(".rels"):
        for found in _OUTSIDE.finditer(body):
            if b"/hyperlink" not in found[0]:
                raise Refused("respond.attachment.active", name[:80])


def plain(content: bytes, *, cells: bool) -> Kept:
    """Text as UTF-8, UTF-16 with its mark, or CP949; with `cells` no line may hold a formula. Raises Refused."""
    text = _decoded(content)
    if any(ord(letter) < 0x20 and letter not in "\t\r\n\f" for letter in text):
        raise Refused("respond.attachment.kind")
    if cells:
        try:
            for number, row in enumerate(csv.reader(io.StringIO(text)), start=1):
                if any(_FORMULA.match(cell) for cell in row):
                    raise Refused("respond.attachment.formula", str(number))
        except csv.Error as error:
            raise Refused("respond.attachment.broken") from error
    return Kept(content)


def _decoded(content: bytes) -> str:
    codecs = ("utf-16",) if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig", "cp949")
    for codec in codecs:
        try:
            return content.decode(codec)
        except UnicodeDecodeError:
            continue
    raise Refused("respond.attachment.kind")
