"""An alert as the standard has it, and the rules that its schema cannot say. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dure.kernel.errors import FieldError
from dure.kernel.severity import Severity as Crisis

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_WORD = re.compile(r"[^\s,<&]+")
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
MOST_POINTS = 1_000


class Status(StrEnum):
    """Whether it is meant (3.2.1 status)."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class MsgType(StrEnum):
    """What it does to earlier ones (3.2.1 msgType)."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class Category(StrEnum):
    """What kind of event (3.2.2 category)."""

    GEO = "Geo"
    MET = "Met"
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENV = "Env"
    TRANSPORT = "Transport"
    INFRA = "Infra"
    CBRNE = "CBRNE"
    OTHER = "Other"


class Urgency(StrEnum):
    """When to act (3.2.2 urgency)."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """How bad (3.2.2 severity)."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """How sure (3.2.2 certainty)."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


OF_CRISIS = {
    Crisis.CRITICAL: Severity.EXTREME,
    Crisis.SERIOUS: Severity.SEVERE,
    Crisis.WATCH: Severity.MODERATE,
    Crisis.NOTICE: Severity.MINOR,
}
"""Korea's four crisis words (심각, 경계, 주의, 관심) as the standard's severities; a convention of ours."""


@dataclass(frozen=True, slots=True)
class Area:
    """Where: a name with a polygon (WGS84 lon/lat, closed, as in GeoJSON) or a code of a district, or both."""

    name: str
    polygon: tuple[tuple[float, float], ...] = ()
    code: str | None = None
    scheme: str = "법정동코드"


@dataclass(frozen=True, slots=True)
class Info:
    """What one language's readers are told."""

    language: str
    category: Category
    event: str
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    expires: datetime
    headline: str
    description: str = ""
    instruction: str = ""
    sender_name: str = ""
    web: str = ""
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier alert that this one updates or cancels."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """One message."""

    identifier: str
    sender: str
    sent: datetime
    status: Status
    msg_type: MsgType
    infos: tuple[Info, ...]
    references: tuple[Reference, ...] = ()
    note: str = ""
    scope: str = "Public"


def wrong(alert: Alert) -> list[FieldError]:
    """What keeps an alert from being one; empty where nothing does. Rules of the standard, section 3.2."""
    found: list[FieldError] = []

    def say(field: str, why: str) -> None:
        found.append(FieldError(field, f"notices.cap.{why}"))

    for field, value in (("identifier", alert.identifier), ("sender", alert.sender)):
        if _WORD.fullmatch(value) is None:
            say(field, "word")
    if alert.sent.tzinfo is None:
        say("sent", "zone")
    if (alert.msg_type is MsgType.ALERT) == bool(alert.references):
        say("references", "references")
    if not alert.infos and alert.msg_type is not MsgType.CANCEL:
        say("infos", "empty")
    if len({one.language for one in alert.infos}) != len(alert.infos):
        say("infos", "language_twice")
    for at, info in enumerate(alert.infos):
        _info(f"infos.{at}", info, alert.sent, found)
    for field, text in (("note", alert.note), ("scope", alert.scope)):
        if _UNSAYABLE.search(text):
            say(field, "unsayable")
    return found


def _info(path: str, info: Info, sent: datetime, found: list[FieldError]) -> None:
    def say(field: str, why: str) -> None:
        found.append(FieldError(f"{path}.{field}", f"notices.cap.{why}"))

    for field in ("event", "headline"):
        if not getattr(info, field).strip():
            say(field, "empty")
    for field in ("event", "headline", "description", "instruction", "sender_name", "web"):
        if _UNSAYABLE.search(getattr(info, field)):
            say(field, "unsayable")
    if info.expires.tzinfo is None or sent.tzinfo is None or info.expires <= sent:
        say("expires", "expires")
    if not info.areas:
        say("areas", "empty")
    for at, area in enumerate(info.areas):
        if not area.name.strip() or _UNSAYABLE.search(area.name + (area.code or "")):
            say(f"areas.{at}.name", "empty")
        if not area.polygon and area.code is None:
            say(f"areas.{at}", "where")
        if area.polygon and not is_ring(area.polygon):
            say(f"areas.{at}.polygon", "ring")


def is_ring(polygon: Sequence[tuple[float, float]]) -> bool:
    """Whether points (lon, lat) close a ring of at least three corners on the earth."""
    return (
        4 <= len(polygon) <= MOST_POINTS
        and polygon[0] == polygon[-1]
        and len(set(polygon)) >= 3
        and all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in polygon)
    )
