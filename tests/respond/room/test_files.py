"""What becomes of a file before it is kept: images are rebuilt without place and details, what acts is refused."""

import io
import struct
import subprocess
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.engine import ffmpeg
from dure.respond.attachments import jpeg, kinds
from dure.respond.attachments.images import PNG, Refused
from dure.respond.attachments.keeping import plain_name

SECRET = b"N36.6400 E127.4400 home of somebody"


def photo(width: int = 32, height: int = 24) -> bytes:
    """A real JPEG, as an encoder of its own makes it."""
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    picture[:, : width // 2] = (200, 40, 40)
    raw = ("-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{height}", "-i", "-")
    return converted(picture.tobytes(), *raw, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-f", "image2pipe")


def pixels(content: bytes) -> bytes:
    """What anybody sees of it, in RGB."""
    return converted(content, "-noautorotate", "-f", "image2pipe", "-i", "-", "-pix_fmt", "rgb24", "-f", "rawvideo")


def converted(content: bytes, *arguments: str) -> bytes:
    command = [ffmpeg.program(), "-loglevel", "error", *arguments, "-"]
    return subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout


def exif(*, orientation: int = 6) -> bytes:
    """An APP1 with which way is up, a place, and the words of somebody."""
    tags = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0) + struct.pack(">HHII", 0x8825, 4, 1, 38)
    body = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + tags + struct.pack(">I", 0) + SECRET
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def png(*, extra: bytes = b"", packed: bytes | None = None, width: int = 2, height: int = 2) -> bytes:
    rows = packed if packed is not None else zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return PNG + chunk(b"IHDR", head) + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_photo_keeps_its_picture_and_loses_its_place() -> None:
    plain = photo()
    sent = (
        plain[:2] + exif() + b"\xff\xfe" + struct.pack(">H", 2 + len(SECRET)) + SECRET + plain[2:] + b"MOTION" + SECRET
    )
    kind, kept = kinds.understood("x.png", sent)
    assert (kind.id, kind.served) == ("jpeg", "image/jpeg")
    assert kept.left_out == {"location", "details", "behind"}
    assert SECRET not in kept.content
    assert jpeg._tags(kept.content[kept.content.index(b"Exif\0\0") + 6 :]) == {0x0112: 6}, "which way is up stays"
    assert pixels(kept.content) == pixels(plain) != b""
    assert kinds.understood("again", kept.content)[1].content == kept.content, "a second time changes nothing"


def test_a_png_keeps_its_picture_and_loses_its_words() -> None:
    words = chunk(b"tEXt", b"Comment\0" + SECRET) + chunk(b"eXIf", SECRET) + chunk(b"acTL", b"\0" * 8)
    kind, kept = kinds.understood("", png(extra=words) + b"<script>")
    assert kind.id == "png"
    assert kept.content == png()
    assert kept.left_out == {"location", "details", "animation", "behind"}


def test_a_webp_loses_what_is_not_its_picture() -> None:
    picture = b"VP8L" + struct.pack("<I", 6) + b"\x2f\x01\x40\0\0\0"
    whole = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + b"\x2c\0\0\0" + b"\1\0\0\1\0\0" + picture
    whole += b"EXIF" + struct.pack("<I", len(SECRET)) + SECRET + b"\0" * (len(SECRET) & 1)
    _kind, kept = kinds.understood("", b"RIFF" + struct.pack("<I", len(whole)) + whole)
    assert SECRET not in kept.content
    assert kept.content[20] == 0, "it announces nothing that was left out"
    moving = b"WEBP" + b"ANIM" + struct.pack("<I", 6) + b"\0" * 6 + picture
    with pytest.raises(Refused, match="moving"):
        kinds.understood("", b"RIFF" + struct.pack("<I", len(moving)) + moving)


def pdf(body: bytes) -> bytes:
    return b"%PDF-1.7\n" + body + b"\nstartxref\n9\n%%EOF"


def stream(inner: bytes, *, kind: bytes = b"/ObjStm") -> bytes:
    packed = zlib.compress(inner)
    head = b"4 0 obj <</Type %b /Filter /FlateDecode /Length %d>>" % (kind, len(packed))
    return head + b"\nstream\n" + packed + b"\nendstream endobj"


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "a page of the web": ("x.html", b"<!doctype html><script>alert(1)</script>", "kind"),
    "a picture that is a program": ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "kind"),
    "a program under another name": ("x.jpg", b"MZ\x90\0" + b"\0" * 60, "kind"),
    "nothing": ("x.txt", b"", "empty"),
    "half a photo": ("x.jpg", photo()[:-200], "broken"),
    "a photo of a hundred thousand lines": (
        "x.png",
        png(width=100_000, height=100_000, packed=zlib.compress(b"")),
        "pixels",
    ),
    "a picture that unpacks for ever": ("x.png", png(packed=zlib.compress(b"\0" * 5_000_000, 9)), "bomb"),
    "a chunk that was changed": ("x.png", png().replace(b"\x08\0\0\0\0", b"\x08\2\0\0\0", 1), "broken"),
    "a PDF that runs": ("x.pdf", pdf(b"1 0 obj <</OpenAction <</S /JavaScript /JS (app.alert)>>>> endobj"), "active"),
    "a PDF that spells it otherwise": ("x.pdf", pdf(b"1 0 obj <</S /J#61vaScript>> endobj"), "active"),
    "a PDF that hides it": ("x.pdf", pdf(stream(b"1 0 <</S /JavaScript>>")), "active"),
    "a PDF whose stream of objects is spelled otherwise": (
        "x.pdf",
        pdf(stream(b"1 0 <</S /JavaScript>>", kind=b"/Obj#53tm")),
        "active",
    ),
    "a PDF that opens a program": ("x.pdf", pdf(b"1 0 obj <</S /Launch /F (cmd.exe)>> endobj"), "active"),
    "a PDF with a file inside": ("x.pdf", pdf(b"1 0 obj <</Type /EmbeddedFile>> endobj"), "active"),
    "a PDF that is locked": ("x.pdf", pdf(b"trailer <</Encrypt 3 0 R>>"), "locked"),
    "a PDF that unpacks for ever": ("x.pdf", pdf(stream(b" " * 70_000_000)), "bomb"),
    "cells that compute": ("x.csv", '이름,값\n홍,=HYPERLINK("http://x")\n'.encode("cp949"), "formula"),
    "cells that compute by a sign": ("x.csv", b"a,b\n+cmd|' /C calc'!A0,1\n", "formula"),
    "text that is none": ("x.txt", b"a\x00b\x01", "kind"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    name, content, why = REFUSED[what]
    with pytest.raises(Refused) as refused:
        kinds.understood(name, content)
    assert refused.value.key == f"respond.attachment.{why}"


def workbook(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/workbook.xml", "<workbook/>")
        for name, body in parts.items():
            packed.writestr(name.replace("__", "/"), body)
    return out.getvalue()


def test_workbooks() -> None:
    link = b'<Relationship Type="x/hyperlink" TargetMode="External" Target="http://x"/>'
    kind, kept = kinds.understood("x", workbook(**{"xl__worksheets__sheet1.xml": b"<a/>", "xl___rels__a.rels": link}))
    assert (kind.id, kind.served, kept.left_out) == ("xlsx", "application/octet-stream", frozenset())
    for parts, why in (
        ({"xl__vbaProject.bin": b"x"}, "active"),
        ({"xl__embeddings__a.bin": b"x"}, "active"),
        ({"xl___rels__a.rels": link.replace(b"hyperlink", b"externalLinkPath")}, "active"),
        ({"xl__sheet.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]>"}, "active"),
        ({"xl__big.xml": b" " * 30_000_000}, "bomb"),
    ):
        with pytest.raises(Refused) as refused:
            kinds.understood("x.xlsx", workbook(**parts))
        assert refused.value.key == f"respond.attachment.{why}", parts.keys()
    with pytest.raises(Refused):
        kinds.understood("x.zip", b"PK\x03\x04 and no more")


def test_plain_sheets_pass() -> None:
    for text in ("이름,값\n홍길동,-3.5\n김,+82 10\n합,12%\n", "a;b\r\n1;2\r\n"):
        for codec in ("utf-8", "utf-8-sig", "cp949", "utf-16"):
            assert kinds.understood("표.CSV", text.encode(codec))[0].id == "csv"


def test_names_are_names() -> None:
    assert plain_name("../../etc/\u202egpj.exe", kinds.KINDS["jpeg"]) == "gpj.jpg"
    assert plain_name("C:\\폴더\\북문 사진.JPG", kinds.KINDS["jpeg"]) == "북문 사진.jpg"
    assert plain_name("", kinds.KINDS["pdf"]) == "pdf.pdf"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["jpeg", "png", "pdf"]), st.integers(0, 10_000), st.binary(min_size=1, max_size=12))
def test_whatever_is_broken_is_refused_or_rebuilt_whole(which: str, at: int, noise: bytes) -> None:
    """No damage makes anything but a refusal come out, and what is rebuilt is understood again as the same."""
    whole = {"jpeg": _PHOTO, "png": png(), "pdf": pdf(stream(b"1 0 <</Type /Page>>"))}[which]
    at %= len(whole)
    try:
        _kind, kept = kinds.understood("x", whole[:at] + noise + whole[at + len(noise) :])
    except Refused:
        return
    assert kinds.understood("x", kept.content)[1].content == kept.content


_PHOTO = photo()
