"""Getting ready: a token for this run, the devices that a scenario needs, and their keys."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dure.commands.simulate.api import City, CityRefusedError
from dure.commands.simulate.crew import Door
from dure.engine.servers.place import Place
from dure.kernel.errors import DureError, NotFound

if TYPE_CHECKING:
    from dure.engine.database import Database

_TOKEN_LASTS = "2h"  # noqa: S105  a span of time
_APART_DEG = 9e-5
"""Some 8 m, so that the steam at one end is far from the fire."""
MADE = 12
"""How many detectors are made in a city that has no sample ones."""


class NotRunning(DureError):
    """There is no city to play in."""

    status = 503


@dataclass(frozen=True, slots=True)
class Stage:
    """The running city, its MQTT door and its records."""

    city: City
    door: Door
    database: "Database"


@asynccontextmanager
async def stage(place: Place) -> AsyncIterator[Stage]:
    """The running city of a folder, with a token that is revoked at the end. Raises NotRunning."""
    from dure.engine.database import Database
    from dure.engine.servers.access import running_database_url
    from dure.trust import tokens
    from dure.trust.principal import system
    from dure.trust.roles import Role

    note, url = place.noted(), running_database_url(place)
    if url is None or not place.held() or not note.get("url") or not note.get("mqtt"):
        raise NotRunning("simulate.not_running", folder=str(place.folder))
    who = system("dure simulate")
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as tx:
            row, secret = await tokens.make(tx, who, tokens.Wanted(Role.ADMIN, "dure simulate", expires=_TOKEN_LASTS))
        try:
            city = City(str(note["url"]), secret, place.tls / "ca.pem")
            host, _, port = str(note["mqtt"]).rpartition(":")
            yield Stage(city, Door(host.strip("[]"), int(port), city.tls()), database)
        finally:
            async with database.transaction() as tx:
                await tokens.revoke(tx, who, row["id"])
    finally:
        await database.close()


async def detectors(city: City, seed: int) -> tuple[list[dict[str, Any]], bool]:
    """The fire detectors to play with, and whether they belong to the sample city.

    Only devices of the sample, or made by the simulator, are ever touched: a new key would cut a real device off.
    """
    found = [
        device
        for device in await city.all("/devices", kind="fire_detector")
        if (device.get("attrs") or {}).get("sample") and device.get("state", "ok") == "ok"
    ]
    if found:
        return found, True
    return await _made(city, seed), False


async def _made(city: City, seed: int) -> list[dict[str, Any]]:
    """A row of detectors at the city's heart, registered once and found again by later runs."""
    known = {device["id"]: device for device in await city.all("/devices", kind="fire_detector")}
    lon, lat = await _heart(city)
    devices = []
    for number in range(1, MADE + 1):
        id_ = f"SIM-{seed}-{number:02d}"
        body = {
            "id": id_,
            "kind": "fire_detector",
            "name": f"SIM {number}",
            "lon": round(lon + number * _APART_DEG, 6),
            "lat": lat,
            "group": f"SIM-{seed}",
        }
        devices.append(known.get(id_) or await city.post("/devices", body))
    return devices


async def _heart(city: City) -> tuple[float, float]:
    """A place in the city: its boundary's label, else its first camera, else the middle of the sample city."""
    for path in ("/boundaries", "/cameras"):
        for item in (await city.get(path)).get("items", []):
            lon, lat = item.get("label_lon", item.get("lon")), item.get("label_lat", item.get("lat"))
            if isinstance(lon, float) and isinstance(lat, float):
                return lon, lat
    return 127.43, 36.63


async def keys(city: City, devices: list[dict[str, Any]]) -> dict[str, str]:
    """A new key for each device, by id. Raises NotFound for one that is not there any more."""
    gate = asyncio.Semaphore(8)

    async def one(id_: str) -> tuple[str, str]:
        async with gate:
            try:
                answer = await city.post(f"/devices/{id_}/key")
            except CityRefusedError as error:
                if error.status == 404:
                    raise NotFound("simulate.device_gone", device=id_) from error
                raise
            return id_, str(answer["key"])

    return dict(await asyncio.gather(*(one(device["id"]) for device in devices)))
