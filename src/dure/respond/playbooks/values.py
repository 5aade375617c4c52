"""What stands behind a word: spans of time, moments, people, conditions. Pure; never raises."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from dure.kernel.messages import Language
from dure.respond.playbooks.model import (
    Answer,
    Channel,
    Condition,
    ConditionKind,
    Party,
    PartyKind,
    Ref,
    RefKind,
)
from dure.respond.playbooks.words import CHANNELS, HAPPENINGS, SEVERITIES, parties, spellings

LONGEST_SPAN_S: Final = 90 * 86_400.0
"""Nothing in a manual waits for more than a season."""
_UNITS: Final = {
    "초": 1, "분": 60, "시간": 3_600, "일": 86_400,
    "s": 1, "sec": 1, "second": 1, "seconds": 1, "min": 60, "minute": 60, "minutes": 60, "h": 3_600, "hour": 3_600,
    "hours": 3_600, "day": 86_400, "days": 86_400,
}  # fmt: skip
_ONE_SPAN = re.compile(
    r"(\d{1,6}(?:\.\d)?) ?(시간|초|분|일|seconds|second|sec|minutes|minute|min|hours|hour|days|day|s|h)(?![A-Za-z0-9.])"
)
_CLOCK = re.compile(r"(?<![\d:])([01]\d|2[0-3]):([0-5]\d)(?![\d:])")
_STEP = {"ko": re.compile(r"(\d{1,3}) ?단계"), "en": re.compile(r"\bstep (\d{1,3})\b", re.IGNORECASE)}
_QUOTED = re.compile("[‘“'\"]([^‘’“”'\"]{1,200})[’”'\"]")
_CODE = re.compile(r"`([^`]{1,100})`")
_ARROW = re.compile(r" ?(?:→|->) ?")
_DROPPED = {
    "ko": re.compile(r"(?:이 될|가 될|될|한|할|하는)? ?(?:때부터|때까지|부터|까지|되면|하면|이후|뒤)$"),
    "en": re.compile(r"^(?:from|after|until|since|for|the|it is|is|,| )+ ?|,$", re.IGNORECASE),
}
_TO_KO = re.compile(r" ?(?:당직|담당)?(?:에게|한테|에(?!서)|께)")
_AND_KO = re.compile(r"(?:와|과|,|·|및| )+")
_TO_EN = re.compile(r"\bto (?:the |every |all )?$", re.IGNORECASE)
_ANSWERED = {
    "ko": re.compile(r"(?:답|결정)[이가은는]? "),
    "en": re.compile(r"(?:the )?(?:answer|decision) is ", re.IGNORECASE),
}
_LATE = {"ko": re.compile(r"늦으면|넘기면"), "en": re.compile(r"\bis late\b|\boverdue\b", re.IGNORECASE)}
_SEVERE = {
    "ko": re.compile(r"심각도가 (\S+?) ?이상이?면?"),
    "en": re.compile(r"severity is (?:at least )?(\w+)", re.IGNORECASE),
}
_CONFIRMED = {
    "ko": re.compile(r"경보가 확정되(?:면|었으면)"),
    "en": re.compile(r"the alarm is confirmed", re.IGNORECASE),
}


def quoted(text: str) -> str:
    """The first words in quotation marks, or nothing."""
    found = _QUOTED.search(text)
    return found[1].strip() if found else ""


def code(text: str) -> str:
    """The first `name` between backticks that is no span of time, or nothing."""
    return next((one.strip() for one in _CODE.findall(text) if span(one) is None), "")


def plain(text: str) -> str:
    """`text` without backticks."""
    return text.replace("`", "")


def span(text: str) -> float | None:
    """All of `text` as a span in seconds: `90초`, `1분 30초`, `2 min`. None where it is none or longer than a
    season.
    """
    at, total = 0, 0.0
    text = plain(text).strip()
    while found := _ONE_SPAN.match(text, at):
        total += float(found[1]) * _UNITS[found[2]]
        at = found.end()
        while at < len(text) and text[at] == " ":
            at += 1
    return total if at == len(text) and 0 < total <= LONGEST_SPAN_S else None


def leading_span(text: str) -> tuple[float, str] | None:
    """A span that `text` begins with, and what follows it."""
    text = plain(text).strip()
    end = 0
    while found := _ONE_SPAN.match(text, end):
        end = found.end()
        while end < len(text) and text[end] == " ":
            end += 1
    seconds = span(text[:end]) if end else None
    return None if seconds is None else (seconds, text[end:].lstrip(", "))


def last_span(text: str) -> tuple[float, str] | None:
    """The span that `text` ends with, and what stands before it."""
    text = plain(text).rstrip(" .")
    found = list(_ONE_SPAN.finditer(text))
    if not found or found[-1].end() != len(text):
        return None
    start = found[-1].start()
    for one in reversed(found[:-1]):
        if text[one.end() : start].strip():
            break
        start = one.start()
    seconds = span(text[start:])
    return None if seconds is None else (seconds, text[:start].rstrip(" ,"))


def moment(text: str, language: Language, titles: Mapping[str, int]) -> Ref | None:
    """The moment that `text` names: a step by number or title, or a happening. None where it is none."""
    text = plain(text).strip(" .,")
    found = _STEP[language].match(text)
    if found:
        return Ref(RefKind.STEP, found[1])
    for one in (text, _DROPPED[language].sub("", text).strip(" .,")):
        named = _HAPPENINGS[language].get(one.lower())
        if named is not None:
            return Ref(RefKind.MOMENT, named.value)
        if one in titles:
            return Ref(RefKind.STEP, str(titles[one]))
    return None


_HAPPENINGS: Final = {language: spellings(HAPPENINGS, language) for language in ("ko", "en")}
_CHANNELS: Final = {language: spellings(CHANNELS, language) for language in ("ko", "en")}
_SEVERITIES: Final = {language: spellings(SEVERITIES, language) for language in ("ko", "en")}


def golden(text: str, language: Language, titles: Mapping[str, int]) -> tuple[Ref | None, Ref | None, float | None]:
    """`from → to 90초`: both moments and the seconds, each None where it is none."""
    parts = _ARROW.split(text, maxsplit=1)
    if len(parts) != 2:
        return None, None, None
    ending = last_span(parts[1])
    stop, seconds = (parts[1], None) if ending is None else (ending[1], ending[0])
    return moment(parts[0], language, titles), moment(stop, language, titles), seconds


def arrow_name(text: str) -> str:
    """What a golden time is called: all but its seconds."""
    ending = last_span(text)
    return " → ".join(part.strip() for part in _ARROW.split(plain(text) if ending is None else ending[1], maxsplit=1))


def clock(text: str) -> str:
    """The first time of day in `text`, or nothing."""
    found = _CLOCK.search(text)
    return found[0] if found else ""


class People:
    """Finds who is named in a sentence. `named` are the city's own agencies by the name they are called. The longest
    name counts, and a word that everybody uses keeps its meaning: 재난상황실 is the one in charge, in both languages.
    """

    def __init__(self, language: Language, named: Mapping[str, Party]) -> None:
        self._language = language
        self._known = {**{name.lower(): one for name, one in named.items() if name.strip()}, **parties(language)}
        self._pattern = _alternation(tuple(sorted(self._known, key=len, reverse=True)), language == "en")

    def named(self, text: str) -> tuple[Party, ...]:
        """Who is named, each once: those before the first comma if any, else those that the first sentence is sent
        to.
        """
        text = text.split(". ", 1)[0]
        head, comma, _rest = text.partition(",")
        if comma and (found := self._found(head, marked=False)):
            return found
        return self._found(text, marked=bool(comma))

    def _found(self, text: str, *, marked: bool) -> tuple[Party, ...]:
        """Who is in `text`; with `marked` only those that it says it is sent to."""
        hits = list(self._pattern.finditer(text))
        sent = self._sent_to(text, hits)
        found: dict[tuple[PartyKind, str], Party] = {}
        for hit in sent if marked else sent or hits:
            party = self._known[hit[0].lower()]
            found.setdefault((party.kind, party.id), Party(party.kind, party.id, hit[0]))
        return tuple(found.values())

    def _sent_to(self, text: str, hits: list[re.Match[str]]) -> list[re.Match[str]]:
        """Those that a particle marks, with those that stand beside them: `구청과 경찰에`, `to the police`."""
        if self._language == "en":
            return [hit for hit in hits if _TO_EN.search(text, max(0, hit.start() - 12), hit.start())]
        kept: list[re.Match[str]] = []
        for hit in reversed(hits):
            beside = kept and _AND_KO.fullmatch(text, hit.end(), kept[-1].start())
            if beside or _TO_KO.match(text, hit.end()):
                kept.append(hit)
        return kept[::-1]

    def channels(self, text: str) -> tuple[Channel, ...]:
        """How it is sent, where the sentence says."""
        found = _CHANNEL_WORDS[self._language].findall(text.split(". ", 1)[0])
        return tuple(dict.fromkeys(_CHANNELS[self._language][one.lower()] for one in found))


@lru_cache(maxsize=16)
def _alternation(words: tuple[str, ...], whole: bool) -> re.Pattern[str]:
    listed = "|".join(re.escape(word) for word in words)
    return re.compile(rf"\b(?:{listed})(?![A-Za-z0-9])" if whole else listed, re.IGNORECASE)


_CHANNEL_WORDS: Final = {
    language: _alternation(tuple(sorted(words, key=len, reverse=True)), language == "en")
    for language, words in _CHANNELS.items()
}


def answers(text: str) -> tuple[Answer, ...]:
    """`나왔어요 | 도와주세요` as answers."""
    listed = [one.strip() for one in plain(text).split("|")]
    return tuple(Answer(str(n), words) for n, words in enumerate((one for one in listed if one), 1))


def condition(text: str, language: Language, given: Mapping[str, tuple[str, str]]) -> Condition | None:
    """What decides. `given` tells for the words of an answer whose it is (act, answer). None where an answer is meant
    that nobody can give.
    """
    words = plain(text).strip()
    if _ANSWERED[language].match(words) and (answer := quoted(words)):
        found = given.get(answer)
        return None if found is None else Condition(ConditionKind.ANSWER, words, of=found[0], value=found[1])
    if _LATE[language].search(words) and (step := _STEP[language].search(words)):
        return Condition(ConditionKind.LATE, words, of=step[1])
    if (severe := _SEVERE[language].search(words)) and severe[1].lower() in _SEVERITIES[language]:
        return Condition(ConditionKind.SEVERITY, words, value=_SEVERITIES[language][severe[1].lower()].value)
    if _CONFIRMED[language].search(words):
        return Condition(ConditionKind.CONFIRMED, words)
    times = [found[0] for found in _CLOCK.finditer(words)]
    if len(times) == 2:
        return Condition(ConditionKind.HOURS, words, value="-".join(times))
    return Condition(ConditionKind.ASKED, words)
