"""Putting a detector into use: begin, ask for the press, done, undone. Each is one transaction of the caller."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, text

from dure.city import devices
from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.ids import new_id
from dure.services.market_fire.commissioning.heard import Heard, since
from dure.services.market_fire.plan import live, reach
from dure.trust import audit
from dure.trust.principal import Principal

PERMISSION: Final = "market_fire.commission"
_encode = msgspec.json.Encoder(enc_hook=str).encode
_STALL = text("select id, name from asset where id = :stall and kind = 'stall' and parent_id = :market")
# A detector that stands in another market is not there for this one; one that stands nowhere is anybody's to place.
_DETECTOR = text(
    "select d.id, d.name, d.state, d.fault, d.group_id, d.last_seen, d.latest, d.attrs, d.asset_id, s.name as stall "
    "from device d left join asset s on s.id = d.asset_id where d.id = :id and d.kind = 'fire_detector' "
    "and (:everything or s.id is null or s.parent_id = :market)"
)
_ONE = text(
    "select c.*, s.name as stall, d.last_seen, d.latest, d.asset_id as stands_in, d.id is not null as there "
    "from market_commissioning c join asset s on s.id = c.stall_id left join device d on d.id = c.device_id "
    "where c.id = :id and c.market_id = :market"
)
_LIST = text(
    "select c.*, s.name as stall, d.last_seen, d.latest, d.asset_id as stands_in, d.id is not null as there "
    "from market_commissioning c join asset s on s.id = c.stall_id left join device d on d.id = c.device_id "
    "where c.market_id = :market order by c.began_at desc, c.id desc limit :most"
)
_BEGIN = text(
    "insert into market_commissioning (id, market_id, stall_id, device_id, state, before, firmware, began_at, "
    "began_by, press_asked_at) "
    "values (:id, :market, :stall, :device, 'placed', cast(:before as jsonb), :firmware, :now, :by, :now)"
)
_CHANGE = "update market_commissioning set {what}, version = version + 1 where id = :id"
_PRESS = text(_CHANGE.format(what="press_asked_at = :now, heard_at = null, heard = null"))
_DONE = text(
    _CHANGE.format(
        what="state = 'done', heard_at = :heard_at, heard = cast(:heard as jsonb), ended_at = :now, ended_by = :by"
    )
)
_UNDO = text(_CHANGE.format(what="state = 'undone', undone_at = :now, ended_at = :now, ended_by = :by"))


async def detector(tx: Tx, by: Principal, market_id: UUID, device_id: str) -> RowMapping:
    """A detector that may be placed in this market. Raises NotFound also for one that stands in another's."""
    await reach.market(tx, by, market_id, PERMISSION)
    everything = reach.reach_of(by, PERMISSION).everything
    row = await tx.row(_DETECTOR, {"id": device_id, "market": market_id, "everything": everything})
    if row is None:
        raise NotFound("market_fire.detector.unknown", device=device_id[:64])
    return row


async def begin(tx: Tx, by: Principal, market_id: UUID, device_id: str, stall_id: UUID, firmware: str | None) -> UUID:
    """Place a detector in a stall and wait for its press. Raises NotFound, and Conflict where it is being placed
    already.
    """
    found = await detector(tx, by, market_id, device_id)
    stall = await tx.row(_STALL, {"stall": stall_id, "market": market_id})
    if stall is None:
        raise NotFound("market_fire.stall.unknown")
    await devices.device_of(tx, device_id, lock=True)
    waiting = await tx.scalar(
        text("select id from market_commissioning where device_id = :id and state = 'placed'"), {"id": device_id}
    )
    if waiting is not None:
        raise Conflict("market_fire.commissioning.waiting", device=device_id)
    attrs = {**found["attrs"], "installed": found["attrs"].get("installed") or tx.now().date().isoformat()}
    if firmware:
        attrs["firmware"] = firmware
    await devices.change(tx, by, device_id, {"asset_id": stall_id, "attrs": attrs, "state": "ok"}, None)
    id_ = new_id()
    before = {"asset_id": found["asset_id"], "attrs": found["attrs"], "state": found["state"]}
    values = {"id": id_, "market": market_id, "stall": stall_id, "device": device_id, "firmware": firmware}
    await tx.execute(_BEGIN, {**values, "before": _encode(before).decode(), "now": tx.now(), "by": by.name})
    await audit.record(tx, by, "market.detector_place", "device", device_id, purpose=stall["name"])
    await live.refresh(tx, [one for one in (stall_id, found["asset_id"]) if one is not None])
    return id_


async def press(tx: Tx, by: Principal, market_id: UUID, id_: UUID) -> None:
    """Somebody presses now: what came before does not count. Raises NotFound, Conflict where it is over."""
    row = await one(tx, by, market_id, id_)
    _must_wait(row)
    await tx.execute(_PRESS, {"id": id_, "now": tx.now()})


async def done(tx: Tx, by: Principal, market_id: UUID, id_: UUID) -> None:
    """The press has arrived: the detector is in use. Raises NotFound, Conflict where it is over, or nothing came."""
    row = await one(tx, by, market_id, id_)
    _must_wait(row)
    heard = arrived(row)
    if not heard.pressed:
        raise Conflict("market_fire.commissioning.not_heard", device=row["device_id"])
    told = _encode(dict(heard.values)).decode()
    await tx.execute(_DONE, {"id": id_, "heard_at": heard.at, "heard": told, "now": tx.now(), "by": by.name})
    await audit.record(tx, by, "market.detector_use", "device", row["device_id"], purpose=row["stall"])


async def undo(tx: Tx, by: Principal, market_id: UUID, id_: UUID) -> None:
    """As it was before it was placed. Raises NotFound, and Conflict where that is undone, the device is gone, or
    somebody has placed it elsewhere since.
    """
    row = await one(tx, by, market_id, id_)
    if row["state"] == "undone":
        raise Conflict("market_fire.commissioning.over")
    if not row["there"] or row["stands_in"] != row["stall_id"]:
        raise Conflict("market_fire.commissioning.moved", device=row["device_id"])
    before: Mapping[str, Any] = row["before"]
    asset = None if before["asset_id"] is None else UUID(before["asset_id"])
    values = {"asset_id": asset, "attrs": before["attrs"], "state": before["state"]}
    await devices.change(tx, by, row["device_id"], values, None)
    await tx.execute(_UNDO, {"id": id_, "now": tx.now(), "by": by.name})
    await audit.record(tx, by, "market.detector_undo", "device", row["device_id"], purpose=row["stall"])
    await live.refresh(tx, [one for one in (row["stall_id"], asset) if one is not None])


async def one(tx: Tx, by: Principal, market_id: UUID, id_: UUID) -> RowMapping:
    """Raises NotFound."""
    await reach.market(tx, by, market_id, PERMISSION)
    row = await tx.row(_ONE, {"id": id_, "market": market_id})
    if row is None:
        raise NotFound("market_fire.commissioning.unknown")
    return row


async def listing(tx: Tx, by: Principal, market_id: UUID, most: int) -> list[RowMapping]:
    """The market's, the newest first. Raises NotFound."""
    await reach.market(tx, by, market_id, PERMISSION)
    return list(await tx.rows(_LIST, {"market": market_id, "most": most}))


def arrived(row: RowMapping) -> Heard:
    """What has arrived since somebody was asked to press; of what is over, what had."""
    if row["state"] != "placed":
        return Heard(row["heard"] or {}, row["heard_at"] is not None, row["heard_at"])
    return since(row["press_asked_at"], row["last_seen"], row["latest"] or {})


def _must_wait(row: RowMapping) -> None:
    if row["state"] != "placed":
        raise Conflict("market_fire.commissioning.over")
