"""HTTP: devices."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Response
from pydantic import Field, StringConstraints

from dure.city import devices
from dure.city.shapes import DeviceList, DeviceShape, DeviceWithKey, bbox_of, given
from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ExpectedVersion, Line, Model, Number, Router, TxDep, tag
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["city"])
Reads = Annotated[Principal, Depends(require("device.read"))]
Manages = Annotated[Principal, Depends(require("device.manage"))]
DeviceId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class NewDevice(Model):
    """A device to register."""

    id: Code
    kind: Kind
    name: Line | None = None
    lon: Number | None = None
    lat: Number | None = None
    group: Code | None = None
    asset_id: UUID | None = None
    interval_s: Number | None = None


class DeviceChange(Model):
    """What to change; what is absent stays."""

    kind: Kind | None = None
    name: Line | None = None
    lon: Number | None = None
    lat: Number | None = None
    group: Code | None = None
    asset_id: UUID | None = None
    interval_s: Number | None = None
    state: Literal["ok", "off"] | None = None


class KeyAsked(Model):
    """How many days the old key stays good beside the new one, until the new one is seen; 0: it ends at once."""

    keep_old_days: Annotated[int, Field(strict=True, ge=0, le=90)] = 0


class KeysAsked(Model):
    """For which devices; none named: any that have no key."""

    ids: Annotated[list[Code], Field(max_length=devices.MOST_KEYS)] | None = None


def _columns(body: NewDevice | DeviceChange) -> dict[str, Any]:
    values = given(body)
    if "group" in values:
        values["group_id"] = values.pop("group")
    for name in ("kind", "name", "state"):
        if name in values and values[name] is None:
            del values[name]
    return values


@router.get("/devices", response_model=DeviceList)
async def list_devices(
    tx: TxDep,
    _by: Reads,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    group: Annotated[str | None, Query(max_length=64)] = None,
    state: Literal["ok", "off"] | None = None,
    fault: Annotated[str | None, Query(max_length=40)] = None,
    asset_id: UUID | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
    bbox: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Devices by id, with their newest readings. `fault` is `none`, `any` or a fault's name."""
    key = paging.decode(cursor, str)
    filters = {
        "kind": kind,
        "group": group,
        "state": state,
        "fault": fault,
        "asset_id": asset_id,
        "q": q,
        "bbox": bbox_of(bbox),
    }
    found = await devices.listed(tx, limit=limit, after=key[0] if key else None, filters=filters)
    return paging.page(found, limit, lambda one: (one["id"],))


@router.post("/devices", status_code=201, response_model=DeviceWithKey)
async def create_device(tx: TxDep, by: Manages, body: NewDevice, response: Response) -> dict[str, Any]:
    """Register a device. The answer holds its key, once."""
    made, key = await devices.create(tx, by, _columns(body))
    response.headers["cache-control"] = "no-store"
    tag(response, made["version"])
    return {**made, "key": key}


@router.post("/devices/keys")
async def give_keys(tx: TxDep, by: Manages, body: KeysAsked, response: Response) -> dict[str, list[dict[str, str]]]:
    """Keys for devices that have none yet (after an import), each shown this once; at most a thousand at a time."""
    response.headers["cache-control"] = "no-store"
    return {"items": await devices.missing_keys(tx, by, body.ids)}


@router.get("/devices/{device_id}", response_model=DeviceShape)
async def read_device(tx: TxDep, _by: Reads, device_id: DeviceId, response: Response) -> dict[str, Any]:
    """A device with what it last said."""
    found = devices.shown(await devices.device_of(tx, device_id))
    tag(response, found["version"])
    return found


@router.patch("/devices/{device_id}", response_model=DeviceShape)
async def change_device(
    tx: TxDep, by: Manages, device_id: DeviceId, body: DeviceChange, expected: ExpectedVersion, response: Response
) -> dict[str, Any]:
    """Change a device."""
    changed = await devices.change(tx, by, device_id, _columns(body), expected)
    tag(response, changed["version"])
    return changed


@router.delete("/devices/{device_id}", status_code=204)
async def remove_device(tx: TxDep, by: Manages, device_id: DeviceId, expected: ExpectedVersion) -> Response:
    """Take a device out; its history stays."""
    await devices.remove(tx, by, device_id, expected)
    return Response(status_code=204)


@router.post("/devices/{device_id}/key", response_model=DeviceWithKey)
async def rotate_key(
    tx: TxDep, by: Manages, device_id: DeviceId, response: Response, body: KeyAsked | None = None
) -> dict[str, Any]:
    """A new key, shown once. The old one is good no longer, or until the device has signed in with the new one."""
    changed, key = await devices.new_key(tx, by, device_id, body.keep_old_days if body else 0)
    response.headers["cache-control"] = "no-store"
    tag(response, changed["version"])
    return {**changed, "key": key}
