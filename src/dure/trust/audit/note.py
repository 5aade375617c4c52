"""Checkpoints as signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature): text that any office can check.

dure/3f2a9c01
20852
qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=
time 2026-11-22T01:23:00.000000Z

— dure/3f2a9c01 Az3grl…
"""

import base64
import binascii
import hashlib
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4
_NAME = re.compile(r"[^\s+]{1,100}")
_SIGNATURE = re.compile(r"— ([^\s+]{1,100}) ([A-Za-z0-9+/=]{8,200})")
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_HEADS = 4


class BadNote(ValueError):
    """The text is no checkpoint, no key, or no signature."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the city states: at that time the log had `size` lines under this root."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def text(self) -> str:
        """The signed text."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\ntime {self.at.astimezone(UTC).strftime(TIME)}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """Somebody's public key: `name+keyid+base64(type, key)`."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The first four bytes of sha-256(name, newline, type, key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def cosigned_at(self, note: str) -> datetime | None:
        """When this witness cosigned `note`; None where its signature is absent or wrong."""
        text, blobs = _parts(note)
        for name, blob in blobs:
            if name == self.name and blob[:4] == self.id and self.kind == COSIGNATURE and len(blob) == 76:
                (at,) = struct.unpack(">Q", blob[4:12])
                if _holds(self.public, blob[12:], _cosigned(text, at)):
                    return datetime.fromtimestamp(at, UTC)
        return None

    def opened(self, note: str) -> Checkpoint:
        """The checkpoint that this city signed. Raises BadNote where the signature is absent or wrong."""
        found = _read(self.check(note))
        if found.origin != self.name:
            raise BadNote("not signed by this key")
        return found

    def check(self, note: str) -> str:
        """The text of a note that this key signed. Raises BadNote where the signature is absent or wrong."""
        text, blobs = _parts(note)
        mine = [blob for name, blob in blobs if name == self.name and blob[:4] == self.id and self.kind == ED25519]
        if not mine or not _holds(self.public, mine[0][4:], text.encode()):
            raise BadNote("not signed by this key")
        return text


def verifier(text: str) -> Verifier:
    """The key in its text form. Raises BadNote."""
    name, _, rest = text.strip().partition("+")
    id_, _, key = rest.partition("+")
    raw = _decoded(key)
    if _NAME.fullmatch(name) is None or len(raw) != 33 or raw[0] not in {ED25519, COSIGNATURE}:
        raise BadNote("not a verifier key")
    found = Verifier(name, raw[0], raw[1:])
    if found.id.hex() != id_:
        raise BadNote("the key's id is another")
    return found


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key: the city's, or a witness's."""

    name: str
    key: Ed25519PrivateKey

    def verifier(self, kind: int = ED25519) -> Verifier:
        """Its public half."""
        return Verifier(self.name, kind, self.key.public_key().public_bytes_raw())

    def signed(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a note of the city."""
        text = checkpoint.text()
        return f"{text}\n{self.line(text)}"

    def line(self, text: str) -> str:
        """The signature's line under a text of the city."""
        return _line(self.name, self.verifier().id + self.key.sign(text.encode()))

    def cosignature(self, note: str, at: datetime) -> str:
        """A witness's line under `note`: it saw this checkpoint at that time, consistent with all that it saw."""
        text, _ = _parts(note)
        seconds = int(at.timestamp())
        blob = struct.pack(">Q", seconds) + self.key.sign(_cosigned(text, seconds))
        return _line(self.name, self.verifier(COSIGNATURE).id + blob)


def unchecked(note: str) -> Checkpoint:
    """What a note says, whoever signed it. Raises BadNote."""
    return _read(_parts(note)[0])


def _line(name: str, blob: bytes) -> str:
    return f"— {name} {base64.b64encode(blob).decode()}\n"


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


@lru_cache(maxsize=64)
def _public(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


def _holds(public: bytes, signature: bytes, text: bytes) -> bool:
    try:
        _public(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("not base64") from error


def _parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    text, gap, below = note.rpartition("\n\n")
    found = [_SIGNATURE.fullmatch(line) for line in below.removesuffix("\n").split("\n")]
    if not gap or not below.endswith("\n") or len(found) > 50:
        raise BadNote("not a signed note")
    return f"{text}\n", [(one[1], _decoded(one[2])) for one in found if one is not None]


def _read(text: str) -> Checkpoint:
    lines = text.split("\n")
    if (
        len(lines) != _HEADS + 1
        or not lines[3].startswith("time ")
        or re.fullmatch(r"0|[1-9]\d{0,17}", lines[1]) is None
    ):
        raise BadNote("not a checkpoint")
    root = _decoded(lines[2])
    try:
        at = datetime.strptime(lines[3].removeprefix("time "), TIME).replace(tzinfo=UTC)
    except ValueError as error:
        raise BadNote("not a time") from error
    found = Checkpoint(lines[0], int(lines[1]), root, at)
    if len(root) != 32 or found.text() != text:
        raise BadNote("not a checkpoint")
    return found
