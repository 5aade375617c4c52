"""A machine that a manual sets going, and what follows when it did or did not. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from dure.kernel.errors import FieldError, Invalid
from dure.kernel.geometry import LonLat, distance_m
from dure.trust.address import Network, within

MOST_TRIES = 3
PAUSE = timedelta(seconds=2)
LOST_AFTER = timedelta(seconds=90)
"""Whoever was at it by then has died: longer than any machine may take."""
MOST_WITHIN_S = 60.0
MOST_ADDRESS = 65_535
NAME = r"^[a-z][a-z0-9_]{1,63}$"
_UNIT = re.compile(r"/([0-9]{1,3})")


class Way(StrEnum):
    """How a machine is spoken to: Modbus TCP (coil and discrete input), or a signed HTTP request."""

    MODBUS = "modbus"
    HTTP = "http"


class Status(StrEnum):
    """How a call stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Plc:
    """A coil to write and the discrete input that tells that it is done (a barrier's limit switch); without `input`
    the controller's word is taken. Addresses count from 0 (Modbus Application Protocol 1.1b3, 4.4).
    """

    coil: int
    put: bool = True
    input: int | None = None
    expected: bool = True
    within_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine as it is set: what it does as manuals name it, and where. `plc` is there for Modbus. Without a place
    it serves the whole city.
    """

    automation: str
    name: str
    way: Way
    url: str
    is_on: bool = True
    plc: Plc | None = None
    place: LonLat | None = None
    reach_m: float = 300.0


@dataclass(frozen=True, slots=True)
class Unit:
    """Where a controller is: its number, port and unit."""

    host: str
    port: int
    unit: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try: done, or why not and whether another try may help."""

    ok: bool
    reason: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """How a call stands after a try, and when it is tried again."""

    status: Status
    reason: str | None = None
    at: datetime | None = None


def following(outcome: Outcome, tries: int, now: datetime) -> Next:
    """What follows after the `tries`th try."""
    if outcome.ok:
        return Next(Status.DONE)
    if outcome.again and tries < MOST_TRIES:
        return Next(Status.QUEUED, outcome.reason, now + PAUSE * tries)
    return Next(Status.FAILED, outcome.reason)


def serves(machine: Machine, place: LonLat | None) -> bool:
    """Whether it is the one for an incident there. What is not known to be near is not moved."""
    if machine.place is None:
        return True
    return place is not None and distance_m(machine.place, place) <= machine.reach_m


def unit(url: str, allowed: Sequence[Network]) -> Unit:
    """Where `modbus://NUMBER[:PORT][/UNIT]` leads. A controller has no lock of its own, so it is named by its number
    and stands in a network that the machine's keeper names in `DURE_DOOR_NETWORKS`. Raises Invalid.
    """
    try:
        parts = urlsplit(url)
        number, port = ip_address(parts.hostname or ""), parts.port or 502
    except ValueError as error:
        raise _wrong("form") from error
    named = _UNIT.fullmatch(parts.path) if parts.path not in {"", "/"} else None
    if parts.scheme != "modbus" or parts.username or parts.query or parts.fragment:
        raise _wrong("form")
    if parts.path not in {"", "/"} and (named is None or int(named[1]) > 247):
        raise _wrong("form")
    if within(number, allowed) is None:
        raise _wrong("network")
    return Unit(str(number), port, 1 if named is None else int(named[1]))


def _wrong(why: str) -> Invalid:
    return Invalid("engine.fields.wrong", fields=[FieldError("url", f"respond.automation.url.{why}")])
