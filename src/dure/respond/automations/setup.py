"""Entering machines: what each is called, how it is reached, and the secret of one that is asked over HTTP."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.geometry import LonLat
from dure.respond.automations import model
from dure.respond.automations.model import Machine, Plc, Way
from dure.respond.doors import guard
from dure.trust import audit, secret, vault
from dure.trust.principal import Principal

SECRET = "durea"  # noqa: S105  # a prefix

_ALL = text(
    "select a.id, a.automation, a.name, a.way, a.url, a.lon, a.lat, a.reach_m, a.coil, a.put, a.input, a.expected, "
    "a.within_s, a.is_on, a.last_ok_at, "
    "a.last_fault, a.last_fault_at, a.changed_by, a.changed_at, a.version from automation a order by a.automation, a.id"
)
_ONE = text("select * from automation where id = :id")
_LOCKED = text("select * from automation where id = :id for update")
_NAMES = text("select distinct automation from automation")
_DOING = text("select * from automation where automation = :automation and is_on order by id")
_PUT = text(
    "insert into automation (id, automation, name, way, url, lon, lat, reach_m, coil, put, input, expected, within_s, "
    "sealed, is_on, changed_by, changed_at) values (:id, :automation, :name, :way, :url, :lon, :lat, :reach_m, :coil, "
    ":put, :input, :expected, :within_s, :sealed, :is_on, :by, :now) on conflict (id) do update set "
    "automation = :automation, name = :name, way = :way, url = :url, lon = :lon, lat = :lat, reach_m = :reach_m, "
    "coil = :coil, put = :put, input = :input, expected = :expected, within_s = :within_s, sealed = :sealed, "
    "is_on = :is_on, changed_by = :by, changed_at = :now, version = automation.version + 1"
)
_SECRET = text(
    "update automation set sealed = :sealed, changed_by = :by, changed_at = :now, version = version + 1 where id = :id"
)
_DROP = text("delete from automation where id = :id")


async def listing(tx: Tx) -> Sequence[dict[str, Any]]:
    """All machines and how they did last. No secrets."""
    return [dict(row) for row in await tx.rows(_ALL)]


async def names(tx: Tx) -> frozenset[str]:
    """What manuals may name because the city has it."""
    return frozenset(row["automation"] for row in await tx.rows(_NAMES))


async def serving(tx: Tx, automation: str, place: LonLat | None) -> list[str]:
    """The machines in use that do this for an incident there."""
    found = await tx.rows(_DOING, {"automation": automation})
    return [row["id"] for row in found if model.serves(machine(row), place)]


async def put(tx: Tx, principal: Principal, id_: str, machine: Machine, expected: int | None = None) -> str | None:
    """Enter or change a machine. Where one that is asked over HTTP is new its secret is made, and given back this once.

    Raises Invalid for an address that may not be reached, PreconditionFailed.
    """
    machine = replace(machine, url=checked(machine))
    known = await tx.row(_LOCKED, {"id": id_})
    if known is not None:
        check_version(expected, known["version"])
    sealed, made = (None if known is None else known["sealed"]), None
    if machine.way is Way.MODBUS:
        sealed = None
    elif sealed is None:
        made = secret.new(SECRET)
        sealed = _sealed(tx, id_, made)
    plc = machine.plc if machine.way is Way.MODBUS else None
    values: dict[str, Any] = {
        **{name: None if plc is None else getattr(plc, name) for name in ("coil", "put", "input", "expected")},
        "within_s": None if plc is None else plc.within_s,
        "id": id_,
        "automation": machine.automation,
        "name": machine.name,
        "lon": None if machine.place is None else machine.place.lon,
        "lat": None if machine.place is None else machine.place.lat,
        "reach_m": machine.reach_m,
        "way": machine.way.value,
        "url": machine.url,
        "sealed": sealed,
        "is_on": machine.is_on,
        "by": principal.name,
        "now": tx.now(),
    }
    await tx.execute(_PUT, values)
    await audit.record(
        tx, principal, "automation.set", "automation", id_, purpose=f"{machine.way.value} {machine.url}"[:300]
    )
    return made


def checked(machine: Machine) -> str:
    """The machine's address as it may be kept. Raises Invalid."""
    allowed = guard.allowed_networks()
    if machine.way is Way.HTTP:
        return guard.checked(machine.url, allowed)
    model.unit(machine.url, allowed)
    return machine.url


async def rotate(tx: Tx, principal: Principal, id_: str) -> str:
    """A new secret, given back this once; the earlier one counts no more. Raises NotFound, Conflict for a machine that
    has none.
    """
    known = await tx.row(_LOCKED, {"id": id_})
    if known is None:
        raise NotFound("respond.automation.unknown")
    if known["sealed"] is None:
        raise Conflict("respond.automation.no_secret")
    made = secret.new(SECRET)
    await tx.execute(_SECRET, {"id": id_, "sealed": _sealed(tx, id_, made), "by": principal.name, "now": tx.now()})
    await audit.record(tx, principal, "automation.rotate", "automation", id_)
    return made


async def drop(tx: Tx, principal: Principal, id_: str) -> None:
    """Take a machine away: manuals that name it ask a person from now on. Raises NotFound."""
    if (await tx.execute(_DROP, {"id": id_})).rowcount == 0:
        raise NotFound("respond.automation.unknown")
    await audit.record(tx, principal, "automation.drop", "automation", id_)


async def of(tx: Tx, id_: str) -> RowMapping | None:
    """A machine's row; None where the city has none of that name."""
    return await tx.row(_ONE, {"id": id_})


def machine(row: RowMapping) -> Machine:
    """A machine by its row."""
    plc = None
    if row["way"] == Way.MODBUS:
        plc = Plc(row["coil"], row["put"], row["input"], row["expected"], row["within_s"])
    place = None if row["lon"] is None else LonLat(row["lon"], row["lat"])
    return Machine(
        row["automation"], row["name"], Way(row["way"]), row["url"], row["is_on"], plc, place, row["reach_m"]
    )


def key(tx: Tx, row: RowMapping) -> bytes:
    """The secret of one that is asked over HTTP. Raises Unavailable where the city's key is another."""
    return vault.of(tx).unseal(f"automation {row['id']}", bytes(row["sealed"]))


def _sealed(tx: Tx, id_: str, plain: str) -> bytes:
    return vault.of(tx).seal(f"automation {id_}", plain.encode())
