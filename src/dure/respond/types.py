"""Kinds of incidents as tables that services add to: how grave, what joins, which clocks run, who is asked.

The targets here are a city's own aims, not law; a service or a city replaces a type by registering another of the
same id.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from dure.kernel.severity import Severity


class Moment(StrEnum):
    """What can start or stop a clock."""

    SIGNAL = "signal"  # the first alarm's onset, or the report's receipt
    CONFIRMED = "confirmed"  # a rule or a person confirmed the alarm
    LOCATED = "located"  # its place on the map is known
    ACKNOWLEDGED = "acknowledged"  # an operator took it up
    HANDED_OFF = "handed_off"  # it went to an agency's screen
    ANSWERED = "answered"  # the first agency acknowledged
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ClockType:
    """A golden-time clock: from one moment to the first of others, with a target in seconds.

    `title` is a catalogue key; empty means `respond.clock.<name>`.
    """

    name: str
    starts: Moment
    stops: frozenset[Moment]
    target_s: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class SafeMerge:
    """When two reports of a type are one without asking anybody: this near (metres) and this soon after (seconds)."""

    radius_m: float
    window_s: float


@dataclass(frozen=True, slots=True)
class IncidentType:
    """One kind of incident.

    `group` names what may be one and the same thing (a fire call and a market fire); empty means the type alone. An
    alarm joins an incident within `window_s` of its last signal, in the same market or block or within `radius_m`.
    `safe_merge` is None where two calls from one place may well be about two people. `spread` raises the severity by
    the number of devices in alarm. `agencies` are kinds of agencies to suggest for hand-off, `seen_by` roles that see
    such incidents without a hand-off. `cameras` and `camera_radius_m` replace the city's setting where given.
    `verify_within_s` gives the operator that long to check a pre-alarm. `device_kinds` names kinds of devices whose
    alarms are of this type when their rule does not say. With `live_opens` the live pictures of its cameras open by
    themselves for who looks at it and may see them (each is written down all the same); else somebody asks for them.
    """

    id: str
    title: str
    severity: Severity
    acknowledge_within_s: float
    clocks: tuple[ClockType, ...]
    agencies: tuple[str, ...] = ()
    seen_by: frozenset[str] = frozenset()
    group: str = ""
    window_s: float = 1_800
    radius_m: float = 100
    safe_merge: SafeMerge | None = None
    spread: tuple[tuple[int, Severity], ...] = ()
    cameras: int | None = None
    camera_radius_m: float | None = None
    verify_within_s: float | None = None
    device_kinds: frozenset[str] = frozenset()
    live_opens: bool = False

    @property
    def merge_group(self) -> str:
        """What it may be merged within."""
        return self.group or self.id

    def clock_title(self, name: str) -> str:
        """The catalogue key of a clock's name."""
        titles = (clock.title for clock in self.clocks if clock.name == name and clock.title)
        return next(titles, f"respond.clock.{name}")

    def started_by(self, moment: Moment) -> tuple[ClockType, ...]:
        """The clocks that `moment` starts."""
        return tuple(clock for clock in self.clocks if clock.starts is moment)

    def stopped_by(self, moment: Moment) -> tuple[ClockType, ...]:
        """The clocks that `moment` stops."""
        return tuple(clock for clock in self.clocks if moment in clock.stops)


class Types:
    """The types that are switched on, by id."""

    def __init__(self, types: Iterable[IncidentType] = ()) -> None:
        self._types: dict[str, IncidentType] = {}
        for kind in types:
            self.register(kind)

    def register(self, kind: IncidentType) -> None:
        """Add a type, or replace the one of the same id."""
        self._types[kind.id] = kind

    def kept(self, type_id: str) -> IncidentType:
        """The type of this id; where no service here has it (any more), the rules of `other` under its own name."""
        kind = self._types.get(type_id)
        if kind is not None:
            return kind
        return IncidentType(
            type_id, f"respond.type.{OTHER.id}", OTHER.severity, OTHER.acknowledge_within_s, OTHER.clocks
        )

    def of_alarm(self, incident_type: str | None, device_kind: str | None) -> IncidentType:
        """The type of an alarm: what its rule names, else by the kind of its device, else `other`."""
        named = self._types.get(incident_type) if incident_type else None
        if named is not None:
            return named
        by_device = (kind for kind in self._types.values() if device_kind in kind.device_kinds)
        return next(by_device, OTHER)

    def in_group(self, group: str) -> tuple[str, ...]:
        """The ids of the types that may be merged with each other."""
        return tuple(kind.id for kind in self._types.values() if kind.merge_group == group)

    def seen_by(self, role: str) -> frozenset[str]:
        """The ids of the types that a role sees without a hand-off."""
        return frozenset(kind.id for kind in self._types.values() if role in kind.seen_by)

    def __iter__(self) -> Iterator[IncidentType]:
        return iter(self._types.values())


def _clock(name: str, starts: Moment, target_s: float, *stops: Moment) -> ClockType:
    return ClockType(name, starts, frozenset({*stops, Moment.CLOSED}), target_s)


def answer_clocks(acknowledge_s: float, hand_off_s: float, answer_s: float) -> tuple[ClockType, ...]:
    """The three clocks most types have: signal to an operator, signal to hand-off, hand-off to an agency's answer."""
    return (
        _clock("signal_to_acknowledged", Moment.SIGNAL, acknowledge_s, Moment.ACKNOWLEDGED),
        _clock("signal_to_handed_off", Moment.SIGNAL, hand_off_s, Moment.HANDED_OFF),
        _clock("handed_off_to_answered", Moment.HANDED_OFF, answer_s, Moment.ANSWERED),
    )


FIRE_CLOCKS = (_clock("signal_to_confirmed", Moment.SIGNAL, 60, Moment.CONFIRMED), *answer_clocks(30, 60, 60))
"""A fire's clocks: confirmed, taken up, handed to the fire service, answered there."""

NO_INCIDENT = "none"
"""What a rule names as its incident when its alarms shall open none."""

OTHER = IncidentType("other", "respond.type.other", Severity.NOTICE, 300, answer_clocks(300, 900, 600))

BUILT_IN: tuple[IncidentType, ...] = (
    IncidentType(
        "fire",
        "respond.type.fire",
        Severity.CRITICAL,
        30,
        FIRE_CLOCKS,
        agencies=("fire", "police"),
        seen_by=frozenset({"fire", "disaster"}),
        group="fire",
        radius_m=100,
        safe_merge=SafeMerge(50, 600),
        spread=((3, Severity.CRITICAL),),
        verify_within_s=60,
        live_opens=True,
        device_kinds=frozenset({"fire_detector", "smoke_detector", "heat_detector", "flame_detector"}),
    ),
    IncidentType(
        "medical",
        "respond.type.medical",
        Severity.SERIOUS,
        30,
        answer_clocks(30, 60, 60),
        agencies=("fire",),
        seen_by=frozenset({"fire"}),
        radius_m=30,
        window_s=600,
    ),
    IncidentType(
        "crime",
        "respond.type.crime",
        Severity.SERIOUS,
        30,
        answer_clocks(30, 60, 60),
        agencies=("police",),
        seen_by=frozenset({"police"}),
        radius_m=50,
        window_s=600,
    ),
    IncidentType(
        "missing_person",
        "respond.type.missing_person",
        Severity.SERIOUS,
        60,
        answer_clocks(60, 300, 120),
        agencies=("police",),
        seen_by=frozenset({"police"}),
        radius_m=50,
        window_s=3_600,
    ),
    IncidentType(
        "emergency_bell",
        "respond.type.emergency_bell",
        Severity.SERIOUS,
        20,
        answer_clocks(20, 60, 60),
        agencies=("police",),
        seen_by=frozenset({"police"}),
        radius_m=30,
        window_s=600,
        device_kinds=frozenset({"bell"}),
    ),
    IncidentType(
        "traffic",
        "respond.type.traffic",
        Severity.SERIOUS,
        60,
        answer_clocks(60, 120, 120),
        agencies=("police", "fire"),
        seen_by=frozenset({"police"}),
        radius_m=100,
        safe_merge=SafeMerge(50, 600),
    ),
    IncidentType(
        "flood",
        "respond.type.flood",
        Severity.SERIOUS,
        60,
        answer_clocks(60, 180, 180),
        agencies=("disaster", "fire", "police"),
        seen_by=frozenset({"disaster"}),
        radius_m=200,
        window_s=3_600,
        safe_merge=SafeMerge(50, 900),
        spread=((3, Severity.CRITICAL),),
        device_kinds=frozenset({"water_level"}),
    ),
    IncidentType(
        "gas",
        "respond.type.gas",
        Severity.CRITICAL,
        30,
        answer_clocks(30, 60, 60),
        agencies=("fire", "disaster"),
        seen_by=frozenset({"fire", "disaster"}),
        radius_m=100,
        safe_merge=SafeMerge(50, 600),
        verify_within_s=60,
        device_kinds=frozenset({"gas_detector"}),
    ),
    IncidentType(
        "crowd",
        "respond.type.crowd",
        Severity.SERIOUS,
        30,
        answer_clocks(30, 120, 120),
        agencies=("police", "fire", "disaster"),
        seen_by=frozenset({"police", "fire", "disaster"}),
        radius_m=200,
        window_s=3_600,
        safe_merge=SafeMerge(100, 900),
        live_opens=True,
    ),
    IncidentType(
        "earthquake",
        "respond.type.earthquake",
        Severity.CRITICAL,
        30,
        answer_clocks(30, 120, 180),
        agencies=("disaster", "fire", "police"),
        seen_by=frozenset({"disaster", "fire", "police"}),
        radius_m=20_000,
        window_s=21_600,
        safe_merge=SafeMerge(20_000, 600),
    ),
    IncidentType(
        "epidemic_cluster",
        "respond.type.epidemic_cluster",
        Severity.SERIOUS,
        600,
        answer_clocks(600, 3_600, 3_600),
        agencies=("health", "disaster"),
        seen_by=frozenset({"health", "disaster"}),
        radius_m=50,
        window_s=1_209_600,
    ),
    IncidentType(
        "power_cut",
        "respond.type.power_cut",
        Severity.SERIOUS,
        60,
        answer_clocks(60, 300, 300),
        agencies=("power", "disaster", "fire"),
        seen_by=frozenset({"disaster"}),
        radius_m=1_000,
        window_s=7_200,
        safe_merge=SafeMerge(500, 1_800),
    ),
    IncidentType(
        "cyber",
        "respond.type.cyber",
        Severity.SERIOUS,
        300,
        answer_clocks(300, 1_800, 1_800),
        agencies=("disaster", "police"),
        seen_by=frozenset({"disaster"}),
        radius_m=50,
        window_s=86_400,
    ),
    IncidentType(
        "facility_fault",
        "respond.type.facility_fault",
        Severity.WATCH,
        600,
        answer_clocks(600, 1_800, 1_800),
        agencies=("company",),
        radius_m=50,
        window_s=7_200,
        safe_merge=SafeMerge(30, 1_800),
    ),
    OTHER,
)
"""What the city has without any service."""

TYPES = Types(BUILT_IN)
"""The process's types; app.py registers what services contribute."""
