"""Rules that come with the city: each room or service contributes a file, and officials may override what is in it."""

from pathlib import Path

from dure.detect.model import Rule
from dure.detect.rulefile import parse

_rules: dict[str, tuple[str, Rule]] = {}


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


contribute("detect", Path(__file__).with_name("rules.toml"))
contribute("detect", Path(__file__).with_name("sensors.toml"))
