"""What a room contributes to the house. Only app.py collects rooms."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fastapi import APIRouter

from dure.engine.consumers import Consumer
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.jobs import Queue
from dure.engine.live import LiveEntity

Process = Literal["web", "stream", "work", "relay"]


@dataclass(frozen=True, slots=True)
class Task:
    """Something that runs for as long as its process does. When it ends or raises, the process is restarted."""

    name: str
    process: Process
    run: Callable[[Context], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Every:
    """Something that the work process does each `seconds`, once at a time."""

    name: str
    seconds: float
    run: Callable[[Context], Awaitable[None]]


class Contributed(Protocol):
    """What a room above this one understands; here it has a name."""

    @property
    def name(self) -> str:
        """Its name, once in the city."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """A room's contributions. `grants` says which roles hold each permission: what is not granted is denied.

    `body_limits` lists path prefixes (below /api/v1) with the bytes that a request body may have there, beyond the
    usual 1 MiB. `retention` are kinds of data that end (trust.retention.Kind), `cases` what a coded purpose may name
    (trust.purposes.CaseKind), `keeps_people` the (table, column) pairs that hold ids of the person vault. `whose`
    tells by the name of an entity to whom one of them belongs (trust.policy.Resource); NotFound where there is none.
    """

    name: str
    router: APIRouter | None = None
    consumers: tuple[Consumer, ...] = ()
    live: tuple[LiveEntity, ...] = ()
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ()
    every: tuple[Every, ...] = ()
    jobs: tuple[Queue, ...] = ()
    body_limits: Mapping[str, int] = field(default_factory=dict)
    retention: tuple[Contributed, ...] = ()
    cases: tuple[Contributed, ...] = ()
    keeps_people: tuple[tuple[str, str], ...] = ()
    whose: Mapping[str, Callable[[Tx, str], Awaitable[object]]] = field(default_factory=dict)
