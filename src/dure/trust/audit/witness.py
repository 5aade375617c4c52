"""A witness: another office that keeps the city's checkpoints and cosigns what continues all that it saw.

It needs the city's public key and nothing else. A past that was written anew, cut off or set back it refuses, and
keeps both signed checkpoints: the city's own signature is the proof. Its folder holds `witness.key` (its seed),
`city.key` (the key it trusts, as the city told it by another way), `seen.jsonl`, and `proof-<n>.json` for each refusal.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dure.trust.audit import merkle
from dure.trust.audit.note import BadNote, Checkpoint, Signer, Verifier, unchecked, verifier
from dure.trust.audit.succession import announcement

Wrong = Literal["signature", "rollback", "fork", "gap"]


@dataclass(frozen=True, slots=True)
class Offered:
    """A checkpoint and the proof that it continues the tree of `first` lines."""

    note: str
    first: int
    proof: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a checkpoint was not cosigned, with what was seen before: both signed by the city."""

    kind: Wrong
    note: str
    before: str | None
    first: int
    proof: Sequence[bytes]


def judge(key: Verifier, last: Checkpoint | None, offered: Offered) -> Checkpoint | Wrong:
    """The checkpoint where it is the city's and continues the last one seen; else what is wrong with it."""
    try:
        found = key.opened(offered.note)
    except BadNote:
        return "signature"
    if last is None:
        return found
    if found.size < last.size:
        return "rollback"
    if found.size == last.size:
        return found if found.root == last.root else "fork"
    if last.size and offered.first != last.size:
        return "gap"
    if last.size and not merkle.consistent(last.size, last.root, found.size, found.root, offered.proof):
        return "fork"
    return found


class Witness:
    """A witness with its folder. Raises BadNote where `told_key` is no key, or another than the folder trusts."""

    def __init__(self, folder: Path, told_key: str | None = None) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        seed = _seed(folder / "witness.key")
        digest = hashlib.sha256(seed.public_key().public_bytes_raw()).hexdigest()
        self.signer = Signer(f"witness-{digest[:8]}", seed)
        self._city = folder / "city.key"
        self.key = verifier(self._city.read_text(encoding="ascii")) if self._city.exists() else None
        if told_key is not None:
            told = verifier(told_key)
            if self.key is not None and self.key != told:
                raise BadNote("another key is trusted already")
            self._trust(told)
        self._seen = folder / "seen.jsonl"
        self.last_note: str | None = None
        if self._seen.exists():
            rows = self._seen.read_text(encoding="utf-8").splitlines()
            self.last_note = str(json.loads(rows[-1])["note"]) if rows else None

    def _trust(self, key: Verifier) -> None:
        self.key = key
        self._city.write_text(f"{key}\n", encoding="ascii")

    @property
    def last(self) -> Checkpoint | None:
        """The last checkpoint that was cosigned."""
        return unchecked(self.last_note) if self.last_note else None  # it was checked before it was kept

    def follow(self, note: str) -> bool:
        """Trust the key that the one trusted until now hands over to, if `note` says so; whether it did. Kept in
        `keys.jsonl`. A hand-over over fewer lines than were seen is none.
        """
        try:
            told = announcement(note)
        except BadNote:
            return False
        if told.old != self.key or (self.last is not None and told.size < self.last.size):
            return False
        with (self.folder / "keys.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps({"note": note}) + "\n")
        self._trust(told.new)
        return True

    def take(self, offered: Offered, now: datetime) -> str | Refused:
        """The note with this witness's line, kept first; or the refusal, with its proof kept."""
        assert self.key is not None
        found = judge(self.key, self.last, offered)
        if not isinstance(found, Checkpoint):
            refused = Refused(found, offered.note, self.last_note, offered.first, offered.proof)
            self._prove(refused, now)
            return refused
        if offered.note == self.last_note:
            return offered.note + self.signer.cosignature(offered.note, now)
        cosigned = offered.note + self.signer.cosignature(offered.note, now)
        with self._seen.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"note": offered.note, "cosigned": cosigned}) + "\n")
            out.flush()
            os.fsync(out.fileno())
        self.last_note = offered.note
        return cosigned

    def _prove(self, refused: Refused, now: datetime) -> None:
        number = len(list(self.folder.glob("proof-*.json"))) + 1
        told = {
            "kind": refused.kind,
            "found_at": now.astimezone(UTC).isoformat(),
            "seen_before": refused.before,
            "offered": refused.note,
            "first": refused.first,
            "proof": [one.hex() for one in refused.proof],
        }
        (self.folder / f"proof-{number}.json").write_text(json.dumps(told, indent=1), "utf-8")

    def look(self, source: str, client: httpx.Client | None, now: datetime) -> Iterator[str | Refused]:
        """Look once at a city (its URL) or at the folder that it drops checkpoints into.

        Raises httpx.HTTPError, OSError or ValueError where the source cannot be read.
        """
        offers = self._from_city(source, client) if client is not None else self._from_folder(Path(source))
        for offered in offers:
            found = self.take(offered, now)
            yield found
            if isinstance(found, Refused):
                return
            if client is not None:
                client.post(f"{source}/api/v1/audit/cosignatures", json={"note": found})

    def _from_city(self, url: str, client: httpx.Client) -> Iterator[Offered]:
        note = str(_asked(client, f"{url}/api/v1/audit/checkpoints/latest")["note"])
        self._need_trust(note)
        if self._opened(note) is None:
            for change in _asked(client, f"{url}/api/v1/audit/keys")["items"]:
                self.follow(str(change["note"]))
        found, last = self._opened(note), self.last
        proof: list[bytes] = []
        first = last.size if last else 0
        if found is not None and 0 < first < found.size:
            told = _asked(client, f"{url}/api/v1/audit/consistency?first={first}&second={found.size}")
            proof = [bytes.fromhex(str(one)) for one in told["proof"]]
        yield Offered(note, first, proof)

    def _from_folder(self, folder: Path) -> Iterator[Offered]:
        known = self.last_note is None
        rows = [
            json.loads(row) for file in sorted(folder.glob("*.jsonl")) for row in file.read_text("utf-8").splitlines()
        ]
        if rows:
            self._need_trust(str(rows[0].get("note")))
        known = known or all(row.get("note") != self.last_note for row in rows)
        for row in rows:
            if "announced" in row:
                self.follow(str(row["announced"]))
                continue
            if known:
                yield Offered(str(row["note"]), int(row["first"]), [bytes.fromhex(one) for one in row["proof"]])
            known = known or row["note"] == self.last_note

    def _opened(self, note: str) -> Checkpoint | None:
        try:
            return self.key.opened(note) if self.key else None
        except BadNote:
            return None

    def _need_trust(self, note: str) -> None:
        if self.key is None:
            raise BadNote(f"no key is trusted yet; the checkpoint says it is of {note.splitlines()[0]}")


def _asked(client: httpx.Client, url: str) -> dict[str, Any]:
    answer = client.get(url)
    answer.raise_for_status()
    found = answer.json()
    if isinstance(found, dict):
        return found
    raise ValueError("not an answer of dure")


def _seed(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(os.urandom(32)))
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_bytes()))
