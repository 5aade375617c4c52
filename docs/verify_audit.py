"""Says whether an exported audit log of dure is whole, or where it is broken. It needs nothing of dure.

    python verify_audit.py EXPORT [--key KEY] [--seen seen.jsonl]...

EXPORT holds log.json, lines.jsonl and checkpoints.jsonl. KEY is the city's public key, had by another way than this
export (without it, the export vouches for itself). seen.jsonl is what a witness kept. Python 3.11 and `cryptography`;
RFC 6962 (tree), C2SP signed-note (checkpoints). Exit 0: whole, 1: broken, 2: not readable.
"""  # noqa: INP001

import argparse
import base64
import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FIELDS = "id at actor actor_name agency_id address action entity entity_id person_id purpose case_id outcome"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)  # nothing younger is ever destroyed by law


class Broken(Exception): ...


def need(so: bool, told: str) -> None:
    if not so:
        raise Broken(told)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf_of(line: dict) -> bytes:
    """sha-256(0x00, every field as its length, a colon and its text; null is "-"; times in microseconds)."""
    parts = []
    for name in FIELDS.split():
        value = line[name]
        if name == "at":
            value = str((datetime.fromisoformat(value) - EPOCH) // timedelta(microseconds=1))
        parts.append(b"-" if value is None else b"%d:%b" % (len(value.encode()), value.encode()))
    return sha(b"\x00" + b"".join(parts))


class Tree:
    """The fewest whole subtrees over the leaves so far."""

    def __init__(self) -> None:
        self.size, self.nodes = 0, []

    def add(self, hashed: bytes, level: int = 0) -> None:
        self.size += 1 << level
        at = (self.size >> level) - 1
        while at & 1:
            hashed, level, at = sha(b"\x01" + self.nodes.pop()[1] + hashed), level + 1, at >> 1
        self.nodes.append((level, hashed))

    def add_span(self, end: int, hashes: list) -> None:
        """The subtrees from here to leaf `end`, largest first as they fit."""
        for one in hashes:
            level = (end - self.size).bit_length() - 1
            if self.size:
                level = min(level, (self.size & -self.size).bit_length() - 1)
            need(self.size < end, "the hashes beside the range do not fit")
            self.add(bytes.fromhex(one), level)
        need(self.size == end, "the hashes beside the range do not fit")

    def root(self) -> bytes:
        whole = self.nodes[-1][1] if self.nodes else sha(b"")
        for _, left in reversed(self.nodes[:-1]):
            whole = sha(b"\x01" + left + whole)
        return whole


class Key:
    """The city's public key: name+id+base64(1, 32 bytes)."""

    def __init__(self, text: str) -> None:
        self.name, id_, rest = text.strip().split("+", 2)
        raw = base64.b64decode(rest, validate=True)
        self.id = sha(self.name.encode() + b"\n" + raw)[:4]
        if raw[0] != 1 or self.id.hex() != id_:
            raise ValueError("not a key of this kind")
        self.public = Ed25519PublicKey.from_public_bytes(raw[1:])

    def opened(self, note: str, what: str) -> tuple:
        """(size, root, time) of a checkpoint that this key signed."""
        text, _, below = note.rpartition("\n\n")
        for line in below.splitlines():
            dash, name, blob = [*line.split(" "), "", ""][:3]
            signature = base64.b64decode(blob)
            if (dash, name, signature[:4]) == ("—", self.name, self.id):
                try:
                    self.public.verify(signature[4:], f"{text}\n".encode())
                except InvalidSignature:
                    break
                origin, size, root, at = text.split("\n")[:4]
                if origin == self.name:
                    return int(size), base64.b64decode(root), datetime.fromisoformat(at.removeprefix("time "))
        raise Broken(f"{what} is not signed by the city's key")


def json_lines(path: Path):
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def checkpoints(folder: Path, key: Key, seen: list) -> list:
    """All signed words as (size, root, time, what), by size."""
    due, before = [], None
    for n, one in enumerate(json_lines(folder / "checkpoints.jsonl"), 1):
        found = key.opened(one["note"], f"checkpoint {n}")
        follows = before is None or (found[0] >= before[0] and found[2] >= before[2])
        need(one["number"] == n and follows, f"checkpoint {n} does not follow the one before")
        due.append((*found, f"checkpoint {n}"))
        before = found
    told = "a witness's note"
    due.extend((*key.opened(one["note"], told), told) for path in seen for one in json_lines(path))
    return sorted(due, key=lambda one: one[0])


class Walk:
    """The lines in order, held against every signed word."""

    def __init__(self, head: dict, due: list) -> None:
        self.tree, self.chain, self.signed = Tree(), bytes.fromhex(head["chain"]), head["begin"]
        self.missing, self.claims = [], []
        self.tree.add_span(head["begin"], head["before"])
        self.head, self.due = head, [one for one in due if one[0] >= head["begin"]]
        self.compare()

    def compare(self) -> None:
        while self.due and self.due[0][0] == self.tree.size:
            _, root, _, what = self.due.pop(0)
            first = min(self.signed + 1, self.tree.size)
            need(root == self.tree.root(), f"line {first} to {self.tree.size}: {what} has another root")
            self.signed = self.tree.size

    def take(self, one: dict) -> None:
        here, leaf, line = self.tree.size + 1, bytes.fromhex(one["leaf"]), one["line"]
        need(one["seq"] == here, f"line {here}: it was removed")
        if line is None:
            self.missing.append(here)
        else:
            need(leaf_of(line) == leaf, f"line {here}: its content was changed")
            first, dash, last = str(line["entity_id"]).partition("-")
            if line["action"] == "audit.destroy" and dash and (first + last).isdigit():
                self.claims.append((int(first), int(last), datetime.fromisoformat(line["at"]) - YEAR))
        self.chain = sha(self.chain + leaf)
        need(self.chain.hex() == one["hash"], f"line {here}: the chain is broken")
        self.tree.add(leaf)
        self.compare()

    def end(self, due: list) -> str:
        """Destruction is proven, the newest checkpoint stands over everything, and nobody saw a longer log."""
        head, last, (size, root, when) = self.head, self.tree.size, self.head["checkpoint"]
        need(last == head["end"], f"line {last + 1}: the export ends before line {head['end']}")
        stood = [(a, z, max([0, *(one[0] for one in due if one[2] <= before)])) for a, z, before in self.claims]
        for gone in self.missing:
            spans = [min(z, old) for a, z, old in stood if a <= gone <= z]
            need(spans, f"line {gone}: removed without a record of destruction")
            need(gone <= max(spans), f"line {gone}: destroyed before its time")
        longest = max([size, *(one[0] for one in self.due)])
        need(longest == size, f"line {size + 1}: a signed note saw {longest} lines; the log was cut off or set back")
        self.tree.add_span(size, head["after"])
        for one in [(size, root), *self.due]:
            need(one[0] != size or one[1] == self.tree.root(), f"line {head['begin'] + 1} to {last}: another root")
        told = f"WHOLE: lines {head['begin'] + 1} to {last} of {size}, {len(due)} signed notes, as of {when}"
        return told + (f"; {len(self.missing)} destroyed by the rules of retention" if self.missing else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", help="the city's public key, had by another way")
    parser.add_argument("--seen", type=Path, action="append", default=[], help="a witness's seen.jsonl")
    given = parser.parse_args()
    try:
        head = json.loads((given.export / "log.json").read_text(encoding="utf-8"))
        head["checkpoint"] = (key := Key(given.key or head["key"])).opened(head["note"], "the export's checkpoint")
        walk = Walk(head, due := checkpoints(given.export, key, given.seen))
        for one in json_lines(given.export / "lines.jsonl"):
            walk.take(one)
        sys.stdout.write(walk.end(due) + "\n")
    except Broken as error:
        sys.stdout.write(f"BROKEN: {error}\n")
        return 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"not readable: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
