"""The reasons for which a detector needs somebody, off its row and its profile. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

_FILE: Final = Path(__file__).with_name("limits.toml")


class Group(StrEnum):
    """What is to be done, the most urgent first."""

    SILENT = "silent"
    FAULT = "fault"
    WEAK = "weak"
    DUE = "due"


class Reason(StrEnum):
    """Why; each belongs to one group."""

    NEVER = "never"
    SILENT = "silent"
    OFF = "off"
    TAMPER = "tamper"
    SELF_TEST = "self_test"
    CLOCK = "clock"
    OTHER = "other"
    BATTERY = "battery"
    RADIO = "radio"
    AGE = "age"
    TEST = "test"
    FIRMWARE = "firmware"


GROUP_OF: Final[Mapping[Reason, Group]] = {
    Reason.NEVER: Group.SILENT,
    Reason.SILENT: Group.SILENT,
    Reason.OFF: Group.FAULT,
    Reason.TAMPER: Group.FAULT,
    Reason.SELF_TEST: Group.FAULT,
    Reason.CLOCK: Group.FAULT,
    Reason.OTHER: Group.FAULT,
    Reason.BATTERY: Group.WEAK,
    Reason.RADIO: Group.WEAK,
    Reason.AGE: Group.DUE,
    Reason.TEST: Group.DUE,
    Reason.FIRMWARE: Group.DUE,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """limits.toml: seconds, %EL, dBm, dB, days, years."""

    intervals: float
    silent_s: float
    battery: float
    rssi: float
    snr: float
    linkquality: float
    test_days: int
    years: int
    soon_days: int


@cache
def limits(path: Path = _FILE) -> Limits:
    """The table. Raises ValueError for a line without a source, KeyError for one that is missing."""
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    for name, line in told.items():
        if not str(line.get("source", "")).strip():
            raise ValueError(f"{name} needs a source")
    silent, radio, age = told["silent"], told["radio"], told["age"]
    return Limits(
        silent["intervals"], silent["at_least_s"], told["battery"]["percent"], radio["rssi_dbm"], radio["snr_db"],
        radio["linkquality"], told["test"]["days"], age["years"], age["soon_days"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a detector. `latest`: {property: {"value", "at"}}; `installed`: the day; `tested`: its last
    press that arrived; `newest_firmware` of its model in the city.
    """

    state: str
    fault: str | None
    last_seen: datetime | None
    interval_s: float | None
    latest: Mapping[str, Any]
    installed: date | None = None
    tested: datetime | None = None
    firmware: str | None = None
    newest_firmware: str | None = None

    def value(self, name: str) -> Any:
        """What it said last of a property; None where it never did."""
        told = self.latest.get(name)
        return told.get("value") if isinstance(told, Mapping) else None


def reasons(told: Profile, now: datetime, bounds: Limits) -> tuple[Reason, ...]:
    """Why somebody should look at it, the most urgent first; none for a sound one. Of one that is switched off only
    that: what it does not say then is no news.
    """
    if told.state == "off":
        return (Reason.OFF,)
    found = {*_silence(told, now, bounds), *_faults(told), *_weakness(told, bounds), *_due(told, now, bounds)}
    return tuple(reason for reason in Reason if reason in found)


def _silence(told: Profile, now: datetime, bounds: Limits) -> set[Reason]:
    if told.last_seen is None:
        return {Reason.NEVER}
    patience = max(bounds.silent_s, bounds.intervals * (told.interval_s or 0))
    silent = told.fault == "silent" or (now - told.last_seen).total_seconds() > patience
    return {Reason.SILENT} if silent else set()


def _faults(told: Profile) -> set[Reason]:
    found: set[Reason] = set()
    if told.value("tamper") is True:
        found.add(Reason.TAMPER)
    if told.value("self_test") is False:
        found.add(Reason.SELF_TEST)
    if told.fault == "clock":
        found.add(Reason.CLOCK)
    elif told.fault not in {None, "silent", "battery"}:
        found.add(Reason.OTHER)
    return found


def _weakness(told: Profile, bounds: Limits) -> set[Reason]:
    found: set[Reason] = set()
    battery = told.value("battery")
    if told.fault == "battery" or told.value("battery_low") is True or _below(battery, bounds.battery):
        found.add(Reason.BATTERY)
    weak = (("rssi", bounds.rssi), ("snr", bounds.snr), ("linkquality", bounds.linkquality))
    if any(_below(told.value(name), least) for name, least in weak):
        found.add(Reason.RADIO)
    return found


def _below(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value <= least


def _due(told: Profile, now: datetime, bounds: Limits) -> set[Reason]:
    found: set[Reason] = set()
    if told.installed is not None:
        ends = due_on(told.installed, bounds)
        if now.date() >= ends - timedelta(days=bounds.soon_days):
            found.add(Reason.AGE)
    known = told.tested.date() if told.tested is not None else told.installed
    if known is not None and (now.date() - known).days > bounds.test_days:
        found.add(Reason.TEST)
    if told.firmware and told.newest_firmware and _parts(told.firmware) < _parts(told.newest_firmware):
        found.add(Reason.FIRMWARE)
    return found


def due_on(installed: date, bounds: Limits) -> date:
    """The day by which it is to be changed."""
    try:
        return installed.replace(year=installed.year + bounds.years)
    except ValueError:  # the 29th of February
        return installed.replace(year=installed.year + bounds.years, day=28)


def _parts(version: str) -> tuple[tuple[int, str], ...]:
    """1.10 comes after 1.9."""
    words = version.lower().removeprefix("v").replace("-", ".").split(".")
    return tuple((int(word), "") if word.isdigit() else (-1, word) for word in words)


def newest(versions: list[str]) -> str | None:
    """The newest of these firmware versions."""
    return max(versions, key=_parts, default=None)


def day_of(told: Any) -> date | None:
    """A day as a file gave it: 2025-03-02, or 2025-03 (its first)."""
    try:
        return date.fromisoformat(f"{told}-01" if isinstance(told, str) and len(told) == 7 else str(told))
    except ValueError:
        return None
