"""What the city offers, from its own documents: routes of OpenAPI, live entities, kinds of events. No policy code."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from dure import app
from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from tests.contract.matrix.table import SOURCES

_EVENT = re.compile(r"""["']([A-Z][A-Za-z]+\.v[1-9][0-9]*)["']""")
METHODS = ("get", "post", "put", "patch", "delete", "head")


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document; describing needs no engine."""
    nowhere = Settings(Path(), "postgresql://nowhere", "nats://nowhere")
    context = Context(nowhere, Database(nowhere.database_url), None, catalogue())  # type: ignore[arg-type]
    return edge.describe(app.web(context)[0])


def routes() -> list[str]:
    """`METHOD /path` of each operation, below /api/v1 as the table writes them."""
    return [
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in document()["paths"].items()
        for method in operations
        if method in METHODS
    ]


def live() -> list[str]:
    """The live entities of all rooms."""
    return [entity.name for room in app.ROOMS for entity in room.live]


def events() -> set[str]:
    """Every kind of event that the sources name."""
    found: set[str] = set()
    for source in SOURCES.rglob("*.py"):
        if "migrations" not in source.parts:
            found |= set(_EVENT.findall(source.read_text(encoding="utf-8")))
    return found - {"PastTense.v1"}
