"""The lines of one step, or inside one of its lines, to acts. Pure; never raises."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from dure.kernel.errors import Param
from dure.kernel.messages import Language
from dure.respond.model import HandoffKind
from dure.respond.playbooks import values
from dure.respond.playbooks.faults import Faults
from dure.respond.playbooks.model import (
    Act,
    Answer,
    Assign,
    Automate,
    Channel,
    Decide,
    Due,
    HandOff,
    Notify,
    OpenCameras,
    Parallel,
    Party,
    PartyKind,
    Ref,
    RefKind,
    Target,
    TurnCamera,
    Wait,
    WaitKind,
    Warn,
    When,
)
from dure.respond.playbooks.outline import Item
from dure.respond.playbooks.words import WORDS, Word, name, spellings

_COUNT = re.compile(r"(\d{1,3}) ?(?:대|cameras?\b)?")
_OTHER: Final[dict[Language, Language]] = {"ko": "en", "en": "ko"}
_PLACES = frozenset({Channel.BROADCAST, Channel.DISPLAY})
_YES_NO: Final[dict[Language, tuple[Answer, ...]]] = {
    "ko": (Answer("yes", "예"), Answer("no", "아니요")),
    "en": (Answer("yes", "Yes"), Answer("no", "No")),
}


class Around:
    """What a line can refer to outside of itself."""

    def __init__(self, language: Language, people: values.People, titles: Mapping[str, int], faults: Faults) -> None:
        self.language = language
        self.people = people
        self.titles = titles
        self.faults = faults
        self.words = spellings(WORDS, language)
        self.others = spellings(WORDS, _OTHER[language])
        self.given: dict[str, tuple[str, str]] = {}  # an answer's words: whose answer it is (act, answer)
        self.targets: list[Target] = []
        self._targets_of: dict[int, int] = {}  # how many each step has

    def golden(self, item: Item, step: int) -> bool:
        """A golden time. Whether it can be taken."""
        start, stop, seconds = values.golden(item.value, self.language, self.titles)
        if start is None or stop is None or seconds is None:
            what = "golden" if "→" not in item.value and "->" not in item.value else "golden_span"
            if what == "golden_span" and (start is None or stop is None):
                what = "moment"
            self.faults.add(item.line, item.value_column, len(item.value), what, value=item.value)
            return False
        count = self._targets_of[step] = self._targets_of.get(step, 0) + 1
        named = values.arrow_name(item.value)
        self.targets.append(Target(f"{step}.g{count}", item.line, step, named, start, stop, seconds))
        return True

    def word(self, item: Item) -> Word | None:
        """What a line begins with; None for a sentence and for what is wrong."""
        if not item.word:
            return None
        found = self.words.get(item.word.lower())
        if found is not None:
            return found
        other = self.others.get(item.word.lower())
        if other is not None:
            twin = name(WORDS, other, self.language)
            self.faults.add(item.line, item.column, len(item.word), "other_language", word=item.word, twin=twin)
            return None
        near = difflib.get_close_matches(item.word.lower(), self.words, n=1, cutoff=0.5)
        key = "unknown_word_near" if near else "unknown_word"
        self.faults.add(item.line, item.column, len(item.word), key, word=item.word, near=near[0] if near else "")
        return None

    def addressed(self, item: Item) -> tuple[Party, ...]:
        """To whom a line goes; who is unknown is left for `check` to name."""
        found = self.people.named(values.plain(item.value))
        head = values.plain(item.value).partition(",")[0].strip()
        return found or (Party(PartyKind.UNKNOWN, "", head[:100]),)


class Body:
    """Reads one list of lines: acts, and the words that say more about the act before them."""

    def __init__(self, reader: Around, step: int, prefix: str, *, whole: bool = True) -> None:
        self.reader = reader
        self.step = step
        self.prefix = prefix
        self.whole = whole  # a step: it has a deadline and golden times of its own
        self.acts: list[Act] = []
        self.due: Due | None = None
        self.late: tuple[Act, ...] = ()
        self.lost = False  # the line before could not be read: what says more about it is not judged
        self.timed: int | str | None = None  # what the next 넘기면 is about: an act, a target's id, or the step

    def read(self, items: list[Item], prose: list[str]) -> tuple[Act, ...]:
        """The acts of these lines; sentences go to `prose`."""
        for item in items:
            word = self.reader.word(item)
            if word is None:
                self.lost = self.lost or bool(item.word)
                if not item.word:
                    prose.append(item.value)
            elif word in _MORE:
                if not self.lost or word is Word.GOLDEN:
                    _MORE[word](self, item)
            else:
                act = self.act(word, item, f"{self.prefix}{len(self.acts) + 1}")
                self.lost = act is None
                self.acts += [] if act is None else [act]
        return tuple(self.acts)

    def fault(self, item: Item, key: str, /, **params: Param) -> None:
        """Something is wrong with what stands behind the word."""
        self.reader.faults.add(item.line, item.value_column, len(item.value), key, **params)

    def nested(self, items: list[Item], prefix: str) -> tuple[Act, ...]:
        """The acts inside a line."""
        return Body(self.reader, self.step, prefix, whole=False).read(items, [])

    def act(self, word: Word, item: Item, act_id: str) -> Act | None:
        """One act, or None where a line cannot be one."""
        holds = word in (Word.PARALLEL, Word.WHEN)
        if item.items and not holds:
            self.reader.faults.add(item.items[0].line, item.items[0].column, 0, "nested", word=item.word)
        if not item.value and word is not Word.PARALLEL:
            self.reader.faults.add(item.line, item.column, len(item.word), "empty", word=item.word)
            return None
        return _ACTS[word](self, item, act_id)

    def say_due(self, item: Item) -> None:
        """기한."""
        found = values.leading_span(item.value)
        if found is None:
            self.fault(item, "span", value=item.value)
            return
        seconds, rest = found
        since = self.reader_moment(item, rest) if rest else Ref(RefKind.BEGIN)
        if since is None:
            return
        due = Due(seconds, since, item.line)
        if self.acts and isinstance(self.acts[-1], Notify | HandOff | Assign | Decide):
            if self.acts[-1].due is not None:
                self.fault(item, "due_again")
            self.acts[-1] = replace(self.acts[-1], due=due)
            self.timed = len(self.acts) - 1
        elif self.acts or not self.whole or self.due is not None:
            self.fault(item, "due_of_nothing")
        else:
            self.due, self.timed = due, "step"

    def reader_moment(self, item: Item, text: str) -> Ref | None:
        """A moment, or a fault."""
        found = values.moment(text, self.reader.language, self.reader.titles)
        if found is None:
            self.fault(item, "moment", value=text)
        return found

    def say_answers(self, item: Item) -> None:
        """답."""
        found = values.answers(item.value)
        last = self.acts[-1] if self.acts else None
        if not isinstance(last, Notify | Decide):
            self.fault(item, "answers_of_nothing")
            return
        if not 2 <= len(found) <= 9 or len({one.words for one in found}) != len(found):
            self.fault(item, "answers")
            return
        self.acts[-1] = replace(last, answers=found)
        self.give(last.id, found)

    def give(self, act_id: str, found: tuple[Answer, ...]) -> None:
        """From here on conditions can refer to these answers."""
        self.reader.given.update({one.words: (act_id, one.id) for one in found})

    def say_golden(self, item: Item) -> None:
        """골든타임."""
        if not self.whole:
            self.fault(item, "golden_inside")
        elif self.reader.golden(item, self.step):
            self.timed = self.reader.targets[-1].id

    def say_late(self, item: Item) -> None:
        """넘기면."""
        if self.timed is None:
            self.fault(item, "late_of_nothing")
            return
        late = self.late_acts(item, self.late_prefix())
        if isinstance(self.timed, int):
            timed = self.acts[self.timed]
            assert isinstance(timed, Notify | HandOff | Assign | Decide | Wait)
            self.acts[self.timed] = replace(timed, late=late)
        elif self.timed == "step":
            self.late = late
        else:
            self.reader.targets[-1] = replace(self.reader.targets[-1], late=late)
        self.timed = None

    def late_prefix(self) -> str:
        """What the ids of late acts begin with."""
        if isinstance(self.timed, int):
            return f"{self.acts[self.timed].id}.l"
        return f"{self.prefix}l" if self.timed == "step" else f"{self.timed}.l"

    def late_acts(self, item: Item, prefix: str) -> tuple[Act, ...]:
        """What is done when it is late: the line itself, told to somebody or with a word of its own, and what stands
        below it.
        """
        inner, colon, rest = item.value.partition(":")
        word = self.reader.words.get(inner.strip().lower()) if colon else None
        if not item.value and not item.items:
            self.reader.faults.add(item.line, item.column, len(item.word), "empty", word=item.word)
            return ()
        own: list[Item] = []
        if word is not None:
            own = [Item(item.line, item.value_column, inner.strip(), rest.strip(), item.value_column + len(inner) + 1)]
        elif item.value and (not item.items or self.reader.people.named(values.plain(item.value))):
            said = name(WORDS, Word.NOTIFY, self.reader.language)
            own = [Item(item.line, item.value_column, said, item.value, item.value_column)]
        return self.nested([*own, *item.items], prefix)

    def say_otherwise(self, item: Item) -> None:
        """아니면."""
        last = self.acts[-1] if self.acts else None
        if not isinstance(last, When) or last.otherwise:
            self.reader.faults.add(item.line, item.column, len(item.word), "otherwise_of_nothing")
            return
        acts = self.late_acts(item, f"{last.id}.e")
        self.acts[-1] = replace(last, otherwise=acts)


def _notify(body: Body, item: Item, act_id: str) -> Act:
    channels = body.reader.people.channels(item.value)
    to = body.reader.addressed(item)
    if to[0].kind is PartyKind.UNKNOWN and channels and set(channels) <= _PLACES:
        to = ()  # loudspeakers and signs speak to whoever is there
    text = values.quoted(item.value) or values.plain(item.value)
    return Notify(act_id, item.line, to, channels, values.code(item.value), text)


def _hand_off(kind: HandoffKind) -> Callable[[Body, Item, str], Act]:
    def read(body: Body, item: Item, act_id: str) -> Act:
        return HandOff(act_id, item.line, kind, body.reader.addressed(item), values.plain(item.value))

    return read


def _task(body: Body, item: Item, act_id: str) -> Act:
    return Assign(act_id, item.line, body.reader.addressed(item), values.plain(item.value))


def _decide(body: Body, item: Item, act_id: str) -> Act:
    found = _YES_NO[body.reader.language]
    body.give(act_id, found)
    return Decide(act_id, item.line, body.reader.addressed(item), values.plain(item.value), found)


def _wait(body: Body, item: Item, act_id: str) -> Act:
    language, text = body.reader.language, values.plain(item.value).strip()
    body.timed = len(body.acts)
    whole = values.span(text.removesuffix("동안").removeprefix("for "))
    if whole is not None:
        body.timed = None
        return Wait(act_id, item.line, WaitKind.SPAN, text, whole)
    head, _, tail = text.rpartition(",")
    ending = values.last_span(tail) if head else None
    seconds, until = (0.0, text) if ending is None else (ending[0], head)
    if seconds == 0:
        body.timed = None
    before = body.acts[-1] if body.acts else None
    if until.strip().lower() in _ANSWER[language] and isinstance(before, Notify | HandOff | Assign | Decide):
        return Wait(act_id, item.line, WaitKind.MOMENT, text, seconds, until=Ref(RefKind.ACT, before.id))
    ref = values.moment(until, language, body.reader.titles)
    if ref is not None:
        return Wait(act_id, item.line, WaitKind.MOMENT, text, seconds, until=ref)
    if at := values.clock(until):
        body.timed = None
        return Wait(act_id, item.line, WaitKind.CLOCK, text, at=at)
    return Wait(act_id, item.line, WaitKind.PERSON, until.strip(), seconds)


_ANSWER: Final[dict[Language, frozenset[str]]] = {
    "ko": frozenset({"답", "답까지", "완료", "완료까지", "확인", "확인까지"}),
    "en": frozenset({"the answer", "answer", "until done", "done"}),
}


def _cameras(_body: Body, item: Item, act_id: str) -> Act:
    found = _COUNT.match(values.plain(item.value))
    return OpenCameras(act_id, item.line, int(found[1]) if found else 0, values.plain(item.value))


def _turn(_body: Body, item: Item, act_id: str) -> Act:
    return TurnCamera(act_id, item.line, values.code(item.value), values.plain(item.value))


def _automate(body: Body, item: Item, act_id: str) -> Act | None:
    named = values.code(item.value)
    if not named:
        body.fault(item, "automation")
        return None
    return Automate(act_id, item.line, named, values.plain(item.value))


def _warn(_body: Body, item: Item, act_id: str) -> Act:
    text = values.quoted(item.value) or values.plain(item.value)
    return Warn(act_id, item.line, values.code(item.value), text)


def _parallel(body: Body, item: Item, act_id: str) -> Act | None:
    if not item.items:
        body.reader.faults.add(item.line, item.column, len(item.word), "holds_nothing", word=item.word)
        return None
    return Parallel(act_id, item.line, body.nested(item.items, f"{act_id}."))


def _when(body: Body, item: Item, act_id: str) -> Act | None:
    condition = values.condition(item.value, body.reader.language, body.reader.given)
    if condition is None:
        body.fault(item, "answer_unknown", value=values.quoted(item.value))
        return None
    if not item.items:
        body.reader.faults.add(item.line, item.column, len(item.word), "holds_nothing", word=item.word)
        return None
    return When(act_id, item.line, condition, body.nested(item.items, f"{act_id}."))


_ACTS: Final[Mapping[Word, Callable[[Body, Item, str], Act | None]]] = {
    Word.NOTIFY: _notify,
    Word.TRANSFER: _hand_off(HandoffKind.TRANSFER),
    Word.JOINT: _hand_off(HandoffKind.JOINT),
    Word.TELL: _hand_off(HandoffKind.TELL),
    Word.TASK: _task,
    Word.DECISION: _decide,
    Word.WAIT: _wait,
    Word.CAMERAS: _cameras,
    Word.TURN: _turn,
    Word.AUTOMATION: _automate,
    Word.WARNING: _warn,
    Word.PARALLEL: _parallel,
    Word.WHEN: _when,
}
_MORE: Final[Mapping[Word, Callable[[Body, Item], None]]] = {
    Word.DUE: Body.say_due,
    Word.ANSWERS: Body.say_answers,
    Word.LATE: Body.say_late,
    Word.OTHERWISE: Body.say_otherwise,
    Word.GOLDEN: Body.say_golden,
}
