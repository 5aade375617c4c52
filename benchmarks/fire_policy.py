"""When 119 is told of a fire, and how often for nothing: dure's stages and five named peers on the same nights.

The episodes are those of `dure.services.market_fire.simulate`: one cause in one stall, half an hour before and after it
began, as five detectors report it by a radio that loses some of it. dure's answers come from the running system's own
core of detection, rules and stages. A false cause happens as often as the single-detector rule needs to make Gangseo's
61 dispatches over 449 stalls in a year: 43 faults, 14 steam, 4 other. Fires are as frequent as the fire service counts
them. The seed of judging is not the one that times and weights were chosen on (stages.toml).

People answer with the chances and delays of `simulate/people.py`; claims with "nobody" have no answer at all.
`--nights FILE` judges anyone's nights instead: one JSON object a line, as docs/en/market-fire.md describes.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.measuring import Claim, claim, percentile
from dure.detect.model import Rule
from dure.services.market_fire import verification
from dure.services.market_fire.simulate import episodes
from dure.services.market_fire.simulate.episodes import Episode, Trace
from dure.services.market_fire.simulate.judging import Heard, judged
from dure.services.market_fire.simulate.nights import A_STALL_YEAR, STALLS, rules
from dure.services.market_fire.simulate.physics import Flags, Floats
from dure.services.market_fire.verification import Stages

TUNING_SEED: Final = 1
SEED: Final = 20_261_122
FIRES: Final = 10_000
FALSE_EACH: Final = {"fault": 4_000, "steam": 2_000, "other": 2_000}
DISPATCHES: Final = {"fault": 43, "steam": 14, "other": 4}
"""Gangseo's markets in 2020: dispatches of a year by cause, and no fire among them."""
FIRES_A_STALL_YEAR: Final = A_STALL_YEAR["fire"]
"""289 market fires from 2019 to 2023 (소방청); 139,048 trading stalls inspected from 2021 to 2023
(소상공인시장진흥공단)."""
_HEAT: Final = 60.0
OURS: Final = "dure"
NOBODY: Final = "dure, nobody answers"
ORIGINAL: Final = "single detector 5 s"
Judge = Callable[[Episode], float | None]


# The peers: when each would have told 119, in seconds of the episode


def _true(one: Trace) -> Flags:
    return one.smoke | (one.heat >= _HEAT)


def _first(moments: Iterable[float | None]) -> float | None:
    return min((at for at in moments if at is not None), default=None)


def _lasting(at: Floats, true: Flags, for_s: float, gap_s: float, least: int = 1) -> float | None:
    """When `true` has lasted for `for_s` without a false report or a gap beyond `gap_s`, with `least` reports."""
    onset, last, reports = None, None, 0
    for moment in zip(at[true].tolist(), np.nonzero(true)[0].tolist(), strict=True):
        now, index = moment
        follows = last is not None and index == last[1] + 1 and now - last[0] <= gap_s
        onset, reports = (onset, reports + 1) if follows else (now, 1)
        last = (now, index)
        if now - onset >= for_s - 1e-3 and reports >= least:
            return float(now)
    return None


def single(episode: Episode) -> float | None:
    """The original: one detector, heat or smoke for 5 s, any missing report starts it anew."""
    return _first(_lasting(one.at, _true(one), 5.0, 1.5 * one.every_s) for one in episode.traces)


def held_over(episode: Episode) -> float | None:
    """The same with gaps of 4 s bridged and three reports asked for."""
    gaps = ((one, max(4.0, 1.5 * one.every_s)) for one in episode.traces)
    return _first(_lasting(one.at, _true(one), 5.0, gap, 3) for one, gap in gaps)


def duration(episode: Episode) -> float | None:
    """As ThingsBoard's alarm rule with a duration: true for 5 s with no false report between; silence counts as true
    and a timer of its own ends the waiting (thingsboard.io, alarm rule condition type "duration")."""
    return _first(_on_timer(one, 5.0) for one in episode.traces)


def _on_timer(one: Trace, for_s: float) -> float | None:
    true = _true(one)
    starts = np.nonzero(true & ~np.concatenate(([False], true[:-1])))[0]
    stops = np.nonzero(~true)[0]
    for start in starts.tolist():
        after = stops[np.searchsorted(stops, start) :]
        until = one.at[after[0]] if after.size else np.inf
        if until > one.at[start] + for_s:
            return float(one.at[start] + for_s)
    return None


def two_of_n(episode: Episode) -> float | None:
    """Two detectors say heat or smoke within 30 s of each other."""
    said = sorted(
        (float(at), number) for number, one in enumerate(episode.traces) for at in one.at[_true(one)].tolist()
    )
    last: dict[int, float] = {}
    for at, number in said:
        last[number] = at
        if sum(at - other <= 30.0 for other in last.values()) >= 2:
            return at
    return None


def field_rule(episode: Episode) -> float | None:
    """Two kinds, six seconds, four repeats: heat and smoke of one detector, six seconds four times in a row (24 s),
    gaps of 4 s bridged."""
    gaps = ((one, max(4.0, 1.5 * one.every_s)) for one in episode.traces)
    return _first(_lasting(one.at, one.smoke & (one.heat >= _HEAT), 24.0, gap, 4) for one, gap in gaps)


PEERS: Final[dict[str, Judge]] = {
    ORIGINAL: single,
    "5 s with hold-over": held_over,
    "duration as in ThingsBoard": duration,
    "two of n": two_of_n,
    "two kinds, 6 s, four repeats": field_rule,
}


# Judging


@dataclass(frozen=True, slots=True)
class Row:
    """One episode and when each policy told 119, in seconds after the cause began (None: not)."""

    id: str
    cause: str
    fire: bool
    told: dict[str, float | None]
    asked: bool


def rows(found: Iterable[Episode], table: Stages, watched: Sequence[Rule]) -> list[Row]:
    """Every policy on every episode."""
    return [_row(one, table, watched) for one in found]


def _row(episode: Episode, table: Stages, watched: Sequence[Rule]) -> Row:
    heard = Heard(episode, watched)
    ours = judged(heard, table)
    told: dict[str, float | None] = {OURS: ours.reported_at, NOBODY: judged(heard, table, answered=False).reported_at}
    told |= {name: peer(episode) for name, peer in PEERS.items()}
    since = {name: None if at is None else at - episode.began for name, at in told.items()}
    if episode.fire:  # what spoke before the fire did not tell of it
        since = {name: None if at is None or at < 0 else at for name, at in since.items()}
    return Row(episode.id, episode.cause, episode.fire, since, bool(ours.acts))


def _batch(job: tuple[str, int, int, int]) -> list[Row]:
    group, number, seed, many = job
    return rows(episodes.batch(group, number, seed)[:many], verification.stages(), rules())


def simulated(group: str, many: int, seed: int) -> list[Row]:
    """`many` episodes of a group, judged on all processors."""
    size = episodes.BATCH
    jobs = [(group, number, seed, min(size, many - number * size)) for number in range(-(-many // size))]
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        return [row for found in pool.map(_batch, jobs) for row in found]


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of it: for each policy the delays of fires (infinite where missed), and false reports a stall-year."""

    delays: dict[str, list[float]]
    false: dict[str, float]
    fires: int
    others: int
    seconds: float
    seed: int


def judge(fires: int, each: dict[str, int], seed: int) -> Judged:
    """Fires and false causes of a seed, the false ones weighted so that the original makes Gangseo's year."""
    began = time.perf_counter()
    burnt = simulated("fire", fires, seed)
    false = dict.fromkeys((OURS, NOBODY, *PEERS), 0.0)
    for group, many in each.items():
        for name, share in shares(simulated(group, many, seed)).items():
            false[name] += share * DISPATCHES[group] / STALLS
    taken = time.perf_counter() - began
    return Judged(_delays(burnt), false, len(burnt), sum(each.values()), taken, seed)


def shares(found: Sequence[Row]) -> dict[str, float]:
    """How often each policy reports a cause for each time that the original does."""
    calibrates = sum(row.told[ORIGINAL] is not None for row in found)
    if not calibrates:
        raise ValueError("the single-detector rule reports none of these: they cannot be calibrated")
    return {name: sum(row.told[name] is not None for row in found) / calibrates for name in found[0].told}


def _delays(found: Sequence[Row]) -> dict[str, list[float]]:
    names = (OURS, NOBODY, *PEERS)
    return {name: [np.inf if (at := row.told[name]) is None else at for row in found] for name in names}


# Claims


def claims(found: Judged) -> list[Claim]:
    """Missed, false and delay: ours against each peer."""
    told: dict[str, Any] = {"seconds": found.seconds, "seed": found.seed}
    lines: list[Claim] = []
    for ours in (OURS, NOBODY):
        suffix = "" if ours == OURS else ", if nobody answers"
        for peer in PEERS:
            lines.append(_missed(found, ours, peer, suffix, told))
            lines.append(_false(found, ours, peer, suffix, told))
            lines += _delay(found, ours, peer, suffix, told)
    a_fire = {name: rate / FIRES_A_STALL_YEAR for name, rate in found.false.items()}
    lines.append(
        claim(
            "fire-policy", f"false reports per true fire, at {FIRES_A_STALL_YEAR:.2e} fires a stall-year",
            "reports", a_fire[OURS], peer=ORIGINAL, theirs=a_fire[ORIGINAL], less_is_better=True,
            samples=found.others, **told,
        )
    )  # fmt: skip
    return lines


def _missed(found: Judged, ours: str, peer: str, suffix: str, told: dict[str, Any]) -> Claim:
    missed = {name: sum(np.isinf(found.delays[name])) for name in (ours, peer)}
    name = f"missed (fires of {found.fires:,}){suffix}"
    return claim(
        "fire-policy", name, "fires", missed[ours], peer=peer, theirs=missed[peer], less_is_better=True,
        samples=found.fires, **told,
    )  # fmt: skip


def _false(found: Judged, ours: str, peer: str, suffix: str, told: dict[str, Any]) -> Claim:
    nights = {name: found.false[name] / 365 * 1_000 for name in (ours, peer)}
    return claim(
        "fire-policy", f"false (reports per 1,000 stall-nights){suffix}", "reports", nights[ours], peer=peer,
        theirs=nights[peer], less_is_better=True, samples=found.others, **told,
    )  # fmt: skip


def _delay(found: Judged, ours: str, peer: str, suffix: str, told: dict[str, Any]) -> list[Claim]:
    mine, theirs = found.delays[ours], found.delays[peer]
    lines = [
        claim(
            "fire-policy", f"delay, ignition to report, {name} (s){suffix}", "s", percentile(mine, share), peer=peer,
            theirs=percentile(theirs, share), less_is_better=True, samples=found.fires, **told,
        )
        for name, share in (("median", 0.5), ("p95", 0.95))
    ]  # fmt: skip
    pairs = [a - b for a, b in zip(mine, theirs, strict=True) if np.isfinite(a) and np.isfinite(b)]
    if pairs:
        lines.append(
            claim(
                "fire-policy", f"delay, paired difference to {peer}, median (s){suffix}", "s",
                statistics.median(pairs), samples=len(pairs), **told,
            )
        )  # fmt: skip
    return lines


def of_nights(path: Path) -> list[Claim]:
    """Anyone's nights: shares of what is in the file, uncalibrated."""
    began = time.perf_counter()
    found = rows(episodes.read(path), verification.stages(), rules())
    told: dict[str, Any] = {"seconds": time.perf_counter() - began, "seed": 0}
    burnt, others = [row for row in found if row.fire], [row for row in found if not row.fire]
    lines: list[Claim] = []
    for peer in PEERS:
        if burnt:
            delays = _delays(burnt)
            judged_fires = Judged(delays, {}, len(burnt), 0, told["seconds"], 0)
            lines.append(_missed(judged_fires, OURS, peer, "", told))
            lines += _delay(judged_fires, OURS, peer, "", told)
        if others:
            count = {name: sum(row.told[name] is not None for row in others) for name in (OURS, peer)}
            lines.append(
                claim(
                    "fire-policy", f"false (reports of {len(others):,} episodes)", "reports", count[OURS], peer=peer,
                    theirs=count[peer], less_is_better=True, samples=len(others), **told,
                )
            )  # fmt: skip
    return lines


def policy() -> list[Claim]:
    """All claims, on the judging seed."""
    return claims(judge(FIRES, FALSE_EACH, SEED))


if __name__ == "__main__":
    from benchmarks.measuring import main

    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--nights", type=Path)
    parser.add_argument("--curve", type=Path)
    mine, rest = parser.parse_known_args()
    sys.argv = [sys.argv[0], *rest]
    if mine.curve is not None:
        from benchmarks import fire_curve

        fire_curve.write(mine.curve)
    elif mine.nights is not None:
        main({"nights": lambda: of_nights(mine.nights)})
    else:
        main({"policy": policy})
