"""The curve of the fire policy: false reports against delay, for other times that people have to answer, and the peers.

Drawn on the tuning seed, from which the times were chosen; the claims of `fire_policy` are of another.
"""

import csv
import dataclasses
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.fire_policy import DISPATCHES, ORIGINAL, PEERS, TUNING_SEED
from benchmarks.measuring import percentile
from dure.services.market_fire import verification
from dure.services.market_fire.simulate import episodes
from dure.services.market_fire.simulate.judging import Heard, judged
from dure.services.market_fire.simulate.nights import STALLS, rules

ANSWERS_S: Final = (20.0, 40.0, 60.0, 90.0, 120.0, 180.0)
"""Times that people have to answer before 119 is told; 60 is stages.toml's."""
BATCHES: Final = {"fire": 20, "fault": 10, "steam": 6, "other": 5}
"""Of a hundred episodes each."""
_WIDE, _HIGH, _LEFT, _FOOT = 760, 460, 90, 60


@dataclass(frozen=True, slots=True)
class Point:
    """One policy: reports for nothing in 1,000 stall-nights, and seconds from ignition to the report."""

    policy: str
    false_per_1000: float
    median_s: float
    p95_s: float


def points(seed: int = TUNING_SEED) -> list[Point]:
    """dure with each time to answer, then the peers."""
    jobs = [(group, number, seed) for group, many in BATCHES.items() for number in range(many)]
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = list(pool.map(_told, jobs))
    names = list(found[0][0])
    told = {
        group: [one for job, rows in zip(jobs, found, strict=True) if job[0] == group for one in rows]
        for group in BATCHES
    }
    lines: list[Point] = []
    for name in names:
        false = sum(
            count / STALLS * _share([one[name] for one in told[group]], [one[ORIGINAL] for one in told[group]])
            for group, count in DISPATCHES.items()
        )
        delays = [float("inf") if (at := one[name]) is None else at for one in told["fire"]]
        lines.append(Point(name, false / 365 * 1_000, percentile(delays, 0.5), percentile(delays, 0.95)))
    return lines


def _share(ours: list[float | None], theirs: list[float | None]) -> float:
    return sum(at is not None for at in ours) / max(1, sum(at is not None for at in theirs))


def _told(job: tuple[str, int, int]) -> list[dict[str, float | None]]:
    """When each policy told 119 in the episodes of one batch."""
    group, number, seed = job
    table, watched = verification.stages(), rules()
    lines: list[dict[str, float | None]] = []
    for episode in episodes.batch(group, number, seed):
        heard = Heard(episode, watched)
        line = {f"dure, {answer:.0f} s": judged(heard, _with(table, answer)).reported_at for answer in ANSWERS_S}
        lines.append(line | {name: peer(episode) for name, peer in PEERS.items()})
    return lines


def _with(table: verification.Stages, answer: float) -> verification.Stages:
    return dataclasses.replace(
        table,
        answer_s=answer,
        trading_s=answer * table.trading_s / table.answer_s,
        explained_s=max(1.5 * answer, table.explained_s),
    )


def write(path: Path) -> None:
    """The points as CSV, and beside it the drawing as SVG."""
    found = points()
    false = sum(many for group, many in BATCHES.items() if group != "fire")
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {BATCHES['fire'] * 100:,} fires, {false * 100:,} false causes, seed {TUNING_SEED} (tuning)\n")
        writer = csv.writer(file)
        writer.writerow([field.name for field in dataclasses.fields(Point)])
        writer.writerows([dataclasses.astuple(one) for one in found])
    path.with_suffix(".svg").write_text(drawing(found), encoding="utf-8")


def drawing(found: list[Point]) -> str:
    """Delay to the right (the slow fires', for time to answer moves the median of none), false reports upwards; dure's
    points are joined.
    """
    shown = [one for one in found if one.p95_s < float("inf")]
    right = 1.1 * max(one.p95_s for one in shown)
    top = 1.1 * max(one.false_per_1000 for one in shown) or 1.0

    def place(one: Point) -> tuple[float, float]:
        across = _LEFT + (_WIDE - _LEFT - 20) * one.p95_s / right
        return across, _HIGH - _FOOT - (_HIGH - _FOOT - 20) * one.false_per_1000 / top

    ours = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(one) for one in shown if one.policy.startswith("dure")))
    marks = [
        f'<circle cx="{place(one)[0]:.1f}" cy="{place(one)[1]:.1f}" r="4"/>'
        f'<text x="{place(one)[0] + 7:.1f}" y="{place(one)[1] - 5:.1f}">{one.policy}</text>'
        for one in shown
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="{_WIDE}" height="{_HIGH}" fill="white"/>'
        f'<path d="M{_LEFT} 20V{_HIGH - _FOOT}H{_WIDE - 20}" fill="none" stroke="black"/>'
        f'<polyline points="{ours}" fill="none" stroke="black"/>{"".join(marks)}'
        f'<text x="{_LEFT}" y="{_HIGH - 20}">ignition to report, 95 of 100 fires, s (0 to {right:.0f})</text>'
        f'<text transform="translate(20 {_HIGH - _FOOT}) rotate(-90)">false reports in 1,000 stall-nights '
        f"(0 to {top:.2f})</text></svg>\n"
    )
