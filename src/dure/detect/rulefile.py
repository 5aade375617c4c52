"""Rule files: TOML to rules, or refusals that name the line, the field and the reason.

A file holds `[[rule]]` tables. Each has an id, a name in both languages, the kinds of devices it watches, its
conditions (`any` or `all`, each `{property, op, value, unit, clear}`) and exactly one pattern table: threshold,
sustained, absence, rise, count, neighbours or clock. Spans are seconds.
"""

import dataclasses
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from dure.detect.lines import Lines, line_of_syntax_error
from dure.detect.model import (
    OPS,
    PATTERNS,
    Absence,
    ClockSkew,
    Condition,
    Count,
    Match,
    Neighbours,
    Pattern,
    Rise,
    Rule,
    Sustained,
    Threshold,
)
from dure.kernel.severity import Severity
from dure.kernel.units import PROPERTIES

Param = str | int | float | None
LONGEST_TEXT: Final = 100_000
MOST_RULES: Final = 200
_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WORD: Final = re.compile(r"[a-z][a-z0-9_.]{0,62}")
_DAY_S: Final = 86_400.0
_KEYS: Final = frozenset(
    {
        "id", "name", "kinds", "any", "all", "severity", "stage", "category", "lane", "incident", "life_safety",
        "subject", "clear_for", "max_age", "enabled", "hidden", "beside",
    }
)  # fmt: skip
_FOR_NUMBERS: Final = frozenset({">=", ">", "<=", "<"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong, where: `line` counts from 1, `key` is a catalogue key."""

    line: int
    field: str
    key: str
    params: dict[str, Param] = dataclasses.field(default_factory=dict)


class WrongRules(ValueError):
    """A rule file that cannot be taken; `refusals` says all that is wrong with it."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("; ".join(f"line {one.line}: {one.field}: {one.key}" for one in refusals))
        self.refusals = refusals


class _Stop(Exception):
    """Ends the reading of one rule; what is wrong was noted."""


def parse(text: str) -> list[Rule]:
    """All rules of a file. Raises WrongRules with everything that is wrong."""
    if len(text) > LONGEST_TEXT:
        raise WrongRules([Refusal(1, "", "detect.rule.too_long", {"most": LONGEST_TEXT})])
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = line_of_syntax_error(str(error), text)
        raise WrongRules([Refusal(line, "", "detect.rule.syntax", {"why": str(error).split(" (at")[0]})]) from error
    tables = document.get("rule")
    lines = Lines(text)
    listed = isinstance(tables, list) and len(tables) == len(lines.starts)
    if not isinstance(tables, list) or not listed or not tables or len(tables) > MOST_RULES or len(document) > 1:
        raise WrongRules([Refusal(1, "rule", "detect.rule.tables", {"most": MOST_RULES})])
    refusals: list[Refusal] = []
    rules: list[Rule] = []
    for index, table in enumerate(tables):
        reader = _Reader(table, index, lines, refusals)
        try:
            rules.append(reader.rule())
        except _Stop:
            continue
        if any(rules[-1].id == other.id for other in rules[:-1]):
            reader.refuse("id", "detect.rule.doubled")
    if refusals:
        raise WrongRules(refusals)
    return rules


class _Reader:
    """One `[[rule]]` table."""

    def __init__(self, table: Any, index: int, lines: Lines, refusals: list[Refusal]) -> None:
        self._table: dict[str, Any] = table
        self._index = index
        self._lines = lines
        self._refusals = refusals

    def refuse(self, path: str, key: str, **params: Param) -> None:
        """Note what is wrong with the field at `path`."""
        self._refusals.append(Refusal(self._lines.of(self._index, path), path, key, params))

    def rule(self) -> Rule:
        """The rule. Raises _Stop when something was refused."""
        before = len(self._refusals)
        known = _KEYS | PATTERNS.keys()
        for key in self._table.keys() - known:
            self.refuse(key, "detect.rule.unknown_key", name=key)
        names = self._names()
        match: Match = "all" if "all" in self._table else "any"
        pattern = self._pattern()
        conditions = self._conditions(match, pattern)
        made: dict[str, Any] = {
            "id": self._text("id", _ID, ""),
            "name_ko": names[0],
            "name_en": names[1],
            "kinds": self._kinds(),
            "severity": Severity(self._choice("severity", [each.value for each in Severity], "watch")),
            "stage": self._choice("stage", ["pre_alarm", "confirmed"], "pre_alarm"),
            "category": self._choice("category", ["event", "fault"], "event"),
            "lane": self._text("lane", _WORD, "other"),
            "incident": self._text("incident", _WORD, None),
            "life_safety": self._flag("life_safety", default=False),
            "subject": self._choice("subject", ["device", "group"], "device"),
            "clear_for_s": self._number(self._table, "clear_for", "clear_for", 10.0, 0.0, _DAY_S),
            "max_age_s": self._number(self._table, "max_age", "max_age", 30.0, 0.0, _DAY_S),
            "enabled": self._flag("enabled", default=True),
            "hidden": self._flag("hidden", default=False),
            "beside": self._flag("beside", default=False),
        }
        self._check_together(made, match, pattern)
        if len(self._refusals) > before or pattern is None:
            raise _Stop
        return Rule(
            pattern=pattern, conditions=conditions, match=match, source=self._lines.text_of(self._index), **made
        )

    def _check_together(self, made: Mapping[str, Any], match: str, pattern: Pattern | None) -> None:
        if made["subject"] == "group":
            if match == "all":
                self.refuse("all", "detect.rule.group_all")
            if isinstance(pattern, Absence | Rise | Neighbours | ClockSkew):
                self.refuse("subject", "detect.rule.group_pattern")
        if made["life_safety"] and made["category"] == "fault":
            self.refuse("life_safety", "detect.rule.life_safety_fault")
        if "any" in self._table and "all" in self._table:
            self.refuse("all", "detect.rule.any_and_all")

    # Fields

    def _names(self) -> tuple[str, str]:
        names = self._table.get("name")
        if not isinstance(names, dict) or names.keys() - {"ko", "en"}:
            self.refuse("name", "detect.rule.names")
            return "", ""
        found: list[str] = []
        for language in ("ko", "en"):
            name = names.get(language)
            if not isinstance(name, str) or not 0 < len(name.strip()) <= 100 or not name.isprintable():
                self.refuse(f"name.{language}", "detect.rule.names")
                name = ""
            found.append(name.strip())
        return found[0], found[1]

    def _kinds(self) -> tuple[str, ...]:
        kinds = self._table.get("kinds")
        fits = (
            isinstance(kinds, list)
            and kinds
            and all(isinstance(k, str) and (k == "*" or _WORD.fullmatch(k)) for k in kinds)
        )
        if not fits:
            self.refuse("kinds", "detect.rule.kinds")
            return ()
        assert isinstance(kinds, list)
        return tuple(dict.fromkeys(kinds))

    def _text(self, key: str, form: re.Pattern[str], default: str | None) -> str | None:
        value = self._table.get(key, default)
        if value == default and default != "":
            return default
        if not isinstance(value, str) or form.fullmatch(value) is None:
            self.refuse(key, "detect.rule.word", name=key)
            return None
        return value

    def _choice(self, key: str, choices: list[str], default: str) -> str:
        value = self._table.get(key, default)
        if value not in choices:
            self.refuse(key, "detect.rule.choice", name=key, choices=", ".join(choices))
            return default
        return str(value)

    def _flag(self, key: str, *, default: bool) -> bool:
        value = self._table.get(key, default)
        if not isinstance(value, bool):
            self.refuse(key, "detect.rule.flag", name=key)
            return default
        return value

    def _number(
        self, table: Mapping[str, Any], key: str, path: str, default: float | None, low: float, high: float
    ) -> float:
        value = table.get(key, default)
        if value is None:
            self.refuse(path, "detect.rule.missing", name=key)
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.refuse(path, "detect.rule.number", name=key)
        elif not low <= value <= high:
            self.refuse(path, "detect.rule.range", name=key, low=low, high=high)
        else:
            return float(value)
        return low

    def _whole(self, table: Mapping[str, Any], key: str, path: str, default: int | None, low: int, high: int) -> int:
        value = self._number(table, key, path, default, low, high)
        if not value.is_integer():
            self.refuse(path, "detect.rule.whole", name=key)
        return int(value)

    # Conditions

    def _conditions(self, match: str, pattern: Pattern | None) -> tuple[Condition, ...]:
        listed = self._table.get(match, [])
        without = isinstance(pattern, Absence | ClockSkew)
        if not isinstance(listed, list) or len(listed) > 20:
            self.refuse(match, "detect.rule.conditions", name=match)
            return ()
        if without and listed:
            self.refuse(match, "detect.rule.no_condition")
        if not listed and not without and not isinstance(pattern, Rise) and pattern is not None:
            self.refuse(match, "detect.rule.needs_condition")
        found = [self._condition(item, f"{match}[{index}]") for index, item in enumerate(listed)]
        good = tuple(one for one in found if one is not None)
        if match == "any" and isinstance(pattern, Rise) and any(one.property != pattern.property for one in good):
            self.refuse(match, "detect.rule.rise_property")
        return good

    def _condition(self, item: Any, path: str) -> Condition | None:
        before = len(self._refusals)
        if not isinstance(item, dict):
            self.refuse(path, "detect.rule.conditions", name=path)
            return None
        for key in item.keys() - {"property", "op", "value", "unit", "clear"}:
            self.refuse(f"{path}.{key}", "detect.rule.unknown_key", name=key)
        name, op, value, clear = item.get("property"), item.get("op", "="), item.get("value"), item.get("clear")
        known = PROPERTIES.get(name) if isinstance(name, str) else None
        if known is None or not isinstance(name, str):
            self.refuse(f"{path}.property", "detect.rule.property", name=str(name)[:60])
            return None
        if not isinstance(op, str) or op not in OPS or (known.kind == "boolean" and op in _FOR_NUMBERS):
            self.refuse(f"{path}.op", "detect.rule.op", name=str(op)[:20])
        if "unit" in item and item["unit"] != known.unit:
            self.refuse(f"{path}.unit", "detect.rule.unit", name=name, unit=known.unit or "")
        for key, given in (("value", value), ("clear", clear)):
            if given is None and key == "clear":
                continue
            if known.kind == "boolean" and not isinstance(given, bool):
                self.refuse(f"{path}.{key}", "detect.rule.boolean", name=name)
            elif known.kind == "number":
                self._number({key: given}, key, f"{path}.{key}", None, known.low, known.high)
        if len(self._refusals) > before or value is None:
            return None
        if clear is not None and not self._clear_fits(op, value, clear):
            self.refuse(f"{path}.clear", "detect.rule.clear_side")
        return Condition(name, op, value, clear, known.unit)

    def _clear_fits(self, op: str, value: Any, clear: Any) -> bool:
        """Whether the threshold of clearing lies on the other side of the threshold of raising."""
        if op in {">=", ">"}:
            return bool(clear <= value)
        return op in {"<=", "<"} and bool(clear >= value)

    # Patterns

    def _pattern(self) -> Pattern | None:
        named = [name for name in PATTERNS if name in self._table]
        if len(named) != 1:
            where = named[1] if named else ""
            self.refuse(where, "detect.rule.one_pattern", choices=", ".join(PATTERNS))
            return None
        name = named[0]
        table = self._table[name]
        if not isinstance(table, dict):
            self.refuse(name, "detect.rule.pattern_table", name=name)
            return None
        allowed, make = _MAKERS[name]
        for key in table.keys() - allowed:
            self.refuse(f"{name}.{key}", "detect.rule.unknown_key", name=key)
        return make(self, table)

    def threshold(self, _table: Mapping[str, Any]) -> Pattern:
        return Threshold()

    def sustained(self, table: Mapping[str, Any]) -> Pattern:
        return Sustained(
            self._number(table, "for", "sustained.for", None, 0.1, _DAY_S),
            self._number(table, "hold_over", "sustained.hold_over", 4.0, 0.1, _DAY_S),
            self._whole(table, "min_reports", "sustained.min_reports", 3, 1, 1_000),
        )

    def absence(self, table: Mapping[str, Any]) -> Pattern:
        return Absence(
            self._number(table, "for", "absence.for", None, 1.0, 30 * _DAY_S),
            self._number(table, "intervals", "absence.intervals", 3.0, 0.0, 1_000.0),
            self._whole(table, "group_min", "absence.group_min", 3, 2, 1_000_000),
            self._number(table, "share", "absence.share", 0.6, 0.01, 1.0),
        )

    def rise(self, table: Mapping[str, Any]) -> Pattern:
        name = table.get("property")
        known = PROPERTIES.get(name) if isinstance(name, str) else None
        if known is None or known.kind != "number":
            self.refuse("rise.property", "detect.rule.property", name=str(name)[:60])
        by = self._number(table, "by", "rise.by", None, -1e15, 1e15)
        if by == 0:
            self.refuse("rise.by", "detect.rule.rise_zero")
        return Rise(str(name), by, self._number(table, "within", "rise.within", None, 0.1, _DAY_S))

    def count(self, table: Mapping[str, Any]) -> Pattern:
        edges = table.get("edges", False)
        if not isinstance(edges, bool):
            self.refuse("count.edges", "detect.rule.flag", name="edges")
        return Count(
            self._whole(table, "times", "count.times", None, 1, 1_000),
            self._number(table, "within", "count.within", None, 0.1, _DAY_S),
            bool(edges),
        )

    def neighbours(self, table: Mapping[str, Any]) -> Pattern:
        metres = None
        if "metres" in table:
            metres = self._number(table, "metres", "neighbours.metres", None, 0.1, 10_000.0)
        return Neighbours(
            self._whole(table, "devices", "neighbours.devices", 2, 2, 1_000),
            self._number(table, "within", "neighbours.within", None, 0.1, _DAY_S),
            metres,
        )

    def clock(self, table: Mapping[str, Any]) -> Pattern:
        return ClockSkew(self._whole(table, "reports", "clock.reports", 3, 1, 1_000))


_MAKERS: Final[dict[str, tuple[frozenset[str], Callable[[_Reader, Mapping[str, Any]], Pattern]]]] = {
    "threshold": (frozenset(), _Reader.threshold),
    "sustained": (frozenset({"for", "hold_over", "min_reports"}), _Reader.sustained),
    "absence": (frozenset({"for", "intervals", "group_min", "share"}), _Reader.absence),
    "rise": (frozenset({"property", "by", "within"}), _Reader.rise),
    "count": (frozenset({"times", "within", "edges"}), _Reader.count),
    "neighbours": (frozenset({"devices", "within", "metres"}), _Reader.neighbours),
    "clock": (frozenset({"reports"}), _Reader.clock),
}
