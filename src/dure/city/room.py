"""What the city contributes to the house."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter

from dure.city import api_cameras, api_devices, api_imports, api_map, api_places, cameras, devices, policy, whose
from dure.city.imports import jobs, owning, runs
from dure.city.kept import IMPORT_STAGING
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.live import LiveEntity
from dure.engine.room import Every, Room
from dure.trust.principal import Principal

router = APIRouter()
for _part in (api_cameras.router, api_devices.router, api_places.router, api_map.router, api_imports.router):
    router.include_router(_part)


async def _nothing(_tx: Tx) -> Sequence[dict[str, Any]]:
    """Cameras and devices are too many for a snapshot: screens ask for those they show."""
    return []


async def _cameras(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return await cameras.by_ids(tx, ids)


async def _devices(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return await devices.by_ids(tx, ids)


async def _runs(tx: Tx, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    return await runs.progress_of(tx, ids)


def _own_run(viewer: Any, run: Mapping[str, Any]) -> bool:
    assert isinstance(viewer, Principal)
    return owning.reach_of(viewer).covers(run["agency_id"])


async def _tidy(context: Context) -> None:
    """Old previews, dead children's runs, files that nobody reads any more."""
    async with context.database.transaction() as tx:
        await runs.expire(tx, tx.now())
    await jobs.forget_uploads(context)


ROOM = Room(
    name="city",
    router=router,
    grants=policy.GRANTS,
    every=(Every("city.tidy", 60, _tidy),),
    body_limits={"/imports": api_imports.UPLOAD_LIMIT},
    whose={"camera": whose.camera, "device": whose.device, "import": whose.import_run, "person": whose.person},
    retention=(IMPORT_STAGING,),
    keeps_people=(
        *(("asset", "person_id"), ("care_person", "person_id")),
        ("import_change", "(before->>'person_id')::uuid"),  # until the import can no longer be undone
    ),
    live=(
        LiveEntity("camera", "camera.read", _cameras, _nothing),
        LiveEntity("device", "device.read", _devices, _nothing),
        LiveEntity("import_run", "city.import", _runs, _nothing, _own_run),
    ),
)
