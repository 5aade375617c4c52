"""What a file is by its own bytes, and what of it is kept. Pure; the name it came under says nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dure.respond.attachments import images, jpeg, pdf, sheets
from dure.respond.attachments.images import Kept, Refused

LARGEST: Final = 20 << 20
"""Bytes of one file: a photo of 50 megapixels, a scanned plan of some hundred pages."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: how its name ends, as what it is served, and whether screens may show it."""

    id: str
    suffix: str
    served: str
    shown: bool


_BYTES = "application/octet-stream"
KINDS: Final = {
    one.id: one
    for one in (
        Kind("jpeg", ".jpg", "image/jpeg", shown=True),
        Kind("png", ".png", "image/png", shown=True),
        Kind("webp", ".webp", "image/webp", shown=True),
        Kind("pdf", ".pdf", _BYTES, shown=False),
        Kind("xlsx", ".xlsx", _BYTES, shown=False),
        Kind("csv", ".csv", _BYTES, shown=False),
        Kind("txt", ".txt", _BYTES, shown=False),
    )
}
"""Only still pictures have a type of their own when they leave; all else leaves as bytes to be saved."""
_MAGIC: tuple[tuple[str, Callable[[bytes], bool], Callable[[bytes], Kept]], ...] = (
    ("jpeg", lambda head: head.startswith(b"\xff\xd8\xff"), jpeg.rebuilt),
    ("png", lambda head: head.startswith(images.PNG), images.png),
    ("webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", images.webp),
    ("pdf", lambda head: head.startswith(b"%PDF-"), pdf.checked),
    ("xlsx", lambda head: head.startswith(b"PK\x03\x04"), sheets.workbook),
)


def understood(name: str, content: bytes) -> tuple[Kind, Kept]:
    """The kind and what is kept. Raises Refused with the reason's key."""
    if not content:
        raise Refused("respond.attachment.empty")
    for id_, is_it, check in _MAGIC:
        if is_it(content[:16]):
            return KINDS[id_], check(content)
    if name.lower().endswith((".csv", ".txt")):
        id_ = name.lower()[-3:]
        return KINDS[id_], sheets.plain(content, cells=id_ == "csv")
    raise Refused("respond.attachment.kind")
