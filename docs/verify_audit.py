"""Says whether an exported audit log of dure is whole, or where it is broken. It needs nothing of dure.

    python verify_audit.py EXPORT [--key KEY] [--seen seen.jsonl]...

EXPORT holds log.json, lines.jsonl and checkpoints.jsonl. KEY is a public key of the city, had by another way than this
export (without it, the export vouches for itself); where keys followed one another, any one of them. seen.jsonl is what
a witness kept. Python 3.11 and `cryptography`; RFC 6962, C2SP signed-note. Exit 0: whole, 1: broken, 2: not read.
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
    told = {**line, "at": str((datetime.fromisoformat(line["at"]) - EPOCH) // timedelta(microseconds=1))}
    values = [None if told[name] is None else told[name].encode() for name in FIELDS.split()]
    return sha(b"\x00" + b"".join(b"-" if one is None else b"%d:%b" % (len(one), one) for one in values))


class Tree:  # the fewest whole subtrees over the leaves so far
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
            level = min((end - self.size).bit_length(), (self.size & -self.size or end).bit_length()) - 1
            need(self.size < end, "the hashes beside the range do not fit")
            self.add(bytes.fromhex(one), level)
        need(self.size == end, "the hashes beside the range do not fit")

    def root(self) -> bytes:
        whole = self.nodes[-1][1] if self.nodes else sha(b"")
        for _, left in reversed(self.nodes[:-1]):
            whole = sha(b"\x01" + left + whole)
        return whole


def signed(key: str, note: str, what: str) -> list:
    """The lines of a note that this key (name+id+base64(1, 32 bytes)) signed."""
    (name, told, rest), (text, _, below) = key.split("+", 2), note.rpartition("\n\n")
    id_ = sha(f"{name}\n".encode() + (raw := base64.b64decode(rest, validate=True)))[:4]
    need(raw[0] == 1 and id_.hex() == told, "the city's key is no key of this kind")
    blobs = [base64.b64decode(row.split(" ")[2]) for row in below.splitlines() if row.startswith(f"— {name} ")]
    mine = b"".join(one[4:] for one in blobs if one[:4] == id_)
    try:
        Ed25519PublicKey.from_public_bytes(raw[1:]).verify(mine, f"{text}\n".encode())
    except InvalidSignature:
        raise Broken(f"{what} is not signed by the city's key") from None
    return text.split("\n")


class Chain:
    """The keys that signed, one after another: each hands over in a note that it and the next one signed."""

    def __init__(self, trusted: str, notes: list) -> None:
        self.keys, self.begins = [trusted.strip()], [(0, 0, EPOCH)]  # since which checkpoint, line and time
        for n, note in enumerate(notes):
            old, new, after, size, at = (row.split(" ", 1)[1] for row in note.split("\n")[1:6])
            begin = int(after), int(size), datetime.fromisoformat(at)
            fits = note.startswith("dure audit key v1\n") and (n == 0 or old == self.keys[-1])
            need(all(self.begins[-1][at] <= begin[at] for at in range(3)), "the keys changed out of order")
            need(fits and signed(old, note, "a change") and signed(new, note, "a change"), "the keys do not follow")
            self.keys, self.begins = [*(self.keys if n else [old]), new], [*self.begins, begin]
        need(trusted.strip() in self.keys, "the trusted key is none of the city's")

    def opened(self, note: str, what: str, number: int = 0) -> tuple:
        """(size, root, time) of a checkpoint, signed by the key whose time it was."""
        named = [n for n, key in enumerate(self.keys) if note.startswith(key.split("+")[0] + "\n")] or [0]
        mine = sum(number > one[0] for one in self.begins[1:]) if number else named[0]
        origin, size, root, at = signed(self.keys[mine], note, what)[:4]
        when = datetime.fromisoformat(at.removeprefix("time "))
        for n, (_, lines, time) in enumerate(self.begins):
            fits = int(size) >= lines and when >= time if n <= mine else int(size) <= lines and when <= time
            need(fits and self.keys[mine].startswith(f"{origin}+"), f"{what} is not of the time of its key")
        return int(size), base64.b64decode(root), when


def json_lines(path: Path):
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def checkpoints(folder: Path, key: Chain, seen: list) -> list:
    """All signed words as (size, root, time, what), by size."""
    due = []
    for n, one in enumerate(json_lines(folder / "checkpoints.jsonl"), 1):
        due.append((*key.opened(one["note"], f"checkpoint {n}", n), f"checkpoint {n}"))
        follows = all(due[-1][at] >= due[max(n - 2, 0)][at] for at in (0, 2))
        need(one["number"] == n and follows, f"checkpoint {n} does not follow the one before")
    need(len(due) >= key.begins[-1][0], "checkpoints were cut off before the keys changed")
    told = "a witness's note"
    due.extend((*key.opened(one["note"], told), told) for path in seen for one in json_lines(path))
    return sorted(due, key=lambda one: one[0])


class Walk:  # the lines in order, held against every signed word
    def __init__(self, head: dict, due: list) -> None:
        self.tree, self.chain, self.signed = Tree(), bytes.fromhex(head["chain"]), head["begin"]
        self.missing, self.claims = [], []
        self.tree.add_span(head["begin"], head["before"])
        self.head, self.due = head, [one for one in due if one[0] >= head["begin"]]
        self.compare()

    def compare(self) -> None:
        while self.due and self.due[0][0] == self.tree.size:
            _, root, _, what = self.due.pop(0)
            first, self.signed = min(self.signed + 1, self.tree.size), self.tree.size
            need(root == self.tree.root(), f"line {first} to {self.signed}: {what} has another root")

    def take(self, one: dict) -> None:
        here, leaf, line = self.tree.size + 1, bytes.fromhex(one["leaf"]), one["line"]
        need(one["seq"] == here, f"line {here}: it was removed")
        need(line is None or leaf_of(line) == leaf, f"line {here}: its content was changed")
        ends = line["entity_id"].split("-") if line and line["action"] == "audit.destroy" else []
        self.missing += [here] * (line is None)
        if len(ends) == 2 and "".join(ends).isdigit():
            self.claims.append((int(ends[0]), int(ends[1]), datetime.fromisoformat(line["at"]) - YEAR))
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
        key = Chain(given.key or head["key"], head.get("keys", []))
        head["checkpoint"] = key.opened(head["note"], "the export's checkpoint")
        walk = Walk(head, due := checkpoints(given.export, key, given.seen))
        for one in json_lines(given.export / "lines.jsonl"):
            walk.take(one)
        told, code = walk.end(due), 0
    except Broken as error:
        told, code = f"BROKEN: {error}", 1
    except (OSError, ValueError, KeyError, TypeError) as error:
        told, code = f"not readable: {error}", 2
    (sys.stderr if code == 2 else sys.stdout).write(f"{told}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
