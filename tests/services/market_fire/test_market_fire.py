"""The market's watch: its rules, its clocks by date, its count of detectors."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from dure.detect.model import Sustained
from dure.detect.rulefile import parse
from dure.engine.database import Database
from dure.engine.texts import catalogue
from dure.kernel.messages import LANGUAGES
from dure.kernel.severity import Severity
from dure.respond.types import Moment
from dure.services.market_fire import model, queries
from dure.services.market_fire.model import Target, in_force, incident_type, targets
from dure.services.market_fire.plan.reach import Reach
from dure.services.market_fire.service import RULES


def test_the_default_rule_is_heat_or_smoke_for_five_seconds() -> None:
    rules = {rule.id: rule for rule in parse(RULES.read_text(encoding="utf-8"))}
    rule = rules["market_fire_signal"]
    assert rule.kinds == ("fire_detector",)
    assert rule.match == "any"
    heat, smoke = rule.conditions
    assert heat.holds(60)
    assert heat.holds(61.2)
    assert not heat.holds(59.9)
    assert smoke.holds(value=True)
    assert not smoke.holds(value=False)
    assert rule.pattern == Sustained(for_s=5.0, hold_over_s=4.0, min_reports=3)
    assert (rule.stage, rule.severity, rule.incident) == ("pre_alarm", Severity.SERIOUS, "market_fire")
    assert rule.life_safety
    assert rule.enabled


def test_rules_that_answer_to_a_moment_stand_beside_alarms() -> None:
    rules = {rule.id: rule for rule in parse(RULES.read_text(encoding="utf-8"))}
    assert {name for name, rule in rules.items() if not rule.beside} == {
        "market_fire_signal",
        "market_fire_site_report",
    }
    site = rules.pop("market_fire_site_report")
    assert (site.stage, site.kinds) == ("confirmed", ("auto_fire_reporter",))
    assert all(rule.enabled and rule.stage == "pre_alarm" for rule in rules.values()), "the stages alone confirm"
    assert {"market_fire_rise", "market_fire_neighbours", "market_fire_warm", "market_fire_hot"} <= rules.keys()


def test_each_clock_has_a_source_and_a_target() -> None:
    kind = incident_type(date(2026, 12, 5))
    aims = {clock.name: clock.target_s for clock in kind.clocks}
    assert aims == {
        "signal_to_confirmed": 60,
        "signal_to_acknowledged": 30,
        "signal_to_handed_off": 60,
        "signal_to_answered": 60,
        "handed_off_to_answered": 60,
    }
    assert all(line.source for line in targets())
    for clock in kind.clocks:
        assert Moment.CLOSED in clock.stops
        for language in LANGUAGES:
            key = kind.clock_title(clock.name)
            assert catalogue().text(language, key) != key


def test_the_newest_line_in_force_counts() -> None:
    lines = (
        Target("signal_to_confirmed", date(2027, 3, 1), 45, "a"),
        Target("signal_to_confirmed", date(2026, 1, 1), 90, "b"),
    )
    assert in_force(lines, date(2025, 12, 31)) == {}
    assert in_force(lines, date(2027, 2, 28))["signal_to_confirmed"].target_s == 90
    assert in_force(lines, date(2027, 3, 1))["signal_to_confirmed"].target_s == 45
    assert [clock.target_s for clock in incident_type(date(2026, 6, 1), lines).clocks] == [90]


@pytest.mark.parametrize(
    "line",
    [
        'clock = "a"',
        'clock = "a"\nsince = 2026-01-01\ntarget_s = 0\nsource = "x"',
        'clock = "a"\nsince = 2026-01-01\ntarget_s = 5\nsource = " "',
        'clock = "a"\nsince = "soon"\ntarget_s = 5\nsource = "x"',
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    table = tmp_path / "targets.toml"
    table.write_text(f"[[target]]\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="target 1"):
        targets(table)


def test_a_second_stall_makes_it_critical() -> None:
    kind = incident_type(date(2026, 12, 5))
    assert kind.severity is Severity.SERIOUS
    assert kind.spread == ((2, Severity.CRITICAL),)
    assert kind.merge_group == "fire"
    assert kind.agencies[0] == "fire"
    for language in LANGUAGES:
        assert catalogue().text(language, kind.title) != kind.title
    assert kind.id == model.MARKET_FIRE


async def test_markets_are_counted_with_their_detectors(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            text("""
            insert into asset (id, kind, code, name, parent_id, lon, lat) values
                ('00000000-0000-7000-8000-000000000001', 'market', 'm', '중앙시장', null, 127.4, 36.6),
                ('00000000-0000-7000-8000-000000000002', 'stall', 'm/1', '1호',
                    '00000000-0000-7000-8000-000000000001', 127.4, 36.6),
                ('00000000-0000-7000-8000-000000000003', 'stall', 'm/2', '2호',
                    '00000000-0000-7000-8000-000000000001', 127.4, 36.6)
            """)
        )
        await tx.execute(
            text("""
            insert into device (id, kind, name, asset_id, state, fault, last_seen) values
                ('d-1', 'fire_detector', '1', '00000000-0000-7000-8000-000000000002', 'ok', null, now()),
                ('d-2', 'fire_detector', '2', '00000000-0000-7000-8000-000000000003', 'ok', 'silent',
                    now() - interval '1 hour'),
                ('d-3', 'fire_detector', '3', '00000000-0000-7000-8000-000000000003', 'off', null, now())
            """)
        )
        (market,) = await queries.markets(
            tx, await tx.scalar(text("select now() - interval '10 minutes'")), Reach(True)
        )
    assert market["stalls"] == 2
    assert (market["detectors"], market["heard"], market["faulty"], market["off"]) == (3, 1, 1, 1)
