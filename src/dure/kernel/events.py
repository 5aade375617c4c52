"""What rooms tell each other: CloudEvents 1.0 that carry ids only, never who a person is."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from dure.kernel.ids import new_id

Scalar = str | int | float | bool | None
_TYPE = re.compile(r"[A-Z][A-Za-z]+\.v[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one entity.

    `type` is a past tense with a version (`AlarmRaised.v1`); `entity` and `entity_id` say to what; `version` is the
    entity's version after it, so that a screen can drop what it already has; `data` holds ids and plain measures.
    """

    type: str
    entity: str
    entity_id: str
    version: int
    data: dict[str, Scalar] = field(default_factory=dict)
    id: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        if _TYPE.fullmatch(self.type) is None:
            raise ValueError(f"event type {self.type!r} is not of the form PastTense.v1")


def cloud_event(event: Event, *, at: datetime, position: int, source: str) -> dict[str, object]:
    """The structured JSON form (CloudEvents 1.0), with the outbox position and entity as extension attributes."""
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "type": event.type,
        "source": source,
        "subject": f"{event.entity}/{event.entity_id}",
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "position": position,
        "entity": event.entity,
        "entityid": event.entity_id,
        "entityversion": event.version,
        "data": event.data,
    }
