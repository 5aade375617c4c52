"""How one key of the log follows another: an announcement that both have signed, and the chain of all of them.

    dure audit key v1
    from dure/3f2a9c01+8d2c…+AZ3g…
    to dure/9abc1234+77e0…+AV0c…
    after 37
    size 20852
    time 2026-11-22T01:23:00.000000Z

    — dure/3f2a9c01 …
    — dure/9abc1234 …

Checkpoints up to number `after` (of `size` lines) are signed by the old key, all later ones by the new. The old key's
signature hands over; the new one's proves that it is held, and vouches for the past to who trusts the new key only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dure.trust.audit.note import TIME, BadNote, Checkpoint, Signer, Verifier, verifier

_HEAD = "dure audit key v1"
_WORDS = ("from", "to", "after", "size", "time")
_NUMBER = re.compile(r"0|[1-9]\d{0,17}")


@dataclass(frozen=True, slots=True)
class Announcement:
    """One key follows another after checkpoint number `after`, which has `size` lines."""

    old: Verifier
    new: Verifier
    after: int
    size: int
    at: datetime

    def text(self) -> str:
        """The signed text."""
        told = (self.old, self.new, self.after, self.size, self.at.astimezone(UTC).strftime(TIME))
        return "\n".join([_HEAD, *(f"{word} {value}" for word, value in zip(_WORDS, told, strict=True)), ""])

    def signed(self, old: Signer, new: Signer) -> str:
        """The note, signed by both."""
        text = self.text()
        return f"{text}\n{old.line(text)}{new.line(text)}"


def announcement(note: str) -> Announcement:
    """What a note announces; both its keys have signed it. Raises BadNote."""
    text, gap, _ = note.rpartition("\n\n")
    rows = [row.partition(" ") for row in text.split("\n")[1:]]
    if not gap or not text.startswith(f"{_HEAD}\n") or tuple(row[0] for row in rows) != _WORDS:
        raise BadNote("no announcement of a key")
    old, new, after, size, at = (row[2] for row in rows)
    if not (_NUMBER.fullmatch(after) and _NUMBER.fullmatch(size)):
        raise BadNote("not a number")
    try:
        when = datetime.strptime(at, TIME).replace(tzinfo=UTC)
    except ValueError as error:
        raise BadNote("not a time") from error
    found = Announcement(verifier(old), verifier(new), int(after), int(size), when)
    if found.text() != f"{text}\n" or found.old == found.new:
        raise BadNote("no announcement of a key")
    for key in (found.old, found.new):
        key.check(note)
    return found


class Chain:
    """The keys of a log, the oldest first. `trusted` is any one of them: from it the others follow, both ways.

    Raises BadNote where a link does not hold, or `trusted` is none of them.
    """

    def __init__(self, trusted: Verifier, notes: Sequence[str] = ()) -> None:
        self.steps = [announcement(note) for note in notes]
        for before, step in zip(self.steps, self.steps[1:], strict=False):
            if step.old != before.new or (step.after, step.size) < (before.after, before.size) or step.at < before.at:
                raise BadNote("the keys do not follow each other")
        self.keys = [self.steps[0].old, *(step.new for step in self.steps)] if self.steps else [trusted]
        if trusted not in self.keys or len(set(self.keys)) != len(self.keys):
            raise BadNote("the trusted key is none of the log's")

    @property
    def current(self) -> Verifier:
        """The key that signs now."""
        return self.keys[-1]

    def opened(self, note: str, number: int | None = None) -> Checkpoint:
        """The checkpoint, signed by the key whose time it was. `number` is its place among the city's own; a witness's
        note has none. Raises BadNote.
        """
        if number is None:
            of = [at for at, key in enumerate(self.keys) if note.startswith(f"{key.name}\n")]
            at = of[0] if of else len(self.steps)
        else:
            at = sum(step.after < number for step in self.steps)
        found = self.keys[at].opened(note)
        late = at < len(self.steps) and (found.size > self.steps[at].size or found.at > self.steps[at].at)
        early = at > 0 and (found.size < self.steps[at - 1].size or found.at < self.steps[at - 1].at)
        if late or early:
            raise BadNote("signed by a key out of its time")
        return found
