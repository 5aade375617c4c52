"""The stages of a market-fire alarm, as pure decisions: pre-alarm, confirmed, reported to 119, or not a fire.

One state is one incident: what detectors say and what people answer goes in as it happens, what is to be done comes
out. dure reports beside a site's own automatic reporting device (자동화재속보설비) and neither delays nor replaces it.

A pre-alarm (five seconds of heat or smoke) turns the camera and asks operator and owner. It is confirmed, and reported
at once, by warmth while there is smoke, by a fast rise, by a neighbour, by an operator who sees it on video, by the
owner, by who was sent, or by the site's own device. When nobody answers, the time-out reports by itself. It is longer
only where the city has a reason to doubt, and says which. High sustained heat passes all stages. What falls silent
before anybody has answered goes up to the shift lead: nothing ends unseen.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from dure.services.market_fire.signs import Limits, Sign

_FILE: Final = Path(__file__).with_name("stages.toml")
HIGHEST: Final = 3
"""The top of the ladder of warmth: no history and no announcement shifts a stall beyond it."""


class Stage(StrEnum):
    """Where an incident stands."""

    QUIET = "quiet"
    PRE_ALARM = "pre_alarm"
    PAUSED = "paused"
    REPORTED = "reported"
    FALSE = "false"


class Kind(StrEnum):
    """What detection says; each but `CLEARED` is a rule of rules.toml."""

    SIGNAL = "signal"
    WARM = "warm"
    WARMER = "warmer"
    WARMEST = "warmest"
    RISE = "rise"
    NEIGHBOURS = "neighbours"
    HOT = "hot"
    CLEARED = "cleared"


RULES: Final = {
    "market_fire_signal": Kind.SIGNAL,
    "market_fire_warm": Kind.WARM,
    "market_fire_warmer": Kind.WARMER,
    "market_fire_warmest": Kind.WARMEST,
    "market_fire_both": Kind.WARMEST,
    "market_fire_haze_warm": Kind.WARM,
    "market_fire_haze_warmer": Kind.WARMER,
    "market_fire_rise": Kind.RISE,
    "market_fire_neighbours": Kind.NEIGHBOURS,
    "market_fire_hot": Kind.HOT,
}
"""What each rule says to the stages."""
_BESIDE: Final = frozenset({Kind.WARM, Kind.WARMER, Kind.WARMEST, Kind.RISE, Kind.NEIGHBOURS})
"""What says something about a pre-alarm and begins none."""
_UNBELIEVED: Final = frozenset({Sign.HEAT_JUMP, Sign.ERRATIC, Sign.SPIKE, Sign.BATTERY})
_NO_WARMTH: Final = _UNBELIEVED | {Sign.DIRTY}
_EVERYBODY: Final = 1_000
_STEP: Final = {Kind.WARM: 1, Kind.WARMER: 2, Kind.WARMEST: 3}


class Who(StrEnum):
    """Who is asked."""

    OPERATOR = "operator"
    OWNER = "owner"
    SENT = "sent"
    DEVICE = "device"
    """A site's own automatic notification system (자동화재속보설비): nobody asks it, and its report confirms."""


class Says(StrEnum):
    """The three answers."""

    FIRE = "fire"
    NOT_FIRE = "not_fire"
    UNKNOWN = "unknown"


class Act(StrEnum):
    """What is to be done."""

    TURN_CAMERA = "turn_camera"
    ASK_OPERATOR = "ask_operator"
    ASK_OWNER = "ask_owner"
    SEND_SOMEBODY = "send_somebody"
    TELL_FAULT = "tell_fault"
    GO_UP = "go_up"
    REPORT = "report"
    CLOSE = "close"


class Why(StrEnum):
    """Why an incident was reported, or waits longer, or is no fire."""

    WARM_SMOKE = "warm_smoke"
    FAST_RISE = "fast_rise"
    NEIGHBOUR = "neighbour"
    HIGH_HEAT = "high_heat"
    OPERATOR = "operator"
    OWNER = "owner"
    SENT = "sent"
    DEVICE = "device"
    NOBODY = "nobody"
    UNSEEN = "unseen"
    FAULT = "fault"
    STEAM = "steam"
    ANNOUNCED = "announced"


@dataclass(frozen=True, slots=True)
class Stages:
    """stages.toml: seconds, steps of warmth, and the limits of what counts as a sign of a fault."""

    answer_s: float
    trading_s: float
    explained_s: float
    faulty_s: float
    resumes_s: float
    trusts_s: float
    closed_step: int
    trading_step: int
    explained_step: int
    closed_callers: int
    trading_callers: int
    explained_callers: int
    signs: Limits


def stages(path: Path = _FILE) -> Stages:
    """The table. Raises ValueError where a line lacks its number or its source."""
    body = tomllib.loads(path.read_text(encoding="utf-8"))
    times = {name: _number(f"times.{name}", line, "s") for name, line in body["times"].items()}
    steps = {name: int(_number(f"warmth.{name}", line, "step")) for name, line in body["warmth"].items()}
    if not all(1 <= step <= HIGHEST for step in steps.values()):
        raise ValueError(f"a step of warmth lies outside 1 to {HIGHEST}")
    if not times["answer"] <= times["trading"] <= times["explained"] <= times["faulty"] <= 900:
        raise ValueError("the time-outs are not in order, or the longest is beyond a quarter of an hour")
    callers = {name: int(value) for name, value in body["neighbours"].items() if name != "source"}
    signs = {name: float(value) for name, value in body["signs"].items() if name != "source"}
    return Stages(
        times["answer"], times["trading"], times["explained"], times["faulty"], times["resumes"], times["trusts"],
        steps["closed"], steps["trading"], steps["explained"],
        callers["closed"], callers["trading"], callers["explained"], Limits(**signs),
    )  # fmt: skip


def _number(name: str, line: Mapping[str, Any], key: str) -> float:
    value, source = line.get(key), line.get("source")
    if not isinstance(value, int | float) or value <= 0 or not isinstance(source, str) or not source.strip():
        raise ValueError(f"{name} needs {key} above 0 and a source")
    return float(value)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a stall is judged at an hour: the step of warmth that confirms and whether a pre-alarm must stand beside it
    (it must while people trade: a puff of steam is warm too), whether a fast rise without smoke confirms, how many
    pre-alarms must stand together where neighbours confirm (0: the neighbours rule alone is enough), how long people
    have, and what would explain smoke without a fire; `why` is said to people."""

    step: int
    standing: bool
    rises: bool
    callers: int
    longer_s: float
    why: Why | None


def at_hour(table: Stages, *, trades: bool) -> Stages:
    """The table as it is while a market trades, or is closed: by day there are people who can go and look."""
    return replace(table, answer_s=table.trading_s) if trades else table


def terms(table: Stages, *, trades: bool, steamy: bool, announced: bool) -> Terms:
    """Steam at its usual hours and announced works shift what confirms, within the ladder; a closed market trusts less
    warmth."""
    if announced:
        return Terms(table.explained_step, True, False, _EVERYBODY, table.faulty_s, Why.ANNOUNCED)
    if trades and steamy:
        return Terms(table.explained_step, True, False, table.explained_callers, table.explained_s, Why.STEAM)
    if trades:
        return Terms(table.trading_step, True, False, table.trading_callers, 0.0, None)
    return Terms(table.closed_step, False, True, table.closed_callers, 0.0, None)


@dataclass(frozen=True, slots=True)
class State:
    """One incident. Times are Unix seconds; `deadline` is when the time-out comes, `extended` why it was made longer;
    `calling` are the devices whose pre-alarm stands, `near` that two stand near each other, `warmth` the highest step
    reached, both of `noted_at` and none of another hour; `told` is when somebody said that it is no fire, of the
    devices `denied`.
    """

    stage: Stage = Stage.QUIET
    began: float = 0.0
    deadline: float | None = None
    extended: Why | None = None
    calling: frozenset[str] = frozenset()
    near: bool = False
    warmth: int = 0
    noted_at: float = 0.0
    unknown: frozenset[Who] = frozenset()
    cleared_at: float = 0.0
    told: float | None = None
    why: Why | None = None
    denied: frozenset[str] = frozenset()


Step = tuple[State, tuple[Act, ...]]


def on_signal(
    table: Stages, at_terms: Terms, state: State, kind: Kind, device: str, at: float, signs: frozenset[Sign]
) -> Step:
    """Detection said `kind` of `device` at `at`; `signs` speak for a fault of that device."""
    if state.stage is Stage.REPORTED:
        return state, ()
    if kind is Kind.CLEARED:
        return _cleared(state, device, at)
    if state.stage is not Stage.PRE_ALARM and at - state.noted_at > table.resumes_s:
        state = replace(state, near=False, warmth=0)  # what was said of another hour says nothing of this one
    state = _noted(state, kind, device, at, signs)
    acts: tuple[Act, ...] = ()
    if kind not in _BESIDE:
        state, acts = _pre_alarm(table, state, at)
    why = _confirmed_by(at_terms, state, kind, signs)
    return (state, acts) if why is None else _report(state, at, why)


def _noted(state: State, kind: Kind, device: str, at: float, signs: frozenset[Sign]) -> State:
    """What stays true of the incident. No element warms in one step: warmth of such a device counts for nothing."""
    if kind is Kind.NEIGHBOURS:
        return replace(state, near=state.near or Sign.SLOW_HEAT not in signs, noted_at=at)
    if kind is Kind.SIGNAL:
        return replace(state, calling=state.calling | {device})
    if signs & _NO_WARMTH or kind not in _STEP:
        return state
    return replace(state, warmth=max(state.warmth, _STEP[kind]), noted_at=at)


def _confirmed_by(at_terms: Terms, state: State, kind: Kind, signs: frozenset[Sign]) -> Why | None:
    """What is enough. While people trade, warmth and neighbours count only beside standing pre-alarms."""
    believed = not signs & _UNBELIEVED
    if kind is Kind.HOT and believed:
        return Why.HIGH_HEAT
    if kind is Kind.RISE and believed and at_terms.rises:
        return Why.FAST_RISE
    standing = len(state.calling)
    if state.near and standing >= at_terms.callers:
        return Why.NEIGHBOUR
    if state.warmth >= at_terms.step and (standing or not at_terms.standing):
        return Why.WARM_SMOKE
    return None


def _pre_alarm(table: Stages, state: State, at: float) -> Step:
    if state.stage is Stage.PRE_ALARM:
        return state, ()
    if state.stage is Stage.FALSE and state.told is not None and at - state.told <= table.trusts_s:
        return state, ()
    if state.stage is Stage.PAUSED and at - state.cleared_at <= table.resumes_s and state.deadline is not None:
        return replace(state, stage=Stage.PRE_ALARM, deadline=max(state.deadline, at + table.answer_s / 4)), ()
    begun = State(
        Stage.PRE_ALARM, at, at + table.answer_s, None, state.calling, state.near, state.warmth, state.noted_at
    )
    return begun, (Act.TURN_CAMERA, Act.ASK_OPERATOR, Act.ASK_OWNER)


def _cleared(state: State, device: str, at: float) -> Step:
    calling = state.calling - {device}
    if calling or state.stage is not Stage.PRE_ALARM:
        return replace(state, calling=calling), ()
    return replace(state, stage=Stage.PAUSED, calling=calling, near=False, warmth=0, cleared_at=at), ()


def on_time(table: Stages, at_terms: Terms, state: State, at: float, signs: frozenset[Sign]) -> Step:
    """The time-out may have come. `signs` are those that hold of every calling device now. It is made longer once,
    where the devices look faulty or something else explains the smoke; then it reports, whoever has not answered. Only
    where one lone device has for minutes done what no fire does, it goes up to the shift lead instead and stays open:
    any warmth, neighbour or answer still reports at once."""
    if state.stage is not Stage.PRE_ALARM or state.deadline is None or at < state.deadline:
        return state, ()
    if state.extended is None:
        if signs - {Sign.DIRTY}:
            longer = replace(state, deadline=state.began + table.faulty_s, extended=Why.FAULT)
            return longer, (Act.SEND_SOMEBODY, Act.TELL_FAULT)
        if at_terms.why is not None:
            longer = replace(state, deadline=state.began + at_terms.longer_s, extended=at_terms.why)
            return longer, (Act.SEND_SOMEBODY,)
    if Sign.FROZEN in signs and len(state.calling) == 1 and not state.near:
        return replace(state, deadline=None, why=Why.FAULT), (Act.GO_UP,)
    return _report(state, at, Why.NOBODY)


def due(table: Stages, state: State) -> float | None:
    """When the clock does something by itself; None while only people or detectors can."""
    if state.stage is Stage.PRE_ALARM:
        return state.deadline
    if state.stage is Stage.PAUSED and state.deadline is not None:
        return max(state.deadline, state.cleared_at + table.resumes_s)
    return None


def on_calm(table: Stages, state: State, at: float) -> Step:
    """It fell silent before anybody had answered, and stayed so: the shift lead says what it was."""
    when = due(table, state)
    if state.stage is not Stage.PAUSED or when is None or at < when:
        return state, ()
    return replace(state, deadline=None, why=Why.UNSEEN), (Act.GO_UP,)


def on_clock(table: Stages, at_terms: Terms, state: State, at: float, signs: frozenset[Sign]) -> Step:
    """What the clock does to an incident at `at`, whatever its stage."""
    if state.stage is Stage.PAUSED:
        return on_calm(table, state, at)
    return on_time(table, at_terms, state, at, signs)


def on_answer(state: State, who: Who, says: Says, at: float, *, trades: bool) -> Step:
    """Somebody answered. An owner who says no from home is not believed: only who can see it may end it."""
    if state.stage in {Stage.REPORTED, Stage.QUIET}:
        return state, ()
    if says is Says.FIRE:
        return _report(state, at, Why(who.value))
    if says is Says.NOT_FIRE and who is not Who.DEVICE and (who is not Who.OWNER or trades):
        if state.stage is Stage.FALSE:
            return state, ()
        return replace(state, stage=Stage.FALSE, deadline=None, told=at, why=Why(who.value), denied=state.calling), (
            Act.CLOSE,
        )
    unknown = state.unknown | {who}
    ask = (Act.SEND_SOMEBODY,) if who is Who.OPERATOR and state.extended is None else ()
    return replace(state, unknown=unknown), ask


def _report(state: State, at: float, why: Why) -> Step:
    began = state.began if state.stage is not Stage.QUIET else at
    return replace(state, stage=Stage.REPORTED, began=began, deadline=None, why=why), (Act.REPORT,)
