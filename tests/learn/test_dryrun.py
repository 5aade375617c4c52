"""Going through a past incident is pure and faithful: the manual of that day gives that day again, to the second."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.kernel.severity import Severity
from dure.learn.dryrun import matching, telling
from dure.learn.dryrun.going import Past, through
from dure.learn.dryrun.matching import Basis
from dure.respond.model import HandoffKind
from dure.respond.playbooks.contributed import shipped
from dure.respond.playbooks.model import HandOff, Playbook
from dure.respond.playbooks.parse import parse
from dure.respond.runs.decide import decide
from dure.respond.runs.said import answers, by_hand
from dure.respond.runs.state import Begin, Item, Message, Say, Settled, State, World

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 12, 5, 3, tzinfo=UTC)


def manual(kind: str) -> Playbook:
    plan = parse(shipped()[kind][1]["ko"], "ko", {}).playbook
    assert plan is not None
    return plan


PLANS = {kind: manual(kind) for kind in ("flood", "crowd", "power_cut", "cyber")}


def lived(
    plan: Playbook, spans: list[int], picks: list[int], hours: int
) -> tuple[Mapping[str, Item], dict[str, datetime]]:
    """A day on which people took `spans` seconds for what came to them, one after the other, and gave answers."""
    state, now, end = State(), NOON, NOON + timedelta(hours=hours)
    settled: list[Settled] = []
    coming: list[tuple[datetime, int, Settled | Message]] = []
    moments = {"signal": NOON, "confirmed": NOON, "acknowledged": NOON + timedelta(seconds=spans[0] + 1)}
    turn, seen = 0, set[str]()
    things = {act.id: act for act in plan.acts()}
    while now <= end:
        due = [one for one in sorted(coming, key=lambda one: one[:2]) if one[0] <= now]
        coming = [one for one in coming if one[0] > now]
        settled += [one[2] for one in due if isinstance(one[2], Settled)]
        for one in settled:
            if isinstance(things[one.of], HandOff):
                moments.setdefault("answered", one.at)
        messages = [one[2] for one in due if isinstance(one[2], Message)]
        known = {name: at for name, at in moments.items() if at <= now}
        decision = decide(plan, state, World(True, Severity.SERIOUS, known, tuple(settled)), messages, now, SEOUL)
        state = decision.state
        begun = [effect.of for effect in decision.effects if isinstance(effect, Begin)]
        waits = [key for key in state.items if key not in seen and by_hand(things.get(key)) and key not in begun]  # type: ignore[arg-type]
        for key in [*begun, *waits]:
            turn += 1
            if isinstance(things[key], HandOff) and things[key].kind is not HandoffKind.TELL:  # type: ignore[union-attr]
                moments.setdefault("handed_off", now)
            at = now + timedelta(seconds=spans[turn % len(spans)])
            possible = answers(things[key])
            if possible:
                what: Settled | Message = Message(
                    Say.ANSWER, key, "x", possible[picks[turn % len(picks)] % len(possible)]
                )
            elif key in begun:
                what = Settled(key, 1, True, at)
            else:
                what = Message(Say.DONE, key, "x")
            coming.append((at, turn, what))
        seen |= set(state.items)
        if decision.effects or messages:
            continue
        later = [at for at in (*moments.values(), decision.wake_at, *(one[0] for one in coming)) if at and at > now]
        if not later:
            break
        now = min(later)
    return state.items, moments


def past(plan: Playbook, items: Mapping[str, Item], moments: dict[str, datetime], hours: int) -> Past:
    end = NOON + timedelta(hours=hours)
    took = matching.of_day(plan, items)
    return Past(plan, items, NOON, end, moments, ((NOON, Severity.SERIOUS),), took)


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(sorted(PLANS)),
    st.lists(st.integers(0, 900), min_size=3, max_size=9),
    st.lists(st.integers(0, 3), min_size=2, max_size=5),
)
def test_the_manual_of_that_day_gives_that_day_again(kind: str, spans: list[int], picks: list[int]) -> None:
    plan = PLANS[kind]
    items, moments = lived(plan, spans, picks, 3)
    gone = through(plan, past(plan, items, moments, 3), SEOUL)
    assert set(gone.items) == set(items)
    for key, item in items.items():
        would = gone.items[key]
        assert (would.begun_at, would.ended_at, would.late_at) == (item.begun_at, item.ended_at, item.late_at), key
        assert would.answer == item.answer, key
    assert set(gone.bases.values()) <= {Basis.SAME, Basis.UNKNOWN, Basis.MACHINE}
    assert all(key == then for key, then in gone.same.items())


def test_another_manual_shows_what_it_would_have_changed_and_what_nobody_knows() -> None:
    plan = PLANS["flood"]
    items, moments = lived(plan, [40], [0], 3)
    text = shipped()["flood"][1]["ko"]
    changed = text.replace("- 기한: 60초, 신호부터", "- 기한: 30초, 신호부터", 1)
    changed += "\n## 9. 드론\n- 임무: 도로과, 드론으로 물길을 찍는다\n- 기한: 5분\n"
    new = parse(changed, "ko", {}).playbook
    assert new is not None
    before = past(plan, items, moments, 3)
    told = telling.told(new, before, through(new, before, SEOUL))
    first, last = told["steps"][0], told["steps"][-1]
    task = next(act for act in first["acts"] if act["act"] == "assign")
    assert (task["did"]["late_s"], task["would"]["late_s"]) == (None, 30)
    assert (last["title"], last["new"], last["did"], last["would"]["ended_s"]) == ("드론", True, None, None)
    assert last["acts"][0]["basis"] == "unknown"
    assert told["gone"] == []
    usual = Past(
        plan, items, NOON, before.ended_at, moments, before.severities, before.took,
        matching.usual([(new, {"9.1": Item(items["1"].status, 1, NOON, ended_at=NOON + timedelta(seconds=90))})]),
    )  # fmt: skip
    again = telling.told(new, usual, through(new, usual, SEOUL))["steps"][-1]["acts"][0]
    assert (again["basis"], again["would"]["ended_s"]) == ("usual", 90)
