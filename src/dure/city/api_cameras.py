"""HTTP: cameras, and the five around a place."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query, Response
from pydantic import AfterValidator, Field

from dure.city import cameras, streams
from dure.city.camera_index import nearest_cameras
from dure.city.shapes import CameraDetail, CameraList, NearestCameras, bbox_of, given
from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import (
    ContextDep,
    ExpectedVersion,
    Flag,
    LanguageDep,
    Line,
    Model,
    Number,
    Router,
    TxDep,
    Whole,
    tag,
)
from dure.kernel.geometry import LonLat
from dure.trust import vault
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["city"])
Reads = Annotated[Principal, Depends(require("camera.read"))]
Manages = Annotated[Principal, Depends(require("camera.manage"))]
CameraId = Annotated[str, Path(min_length=1, max_length=120)]
State = Literal["ok", "unknown", "broken", "off"]


def _address(value: str) -> str:
    """Refuse what only looks like an address. Raises ValueError."""
    if not streams.is_address(value):
        raise ValueError(value)
    return value


class CameraChange(Model):
    """What to correct; what is absent stays, null means unknown."""

    name: Line | None = None
    model: Line | None = None
    lon: Annotated[Number, Field(ge=-180, le=180)] | None = None
    lat: Annotated[Number, Field(ge=-90, le=90)] | None = None
    azimuth_deg: Annotated[Number, Field(ge=0, lt=360)] | None = None
    fov_deg: Annotated[Number, Field(gt=0, le=360)] | None = None
    range_m: Annotated[Number, Field(gt=0, le=10_000)] | None = None
    ptz: Flag | None = None
    state: State | None = None
    retention_days: Annotated[Whole, Field(ge=1, le=3_650)] | None = None
    recorded: Flag | None = None
    purposes: Annotated[list[Line], Field(max_length=20)] | None = None
    stream_url: Annotated[str, Field(pattern=streams.FORM), AfterValidator(_address)] | None = None


_NEVER_NULL = ("name", "lon", "lat", "ptz", "recorded", "state", "purposes")


@router.get("/cameras", response_model=CameraList)
async def list_cameras(
    tx: TxDep,
    _by: Reads,
    q: Annotated[str | None, Query(max_length=100)] = None,
    state: State | None = None,
    site_id: Annotated[str | None, Query(max_length=120)] = None,
    bbox: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Cameras by id."""
    key = paging.decode(cursor, str)
    filters = {"q": q, "state": state, "site_id": site_id, "bbox": bbox_of(bbox)}
    found = await cameras.listed(tx, limit=limit, after=key[0] if key else None, filters=filters)
    return paging.page(found, limit, lambda one: (one["id"],))


@router.get("/cameras/nearest", response_model=NearestCameras)
async def list_nearest(
    tx: TxDep,
    _by: Reads,
    context: ContextDep,
    language: LanguageDep,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    n: Annotated[int, Query(ge=1, le=50)] = 5,
) -> dict[str, Any]:
    """The cameras for a place, best first: in use, looking at it, near; at most two of a site."""
    chosen = await nearest_cameras(tx, LonLat(lon, lat), n)
    return {
        "items": [
            {
                "id": one.id,
                "site_id": one.site_id,
                "distance_m": one.distance_m,
                "reason": context.catalogue.text(
                    language, one.message, {"metres": round(one.distance_m), "instead_of": one.instead_of}
                ),
                "reason_code": one.reason,
                "state": one.state,
                "instead_of": one.instead_of,
            }
            for one in chosen
        ]
    }


@router.get("/cameras/{camera_id}", response_model=CameraDetail)
async def read_camera(tx: TxDep, _by: Reads, camera_id: CameraId, response: Response) -> dict[str, Any]:
    """A camera, its site, and the site's other cameras."""
    found = await cameras.detail(tx, camera_id)
    tag(response, found["version"])
    return found


@router.patch("/cameras/{camera_id}", response_model=CameraDetail)
async def change_camera(
    tx: TxDep,
    by: Manages,
    context: ContextDep,
    camera_id: CameraId,
    body: CameraChange,
    expected: ExpectedVersion,
    response: Response,
) -> dict[str, Any]:
    """Correct a camera by hand. A login in the stream's address is sealed and never shown again."""
    values = {name: value for name, value in given(body).items() if not (value is None and name in _NEVER_NULL)}
    changed = await cameras.change(tx, vault.at(context.settings.data), by, camera_id, values, expected)
    tag(response, changed["version"])
    return changed
