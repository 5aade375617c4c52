"""The shapes of answers, and of what several routes ask for."""

import math
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from dure.engine.web import Model
from dure.kernel.errors import FieldError, Invalid


class DeviceShape(BaseModel):
    """A device."""

    id: str
    kind: str
    name: str
    group: str | None
    lon: float | None
    lat: float | None
    asset_id: str | None
    state: str
    fault: str | None
    interval_s: float | None
    has_key: bool
    key_at: datetime | None
    old_key_until: datetime | None
    last_seen: datetime | None
    latest: dict[str, Any]
    attrs: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


class DeviceWithKey(DeviceShape):
    """A device and the key that is shown once."""

    key: str


class DeviceList(BaseModel):
    """A page of devices."""

    items: list[DeviceShape]
    next: str | None


class CameraShape(BaseModel):
    """A camera: `azimuth` in degrees clockwise from north, `fov` in degrees, `range_m` in metres; null is unknown."""

    id: str
    site_id: str
    number: int
    name: str
    model: str | None
    lon: float
    lat: float
    azimuth_deg: float | None
    fov_deg: float | None
    range_m: float | None
    ptz: bool
    state: str
    retention_days: int | None
    purposes: list[str]
    source: str
    has_stream: bool
    recorded: bool
    version: int
    created_at: datetime
    updated_at: datetime


class SiteShape(BaseModel):
    """A camera site, as the national standard has it."""

    id: str
    name: str
    agency_code: str | None
    managed_no: str | None
    agency: str | None
    phone: str | None
    road_address: str | None
    lot_address: str | None
    purposes: list[str]
    purpose_text: str | None
    camera_count: int
    pixels: int | None
    direction: str | None
    retention_days: int | None
    installed: str | None
    data_date: str | None
    lon: float
    lat: float
    version: int


class OtherCamera(BaseModel):
    """Another camera of a site."""

    id: str
    number: int
    state: str
    azimuth_deg: float | None


class CameraDetail(CameraShape):
    """A camera with its site."""

    site: SiteShape | None
    others: list[OtherCamera]


class CameraList(BaseModel):
    """A page of cameras."""

    items: list[CameraShape]
    next: str | None


class NearestCamera(BaseModel):
    """A chosen camera, with the reason for people and for programs."""

    id: str
    site_id: str
    distance_m: float
    reason: str
    reason_code: str
    state: str
    instead_of: str | None


class NearestCameras(BaseModel):
    """The chosen cameras, best first."""

    items: list[NearestCamera]


class AssetShape(BaseModel):
    """What the city keeps."""

    id: UUID
    kind: str
    code: str
    name: str
    parent_id: UUID | None
    road_address: str | None
    lot_address: str | None
    lon: float | None
    lat: float | None
    state: str
    agency: str | None
    phone: str | None
    has_person: bool
    attrs: dict[str, Any]
    version: int


class AssetList(BaseModel):
    """A page of assets."""

    items: list[AssetShape]
    next: str | None


class BoundaryShape(BaseModel):
    """A boundary without its line."""

    id: UUID
    level: str
    code: str
    name: str
    full_name: str
    label_lon: float
    label_lat: float
    area_m2: float
    version: int


class BoundaryList(BaseModel):
    """Boundaries."""

    items: list[BoundaryShape]
    next: str | None


class Found(BaseModel):
    """Something that a search found."""

    entity: str
    id: str
    kind: str
    name: str
    title: str
    detail: str | None
    lon: float | None
    lat: float | None


class FoundList(BaseModel):
    """What a search found, best first."""

    items: list[Found]


def given(body: Model) -> dict[str, Any]:
    """The fields that a request names, also those set to null."""
    return {name: getattr(body, name) for name in body.model_fields_set}


def bbox_of(asked: str | None) -> tuple[float, float, float, float] | None:
    """`west,south,east,north` in degrees. Raises Invalid."""
    if asked is None:
        return None
    try:
        west, south, east, north = (float(part) for part in asked.split(","))
    except ValueError as error:
        raise _wrong_bbox() from error
    fits = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    if not fits or not all(map(math.isfinite, (west, south, east, north))):
        raise _wrong_bbox()
    return west, south, east, north


def _wrong_bbox() -> Invalid:
    return Invalid("engine.fields.wrong", fields=[FieldError("bbox", "city.bbox.wrong")])
