"""A rule's conditions as functions of one reading."""

from collections.abc import Callable
from typing import Final

from dure.detect.core.channel import Channel
from dure.detect.model import OPS, Condition, Match, Rise, Rule, Value

Check = Callable[[Value], bool]
_WITH_LITERAL: Final[dict[str, Callable[[Value], Check]]] = {
    # Closures over a local are the quickest form of a comparison that Python has.
    ">=": lambda limit: lambda value: value >= limit,
    ">": lambda limit: lambda value: value > limit,
    "<=": lambda limit: lambda value: value <= limit,
    "<": lambda limit: lambda value: value < limit,
}


def _holds(condition: Condition) -> Check:
    make = _WITH_LITERAL.get(condition.op)
    if make is not None:
        return make(condition.value)
    compare, wanted = OPS[condition.op], condition.value
    return lambda value: compare(value, wanted)


def _joined(parts: list[Check], match: Match) -> Check:
    if len(parts) == 1:
        return parts[0]
    if match == "any":
        return lambda value: any(part(value) for part in parts)
    return lambda value: all(part(value) for part in parts)


class Checks:
    """What a reading of each property says: whether the condition holds there, and whether it is gone.

    With `match` any one property is enough and all must be gone to clear; with all it is the other way round.
    """

    __slots__ = ("by_group", "clear_for_s", "gone", "holds", "match", "needed")

    def __init__(self, rule: Rule) -> None:
        self.match: Match = rule.match
        self.by_group = rule.subject == "group"
        self.clear_for_s = rule.clear_for_s
        opposite: Match = "all" if rule.match == "any" else "any"
        self.holds: dict[str, Check] = {}
        self.gone: dict[str, Check] = {}
        for name in sorted(rule.properties):
            mine = [condition for condition in rule.conditions if condition.property == name]
            if isinstance(rule.pattern, Rise):  # its conditions are only a floor under the rise
                # and, on other properties, what must hold beside it
                self.holds[name] = _joined([_holds(condition) for condition in mine], "all") if mine else lambda _: True
                self.gone[name] = lambda _: False
            else:
                self.holds[name] = _joined([_holds(condition) for condition in mine], rule.match)
                self.gone[name] = _joined([condition.gone for condition in mine], opposite)
        self.needed = len(self.holds) if rule.match == "all" else 0

    def key(self, channel: Channel) -> str:
        """What tells one source of truth from another within a lane."""
        return channel.key if self.by_group else channel.property
