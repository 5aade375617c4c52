"""Rules that come with the city: each room or service contributes a file, and officials may override what is in it."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from dure.detect.model import Judged, Rule
from dure.detect.rulefile import parse
from dure.engine.database import Tx

Listen = Callable[[Tx, Sequence[Judged]], Awaitable[None]]
"""Hears of what is beside alarms, in the transaction that notes how far detection has come: soon, and without waiting
for anybody. The same may be told twice.
"""
_rules: dict[str, tuple[str, Rule]] = {}
_listeners: dict[str, Listen] = {}


def contribute(owner: str, path: Path) -> None:
    """Take the rules of a room's or a service's file. Again is the same as once.

    Raises WrongRules, and ValueError where another owner has a rule of the same id: such a release cannot start.
    """
    for rule in parse(path.read_text(encoding="utf-8")):
        known = _rules.get(rule.id)
        if known is not None and known[0] != owner:
            raise ValueError(f"{owner} and {known[0]} both contribute a rule {rule.id!r}")
        _rules[rule.id] = (owner, rule)


def built_in() -> dict[str, tuple[str, Rule]]:
    """Owner and rule by rule id."""
    return dict(_rules)


def listen(owner: str, hear: Listen) -> None:
    """Let an owner of rules hear of those that are beside alarms; a later one replaces it."""
    _listeners[owner] = hear


async def tell(tx: Tx, outcomes: Sequence[Judged]) -> None:
    """Tell each owner what its rules beside alarms say; what nobody listens to is dropped."""
    for owner in {_rules[one.rule][0] for one, _ in outcomes if one.rule in _rules} & _listeners.keys():
        await _listeners[owner](tx, [told for told in outcomes if _rules.get(told[0].rule, ("",))[0] == owner])


contribute("detect", Path(__file__).with_name("rules.toml"))
contribute("detect", Path(__file__).with_name("sensors.toml"))
