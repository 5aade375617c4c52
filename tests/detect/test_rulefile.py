"""Rule files: what is right becomes rules, what is wrong is refused with its line, field and reason."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure import detect
from dure.detect.contributed import built_in
from dure.detect.model import Absence, Condition, Count, Neighbours, Rise, Sustained
from dure.detect.rulefile import Refusal, WrongRules, parse

FIRE = """# 시장 화재
[[rule]]
id = "fire"
name.ko = "화재 감지"
name.en = "Fire"
kinds = ["fire_detector"]
any = [
  { property = "heat", op = ">=", value = 60, unit = "Cel", clear = 55 },
  { property = "smoke", op = "=", value = true },
]
severity = "critical"
life_safety = true
[rule.sustained]
for = 5.0
hold_over = 4
"""
HEAD = '[[rule]]\nid = "x"\nname = {ko = "가", en = "a"}\nkinds = ["*"]\n'
HOT = 'any = [{ property = "heat", op = ">", value = 60 }]\n'


def refusals(text: str) -> list[Refusal]:
    with pytest.raises(WrongRules) as caught:
        parse(text)
    return caught.value.refusals


def test_a_rule_with_all_its_fields() -> None:
    [rule] = parse(FIRE)
    assert rule.pattern == Sustained(5.0, 4.0, 3)
    assert rule.conditions == (Condition("heat", ">=", 60, 55, "Cel"), Condition("smoke", "=", True))
    assert (rule.id, rule.name_ko, rule.match, rule.severity.value, rule.life_safety) == (
        "fire",
        "화재 감지",
        "any",
        "critical",
        True,
    )
    assert rule.source.startswith("# 시장 화재\n[[rule]]\n")
    assert parse(rule.source) == [rule]


@pytest.mark.parametrize(
    ("table", "pattern"),
    [
        ("[rule.absence]\nfor = 60\n", Absence(60.0)),
        ('[rule.rise]\nproperty = "heat"\nby = 10\nwithin = 60\n', Rise("heat", 10.0, 60.0)),
        (HOT + "[rule.count]\ntimes = 3\nwithin = 60\nedges = true\n", Count(3, 60.0, edges=True)),
        (HOT + "[rule.neighbours]\ndevices = 2\nwithin = 10\nmetres = 30\n", Neighbours(2, 10.0, 30.0)),
    ],
)
def test_every_pattern_is_read(table: str, pattern: object) -> None:
    assert parse(HEAD + table)[0].pattern == pattern


@pytest.mark.parametrize(
    ("change", "line", "field", "key"),
    [
        (("value = 60,", 'value = "60",'), 8, "any[0].value", "detect.rule.number"),
        (("value = 60,", "value = nan,"), 8, "any[0].value", "detect.rule.number"),
        (("value = 60,", "value = 99999,"), 8, "any[0].value", "detect.rule.range"),
        (("value = true", "value = 1"), 9, "any[1].value", "detect.rule.boolean"),
        (('property = "smoke"', 'property = "smok"'), 9, "any[1].property", "detect.rule.property"),
        (('unit = "Cel"', 'unit = "K"'), 8, "any[0].unit", "detect.rule.unit"),
        (('op = ">="', 'op = "≥"'), 8, "any[0].op", "detect.rule.op"),
        (("clear = 55", "clear = 65"), 8, "any[0].clear", "detect.rule.clear_side"),
        (("for = 5.0", "for = -1"), 14, "sustained.for", "detect.rule.range"),
        (("for = 5.0\n", ""), 13, "sustained.for", "detect.rule.missing"),
        (("hold_over", "holdover"), 15, "sustained.holdover", "detect.rule.unknown_key"),
        (("[rule.sustained]", "[rule.sustaind]"), 13, "sustaind", "detect.rule.unknown_key"),
        (('severity = "critical"', 'severity = "grave"'), 11, "severity", "detect.rule.choice"),
        (('id = "fire"', 'id = "Fire 1"'), 3, "id", "detect.rule.word"),
        (('name.en = "Fire"', 'name.en = ""'), 5, "name.en", "detect.rule.names"),
        (('kinds = ["fire_detector"]', "kinds = []"), 6, "kinds", "detect.rule.kinds"),
        (("life_safety = true", 'life_safety = "yes"'), 12, "life_safety", "detect.rule.flag"),
        (
            ('severity = "critical"', 'subject = "group"\nall = [{property = "heat", op = ">", value = 1}]'),
            12,
            "all",
            "detect.rule.group_all",
        ),
    ],
)
def test_a_wrong_rule_names_line_field_and_reason(change: tuple[str, str], line: int, field: str, key: str) -> None:
    assert change[0] in FIRE
    found = refusals(FIRE.replace(*change))
    assert (line, field, key) in [(one.line, one.field, one.key) for one in found]


def test_syntax_errors_name_their_line() -> None:
    [one] = refusals(FIRE.replace("for = 5.0", "for = = 5.0"))
    assert (one.line, one.key) == (14, "detect.rule.syntax")


def test_lines_of_a_second_rule_and_doubled_ids() -> None:
    second = FIRE.replace("for = 5.0", "for = 0")
    found = refusals(FIRE + "\n" + second)
    assert (30, "sustained.for") in [(one.line, one.field) for one in found]
    assert [one.key for one in refusals(FIRE + "\n" + FIRE)] == ["detect.rule.doubled"]


def test_no_pattern_or_two_are_refused() -> None:
    assert [one.key for one in refusals(HEAD + HOT)] == ["detect.rule.one_pattern"]
    assert "detect.rule.one_pattern" in [
        one.key for one in refusals(HEAD + HOT + "[rule.threshold]\n[rule.sustained]\nfor = 5\n")
    ]


@pytest.mark.parametrize(
    "text", ["", "rule = 5", "[rule]\nid = 'x'", "[[rule]]\n" * 300, "a = 1\n" + FIRE, "x" * 200_000]
)
def test_files_that_are_no_rule_files(text: str) -> None:
    assert refusals(text)


@settings(max_examples=300)
@given(st.data())
def test_garbage_is_refused_and_never_raises_anything_else(data: st.DataObject) -> None:
    text = FIRE
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(at, min(len(text), at + 20)))
        text = (
            text[:at]
            + data.draw(st.text(max_size=8) | st.sampled_from(["[[rule]]", "{}", "1e999", "inf", "[1]", '"']))
            + text[end:]
        )
    found: list[Refusal] = []
    try:
        parse(text)
    except WrongRules as error:
        found = error.refusals
    assert all(one.line >= 1 and one.key.startswith("detect.rule.") for one in found)


def test_every_reason_has_a_text_in_both_languages() -> None:
    source = Path(detect.__file__).with_name("rulefile.py").read_text(encoding="utf-8")
    keys = {part.split('"')[0] for part in source.split('"detect.rule.')[1:]}
    for language in ("ko", "en"):
        texts = json.loads(
            Path(detect.__file__).with_name("locale").joinpath(f"{language}.json").read_text(encoding="utf-8")
        )
        assert not {f"detect.rule.{key}" for key in keys} - texts.keys()


def test_the_built_in_rules_are_read() -> None:
    assert {"device_silent", "device_clock", "device_battery", "canary"} <= built_in().keys()


def test_other_kinds_of_sensors_are_a_few_lines_each_and_wait_for_a_city() -> None:
    sensors = ("underpass_flood", "gas_leak", "fine_dust", "loud_noise", "dense_crowd")
    for name in sensors:
        owner, rule = built_in()[name]
        assert owner == "detect"
        assert not rule.enabled
        assert len(rule.source.strip().splitlines()) <= 16
