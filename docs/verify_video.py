"""Says whether an archive of pictures that dure exported is as the city made it. It needs nothing of dure.

    python verify_video.py ARCHIVE.zip [--key KEY]

KEY is a public key of the city (name+id+base64), had by another way than this archive; without it the archive vouches
for itself with the key that lies in it. Python 3.11 and `cryptography`; C2SP signed-note. Exit 0: whole, 1: changed,
2: not read.
"""  # noqa: INP001

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT, NOTE = "dure-video-1", "dure video export v1"
BESIDE = {"manifest.json", "manifest.note", "city.key"}
LARGEST = 1 << 28  # bytes of a manifest


class Changed(Exception): ...


def need(so: bool, told: str) -> None:
    if not so:
        raise Changed(told)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def signed(key: str, note: str) -> list:
    """The lines of a note that this key (name+id+base64(1, 32 bytes)) signed."""
    (name, told, rest), (text, _, below) = key.strip().split("+", 2), note.rpartition("\n\n")
    id_ = sha(f"{name}\n".encode() + (raw := base64.b64decode(rest, validate=True)))[:4]
    need(raw[0] == 1 and id_.hex() == told, "the city's key is no key of this kind")
    blobs = [base64.b64decode(row.split(" ")[2]) for row in below.splitlines() if row.startswith(f"— {name} ")]
    mine = b"".join(one[4:] for one in blobs if one[:4] == id_)
    try:
        Ed25519PublicKey.from_public_bytes(raw[1:]).verify(mine, f"{text}\n".encode())
    except InvalidSignature:
        raise Changed("the manifest is not signed by the city's key") from None
    return text.split("\n")


def small(archive: zipfile.ZipFile, name: str) -> bytes:
    need(name in archive.namelist(), f"{name} is missing")
    need(archive.getinfo(name).file_size <= LARGEST, f"{name} is too large")
    return archive.read(name)


def film(archive: zipfile.ZipFile, told: dict) -> None:
    """A film is the one that was made; where not, from which second on it was changed."""
    need(told["file"] in archive.namelist(), f"{told['file']} is missing")
    whole, size = hashlib.sha256(), 0
    with archive.open(told["file"]) as file:
        while block := file.read(1 << 20):
            whole.update(block)
            size += len(block)
    if whole.hexdigest() != told["sha256"] or size != told["bytes"]:
        raise Changed(f"{told['file']} was changed: {where(archive, told)}")


def where(archive: zipfile.ZipFile, told: dict) -> str:
    with archive.open(told["file"]) as file:
        head = archive.getinfo(told["file"]).file_size - sum(one["bytes"] for one in told["result"])
        file.read(max(head, 0))
        for one in told["result"]:
            if hashlib.sha256(file.read(one["bytes"])).hexdigest() != one["sha256"]:
                return f"from second {one['begin_ms'] / 1000:.1f} on"
    return "before its first picture, or behind its last"


def checked(path: Path, key: str | None) -> list:
    """What is said of a whole archive, line by line."""
    with zipfile.ZipFile(path) as archive:
        manifest = small(archive, "manifest.json")
        lines = signed(key or small(archive, "city.key").decode(), small(archive, "manifest.note").decode())
        need(lines[0] == NOTE, "the note is about something else")
        need(lines[1] == hashlib.sha256(manifest).hexdigest(), "the manifest was changed")
        told = json.loads(manifest)
        need(told["format"] == FORMAT, "a format that this program does not know")
        for one in told["films"]:
            film(archive, one)
        rest = set(archive.namelist()) - BESIDE - {one["file"] for one in told["films"]}
        need(not rest, f"something was added: {', '.join(sorted(rest))}")
        need(len(archive.namelist()) == len(set(archive.namelist())), "a name stands twice in the archive")
    right, over = told["right"], datetime.fromisoformat(told["expires_at"]) < datetime.now(UTC)
    return [
        f"case {told['case']['receipt_no']}, document {right['document']}, ground {right['ground']}",
        f"for {right['requester']['name']} ({right['requester']['agency'] or '-'}), approved by {right['approver']}",
        f"purpose: {right['purpose']}",
        *(f"{one['what']:<8} {one['at']} {one['who']}" for one in told["custody"]),
        *(describe(one) for one in told["films"]),
        *([f"no pictures of: {', '.join(told['missing'])}"] if told["missing"] else []),
        f"to be destroyed by {told['expires_at']}" + (" - THAT TIME IS OVER" if over else ""),
    ]


def describe(one: dict) -> str:
    gaps = "; ".join(f"{begin} to {end}" for begin, end in one["gaps"]) or "none"
    covered = sum(len(mask["polygons"]) for mask in one["masks"])
    return f"{one['file']}: {one['pictures']} pictures, gaps {gaps}, {covered} masks, blurred by {one['detector']}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--key", help="the city's public key, or a file that holds it")
    args = parser.parse_args()
    code, told = said(args.archive, args.key)
    (sys.stderr if code == 2 else sys.stdout).write(f"{told}\n")
    return code


def said(archive: Path, key: str | None) -> tuple:
    """The exit code and what is told."""
    try:
        if key is not None and "+" not in key:
            key = Path(key).read_text(encoding="utf-8")
        lines = checked(archive, key)
    except Changed as changed:
        return 1, f"CHANGED: {changed}"
    except zipfile.BadZipFile as error:
        return 1, f"CHANGED: the archive is damaged: {error}"
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        return 2, f"not read: {error}"
    by = "" if key else " (by the key in the archive: compare it with the city's)"
    return 0, "\n".join([f"whole: as the city made it{by}", *lines])


if __name__ == "__main__":
    sys.exit(main())
