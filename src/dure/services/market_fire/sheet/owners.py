"""Who keeps a burning stall, opened for those who go there: the line in the audit log first, then the name."""

from typing import Any
from uuid import UUID

from dure.engine.database import Tx
from dure.trust import audit, vault
from dure.trust.principal import Principal, system
from dure.trust.purposes.opening import Asked, open_person

_CODE = "rescue"
"""The coded purpose (PIPA article 15(1)5): somebody's life is at stake; it ends a day after the incident."""


async def opened(tx: Tx, by: Principal, sheet: dict[str, Any], purpose: str) -> dict[str, Any]:
    """The sheet with the owners of the burning stalls as they are. Raises Forbidden without leave, and whatever keeps
    a line from being written: then nothing is shown.
    """
    asked = Asked(code=_CODE, case_kind="incident", case_id=str(sheet["incident_id"]), words=purpose)
    for stall in sheet["stalls"]:
        if stall["owner"] is not None:
            person, _leave = await open_person(tx, vault.of(tx), by, stall["owner"]["person_id"], asked)
            stall["owner"] |= {"name": person.name or None, "phone": person.phone or None}
    return sheet


async def disclosed(tx: Tx, sheet: dict[str, Any], agency: str) -> dict[str, Any]:
    """The same for a hand-off that goes out by itself: each owner with a line that says to whom."""
    ids: list[UUID] = [stall["owner"]["person_id"] for stall in sheet["stalls"] if stall["owner"] is not None]
    for id_ in ids:
        await audit.record(
            tx, system("market_fire"), "handoff.disclose", "person", id_, person_id=id_, case=sheet["incident_id"],
            purpose=f"{agency}: {_CODE}",
        )  # fmt: skip
    people = await vault.of(tx).opened(tx, ids, {"name", "phone"}) if ids else {}
    for stall in sheet["stalls"]:
        person = people.get(stall["owner"]["person_id"]) if stall["owner"] is not None else None
        if person is not None:
            stall["owner"] |= {"name": person.name or None, "phone": person.phone or None}
    return sheet
