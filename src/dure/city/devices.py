"""Devices: made, changed, given a new key. A key is shown once; only its hash is kept."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from dure.city import events
from dure.city.filters import narrowed
from dure.city.imports.kinds.devices import KIND_FORM
from dure.city.tables import asset, device
from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Invalid, NotFound
from dure.kernel.geometry import is_position
from dure.kernel.ids import is_device_id
from dure.trust import audit, secret
from dure.trust.principal import Principal

KEY_PREFIX = "dured"
MOST_KEYS = 1_000
_KEYS = text("select key_hash, old_key_hash, old_key_until from device where id = :id for update")
COLUMNS = [column for column in device.c if column.name not in {"key_hash", "old_key_hash", "search"}]


def shown(row: RowMapping) -> dict[str, Any]:
    """A device as everybody may see it."""
    return {
        "id": row["id"],
        "kind": row["kind"],
        "name": row["name"],
        "group": row["group_id"],
        "lon": row["lon"],
        "lat": row["lat"],
        "asset_id": None if row["asset_id"] is None else str(row["asset_id"]),
        "state": row["state"],
        "fault": row["fault"],
        "interval_s": row["interval_s"],
        "has_key": row["key_at"] is not None,
        "key_at": row["key_at"],
        "old_key_until": row["old_key_until"],
        "last_seen": row["last_seen"],
        "latest": row["latest"],
        "attrs": row["attrs"],
        "version": row["version"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


async def mark_fault(tx: Tx, ids: Sequence[str], fault: str, *, there: bool) -> None:
    """A fault of devices was found, or is gone. Another fault found later stands in place of the one before."""
    was = device.c.fault.is_distinct_from(fault) if there else device.c.fault == fault
    rows = await tx.rows(
        update(device)
        .where(device.c.id.in_(list(ids)), was)
        .values(fault=fault if there else None, version=device.c.version + 1, updated_at=tx.now())
        .returning(device.c.id, device.c.version)
    )
    await events.device_changed(tx, [(row["id"], row["version"]) for row in rows])


async def by_ids(tx: Tx, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Devices in their list form."""
    rows = await tx.rows(select(*COLUMNS).where(device.c.id.in_(list(ids))))
    return {row["id"]: shown(row) for row in rows}


async def listed(
    tx: Tx, *, limit: int, after: str | None = None, filters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Devices by id, `limit` + 1 of them. Filters: kind, group, state, fault (none, any or its name), q, asset_id,
    bbox."""
    wanted = dict(filters or {})
    statement = select(*COLUMNS).order_by(device.c.id).limit(limit + 1)
    if after is not None:
        statement = statement.where(device.c.id > after)
    equal = {"kind": device.c.kind, "group": device.c.group_id, "state": device.c.state, "asset_id": device.c.asset_id}
    statement = narrowed(statement, device, wanted, equal)
    match wanted.get("fault"):
        case None:
            pass
        case "none":
            statement = statement.where(device.c.fault.is_(None))
        case "any":
            statement = statement.where(device.c.fault.is_not(None))
        case fault:
            statement = statement.where(device.c.fault == fault)
    return [shown(row) for row in await tx.rows(statement)]


async def device_of(tx: Tx, device_id: str, *, lock: bool = False) -> RowMapping:
    """A device. Raises NotFound."""
    statement = select(*COLUMNS).where(device.c.id == device_id)
    row = await tx.row(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("city.device.unknown", device=device_id[:64])
    return row


async def _check(tx: Tx, values: Mapping[str, Any]) -> None:
    wrong: list[FieldError] = []
    if "kind" in values and KIND_FORM.fullmatch(str(values["kind"])) is None:
        wrong.append(FieldError("kind", "city.device.kind"))
    lon, lat = values.get("lon"), values.get("lat")
    if (lon is None) != (lat is None):
        wrong.append(FieldError("lon" if lon is None else "lat", "city.import.position.half"))
    elif lon is not None and lat is not None and not is_position(lon, lat):
        wrong.append(FieldError("lon", "city.position.wrong"))
    if values.get("group_id") is not None and not is_device_id(str(values["group_id"])):
        wrong.append(FieldError("group", "city.import.device.id"))
    if values.get("interval_s") is not None and not 0 < values["interval_s"] <= 86_400 * 31:
        wrong.append(FieldError("interval_s", "city.import.device.interval"))
    named = values.get("asset_id")
    if named is not None and await tx.scalar(select(asset.c.id).where(asset.c.id == named)) is None:
        wrong.append(FieldError("asset_id", "city.asset.unknown"))
    if wrong:
        raise Invalid("engine.fields.wrong", fields=wrong)


async def create(tx: Tx, by: Principal, values: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A new device and its key. Raises Invalid for wrong fields and Conflict where the id is taken.

    Without an asset it is tied to the stall whose list names it as its detector.
    """
    id_ = str(values["id"])
    if not is_device_id(id_):
        raise Invalid("engine.fields.wrong", fields=[FieldError("id", "city.import.device.id")])
    await _check(tx, values)
    key = secret.new(KEY_PREFIX)
    columns = {"name": id_, **{name: value for name, value in values.items() if value is not None}}
    if columns.get("asset_id") is None:
        columns["asset_id"] = await _stall_of(tx, id_)
    now = tx.now()
    made = await tx.scalar(
        insert(device)
        .values(**columns, key_hash=secret.digest(key), key_at=now, created_at=now, updated_at=now)
        .on_conflict_do_nothing()
        .returning(device.c.id)
    )
    if made is None:
        raise Conflict("city.device.taken", device=id_)
    await events.device_changed(tx, [(id_, 1)])
    await audit.record(tx, by, "device.create", "device", id_)
    return shown(await device_of(tx, id_)), key


async def _stall_of(tx: Tx, device_id: str) -> UUID | None:
    found = await tx.scalar(
        text("select id from asset where kind = 'stall' and attrs->>'detector_id' = :id limit 1"), {"id": device_id}
    )
    return found if isinstance(found, UUID) else None


async def change(
    tx: Tx, by: Principal, device_id: str, values: Mapping[str, Any], expected: int | None
) -> dict[str, Any]:
    """Change the given columns. Raises NotFound, PreconditionFailed, Invalid."""
    current = await device_of(tx, device_id, lock=True)
    check_version(expected, current["version"])
    merged = {"lon": current["lon"], "lat": current["lat"], **values}
    await _check(tx, merged)
    changed = {name: value for name, value in values.items() if current[name] != value}
    if changed:
        await _write(tx, device_id, changed)
        await audit.record(tx, by, "device.change", "device", device_id)
    return shown(await device_of(tx, device_id))


async def _write(tx: Tx, device_id: str, columns: Mapping[str, Any]) -> None:
    version = await tx.scalar(
        update(device)
        .where(device.c.id == device_id)
        .values(**columns, version=device.c.version + 1, updated_at=tx.now())
        .returning(device.c.version)
    )
    await events.device_changed(tx, [(device_id, int(version))])


async def new_key(tx: Tx, by: Principal, device_id: str, keep_old_days: int = 0) -> tuple[dict[str, Any], str]:
    """A new key. The old one is good no longer, or (`keep_old_days`) until the new one is seen, so many days at most.

    Where the key before was never seen, it is replaced, and the one that the device still uses stays. Raises NotFound.
    """
    row = await tx.row(_KEYS, {"id": device_id})
    if row is None:
        raise NotFound("city.device.unknown", device=device_id[:64])
    key, now = secret.new(KEY_PREFIX), tx.now()
    waits = row["old_key_until"] is not None and row["old_key_until"] > now
    old = row["old_key_hash"] if waits else row["key_hash"]
    until = now + timedelta(days=keep_old_days) if keep_old_days and old is not None else None
    kept = {"old_key_hash": old if until else None, "old_key_until": until}
    await _write(tx, device_id, {"key_hash": secret.digest(key), "key_at": now, **kept})
    await audit.record(tx, by, "device.key", "device", device_id)
    return shown(await device_of(tx, device_id)), key


async def new_key_seen(tx: Tx, by: Principal, device_id: str, key_hash: bytes) -> None:
    """A device has signed in with its new key: the old one ends. Nothing where it has another key meanwhile."""
    row = await tx.row(_KEYS, {"id": device_id})
    if row is None or row["old_key_hash"] is None or bytes(row["key_hash"] or b"") != key_hash:
        return
    await _write(tx, device_id, {"old_key_hash": None, "old_key_until": None})
    await audit.record(tx, by, "device.key_seen", "device", device_id)


async def missing_keys(
    tx: Tx, by: Principal, ids: Sequence[str] | None, limit: int = MOST_KEYS
) -> list[dict[str, str]]:
    """Keys for devices that have none (those named, or any), as after an import; each is shown this once.

    Raises NotFound for a named device that is not there. A named device that has a key keeps it and is left out.
    """
    statement = select(device.c.id, device.c.key_at).order_by(device.c.id).with_for_update()
    if ids is None:
        rows = await tx.rows(statement.where(device.c.key_at.is_(None)).limit(limit))
    else:
        rows = await tx.rows(statement.where(device.c.id.in_(list(ids))))
        absent = set(ids) - {row["id"] for row in rows}
        if absent:
            raise NotFound("city.device.unknown", device=min(absent)[:64])
    given = []
    for row in rows:
        if row["key_at"] is None:
            key = secret.new(KEY_PREFIX)
            await _write(tx, row["id"], {"key_hash": secret.digest(key), "key_at": tx.now()})
            given.append({"id": row["id"], "key": key})
    if given:
        await audit.record(tx, by, "device.keys", "device", ", ".join(one["id"] for one in given))
    return given


async def remove(tx: Tx, by: Principal, device_id: str, expected: int | None) -> None:
    """Take a device out. Raises NotFound, PreconditionFailed."""
    current = await device_of(tx, device_id, lock=True)
    check_version(expected, current["version"])
    await tx.execute(delete(device).where(device.c.id == device_id))
    await events.device_changed(tx, [(device_id, current["version"] + 1)])
    await audit.record(tx, by, "device.remove", "device", device_id)
