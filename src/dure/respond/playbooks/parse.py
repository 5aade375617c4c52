"""A manual to the plan it says, or to everything that is wrong with it, each with its line. Pure; never raises."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dure.kernel.messages import Language
from dure.kernel.severity import Severity
from dure.respond.playbooks import values
from dure.respond.playbooks.body import Around, Body
from dure.respond.playbooks.faults import Fault, Faults
from dure.respond.playbooks.model import Party, Playbook, Step
from dure.respond.playbooks.outline import Item, Outline, Section, outlined
from dure.respond.playbooks.words import FRONT, SEVERITIES, Front, name, spellings

_KIND = re.compile(r"[a-z][a-z0-9_]{0,62}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.\-]{0,31}")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A plan, or None where `faults` say why there is none."""

    playbook: Playbook | None
    faults: tuple[Fault, ...]


def parse(text: str, language: Language, agencies: Mapping[str, Party] | None = None) -> Parsed:
    """The plan of a manual in `language`. `agencies` are the city's own by name."""
    faults = Faults()
    outline = outlined(text, faults)
    if outline is None:
        return Parsed(None, faults.found)
    playbook = _Reader(language, agencies or {}, outline, faults).playbook()
    return Parsed(None if faults.found else playbook, faults.found)


class _Reader(Around):
    """Turns one outline into a plan."""

    def __init__(self, language: Language, agencies: Mapping[str, Party], outline: Outline, faults: Faults) -> None:
        titles = {section.title: section.number for section in outline.sections}
        super().__init__(language, values.People(language, agencies), titles, faults)
        self.outline = outline
        self.steps: list[Step] = []

    def playbook(self) -> Playbook:
        """The plan, as far as it can be read."""
        front = self.front()
        self.steps = [self.step(section) for section in self.outline.sections]
        kind, severity = front.get(Front.KIND, ""), front.get(Front.SEVERITY, "")
        return Playbook(
            kind,
            self.language,
            spellings(SEVERITIES, self.language).get(severity.lower()) if severity else None,
            front.get(Front.VERSION, ""),
            front.get(Front.OWNER, ""),
            self.outline.title,
            tuple(self.outline.intro),
            tuple(self.targets),
            tuple(self.steps),
        )

    def front(self) -> dict[Front, str]:
        """The front matter."""
        found: dict[Front, str] = {}
        known = {**spellings(FRONT, self.language), **{one.value: one for one in Front if one is not Front.GOLDEN}}
        for item in self.outline.front:
            field = known.get(item.word.lower())
            if field is None:
                self.faults.add(item.line, item.column, len(item.word), "front_word", word=item.word)
            elif field is Front.GOLDEN:
                self.golden(item, 0)
            elif field in found:
                self.faults.add(item.line, item.column, len(item.word), "front_again", word=item.word)
            else:
                found[field] = item.value
                self.front_value(field, item)
        for field in (Front.KIND, Front.VERSION, Front.OWNER):
            if field not in found:
                self.faults.add(1, 1, 0, "front_missing", word=name(FRONT, field, self.language))
        return found

    def front_value(self, field: Front, item: Item) -> None:
        """Whether one value of the front matter can be taken."""
        severities: dict[str, Severity] = spellings(SEVERITIES, self.language)
        wrong = (
            (field is Front.KIND and not _KIND.fullmatch(item.value) and "kind")
            or (field is Front.VERSION and not _VERSION.fullmatch(item.value) and "version")
            or (field is Front.SEVERITY and item.value.lower() not in severities and "severity")
            or (field is Front.OWNER and not item.value and "owner")
        )
        if wrong:
            self.faults.add(item.line, item.value_column, len(item.value), wrong, value=item.value)

    def step(self, section: Section) -> Step:
        """One step."""
        body = Body(self, section.number, f"{section.number}.")
        acts = body.read(section.items, section.prose)
        if not section.items and not section.prose:
            self.faults.add(section.line, 1, 0, "empty_step", n=section.number)
        return Step(section.number, section.title, section.line, tuple(section.prose), acts, body.due, body.late)
