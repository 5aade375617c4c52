"""HTTP: the base map and the points on it, packed once and asked after by ETag."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Request, Response

from dure.city import base_map
from dure.engine.web import Router, TxDep
from dure.trust.principal import Principal
from dure.trust.web import check, require

router = Router(tags=["city"])
Reads = Annotated[Principal, Depends(require("city.read"))]
Layer = Literal[
    "cameras",
    "devices",
    "hydrants",
    "markets",
    "stalls",
    "fire_stations",
    "police_stations",
    "schools",
    "clinics",
    "hospitals",
    "bus_stops",
    "shelters",
    "bells",
    "facilities",
]
_PERMISSIONS = {"cameras": "camera.read", "devices": "device.read"}


def _answer(request: Request, packed: base_map.Packed) -> Response:
    headers = {
        "etag": packed.etag,
        "cache-control": "private, no-cache",
        "vary": "accept-encoding, authorization, cookie",
    }
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if packed.etag in known:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", "").lower():
        return Response(packed.gzipped, 200, {**headers, "content-encoding": "gzip"}, "application/json")
    return Response(packed.plain, 200, headers, "application/json")


@router.get("/map/base", response_class=Response, responses={200: {"content": {"application/json": {}}}, 304: {}})
async def read_base(
    request: Request, tx: TxDep, _by: Reads, part: Annotated[base_map.Part | None, Query()] = None
) -> Response:
    """The base map's layers as GeoJSON: all, what a first picture needs (`ground`), or the rest."""
    return _answer(request, await base_map.base_map(tx, part))


@router.get("/map/points", response_class=Response, responses={200: {"content": {"application/json": {}}}, 304: {}})
async def read_points(request: Request, tx: TxDep, by: Reads, layer: Annotated[Layer, Query()]) -> Response:
    """The points of one layer as GeoJSON."""
    check(by, _PERMISSIONS.get(layer, "city.read"))
    return _answer(request, await base_map.points(tx, layer))
