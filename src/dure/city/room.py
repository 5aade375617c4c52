"""What the city contributes to the house."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter

from dure.city import api_cameras, api_devices, api_places, cameras, devices, policy
from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.engine.room import Room

router = APIRouter()
for _part in (api_cameras.router, api_devices.router, api_places.router):
    router.include_router(_part)


async def _nothing(_tx: Tx) -> Sequence[dict[str, Any]]:
    """Cameras and devices are too many for a snapshot: screens ask for those they show."""
    return []


async def _cameras(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return await cameras.by_ids(tx, ids)


async def _devices(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return await devices.by_ids(tx, ids)


ROOM = Room(
    name="city",
    router=router,
    grants=policy.GRANTS,
    live=(
        LiveEntity("camera", "camera.read", _cameras, _nothing),
        LiveEntity("device", "device.read", _devices, _nothing),
    ),
)
