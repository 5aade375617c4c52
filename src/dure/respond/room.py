"""What the room contributes. Only app.py imports it."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter

from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.engine.room import Every, Room, Task
from dure.notices import acknowledging
from dure.notices import practice as exercises
from dure.respond import (
    alarms,
    cases,
    footage,
    kept,
    past,
    pictures,
    practice,
    presence,
    reading,
    recordings,
    turning,
    views,
    whose,
)
from dure.respond.api import router
from dure.respond.api_room import router as room_router
from dure.respond.attachments import api as attachments
from dure.respond.automations import api as automations
from dure.respond.automations import running as machines
from dure.respond.changes import LOST
from dure.respond.doors import api as doors
from dure.respond.doors import sender
from dure.respond.playbooks import api as playbooks
from dure.respond.playbooks import library
from dure.respond.policy import GRANTS, desk_of, scope_of
from dure.respond.runs import api as runs
from dure.respond.runs import interpreter, replies, starting
from dure.respond.seeing import api as seeing
from dure.respond.seeing import deciding
from dure.respond.tasks import late
from dure.respond.types import TYPES
from dure.trust.principal import Principal

_router = APIRouter()
for _part in (
    router,
    room_router,
    attachments.router,
    pictures.router,
    turning.router,
    footage.router,
    seeing.router,
    playbooks.router,
    runs.router,
    doors.router,
    automations.router,
):
    _router.include_router(_part)


async def load(tx: Tx, ids: Sequence[str]) -> Mapping[str, views.Value]:
    """Incidents in their list form, by id."""
    return {str(row["id"]): views.list_form(row) for row in await reading.by_ids(tx, ids)}


async def snapshot(tx: Tx) -> Sequence[views.Value]:
    """All that are open, and what was closed in the last half hour."""
    return [views.list_form(row) for row in await reading.on_screen(tx)]


def visible(viewer: Any, value: views.Value) -> bool:
    """Whether a viewer sees an incident: the same as in lists."""
    assert isinstance(viewer, Principal)
    return scope_of(viewer, TYPES).covers(
        value["type"], value["handed_to"], value["reported_by_agency"], value["drill_for"]
    )


def left(viewer: Any, data: Mapping[str, Any]) -> bool:
    """Whether a viewer saw an incident because it was handed to their agency, and this event ended that."""
    assert isinstance(viewer, Principal)
    return desk_of(viewer) in str(data.get(LOST, "")).split()


exercises.register(practice.of)
acknowledging.listen(replies.pressed)

ROOM = Room(
    "respond",
    router=_router,
    consumers=(alarms.CONSUMER, starting.CONSUMER, recordings.CONSUMER),
    jobs=(
        interpreter.QUEUE,
        replies.KEYS,
    ),
    live=(LiveEntity("incident", "incident.read", load, snapshot, visible, past.standing, left), presence.live(left)),
    grants=GRANTS,
    tasks=(Task("doors.sender", "work", sender.run), Task("automations", "work", machines.run)),
    every=(
        Every("playbooks", 3_600, library.load),
        Every("tasks.late", late.EVERY_S, late.run),
        Every("video.tickets", deciding.EVERY_S, deciding.expire),
        Every("presence", presence.SWEEP_S, presence.sweep),
        Every("doors.nonces", 600, sender.forget),
    ),
    body_limits={"/attachments": attachments.UPLOAD_LIMIT},
    cases=(cases.INCIDENT,),
    whose={"incident": whose.incident, "person": whose.person},
    retention=(kept.INCIDENT_WORDS,),
    keeps_people=(("incident", "caller_id"), ("report", "caller_id")),
)
