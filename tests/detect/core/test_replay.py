"""Snapshot anywhere + replay gives the same alarms, and the core agrees with a slow, obvious oracle."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dure.detect.model import Condition, Count, Neighbours, Rise, Sustained
from tests.detect.make import CLOCK, FIRE, HEAT, SILENT, SMOKE, T0, Run, devices, rule, seen

EVERY_KIND = [
    FIRE,
    rule(Sustained(3.0), HEAT, Condition("smoke", "=", True), name="both", match="all"),
    rule(Sustained(5.0), HEAT, name="group", subject="group"),
    rule(Count(3, 20.0), HEAT, name="count"),
    rule(Count(2, 20.0, edges=True), HEAT, name="edges"),
    rule(Rise("heat", 30.0, 10.0), name="rise"),
    rule(Rise("heat", 30.0, 10.0), SMOKE, match="all", name="beside"),
    rule(Neighbours(2, 4.0), HEAT, name="near"),
    rule(SILENT.pattern.__class__(15.0), name="silent", kinds=("*",)),
    CLOCK,
]
STEP = st.tuples(
    st.floats(0.0, 8.0),
    st.sampled_from(["d0", "d1", "d2"]),
    st.sampled_from([20.0, 58.0, 61.0, 90.0, True, False]),
    st.sampled_from([0.0, 0.0, 0.0, 0.0, -40.37, -3_600.37, 3_600.37, -20.37, 20.41]),
    st.booleans(),
)


def times(run: Run) -> list[tuple[object, ...]]:
    """What happened and when; what falls on one moment is in no order."""
    happened = [
        (type(o).__name__, o.rule, o.subject, o.onset, round(o.at, 4), o.late, getattr(o, "value", None))
        for o in run.outcomes
    ]
    return sorted(happened, key=lambda one: (one[4], str(one)))


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, min_size=5, max_size=60), st.integers(0, 60), st.booleans())
def test_a_snapshot_anywhere_changes_nothing(steps: list[tuple], cut: int, again: bool) -> None:
    plain, cut_run = Run(EVERY_KIND, devices(3, "g1")), Run(EVERY_KIND, devices(3, "g1"))
    now = 0.0
    for index, (gap, device, value, skew, silence) in enumerate(steps):
        now += gap
        prop = "smoke" if isinstance(value, bool) else "heat"
        # No reading is a repeat of another: which ones were lately seen is not kept, and a repeat then only is doubted.
        reading = seen(now + skew + index / 1_000, value, device=device, prop=prop, received=now + index / 1_000)
        for run in (plain, cut_run):
            run.feed(reading)
            if silence:
                run.wait(now + 0.05 + index / 1_000)
        if index == cut or (again and index > cut):
            cut_run.restart()
    assert times(cut_run.wait(now + 100)) == times(plain.wait(now + 100))


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, min_size=5, max_size=60))
def test_the_wall_clock_between_packs_changes_nothing(steps: list[tuple]) -> None:
    live, replayed = Run(EVERY_KIND, devices(3, "g1")), Run(EVERY_KIND, devices(3, "g1"))
    now = 0.0
    for gap, device, value, skew, _ in steps:
        for part in range(1, 10):
            live.wait(now + gap * part / 10 + 0.09)
        now += gap
        prop = "smoke" if isinstance(value, bool) else "heat"
        reading = seen(now + skew, value, device=device, prop=prop, received=now)
        live.feed(reading)
        replayed.feed(reading)
    assert times(live.wait(now + 100)) == times(replayed.wait(now + 100))


HOLD, FOR, CLEAR, GRACE = 30.0, 5.0, 10.0, 0.1
Readings = list[tuple[float, float]]


def hot_run(history: Readings, since: float) -> list[float]:
    """The times of the unbroken true reports that end the history."""
    hot: list[float] = []
    for at, value in history:
        if at > since:
            hot = [] if value < 60 else [*(hot if not hot or at - hot[-1] <= HOLD else []), at]
    return hot


def cool_since(history: Readings) -> float | None:
    """Since when it has been clear without a break."""
    since = None
    for at, value in history:
        since = None if value > 55 else at if since is None else since
    return since


def oracle(readings: Readings, end: float) -> list[tuple[str, float]]:
    """Sustained, by looking at the whole past each time anything could happen."""
    happened: list[tuple[str, float]] = []
    opened, since = False, float("-inf")

    def look(history: Readings, now: float, *, spoke: bool) -> None:
        nonlocal opened, since
        if not opened:
            hot = hot_run(history, since)
            by_report = spoke and len(hot) >= 2 and hot[-1] == now and now - hot[0] >= FOR
            by_timer = len(hot) >= 3 and hot[0] + FOR + GRACE < now and hot[-1] + HOLD >= hot[0] + FOR
            if by_report or by_timer:
                opened = True
                happened.append(("raised", hot[0]))
            return
        cool = cool_since(history)
        if cool is not None and cool + CLEAR + (0 if spoke else GRACE) <= now:
            opened, since = False, cool + CLEAR
            happened.append(("cleared", round(since, 6)))

    for index, (at, _) in enumerate(readings):
        for _ in range(2):
            look(readings[:index], at, spoke=False)
        look(readings[: index + 1], at, spoke=True)
    for _ in range(2):
        look(readings, end, spoke=False)
    return happened


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.13, 0.57, 1.01, 1.73, 2.59, 4.03, 12.07]), st.sampled_from([20.0, 58.0, 61.0])),
        min_size=3,
        max_size=40,
    )
)
def test_the_core_agrees_with_a_slow_oracle(steps: list[tuple[float, float]]) -> None:
    times = [sum(gap for gap, _ in steps[: index + 1]) for index in range(len(steps))]
    apart = [b - a for a in times for b in times if b > a]
    assume(all(abs(gap - edge) > 2e-3 for gap in apart for edge in (FOR, FOR + GRACE, CLEAR, CLEAR + GRACE, HOLD)))
    patient = rule(Sustained(FOR, hold_over_s=HOLD), HEAT, clear_for_s=CLEAR)
    run = Run([patient])
    readings = [(T0 + at, value) for at, (_, value) in zip(times, steps, strict=True)]
    for at, (_, value) in zip(times, steps, strict=True):
        run.feed(seen(at, value))
    run.wait(times[-1] + 100)
    ours = [("raised", a.onset) if hasattr(a, "recent") else ("cleared", round(a.at, 6)) for a in run.outcomes]
    assert ours == oracle(readings, T0 + times[-1] + 100)
