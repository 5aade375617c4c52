"""An alarm of detection as this room needs it. The only module here that knows how detection keeps alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from dure.engine.database import Tx
from dure.kernel.messages import Value
from dure.kernel.severity import Severity
from dure.respond.model import Mode, Outcome, Source
from dure.respond.opening import Place

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
    ended_at: datetime | None
    place: Place
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
        }


async def load(tx: Tx, alarm_id: UUID) -> Signal | None:
    """The alarm as detection has it now; None where it has none of this id."""
    raise NotImplementedError(alarm_id)


async def attach(tx: Tx, alarm_ids: Sequence[UUID], incident_id: UUID) -> None:
    """Tell detection which incident its alarms belong to."""


async def move(tx: Tx, incident_ids: Sequence[UUID], into: UUID) -> None:
    """Tell detection that the alarms of some incidents are now shown with another."""


async def settle(tx: Tx, incident_id: UUID, outcome: Outcome) -> None:
    """Judge the alarms of an incident by how it ended."""


async def shown(tx: Tx, alarm_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The alarms as the API shows them."""
    return []
