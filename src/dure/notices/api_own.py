"""What everybody does for themselves: in which browsers they are told, and saying that they have heard. Thin."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field

from dure.engine import paging
from dure.engine.web import ContextDep, Model, Router, TxDep
from dure.kernel.ids import new_id
from dure.notices import acknowledging, queries, ways
from dure.notices.model import Channel, To, Wanted
from dure.notices.push import devices, keys
from dure.notices.push.hosts import LONGEST
from dure.notices.push.message import encoded
from dure.notices.sending import send
from dure.trust import vault
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["notices"])
Own = Annotated[Principal, Depends(require("notice.own"))]


class DeviceKeys(Model):
    """The browser's keys, as it gives them: base64url."""

    p256dh: str = Field(min_length=80, max_length=100)
    auth: str = Field(min_length=20, max_length=30)


class DeviceForm(Model):
    """A browser's subscription (`PushSubscription.toJSON()`), and what its owner calls it."""

    endpoint: str = Field(min_length=10, max_length=LONGEST)
    keys: DeviceKeys
    label: str = Field(min_length=1, max_length=60)


@router.get("/notices-devices")
async def list_devices(
    tx: TxDep, who: Own, endpoint: Annotated[str | None, Query(max_length=LONGEST)] = None
) -> dict[str, Any]:
    """Own browsers (`this`: that of `endpoint`), and the city's public key to subscribe with."""
    return {"key": encoded(await keys.public(tx)), "items": await devices.listing(tx, who, endpoint)}


@router.post("/notices-devices", status_code=201)
async def add_device(tx: TxDep, who: Own, form: DeviceForm) -> dict[str, Any]:
    """Be told in this browser from now on. The same browser again changes its name and keys."""
    device = devices.Device(form.endpoint, form.keys.p256dh, form.keys.auth)
    await devices.add(tx, who, device, form.label, ways.push_hosts())
    return await list_devices(tx, who, form.endpoint)


@router.delete("/notices-devices/{device_id}", status_code=204)
async def drop_device(tx: TxDep, who: Own, device_id: UUID) -> None:
    """Be told there no more."""
    await devices.drop(tx, who, device_id)


@router.post("/notices-devices/test", status_code=202)
async def test_devices(tx: TxDep, who: Own) -> dict[str, str]:
    """Send oneself a push, to see whether it comes."""
    wanted = Wanted(Channel.PUSH, To(account_id=who.id), "test", f"test:{new_id()}", by=who.actor)
    return {"notice_id": str(await send(tx, wanted))}


@router.get("/notices-own")
async def list_own(
    tx: TxDep, context: ContextDep, who: Own, cursor: paging.Cursor = None, limit: paging.Limit = 50
) -> dict[str, Any]:
    """What was sent to oneself, newest first."""
    after = paging.decode(cursor, datetime, UUID)
    rows = await queries.listed(tx, account_id=who.id, after=after, limit=limit + 1)
    page = paging.page(rows, limit, lambda row: (row["created_at"], str(row["id"])))
    return {"items": await queries.masked(tx, vault.at(context.settings.data), page["items"]), "next": page["next"]}


@router.post("/notices-own/{notice_id}/acknowledge")
async def acknowledge(tx: TxDep, context: ContextDep, who: Own, notice_id: UUID) -> dict[str, Any]:
    """Say that one has heard: whoever has is not called."""
    await acknowledging.own(tx, who, notice_id)
    (value,) = await queries.masked(tx, vault.at(context.settings.data), [await queries.one(tx, notice_id)])
    return value
