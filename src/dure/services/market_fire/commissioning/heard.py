"""Whether a test press has arrived, read off what a detector said last. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

PRESSES: Final = ("button", "self_test", "smoke")
"""Properties that a test button sets: its own, the report of a self-test, or (older detectors) smoke itself."""
_SKEW: Final = timedelta(seconds=5)
"""A detector's own clock may be so much behind and its press still be this one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What has arrived since somebody was asked to press: the values, whether the press is among them, and when."""

    values: Mapping[str, float | bool]
    pressed: bool
    at: datetime | None


def since(asked: datetime | None, last_seen: datetime | None, latest: Mapping[str, Any]) -> Heard:
    """What has arrived since `asked`; nothing while nobody was asked, or where it was received before.

    `latest`: {property: {"value": v, "at": ISO time}} as on the device's row.
    """
    if asked is None or last_seen is None or last_seen < asked:
        return Heard({}, pressed=False, at=None)
    fresh: dict[str, float | bool] = {}
    newest: datetime | None = None
    for name, told in sorted(latest.items()):
        at = _time(told)
        if at is None or at < asked - _SKEW or not isinstance(told.get("value"), int | float):
            continue
        fresh[name] = told["value"]
        newest = at if newest is None else max(newest, at)
    pressed = any(fresh.get(name) is True for name in PRESSES)
    return Heard(fresh, pressed, newest)


def _time(told: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(told["at"])
    except (KeyError, TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None
