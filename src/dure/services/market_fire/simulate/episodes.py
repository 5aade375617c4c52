"""Episodes: one cause in one stall, as five detectors tell it, with the truth. In memory, and as lines of JSON."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from dure.services.market_fire.simulate import causes, scene, sensing
from dure.services.market_fire.simulate.people import Reply, replies
from dure.services.market_fire.simulate.physics import Flags, Floats
from dure.services.market_fire.simulate.scene import TIMES, Rng, Scene
from dure.services.market_fire.verification import Says, Who

BATCH: Final = 100
GROUPS: Final[dict[str, dict[str, float]]] = {
    "fire": {"fire": 1.0},
    "fault": {**sensing.FAULTS, "condensation": 0.06},
    "steam": {"steam": 1.0},
    "other": {"cooking": 0.3, "welding": 0.25, "dust": 0.2, "disinfection": 0.15, "sun": 0.1},
}
"""Groups as Gangseo counted its dispatches (오작동, 수증기, 기타), and what they are made of here."""
_SMOKY: Final = frozenset({"steam", "cooking", "welding", "dust", "disinfection"})
_SPACE: Final = {name: number for number, name in enumerate(GROUPS)}


@dataclass(frozen=True, slots=True)
class Trace:
    """One detector's readings in order of time; `at` in seconds after the cause began, `x_m` along the row.

    `obscuration` is None where it tells only yes and no; `battery` in %EL, None where it does not say.
    """

    id: str
    x_m: float
    every_s: float
    at: Floats
    heat: Floats
    smoke: Flags
    obscuration: Floats | None
    battery: float | None


@dataclass(frozen=True, slots=True)
class Episode:
    """The truth is `fire` or not; `began` is when the cause began on the traces' line of time. The first trace is
    that of the stall's own detector. `replies` is what people would answer if asked.
    """

    id: str
    cause: str
    fire: bool
    trades: bool
    steamy: bool
    announced: bool
    traces: tuple[Trace, ...]
    replies: tuple[Reply, ...]
    began: float = 0.0

    def unanswered(self) -> "Episode":
        """The same with nobody to answer."""
        return replace(self, replies=())


def drawn(group: str, many: int, seed: int) -> Iterator[Episode]:
    """`many` episodes of a group, in batches: the same for the same seed, and a longer run begins with a
    shorter one."""
    for number in range(0, many, BATCH):
        for index, episode in enumerate(batch(group, number // BATCH, seed)):
            if number + index < many:
                yield episode


def batch(group: str, number: int, seed: int) -> list[Episode]:
    """The batch of that number: `BATCH` episodes."""
    rng = np.random.default_rng([seed, _SPACE[group], number])
    names = list(GROUPS[group])
    shares = np.array(list(GROUPS[group].values()))
    counts = rng.multinomial(BATCH, shares / shares.sum())
    found: list[Episode] = []
    for name, count in zip(names, counts, strict=True):
        if count:
            found += _made(rng, name, int(count), f"{group}-{seed}-{number}")
    order = rng.permutation(len(found))
    return [found[at] for at in order]


def _made(rng: Rng, cause: str, many: int, prefix: str) -> list[Episode]:
    place = _place(rng, cause, many)
    air = causes.AIR.get(cause, causes.nothing)(rng, place)
    heat, obscuration = sensing.sensed(rng, place, air)
    forced = None
    battery, silent = place.battery, None
    if cause in sensing.FAULTS:
        fault = sensing.broken(rng, place, cause, heat, obscuration)
        heat, obscuration, forced, silent, battery = (
            fault.heat, fault.obscuration, fault.forced, fault.silent, fault.battery,
        )  # fmt: skip
    told = sensing.said(rng, place, heat, obscuration, forced)
    arrived = told.arrived if silent is None else told.arrived & ~silent
    trades = place.open
    return [
        Episode(
            id=f"{prefix}-{cause}-{row}",
            cause=cause,
            fire=cause == "fire",
            trades=bool(trades[row]),
            steamy=bool(place.steamy[row]),
            announced=bool(place.announced[row]),
            traces=tuple(_trace(place, told, arrived, battery, row, column) for column in range(place.shape[1])),
            replies=replies(
                rng,
                burns=cause == "fire",
                trades=bool(trades[row]),
                seen_from=float(air.seen_from[row]),
                smoky=cause in _SMOKY,
            ),
        )
        for row in range(many)
    ]


def _place(rng: Rng, cause: str, many: int) -> Scene:
    """When and where: the hours of each cause, whether the city knows the stall steams, whether it was announced."""
    hours: dict[str, Callable[[], Floats]] = {
        "fire": lambda: scene.hours_of_fires(rng, many),
        "steam": lambda: scene.hours_open(rng, many, lunch=0.5),
        "cooking": lambda: scene.hours_open(rng, many, lunch=0.4),
        "welding": lambda: np.where(rng.random(many) < 0.3, rng.uniform(20.0, 24.0, many), rng.uniform(8, 20, many)),
        "dust": lambda: scene.hours_open(rng, many),
        "disinfection": lambda: np.where(rng.random(many) < 0.6, rng.uniform(20, 23, many), rng.uniform(8, 20, many)),
        "sun": lambda: rng.uniform(12.0, 17.0, many),
        "condensation": lambda: rng.uniform(0.0, 9.0, many),
    }
    known = {"steam": 0.7, "cooking": 0.7}.get(cause, 0.25)
    told = {"welding": 0.7, "dust": 0.5, "disinfection": 0.8}.get(cause, 0.01)
    hour = hours[cause]() if cause in hours else scene.hours_any(rng, many)
    return scene.drawn(rng, hour, rng.random(many) < known, rng.random(many) < told)


def _trace(place: Scene, told: sensing.Said, arrived: Flags, battery: Floats, row: int, column: int) -> Trace:
    kept = np.nonzero(arrived[row, column])[0]
    return Trace(
        id=f"d{column}",
        x_m=float(place.across[row, column]),
        every_s=float(place.every[row, column]),
        at=TIMES[kept] + float(place.phase[row, column]) * 0.9,
        heat=told.heat[row, column][kept],
        smoke=told.smoke[row, column][kept],
        obscuration=told.obscuration[row, column][kept] if place.analog[row] else None,
        battery=float(battery[row, column]),
    )


# Lines of JSON


def written(episode: Episode) -> str:
    """One line of JSON; `read` takes it back."""
    body = {
        "id": episode.id,
        "cause": episode.cause,
        "fire": episode.fire,
        "began": episode.began,
        "stall": {"trades": episode.trades, "steamy": episode.steamy, "announced": episode.announced},
        "detectors": [
            {
                "id": one.id,
                "x_m": round(one.x_m, 2),
                "every_s": one.every_s,
                "battery": None if one.battery is None else round(one.battery, 1),
                "at": np.round(one.at, 3).tolist(),
                "heat": one.heat.tolist(),
                "smoke": one.smoke.astype(int).tolist(),
                "obscuration": None if one.obscuration is None else one.obscuration.tolist(),
            }
            for one in episode.traces
        ],
        "replies": [
            {
                "by": one.by,
                "after_s": one.after_s,
                "says": one.says,
                "not_before": one.not_before,
                "before": one.before,
            }
            for one in episode.replies
        ],
    }
    return json.dumps(body, ensure_ascii=False)


def read(path: Path) -> list[Episode]:
    """Anyone's nights. Raises ValueError naming the line that is not an episode."""
    with path.open(encoding="utf-8") as lines:
        return list(_read(lines))


def _read(lines: Iterable[str]) -> Iterator[Episode]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _episode(json.loads(line))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"line {number} is not an episode: {error}") from error


def _episode(body: dict[str, Any]) -> Episode:
    stall = body.get("stall", {})
    if not isinstance(body["fire"], bool) or not body["detectors"]:
        raise ValueError("it needs fire (true or false) and at least one detector")
    return Episode(
        id=str(body["id"]),
        cause=str(body.get("cause", "fire" if body["fire"] else "other")),
        fire=body["fire"],
        trades=bool(stall.get("trades", False)),
        steamy=bool(stall.get("steamy", False)),
        announced=bool(stall.get("announced", False)),
        traces=tuple(_read_trace(one) for one in body["detectors"]),
        replies=tuple(
            Reply(
                Who(one["by"]),
                float(one["after_s"]),
                Says(one["says"]),
                float(one.get("not_before", -1e8)),
                float(one.get("before", 1e8)),
            )
            for one in body.get("replies", [])
        ),
        began=float(body.get("began", 0.0)),
    )


def _read_trace(body: dict[str, Any]) -> Trace:
    at = np.array(body["at"], dtype=np.float64)
    heat = np.array(body["heat"], dtype=np.float64)
    smoke = np.array(body["smoke"], dtype=np.bool_)
    raw = body.get("obscuration")
    obscuration = None if raw is None else np.array(raw, dtype=np.float64)
    if not at.size == heat.size == smoke.size == (at.size if obscuration is None else obscuration.size):
        raise ValueError(f"detector {body['id']}: at, heat, smoke and obscuration differ in length")
    if not np.all(np.isfinite(at)) or np.any(np.diff(at) <= 0):
        raise ValueError(f"detector {body['id']}: its times do not grow")
    battery = body.get("battery")
    return Trace(
        str(body["id"]),
        float(body.get("x_m", 0.0)),
        float(body.get("every_s", 1.0)),
        at,
        heat,
        smoke,
        obscuration,
        None if battery is None else float(battery),
    )
