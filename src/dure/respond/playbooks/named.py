"""What manuals name: the texts of notices that this room brings, and automations. A manual that names anything else is
refused, so nobody learns in a fire that a text does not exist.
"""

from typing import Final

from sqlalchemy import text

from dure.engine.database import Tx
from dure.notices import templates

TEMPLATES: Final = (
    "crowd_avoid",
    "crowd_calm",
    "crowd_hospital",
    "crowd_one_way",
    "crowd_slow",
    "crowd_turn_back",
    "cyber_report",
    "earthquake_shelter",
    "epidemic_places",
    "headquarters_call",
    "missing_alert",
    "missing_found",
    "missing_last_place",
    "missing_photo",
    "power_back",
    "power_breathing",
    "power_cut",
    "underpass_closed",
    "underpass_detour",
    "underpass_flood",
    "underpass_leave",
)
"""Texts of the manuals that come with dure: `respond.template.<name>`."""
_automations = {"isolate_segment", "underpass_barrier_close", "underpass_barrier_open"}
_OWN = text("select distinct id from notice_template")
for _name in TEMPLATES:
    templates.bring(_name, f"respond.template.{_name}")


def automation(name: str) -> None:
    """Tell of an automation that manuals may name."""
    _automations.add(name)


def automations() -> frozenset[str]:
    """Every automation that a manual may name."""
    return frozenset(_automations)


async def texts(tx: Tx) -> frozenset[str]:
    """Every text that a manual may name: the rooms' and the city's own."""
    return frozenset(templates.brought()) | {row["id"] for row in await tx.rows(_OWN)}
