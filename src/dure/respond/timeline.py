"""The timeline writes itself: entries are catalogue keys with parameters, so that each reader gets their own
language.
"""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import text

from dure.engine.database import Tx
from dure.kernel.messages import Value
from dure.trust.vault import texts


class Entry(StrEnum):
    """What an entry is about; screens choose its sign by it."""

    SIGNAL = "signal"
    REPORT = "report"
    STATE = "state"
    CAMERA = "camera"
    HANDOFF = "handoff"
    NOTE = "note"
    SEVERITY = "severity"
    PLACE = "place"
    MERGE = "merge"
    TASK = "task"
    PLAYBOOK = "playbook"
    ROLE = "role"
    DECISION = "decision"
    FILE = "file"


_ADD = text(
    "insert into timeline (incident_id, at, kind, actor, key, params, text) "
    "values (:incident_id, :at, :kind, :actor, :key, cast(:params as jsonb), :text)"
)
_FOLD = text(
    "insert into timeline (incident_id, at, kind, key, params, group_key) "
    "values (:incident_id, :at, :kind, :key, cast(:params as jsonb), :group_key) "
    "on conflict (incident_id, group_key) do update set count = timeline.count + 1, params = excluded.params"
)
_json = msgspec.json.Encoder()


async def add(
    tx: Tx,
    incident_id: UUID,
    kind: Entry,
    name: str,
    params: Mapping[str, Value] | None = None,
    *,
    actor: str | None = None,
    words: str | None = None,
) -> None:
    """Write `respond.timeline.<name>`. `actor` is a desk's label, None for dure itself; `words` is what a person
    wrote, kept sealed under the incident's key.
    """
    tx.later(
        _ADD,
        {
            "incident_id": incident_id,
            "at": tx.now(),
            "kind": kind.value,
            "actor": actor,
            "key": f"respond.timeline.{name}",
            "params": _json.encode(params or {}).decode(),
            "text": await texts.sealed(tx, incident_id, "timeline.text", words),
        },
    )


async def fold(tx: Tx, incident_id: UUID, kind: Entry, name: str, params: Mapping[str, Value], *, group: str) -> None:
    """Write an entry, or count one more on the entry of the same `group`: 300 alarms do not make 300 lines."""
    tx.later(
        _FOLD,
        {
            "incident_id": incident_id,
            "at": tx.now(),
            "kind": kind.value,
            "key": f"respond.timeline.{name}",
            "params": _json.encode(params).decode(),
            "group_key": group,
        },
    )
