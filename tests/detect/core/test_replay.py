"""Snapshot anywhere + replay gives the same alarms, and the core agrees with a slow, obvious oracle."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.detect.model import Condition, Count, Neighbours, Rise, Sustained
from tests.detect.make import CLOCK, FIRE, HEAT, SILENT, T0, Run, devices, rule, seen

EVERY_KIND = [
    FIRE,
    rule(Sustained(3.0), HEAT, Condition("smoke", "=", True), name="both", match="all"),
    rule(Sustained(5.0), HEAT, name="group", subject="group"),
    rule(Count(3, 20.0), HEAT, name="count"),
    rule(Count(2, 20.0, edges=True), HEAT, name="edges"),
    rule(Rise("heat", 30.0, 10.0), name="rise"),
    rule(Neighbours(2, 4.0), HEAT, name="near"),
    rule(SILENT.pattern.__class__(15.0), name="silent", kinds=("*",)),
    CLOCK,
]
STEP = st.tuples(
    st.floats(0.0, 8.0),
    st.sampled_from(["d0", "d1", "d2"]),
    st.sampled_from([20.0, 58.0, 61.0, 90.0, True, False]),
    st.sampled_from([0.0, 0.0, 0.0, 0.0, -40.0, -3_600.0, 3_600.0, -20.0, 20.0]),
    st.booleans(),
)


def times(run: Run) -> list[tuple[object, ...]]:
    """What happened and when; what falls on one moment is in no order."""
    happened = [
        (type(o).__name__, o.rule, o.subject, o.onset, o.at, o.late, getattr(o, "value", None)) for o in run.outcomes
    ]
    return sorted(happened, key=lambda one: (one[4], str(one)))


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, min_size=5, max_size=60), st.integers(0, 60), st.booleans())
def test_a_snapshot_anywhere_changes_nothing(steps: list[tuple], cut: int, again: bool) -> None:
    plain, cut_run = Run(EVERY_KIND, devices(3, "g1")), Run(EVERY_KIND, devices(3, "g1"))
    now = 0.0
    for index, (gap, device, value, skew, silence) in enumerate(steps):
        now += gap
        prop = "smoke" if isinstance(value, bool) else "heat"
        reading = seen(now + skew, value, device=device, prop=prop, received=now)
        for run in (plain, cut_run):
            run.feed(reading)
            if silence:
                run.wait(now + 0.05)
        if index == cut or (again and index > cut):
            cut_run.restart()
    assert times(cut_run.wait(now + 100)) == times(plain.wait(now + 100))


@settings(max_examples=300, deadline=None)
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


def oracle(readings: list[tuple[float, float]], end: float) -> list[tuple[str, float]]:
    """Sustained by looking at the whole past each time. Returns what happens, in order."""
    happened: list[tuple[str, float]] = []
    opened, since = False, float("-inf")

    def run_at(history: list[tuple[float, float]]) -> list[float]:
        hot: list[float] = []
        for at, value in history:
            if at <= since:
                continue
            if value < 60:
                hot = []
            elif hot and at - hot[-1] > HOLD:
                hot = [at]
            else:
                hot.append(at)
        return hot

    def tick(history: list[tuple[float, float]], now: float) -> None:
        nonlocal opened, since
        if not opened:
            hot = run_at(history)
            if len(hot) >= 3 and hot[0] + FOR + GRACE <= now and hot[-1] + HOLD >= hot[0] + FOR:
                opened = True
                happened.append(("raised", hot[0]))
        else:
            cool_since = None
            for at, value in history:
                cool_since = (
                    None if value > 55 else at if cool_since is None or at <= since_open(history) else cool_since
                )
            if cool_since is not None and cool_since + CLEAR + GRACE <= now:
                opened, since = False, cool_since + CLEAR
                happened.append(("cleared", round(since, 6)))

    def since_open(history: list[tuple[float, float]]) -> float:
        return raised_on

    raised_on = float("-inf")
    for index, (at, _) in enumerate(readings):
        before = readings[:index]
        tick(before, at - 1e-9)
        tick(before, at - 1e-9)
        history = readings[: index + 1]
        if not opened:
            hot = run_at(history)
            if len(hot) >= 2 and hot[-1] == at and at - hot[0] >= FOR:
                opened, raised_on = True, at
                happened.append(("raised", hot[0]))
        else:
            cool = []
            for moment, value in history:
                cool = [] if value > 55 else [*cool, moment]
            if cool and at - cool[0] >= CLEAR:
                opened, since = False, cool[0] + CLEAR
                happened.append(("cleared", round(since, 6)))
    tick(readings, end)
    tick(readings, end)
    return happened


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.5, 1.0, 1.7, 2.5, 4.0, 12.0]), st.sampled_from([20.0, 58.0, 61.0])),
        min_size=3,
        max_size=50,
    )
)
def test_the_core_agrees_with_a_slow_oracle(steps: list[tuple[float, float]]) -> None:
    patient = rule(Sustained(FOR, hold_over_s=HOLD), HEAT, clear_for_s=CLEAR)
    run, readings, now = Run([patient]), [], 0.0
    for gap, value in steps:
        now += gap
        readings.append((T0 + now, value))
        run.feed(seen(now, value))
    run.wait(now + 100)
    ours = [("raised", a.onset) if hasattr(a, "recent") else ("cleared", round(a.at, 6)) for a in run.outcomes]
    assert ours == oracle(readings, T0 + now + 100)
