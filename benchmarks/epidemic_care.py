"""Officers and beds: everybody in quarantine to an officer, everybody who waits to a bed, optimal and explained.

Ours is what somebody waits for: weighing all pairs, the plan in a child, its proof, and the reason of each. The peer is
scipy's assignment solver (Jonker, Volgenant; C++) on the same costs with a column for each seat, as one writes it by
hand: the plan alone, nothing explained.
"""

import asyncio
import time

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.measuring import Claim, claim, percentile
from dure.kernel.geometry import LonLat
from dure.services.epidemic.care import beds, solving
from dure.services.epidemic.care.beds import Patient, Ward
from dure.services.epidemic.care.transport import NEVER, Whole, proved
from dure.services.epidemic.care.triage import Level, Oxygen, Placement
from dure.services.epidemic.quarantine import officers
from dure.services.epidemic.quarantine.officers import Officer, Person

SEED = 20200302
PEOPLE, OFFICERS, ROOM = 5_000, 300, 20
PATIENTS, BEDS, WARDS = 2_000, 3_818, 120
TIMES = 3
PEER = "scipy linear_sum_assignment, a column a seat (plan alone)"
_DAY = beds.WEIGHTS[0]["since"]


def _places(rng: np.random.Generator, n: int, wide: float) -> list[LonLat]:
    """Around a city's middle."""
    at = rng.normal((128.60, 35.87), wide, (n, 2))
    return [LonLat(float(lon), float(lat)) for lon, lat in at]


def _theirs(cost: Whole, capacity: Whole, slope: Whole) -> tuple[float, int]:
    """Seconds and the cost of the best plan, a column for each seat."""
    began = time.perf_counter()
    seats = np.repeat(np.arange(capacity.size), capacity)
    taken = np.concatenate([np.arange(n) for n in capacity])
    wide = (cost[:, seats] + (slope[seats] * taken)[None]).astype(float)
    rows, columns = linear_sum_assignment(wide)
    return time.perf_counter() - began, int(wide[rows, columns].sum())


def _spent(cost: Whole, of: Whole, load: Whole, slope: Whole) -> int:
    return int(cost[np.arange(of.size), of].sum() + (slope * load * (load - 1) // 2).sum())


async def giving_officers() -> list[Claim]:
    """Officers (s)."""
    rng = np.random.default_rng(SEED)
    tongues = rng.choice(["ko", "en", "zh", "vi", "uz"], PEOPLE, p=[0.9, 0.02, 0.05, 0.02, 0.01])
    people = [Person(str(n), str(tongues[n]), at) for n, at in enumerate(_places(rng, PEOPLE, 0.06))]
    spoken = [
        frozenset(str(one) for one in rng.choice(["en", "zh", "vi", "uz"], rng.integers(0, 2))) for _ in range(OFFICERS)
    ]
    duty = [Officer(str(n), ROOM, spoken[n], at) for n, at in enumerate(_places(rng, OFFICERS, 0.06))]
    weights = officers.weights_of(_DAY)
    room, slope = np.full(OFFICERS, ROOM, dtype=np.int64), np.full(OFFICERS, weights["load"], dtype=np.int64)
    taken, table, plan = [], np.empty((0, 0), dtype=np.int64), None
    for _ in range(TIMES):
        began = time.perf_counter()
        table = officers.costs(people, duty, weights)
        plan = await solving.plan(table, room, slope)
        assert proved(plan, table, room, slope)
        assert len(officers.explained(people, duty, table, plan, weights)) == PEOPLE
        taken.append(time.perf_counter() - began)
    assert plan is not None
    theirs, best = await asyncio.to_thread(_theirs, table, room, slope)
    assert _spent(table, plan.of, plan.load, slope) == best
    name = f"officers (s): {PEOPLE:,} people to {OFFICERS} officers, optimal and explained"
    return [_claim(name, taken, theirs)]


async def giving_beds() -> list[Claim]:
    """Beds (s)."""
    rng = np.random.default_rng(SEED)
    sizes = rng.multinomial(BEDS, rng.dirichlet(np.full(WARDS, 2.0)))
    kinds = rng.choice([Placement.CENTRE, Placement.HOSPITAL, Placement.INTENSIVE], WARDS, p=[0.4, 0.5, 0.1])
    wards = [
        Ward(
            str(n), f"f{n // 3}", str(n), Placement(kinds[n]), int(sizes[n]), [None, "m", "f"][int(rng.integers(0, 3))],
            bool(rng.random() < 0.3), [*Oxygen][int(rng.integers(0, 3))], frozenset(), at,
        )
        for n, at in enumerate(_places(rng, WARDS, 0.3))
    ]  # fmt: skip
    levels = rng.choice(5, PATIENTS, p=[0.1, 0.55, 0.2, 0.1, 0.05])
    where = {0: Placement.CENTRE, 1: Placement.CENTRE, 4: Placement.INTENSIVE}
    patients = [
        Patient(
            str(n), Level(int(levels[n])), where.get(int(levels[n]), Placement.HOSPITAL), "mf"[int(rng.integers(0, 2))],
            int(rng.integers(0, 9)), Oxygen.OXYGEN if levels[n] >= 3 else Oxygen.NONE, bool(rng.random() < 0.05),
            waiting_h=float(rng.integers(0, 100)), at=at,
        )
        for n, at in enumerate(_places(rng, PATIENTS, 0.06))
    ]  # fmt: skip
    weights = beds.weights_of(_DAY)
    capacity = np.array([*(one.free for one in wards), PATIENTS], dtype=np.int64)
    slope = np.zeros(capacity.size, dtype=np.int64)
    taken, table, plan = [], np.empty((0, 0), dtype=np.int64), None
    for _ in range(TIMES):
        began = time.perf_counter()
        table = beds.costs(patients, wards, weights)
        plan = await solving.plan(table, capacity)
        assert proved(plan, table, capacity)
        assert len(beds.explained(patients, wards, table, plan, weights)) == PATIENTS
        taken.append(time.perf_counter() - began)
    assert plan is not None
    assert (table[np.arange(PATIENTS), plan.of] < NEVER).all()
    theirs, best = await asyncio.to_thread(_theirs, table, capacity, slope)
    assert _spent(table, plan.of, plan.load, slope) == best
    name = f"beds (s): {PATIENTS:,} patients to {BEDS:,} beds of {WARDS} wards, optimal and explained"
    return [_claim(name, taken, theirs)]


def _claim(name: str, taken: list[float], theirs: float) -> Claim:
    return claim(
        "epidemic", name, "s", percentile(taken, 0.5),
        samples=len(taken), seconds=sum(taken), peer=PEER, theirs=theirs, less_is_better=True, seed=SEED,
    )  # fmt: skip
