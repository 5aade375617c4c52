"""The composition root: the one list of what is switched on."""

from importlib import import_module
from typing import Protocol, cast

from fastapi import FastAPI

from dure import __version__, system
from dure.city.room import ROOM as CITY
from dure.detect.room import ROOM as DETECT
from dure.engine import edge
from dure.engine.console import Console
from dure.engine.context import Context
from dure.engine.live import Hub
from dure.engine.public import Public
from dure.engine.room import Process, Room
from dure.learn.room import ROOM as LEARN
from dure.notices.publishing import folder as cap_files
from dure.notices.room import ROOM as NOTICES
from dure.respond.operations.room import ROOM as OPERATIONS
from dure.respond.operations.site import folder as status_files
from dure.respond.room import ROOM as RESPOND
from dure.respond.shifts.room import ROOM as SHIFTS
from dure.sense.room import ROOM as SENSE
from dure.trust import policy
from dure.trust.purposes import cases
from dure.trust.purposes.room import ROOM as PURPOSES
from dure.trust.reach import Find, Finders
from dure.trust.retention import registry
from dure.trust.retention.room import ROOM as RETENTION
from dure.trust.room import ROOM as TRUST
from dure.trust.web import install
from dure.video.room import ROOM as VIDEO

__all__ = ["ROOMS", "Process", "grants", "web"]

SERVICES: tuple[str, ...] = (
    "epidemic",
    "market_fire",
    "missing",
)  # fmt: skip
"""The services that are switched on, one line each: the name of a folder in dure/services."""


class Manifest(Protocol):
    """What a service's `service.py` offers."""

    ROOM: Room

    def register(self) -> None:
        """Tell the lower rooms of the service's rules and kinds of incidents."""


def manifest(service: str) -> Manifest:
    """The manifest of a service. Raises ModuleNotFoundError where there is no such folder."""
    return cast(Manifest, import_module(f"dure.services.{service}.service"))


ROOMS: tuple[Room, ...] = (
    system.ROOM,
    TRUST,
    PURPOSES,
    RETENTION,
    NOTICES,
    CITY,
    SENSE,
    DETECT,
    VIDEO,
    RESPOND,
    SHIFTS,
    OPERATIONS,
    LEARN,
    *(manifest(service).ROOM for service in SERVICES),
)
for _service in SERVICES:
    manifest(_service).register()
registry.install(
    (kind for room in ROOMS for kind in room.retention), (pair for room in ROOMS for pair in room.keeps_people)
)
cases.install(kind for room in ROOMS for kind in room.cases)


def grants() -> policy.Grants:
    """Who may do what, of all rooms. Raises ValueError where two rooms grant one permission."""
    return policy.union(room.grants for room in ROOMS)


def whose() -> Finders:
    """Who knows to whom a thing belongs, by the thing's name: every room that keeps some of them."""
    found: dict[str, list[Find]] = {}
    for room in ROOMS:
        for entity, find in room.whose.items():
            found.setdefault(entity, []).append(find)
    return found


def web(context: Context) -> tuple[FastAPI, Hub]:
    """The web application and the hub that must run beside it."""
    limits = {f"/api/v1{prefix}": limit for room in ROOMS for prefix, limit in room.body_limits.items()}
    app = edge.build(title="dure", version=__version__, limits=limits)
    hub = Hub(context.database, [entity for room in ROOMS for entity in room.live])
    app.state.context = context
    app.state.hub = hub
    install(app, grants())
    app.state.whose = whose()
    for room in ROOMS:
        if room.router is not None:
            app.include_router(room.router, prefix="/api/v1")
    app.openapi = lambda: edge.describe(app)  # type: ignore[method-assign]
    data = context.settings.data
    folders = {"cap": cap_files(data), "status": status_files(data)}
    app.add_middleware(Public, folders=folders, secure=context.settings.secure)
    if context.settings.console is not None:
        app.mount("/", Console(context.settings.console), name="console")
    return app, hub
