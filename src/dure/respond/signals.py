"""An alarm of detection as this room needs it. The only module here that knows how detection keeps alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from dure.city.queries import WatchedDevice, devices_for_detection
from dure.detect import alarms, views
from dure.detect.views import WORDS
from dure.engine.database import Tx
from dure.kernel.geometry import LonLat
from dure.kernel.messages import Value
from dure.kernel.severity import Severity
from dure.respond.model import Mode, Outcome, Source
from dure.respond.opening import Place
from dure.respond.types import NO_INCIDENT
from dure.trust.vault import texts

FALSE = "false"
CONFIRMED = "confirmed"
CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Signal:
    """One alarm, as it is now. `makes_incident` is false for late alarms nobody confirmed, faults, the canary and
    shelved ones.
    """

    alarm_id: UUID
    rule: str
    rule_ko: str
    rule_en: str
    subject: str
    device_kind: str | None
    incident_type: str | None
    severity: Severity
    stage: str
    standing: bool
    makes_incident: bool
    onset_at: datetime
    raised_at: datetime
    last_raised_at: datetime  # when it came last: an alarm that comes back soon is the same alarm
    ended_at: datetime | None
    place: Place
    judged_by: str | None = None
    judged_reason: str | None = None
    judged_words: str | None = None
    mode: Mode = Mode.REAL
    source: Source = Source.SENSOR

    @property
    def confirmed(self) -> bool:
        """Whether a rule or a person has confirmed it."""
        return self.stage == CONFIRMED

    @property
    def judged_false(self) -> bool:
        """Whether a person called it false."""
        return self.stage == FALSE

    def words(self) -> dict[str, Value]:
        """What a timeline entry says about it."""
        return {
            "alarm_id": str(self.alarm_id),
            "rule_ko": self.rule_ko,
            "rule_en": self.rule_en,
            "place": self.place.name or self.subject,
            "stage": self.stage,
            "reason": self.judged_reason or "",
        }


_KNOWN = text(f"select {views.COLUMNS} where a.id = :id")
_ALARMS_OF = text("select alarm_id from incident_alarm where incident_id = any(:ids)")
_DEVICES_OF = text("""
    select distinct spoke from incident i join incident_alarm l on l.incident_id = i.id
    join alarm a on a.id = l.alarm_id,
        unnest(array_append(a.members, a.device)) spoke
    where (i.id = :id or i.merged_into = :id) and spoke is not null order by spoke
""")
STANDING_THEN = """(select count(*) from incident_alarm l join alarm a on a.id = l.alarm_id
    where l.incident_id = any(f.ids) and l.joined_at <= :at and (a.closed_at is null or a.closed_at > :at))"""
"""Of an incident's family `f.ids`: how many alarms stood `:at`."""
_SETTLED = text(
    "update incident_alarm set stage = :stage, standing = false where incident_id in "
    "(select id from incident where id = :id or merged_into = :id)"
)
_STAGE = {Outcome.REAL: CONFIRMED, Outcome.FALSE: FALSE, Outcome.DRILL: CLEARED}


async def load(tx: Tx, alarm_id: UUID) -> Signal | None:
    """The alarm as detection has it now; None where it has none of this id."""
    row = await tx.row(_KNOWN, {"id": alarm_id})
    if row is None:
        return None
    names = [name for name in (row["device"], *row["members"][:1]) if name]
    found = await devices_for_detection(tx, names[:1]) if names else []
    device = found[0] if found else None
    late_unconfirmed = row["late"] and row["stage"] != CONFIRMED
    shelved = row["shelved_until"] is not None
    return Signal(
        alarm_id=alarm_id,
        rule=row["rule"],
        rule_ko=row["rule_ko"],
        rule_en=row["rule_en"],
        subject=row["subject"],
        device_kind=None if device is None else device.kind,
        incident_type=row["incident_type"],
        severity=Severity(row["severity"]),
        stage=row["stage"],
        standing=row["closed_at"] is None,
        makes_incident=row["category"] == "event"
        and row["incident_type"] != NO_INCIDENT
        and row["stage"] != FALSE
        and not (late_unconfirmed or shelved),
        onset_at=row["onset_at"],
        raised_at=row["raised_at"],
        last_raised_at=row["last_raised_at"],
        ended_at=row["cleared_at"] or row["closed_at"],
        place=_place(row["subject"], device),
        judged_by=row["judged_by"],
        judged_reason=row["judged_reason"],
        judged_words=texts.opened_lines(tx, WORDS, {alarm_id: row["judged_words"]})[alarm_id],
        source=_SOURCES.get("" if device is None else device.kind, Source.SENSOR),
    )


_SOURCES = {"bell": Source.BELL, "analytics": Source.ANALYTICS}
"""Kinds of devices that report something other than a measurement."""


def _place(subject: str, device: WatchedDevice | None) -> Place:
    """Where an alarm is. Devices of one market or block share its key; a device of none is a place by itself."""
    if device is None:
        return Place(name=subject, place_key=f"subject:{subject}")
    at = LonLat(device.lon, device.lat) if device.lon is not None and device.lat is not None else None
    block = device.parent_id or device.asset_id
    key = f"asset:{block}" if block else f"device:{device.id}"
    return Place(at, device.place, device.address, key)


async def devices_of(tx: Tx, incident_id: UUID) -> list[str]:
    """The ids of all devices whose alarms an incident has, and those that were merged into it."""
    return [row["spoke"] for row in await tx.rows(_DEVICES_OF, {"id": incident_id})]


async def attach(tx: Tx, alarm_ids: Sequence[UUID], incident_id: UUID | None) -> None:
    """Tell detection which incident its alarms belong to (None: to none)."""
    await alarms.attach(tx, alarm_ids, incident_id)


async def move(tx: Tx, incident_ids: Sequence[UUID], into: UUID) -> None:
    """Tell detection that the alarms of some incidents are now shown with another."""
    found = [row["alarm_id"] for row in await tx.rows(_ALARMS_OF, {"ids": list(incident_ids)})]
    if found:
        await alarms.attach(tx, found, into)


async def settle(tx: Tx, incident_id: UUID, outcome: Outcome) -> None:
    """Judge the alarms of an incident, and of those merged into it, by how it ended."""
    await alarms.settle(tx, incident_id, outcome.value)
    await tx.execute(_SETTLED, {"id": incident_id, "stage": _STAGE[outcome]})


async def unsettle(tx: Tx, incident_id: UUID) -> None:
    """The incident is open again; alarms whose condition never went stand again, and come back as changes of theirs."""
    await alarms.unsettle(tx, incident_id)


async def shown(tx: Tx, alarm_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The alarms as the API shows them, oldest first."""
    if not alarm_ids:
        return []
    return sorted(await views.by_ids(tx, alarm_ids), key=lambda alarm: (alarm["raised_at"], alarm["id"]))
