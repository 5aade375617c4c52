"""The tampering drill: attacks on copies of a real log, and how many of them are found.

An attacker may have the database and every file of the city. Whoever edits, deletes or reorders lines also rebuilds
leaves and chain as far as the dice say; whoever truncates, forks or rolls back also holds the city's signing key and
signs the new past, which only a witness's notes can tell from the old one. All lines attacked stand under a checkpoint
and the witness has seen the last one: what is younger than a minute no signature protects yet.
"""

import hashlib
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.engine.database import Database, Tx
from dure.trust.audit import checkpoints, keys, merkle, verify
from dure.trust.audit.lines import FIELDS, canonical, record
from dure.trust.audit.note import Checkpoint, Signer, unchecked
from dure.trust.audit.walk import DESTROY, Sealed, Verdict, Walk

KINDS = ("edit", "delete", "reorder", "truncate", "fork", "rollback")
_LINES = 240
_EVERY = 20


@dataclass(frozen=True, slots=True)
class Copy:
    """A whole log in memory: its lines, its checkpoints, and those that a witness kept."""

    lines: Sequence[Sealed]
    notes: Sequence[str]
    seen: Sequence[str]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many attacks of each kind were made and found; `sound` says that the untouched log was found whole."""

    sound: bool
    made: Mapping[str, int]
    found: Mapping[str, int]

    @property
    def total(self) -> int:
        """Attacks found."""
        return sum(self.found.values())


async def tampering(database: Database, *, each: int = 1_000, seed: int = 20_261_205) -> Tally:
    """Write a log into `database` (a throw-away city's), sign it, let a witness see it; then attack copies of it.

    `each` attacks of each kind in KINDS; `Tally.total` of `each * 6` are found, and `Tally.sound` must be true or
    nothing counts. About 4 ms an attack.
    """
    with tempfile.TemporaryDirectory() as folder:
        signer = keys.signer(Path(folder))
        await _written(database, signer, random.Random(seed))
        async with database.transaction() as tx:
            log = await taken(tx)
    return run(log, signer, each=each, seed=seed)


async def _written(database: Database, signer: Signer, chance: random.Random) -> None:
    for n in range(_LINES):
        async with database.transaction() as tx:
            person = UUID(int=chance.getrandbits(128)) if n % 3 == 0 else None
            await record(
                tx, None, chance.choice(("person.open", "video.open", "incident.close")), "thing", n,
                purpose="점주 확인" if n % 2 else None, person_id=person, case=n // 7, address=f"10.0.0.{n % 250}",
            )  # fmt: skip
            if n % _EVERY == _EVERY - 1:
                await checkpoints.make(tx, signer)
    async with database.transaction() as tx:
        await checkpoints.make(tx, signer)


async def taken(tx: Tx) -> Copy:
    """The log of this database as a copy; a witness has seen every checkpoint."""
    rows = await tx.rows(text("select note from audit_checkpoint order by number"))
    notes = [str(row["note"]) for row in rows]
    end = unchecked(notes[-1]).size
    lines = [
        replace(one, line=one.line and dict(one.line)) async for chunk in verify.sealed(tx, 0, end) for one in chunk
    ]
    return Copy(lines, notes, notes)


def run(log: Copy, signer: Signer, *, each: int, seed: int) -> Tally:
    """`each` attacks of each kind on copies of `log`, which `signer`'s city wrote."""
    chance = random.Random(seed)
    found = dict.fromkeys(KINDS, 0)
    for kind in KINDS:
        for _ in range(each):
            found[kind] += not judged(ATTACKS[kind](chance, log, signer), signer).whole
    return Tally(judged(log, signer).whole, dict.fromkeys(KINDS, each), found)


def judged(log: Copy, signer: Signer) -> Verdict:
    """What the walk says of a copy."""
    walk = Walk(signer.verifier(), list(enumerate(log.notes, 1)), log.seen)
    walk.feed(log.lines)
    return walk.verdict()


# --- attacks ---


def rebuilt(lines: Sequence[Sealed]) -> list[Sealed]:
    """Leaves and chain made anew, as somebody with the database can."""
    chain, done = b"", []
    for seq, one in enumerate(lines, 1):
        leaf = merkle.leaf_hash(canonical(one.line)) if one.line is not None else one.leaf
        chain = hashlib.sha256(chain + leaf).digest()
        done.append(Sealed(seq, leaf, chain, one.line))
    return done


def resigned(lines: Sequence[Sealed], notes: Sequence[str], signer: Signer) -> list[str]:
    """The city's word given anew over other lines, at the same sizes and times as far as there are lines."""
    wanted = [unchecked(note) for note in notes]
    due, tree, done = {}, merkle.Range(), []
    for size in range(len(lines) + 1):
        due[size] = tree.root()
        if size < len(lines):
            tree.add(0, lines[size].leaf)
    for one in wanted:
        size = min(one.size, len(lines))
        done.append(signer.signed(Checkpoint(one.origin, size, due[size], one.at)))
    if wanted and wanted[-1].size < len(lines):
        at = wanted[-1].at + timedelta(minutes=1)
        done.append(signer.signed(Checkpoint(wanted[-1].origin, len(lines), due[len(lines)], at)))
    return done


def _other(chance: random.Random, value: Any) -> Any:
    """Another value of a field's kind."""
    if value is None:
        return chance.choice(("", "-", "x"))
    if isinstance(value, datetime):
        return value + timedelta(microseconds=chance.choice((-1, 1, 10**6, 86_400 * 10**6)))
    if isinstance(value, UUID):
        return UUID(int=value.int ^ (1 << chance.randrange(128)))
    words = str(value)
    return chance.choice((words + " ", words[:-1] if words else "x", words + "\0", None))


def _changed(chance: random.Random, one: Sealed) -> Sealed:
    assert one.line is not None
    name = chance.choice(FIELDS)
    return replace(one, line={**one.line, name: _other(chance, one.line[name])})


def _edit(chance: random.Random, log: Copy, _signer: Signer) -> Copy:
    lines = list(log.lines)
    at = chance.randrange(len(lines))
    lines[at] = _changed(chance, lines[at])
    depth = chance.randrange(3)
    if depth == 1:
        line = lines[at].line
        assert line is not None
        lines[at] = replace(lines[at], leaf=merkle.leaf_hash(canonical(line)))
    return replace(log, lines=rebuilt(lines) if depth == 2 else lines)


def _delete(chance: random.Random, log: Copy, _signer: Signer) -> Copy:
    lines = list(log.lines)
    at = chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[at]
        case 1:
            del lines[at]
            lines = rebuilt(lines)
        case 2:
            lines[at] = replace(lines[at], line=None)
        case _:  # as if the law had destroyed everything up to here
            last = lines[-1].line
            assert last is not None
            told = {**last, "action": DESTROY, "entity": "audit", "entity_id": f"1-{at + 1}"}
            lines = [replace(one, line=None) for one in lines[: at + 1]] + lines[at + 1 :]
            lines = rebuilt([*lines, Sealed(len(lines) + 1, b"", b"", told)])
    return replace(log, lines=lines)


def _reorder(chance: random.Random, log: Copy, _signer: Signer) -> Copy:
    lines = list(log.lines)
    one, other = chance.sample(range(len(lines)), 2)
    match chance.randrange(3):
        case 0:
            mine, theirs = lines[one].line, lines[other].line
            lines[one], lines[other] = replace(lines[one], line=theirs), replace(lines[other], line=mine)
        case 1:
            lines[one], lines[other] = lines[other], lines[one]
        case _:
            lines[one], lines[other] = lines[other], lines[one]
            lines = rebuilt(lines)
    return replace(log, lines=lines)


def _truncate(chance: random.Random, log: Copy, signer: Signer) -> Copy:
    lines = list(log.lines[: chance.randrange(len(log.lines))])
    match chance.randrange(3):
        case 0:
            notes = list(log.notes)
        case 1:
            notes = [note for note in log.notes if unchecked(note).size <= len(lines)]
        case _:
            notes = resigned(lines, log.notes, signer)
    return replace(log, lines=lines, notes=notes)


def _fork(chance: random.Random, log: Copy, signer: Signer) -> Copy:
    lines = list(log.lines)
    at = chance.randrange(len(lines))
    lines[at:] = [_changed(chance, one) if chance.random() < 0.5 or n == 0 else one for n, one in enumerate(lines[at:])]
    lines = rebuilt(lines)
    return replace(log, lines=lines, notes=resigned(lines, log.notes, signer))


def _rollback(chance: random.Random, log: Copy, signer: Signer) -> Copy:
    """Back to an older copy, from which the city then went on, longer or shorter than it was."""
    kept = chance.randrange(len(log.lines))
    more = chance.randrange(1, 2 * (len(log.lines) - kept) + 1)
    onward = [_changed(chance, chance.choice(log.lines)) for _ in range(more)]
    lines = rebuilt([*log.lines[:kept], *onward])
    return replace(log, lines=lines, notes=resigned(lines, log.notes, signer))


Attack = Callable[[random.Random, Copy, Signer], Copy]
ATTACKS: Mapping[str, Attack] = {
    "edit": _edit,
    "delete": _delete,
    "reorder": _reorder,
    "truncate": _truncate,
    "fork": _fork,
    "rollback": _rollback,
}
