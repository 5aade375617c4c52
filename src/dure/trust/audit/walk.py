"""Whether a log is whole: a pure walk over its lines, its checkpoints, and what witnesses have seen of it.

What each check finds, whoever tampers: a changed line has another leaf; a rebuilt leaf breaks the chain; a rebuilt
chain has another root than the city signed; a past signed anew with the city's own key is another than witnesses saw.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dure.trust.audit import merkle
from dure.trust.audit.lines import canonical
from dure.trust.audit.note import BadNote, Checkpoint, Verifier
from dure.trust.audit.succession import Chain

SHORTEST = timedelta(days=365)
"""Nothing younger is ever destroyed (개인정보의 안전성 확보조치 기준 제8조제1항)."""
DESTROY = "audit.destroy"
"""The action of a line that says which lines were destroyed: its entity_id is `first-last`."""
_RANGE = re.compile(r"([1-9][0-9]{0,17})-([1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A numbered line as the log keeps it; `line` is None where it is not there (destroyed, or removed)."""

    seq: int
    leaf: bytes
    chain: bytes
    line: Mapping[Any, Any] | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, at which line; with `upto`, somewhere from `seq` to there. `number` is the checkpoint's."""

    kind: str
    seq: int
    upto: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk found. `lines` are sound from the first on; `signed` of them stand under the city's signature."""

    lines: int
    signed: int
    destroyed: int
    checkpoints: int
    witnessed: int
    fault: Fault | None
    root: bytes = merkle.EMPTY

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


@dataclass(slots=True)
class Walk:
    """Feed it every line in order, then ask for the verdict. `kept` are subtree hashes that the database keeps;
    `announced` are the notes by which one key followed another, `key` any one of them.
    """

    key: Verifier
    notes: Sequence[tuple[int, str]] = ()
    witnessed: Sequence[str] = ()
    kept: Mapping[tuple[int, int], bytes] = field(default_factory=dict)
    announced: Sequence[str] = ()
    _tree: merkle.Range = field(default_factory=merkle.Range)
    _chain: bytes = b""
    _missing: list[tuple[int, int]] = field(default_factory=list)
    _claims: list[tuple[int, int, datetime]] = field(default_factory=list)
    _fault: Fault | None = None
    _due: list[tuple[Checkpoint, int | None]] = field(default_factory=list)
    _at: int = 0
    _signed: int = 0
    _held: int = 0
    _seen: int = 0
    _good: int = 0

    def __post_init__(self) -> None:
        try:
            chain = Chain(self.key, self.announced)
        except BadNote:
            self._blame("key.chain", 1)
            return
        if chain.steps and len(self.notes) < chain.steps[-1].after:
            self._blame("truncated", 1, number=chain.steps[-1].after)
            return
        last: Checkpoint | None = None
        expected = 1
        for number, note in self.notes:
            try:
                found = chain.opened(note, number)
            except BadNote:
                self._blame("checkpoint.signature", 1, number=number)
                return
            if number != expected or (last and (found.size < last.size or found.at < last.at)):
                self._blame("checkpoint.order", 1, number=number)
                return
            self._due.append((found, number))
            last, expected = found, number + 1
        for note in self.witnessed:
            try:
                self._due.append((chain.opened(note), None))
            except BadNote:
                self._blame("witness.signature", 1)
                return
        self._due.sort(key=lambda one: one[0].size)
        self._compare()

    def _blame(self, kind: str, seq: int, upto: int | None = None, number: int | None = None) -> None:
        if self._fault is None:
            self._fault = Fault(kind, seq, upto, number)

    def feed(self, lines: Iterable[Sealed]) -> bool:
        """Take the next lines; False once something is wrong: no more are needed then."""
        for one in lines:
            if self._fault is not None:
                return False
            self._take(one)
        return self._fault is None

    def _take(self, one: Sealed) -> None:
        expected = self._tree.end + 1
        if one.seq != expected:
            self._blame("gap", expected)
            return
        if one.line is None:
            begun = self._missing.pop()[0] if self._missing and self._missing[-1][1] == expected - 1 else expected
            self._missing.append((begun, expected))
        elif merkle.leaf_hash(canonical(one.line)) != one.leaf:
            self._blame("changed", expected)
            return
        elif one.line["action"] == DESTROY:
            self._note_destruction(one.line)
        self._chain = hashlib.sha256(self._chain + one.leaf).digest()
        if self._chain != one.chain:
            self._blame("chain", expected)
            return
        for level, position, hashed in self._tree.add(0, one.leaf):
            if level and self.kept.get((level, position), hashed) != hashed:
                self._blame("node", expected)
                return
        self._good = expected
        self._compare()

    def _note_destruction(self, line: Mapping[Any, Any]) -> None:
        found = _RANGE.fullmatch(str(line["entity_id"]))
        if found is not None:
            self._claims.append((int(found[1]), int(found[2]), line["at"]))

    def _compare(self) -> None:
        """Hold the root so far against every checkpoint of this size."""
        last = self._tree.end
        while self._at < len(self._due) and self._due[self._at][0].size == last:
            found, number = self._due[self._at]
            if found.root != self._tree.root():
                kind = "witness.fork" if number is None else "checkpoint.root"
                self._blame(kind, min(self._held + 1, last), last, number)
                self._good, self._signed = min(self._good, self._held), min(self._signed, self._held)
                return
            self._at += 1
            if number is None:
                self._seen += 1
            else:
                self._signed = last
        if self._at and self._due[self._at - 1][0].size == last:
            self._held = last

    def verdict(self) -> Verdict:
        """What was found, once every line was fed."""
        self._end()
        return Verdict(
            self._good,
            self._signed,
            sum(last - first + 1 for first, last in self._missing),
            sum(number is not None for _, number in self._due[: self._at]),
            self._seen,
            self._fault,
            self._tree.root(),
        )

    def _end(self) -> None:
        """What only the end shows; the first fault found stays."""
        total = self._tree.end
        if self._at < len(self._due):
            found, number = self._due[self._at]
            kind = "witness.rollback" if number is None else "truncated"
            self._blame(kind, total + 1, found.size, number)
        for first, last in self._missing:
            at = first
            while at <= last and self._fault is None:
                at = self._proven(at, last)

    def _proven(self, first: int, last: int) -> int:
        """The line after those that the log says were destroyed, from `first` on; blames where it does not, or where
        no checkpoint shows that they had stood for the shortest time.
        """
        claims = [one for one in self._claims if one[0] <= first <= one[1]]
        if not claims:
            self._blame("missing", first, last)
            self._good = first - 1
            return first
        _, upto, at = max(claims, key=lambda one: one[1])
        signed = (found for found, number in self._due if number is not None)
        if not any(found.size >= min(upto, last) and found.at <= at - SHORTEST for found in signed):
            self._blame("destroyed.early", first, min(upto, last))
            self._good = first - 1
        return upto + 1
