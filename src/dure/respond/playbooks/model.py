"""The plan that a manual says: steps and what each of them does. Pure; `plain.to_json` keeps it as JSON.

How a plan is carried out:

- All steps begin at once, in their order. Acts of a step are done from top to bottom.
- Within a step only a `Wait`, a `Decide` and a `When` that people must answer hold what comes after them. Everything
  else is sent out and followed; the next act begins at once.
- A step that must come after another one says so with a `Wait` for it. A step is done when all its acts are done.
- `Parallel` begins all its acts at once; a wait in one of them holds nobody else.
- `due` counts on the wall clock from its moment, in seconds; the `late` acts are done once if it passes.

Ids are stable within a version and the same in both languages: `3.2` is the second act of step 3, `3.2.1` the first
one inside it, `3.2.e1` the first under 아니면 (otherwise), `3.2.l1` the first under 넘기면 (if late), `3.g1` the
step's first golden time, `0.g1` the playbook's first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from dure.kernel.severity import Severity
from dure.respond.model import HandoffKind


class PartyKind(StrEnum):
    """Who somebody is, as a manual names them."""

    AGENCY_KIND = "agency_kind"  # id: trust's kind of agency (fire, police ...); the one in charge of the place
    AGENCY = "agency"  # id: one agency of the city
    ROLE = "role"  # id: a role on duty in the control room (operator, shift_lead ...)
    GROUP = "group"  # id: people about the incident or the city (owner, block, gas_duty ...)
    UNKNOWN = "unknown"  # nobody known; id is empty, `words` is what was written


class Channel(StrEnum):
    """How a notice goes out. A notice without one goes the way that its reader has set."""

    SMS = "sms"
    VOICE = "voice"
    EMAIL = "email"
    PUSH = "push"
    BROADCAST = "broadcast"  # loudspeakers at the place
    DISPLAY = "display"  # signs at the place


class RefKind(StrEnum):
    """What a moment refers to."""

    MOMENT = "moment"  # a moment of the incident: id is a value of `Happening`
    STEP = "step"  # a step is done: id is its number
    ACT = "act"  # an act is done (answered, acknowledged): id is its id
    BEGIN = "begin"  # what carries the deadline begins: the act is sent out, the step begins; id is empty


class Happening(StrEnum):
    """Moments of an incident that clocks, deadlines and waits can refer to. The first seven are respond.types.Moment;
    the others are told by people or agencies while a playbook runs.
    """

    SIGNAL = "signal"
    CONFIRMED = "confirmed"
    LOCATED = "located"
    ACKNOWLEDGED = "acknowledged"
    HANDED_OFF = "handed_off"
    ANSWERED = "answered"
    CLOSED = "closed"
    DISPATCHED = "dispatched"  # headquarters ordered crews out
    ARRIVED = "arrived"  # the first crew is there
    CONTROLLED = "controlled"  # the road or place is closed off
    EVACUATED = "evacuated"
    FOUND = "found"  # the missing person is found
    RESTORED = "restored"  # power or service is back


@dataclass(frozen=True, slots=True)
class Party:
    """Who is told, asked or handed to. `words` is how the manual names them."""

    kind: PartyKind
    id: str
    words: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A moment."""

    kind: RefKind
    id: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """기한: until when, in seconds from a moment."""

    seconds: float
    since: Ref
    line: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the answers somebody can give. `id` is its place counted from 1, which is also what an SMS answers."""

    id: str
    words: str


class ConditionKind(StrEnum):
    """What decides a `When`."""

    ANSWER = "answer"  # `of` (an act's id) was answered with `value`
    LATE = "late"  # step or act `of` passed its deadline
    SEVERITY = "severity"  # the incident is at least as grave as `value`
    CONFIRMED = "confirmed"  # an alarm of it is confirmed, or a person said so
    HOURS = "hours"  # the city's wall clock is within `value`, "22:00-06:00", the end excluded
    ASKED = "asked"  # nobody can know but people: the operator is asked the words


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as written, and what it means."""

    kind: ConditionKind
    words: str
    of: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Notify:
    """알림: a message out. `template` is a template's id, empty where `text` itself is the message."""

    id: str
    line: int
    to: tuple[Party, ...]
    channels: tuple[Channel, ...]
    template: str
    text: str
    answers: tuple[Answer, ...] = ()
    due: Due | None = None
    late: tuple["Act", ...] = ()


@dataclass(frozen=True, slots=True)
class HandOff:
    """이관, 공동대응 요청, 상황전파. Due: acknowledged by then."""

    id: str
    line: int
    kind: HandoffKind
    to: tuple[Party, ...]
    text: str
    due: Due | None = None
    late: tuple["Act", ...] = ()


@dataclass(frozen=True, slots=True)
class Assign:
    """임무: a task for somebody. Due: done by then."""

    id: str
    line: int
    to: tuple[Party, ...]
    text: str
    due: Due | None = None
    late: tuple["Act", ...] = ()


@dataclass(frozen=True, slots=True)
class Decide:
    """결정: somebody decides; with who, when and why. Where the manual names no answers they are `yes` and `no`."""

    id: str
    line: int
    to: tuple[Party, ...]
    text: str
    answers: tuple[Answer, ...] = ()
    due: Due | None = None
    late: tuple["Act", ...] = ()


class WaitKind(StrEnum):
    """What a `Wait` waits for."""

    SPAN = "span"  # `seconds`
    CLOCK = "clock"  # the city's next `at`, "06:00"
    MOMENT = "moment"  # `until`; `seconds` is the longest, 0 for as long as it takes
    PERSON = "person"  # until the operator says that `text` is so; `seconds` is the longest, 0 likewise


@dataclass(frozen=True, slots=True)
class Wait:
    """기다림: hold the rest of the step. Where `seconds` of a moment or person pass, `late` is done and it goes on."""

    id: str
    line: int
    kind: WaitKind
    text: str
    seconds: float = 0
    at: str = ""
    until: Ref | None = None
    late: tuple["Act", ...] = ()


@dataclass(frozen=True, slots=True)
class OpenCameras:
    """카메라: ask for the live pictures of the `count` nearest; 0 leaves it to the city's setting."""

    id: str
    line: int
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class TurnCamera:
    """회전: turn a camera to a preset within its registered purposes (PIPA Art. 25(5)). Empty preset: the place."""

    id: str
    line: int
    preset: str
    text: str


@dataclass(frozen=True, slots=True)
class Automate:
    """자동화: run an automation or a scene by its id."""

    id: str
    line: int
    automation: str
    text: str


@dataclass(frozen=True, slots=True)
class Warn:
    """재난문자: draft a public warning. The city approves it and an authority sends it; never dure."""

    id: str
    line: int
    template: str
    text: str


@dataclass(frozen=True, slots=True)
class Parallel:
    """함께: all at once."""

    id: str
    line: int
    acts: tuple["Act", ...]


@dataclass(frozen=True, slots=True)
class When:
    """때: `acts` where the condition holds, else `otherwise`."""

    id: str
    line: int
    condition: Condition
    acts: tuple["Act", ...]
    otherwise: tuple["Act", ...] = ()


Act = (
    Notify | HandOff | Assign | Decide | Wait | OpenCameras | TurnCamera | Automate | Warn | Parallel | When
)  # fmt: skip
"""What a step does."""


@dataclass(frozen=True, slots=True)
class Target:
    """골든타임: from one moment to another within `seconds`. `step` is the number of the step that says it, 0 for the
    playbook's front matter. `late` acts are done when it passes.
    """

    id: str
    line: int
    step: int
    name: str
    start: Ref
    stop: Ref
    seconds: float
    late: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """단계: what is done, and in `prose` what people should know. `due` counts for the whole step."""

    number: int
    title: str
    line: int
    prose: tuple[str, ...]
    acts: tuple[Act, ...]
    due: Due | None = None
    late: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Playbook:
    """One manual in one language."""

    kind: str
    language: str
    severity: Severity | None
    version: str
    owner: str
    title: str
    intro: tuple[str, ...]
    targets: tuple[Target, ...]
    steps: tuple[Step, ...]

    def step(self, number: int) -> Step | None:
        """The step of this number, or None."""
        return next((step for step in self.steps if step.number == number), None)

    def acts(self) -> Iterator[Act]:
        """Every act, those inside others and those for lateness included, in reading order."""
        for step in self.steps:
            yield from walk(step.acts)
            yield from walk(step.late)
        for target in self.targets:
            yield from walk(target.late)

    def act(self, act_id: str) -> Act | None:
        """The act of this id, or None."""
        return next((act for act in self.acts() if act.id == act_id), None)


def inside(act: Act) -> tuple[tuple[Act, ...], ...]:
    """The lists of acts that an act holds: its own, otherwise, late."""
    names = ("acts", "otherwise", "late")
    return tuple(getattr(act, name) for name in names if getattr(act, name, ()))


def walk(acts: tuple[Act, ...]) -> Iterator[Act]:
    """These acts and all inside them, in reading order."""
    for act in acts:
        yield act
        for held in inside(act):
            yield from walk(held)
