"""Where somebody was last known to be: told by people and by the device that they carry, shown on the map with time
and source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Invalid, NotFound
from dure.kernel.geometry import LonLat, is_position
from dure.kernel.ids import new_id
from dure.respond import intake, places, timeline
from dure.respond.opening import Place
from dure.respond.timeline import Entry
from dure.services.missing import queries
from dure.services.missing.model import Sighting, Source, last_known
from dure.trust import audit, vault
from dure.trust.principal import Principal
from dure.trust.vault import texts

COLUMN = "missing_sighting.place"
FUTURE = timedelta(minutes=5)


class Where(msgspec.Struct, frozen=True):
    """A place of the trail, as it stands sealed."""

    lon: float
    lat: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody says where they were, and when."""

    at: datetime
    source: Source
    where: LonLat | None
    address: str | None = None
    words: str = ""


async def tell(tx: Tx, principal: Principal, incident_id: UUID, told: Told) -> None:
    """Add to the trail. The incident stands where they were last, and its cameras are chosen around it.

    Raises NotFound, Conflict once it is over, Invalid for a place that nobody finds or a time to come.
    """
    row = await queries.running(tx, incident_id)
    if told.at > tx.now() + FUTURE:
        raise Invalid("missing.future")
    place = await places.resolve(tx, told.where, told.address)
    if place.at is None:
        raise Invalid("missing.place")
    await _add(tx, principal, row, told, place)


async def ask_device(tx: Tx, principal: Principal, incident_id: UUID) -> bool:
    """Look where the device is that they carry; whether that is news. Only a device that stands in their own record is
    asked: what a telephone company knows is the police's to ask for.

    Raises NotFound, Conflict where there is none or it has not said where it is.
    """
    row = await queries.running(tx, incident_id)
    if row["device_id"] is None:
        raise Conflict("missing.no_device")
    await audit.record(
        tx, principal, "missing.ask_device", "device", row["device_id"], person_id=row["person_id"], case=incident_id,
        purpose=row["basis"],
    )  # fmt: skip
    people = await vault.of(tx).opened(tx, [row["person_id"]], {"devices"})
    if row["device_id"] not in people[row["person_id"]].devices:
        raise Conflict("missing.no_device")
    device = await queries.device(tx, row["device_id"])
    found = None if device is None else position(device)
    if found is None:
        raise Conflict("missing.device_silent")
    at, where = found
    if any(one["source"] == Source.DEVICE and one["at"] >= at for one in await queries.trail(tx, incident_id)):
        return False
    await _add(tx, principal, row, Told(at, Source.DEVICE, where), Place(where))
    return True


def position(device: Mapping[Any, Any]) -> tuple[datetime, LonLat] | None:
    """When and where a device was: what it says of itself (`lon`, `lat` in degrees, RFC 8428), else where it is
    registered, as of when it was last heard. None where neither is known.
    """
    latest = device["latest"] or {}
    lon, lat = latest.get("lon"), latest.get("lat")
    if lon is not None and lat is not None:
        x, y = lon.get("value"), lat.get("value")
        if _number(x) and _number(y) and is_position(x, y):
            return min(datetime.fromisoformat(lon["at"]), datetime.fromisoformat(lat["at"])), LonLat(x, y)
    if device["lon"] is not None and device["last_seen"] is not None:
        return device["last_seen"], LonLat(device["lon"], device["lat"])
    return None


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


async def _add(tx: Tx, principal: Principal, row: RowMapping, told: Told, place: Place) -> None:
    assert place.at is not None
    incident_id, sighting = row["incident_id"], new_id()
    words = told.words or place.name or place.address or ""
    kept = msgspec.json.encode(Where(place.at.lon, place.at.lat, words))
    await queries.add_sighting(
        tx,
        {
            "id": sighting,
            "incident": incident_id,
            "at": told.at,
            "source": told.source.value,
            "place": await texts.sealed_bytes(tx, row["mark_id"], COLUMN, kept),
            "by": principal.name,
        },
    )
    await audit.record(
        tx, principal, "missing.tell", "incident", incident_id, person_id=row["person_id"], purpose=told.source.value
    )
    trail = [Sighting(one["id"], one["at"], Source(one["source"])) for one in await queries.trail(tx, incident_id)]
    last = last_known(trail)
    minutes = max(0, round((tx.now() - told.at).total_seconds() / 60))
    params = {"source": told.source.value, "minutes": minutes}
    newest = last is not None and last.id == sighting
    await timeline.add(
        tx, incident_id, Entry.PLACE, "missing_last" if newest else "missing_earlier", params, actor=principal.name
    )
    if newest:  # its words stay in the trail: the incident's place outlives it
        await intake.locate(tx, principal, incident_id, Place(place.at))


def opened(tx: Tx, row: RowMapping, trail: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """The trail in the open, by time; the last known one is marked."""
    last = last_known(Sighting(one["id"], one["at"], Source(one["source"])) for one in trail)
    found: list[dict[str, Any]] = []
    for one in trail:
        plain = texts.opened_bytes(vault.of(tx), row["mark_id"], COLUMN, bytes(one["place"]))
        if not plain:
            continue
        where = msgspec.json.decode(plain, type=Where)
        found.append(
            {
                "id": str(one["id"]),
                "at": one["at"],
                "source": one["source"],
                "lon": where.lon,
                "lat": where.lat,
                "words": where.words,
                "told_at": one["told_at"],
                "told_by": one["told_by"],
                "last": last is not None and one["id"] == last.id,
            }
        )
    return found


async def last_seen(tx: Tx, incident_id: UUID) -> dict[str, Any] | None:
    """The last known place, for a hand-off that may carry it; None where nobody is missing."""
    try:
        row = await queries.one(tx, incident_id)
    except NotFound:
        return None
    last = next((one for one in opened(tx, row, await queries.trail(tx, incident_id)) if one["last"]), None)
    if last is None:
        return None
    return {"at": last["at"].isoformat(), **{name: last[name] for name in ("source", "lon", "lat", "words")}}
