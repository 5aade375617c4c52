"""The room's public events. They carry ids and plain measures; whoever wants more reads the alarm.

- `AlarmRaised.v1`, `AlarmChanged.v1`, `AlarmCleared.v1` (entity `alarm`, by id): rule, device, severity, stage, late,
  life_safety, category and the type of incident it asks for. A shelved or re-opened alarm is a change.
- `RuleChanged.v1` (entity `rule`, by id): made, changed, switched or undone; its version says which.
- `CanarySeen.v1`, `CanaryStale.v1` (entity `canary`): a canary reading came through, or none did for too long.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.kernel.events import Event

RAISED: Final = "AlarmRaised.v1"
CHANGED: Final = "AlarmChanged.v1"
CLEARED: Final = "AlarmCleared.v1"
RULE_CHANGED: Final = "RuleChanged.v1"
CANARY_SEEN: Final = "CanarySeen.v1"
CANARY_STALE: Final = "CanaryStale.v1"


def alarm_event(kind: str, row: RowMapping) -> Event:
    """An event about the alarm in `row` (its columns, after the change)."""
    data = {
        "rule": row["rule"],
        "device": row["device"],
        "severity": row["severity"],
        "stage": row["stage"],
        "late": row["late"],
        "life_safety": row["life_safety"],
        "category": row["category"],
        "incident_type": row["incident_type"],
    }
    return Event(kind, "alarm", str(row["id"]), row["version"], data)


async def tell(tx: Tx, kind: str, rows: Iterable[RowMapping]) -> None:
    """Emit one event for each alarm."""
    await tx.emit(*(alarm_event(kind, row) for row in rows))


async def rule_changed(tx: Tx, rule: str, version: int) -> None:
    """Tell that a rule is another one now."""
    await tx.emit(Event(RULE_CHANGED, "rule", rule, version))
