"""Setting doors up: where an agency's system is, the secret of both sides, and taking a door away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import NotFound
from dure.respond import queries
from dure.respond.doors import guard
from dure.respond.doors.model import Way
from dure.trust import audit, secret, vault
from dure.trust.principal import Principal

SECRET = "dureh"  # noqa: S105  # a prefix
GRACE = timedelta(days=1)
"""So long the earlier secret counts beside the new one, so that both sides need not change at the same moment."""

_COLUMNS = (
    "d.agency_id, a.name, a.name_en, a.kind, d.way, d.url, d.is_on, d.drills, d.earlier_until, d.last_ok_at, "
    "d.last_fault, d.last_fault_at, d.changed_by, d.changed_at, d.version"
)
_ALL = text(
    f"select {_COLUMNS}, count(s.id) filter (where s.status in ('queued', 'sending', 'unknown')) as waiting, "
    "count(s.id) filter (where s.status = 'dead') as dead "
    "from handoff_door d left join agency a on a.id = d.agency_id "
    "left join handoff_send s on s.agency_id = d.agency_id group by d.agency_id, a.id order by d.agency_id"
)
_ONE = text("select * from handoff_door where agency_id = :agency")
_LOCKED = text("select * from handoff_door where agency_id = :agency for update")
_INSERT = text(
    "insert into handoff_door (agency_id, way, url, is_on, drills, sealed, changed_by, changed_at) "
    "values (:agency, :way, :url, :is_on, :drills, :sealed, :by, :now)"
)
_UPDATE = text(
    "update handoff_door set way = :way, url = :url, is_on = :is_on, drills = :drills, changed_by = :by, "
    "changed_at = :now, version = version + 1 where agency_id = :agency"
)
_ROTATE = text(
    "update handoff_door set earlier = sealed, earlier_until = :until, sealed = :sealed, changed_by = :by, "
    "changed_at = :now, version = version + 1 where agency_id = :agency"
)
_DROP = text("delete from handoff_door where agency_id = :agency")
_ORPHANS = text(
    "update handoff_send set status = 'dead', reason = 'door_closed', next_at = null, version = version + 1 "
    "where agency_id = :agency and status in ('queued', 'unknown')"
)
_WAITING = text(
    "update handoff_send set next_at = :now where agency_id = :agency and status = 'queued' and next_at > :now"
)


@dataclass(frozen=True, slots=True)
class Door:
    """A door as it is set: what it speaks, where it leads, whether it is used, also for drills and tests."""

    way: Way
    url: str
    is_on: bool = True
    drills: bool = False


async def listing(tx: Tx) -> Sequence[dict[str, Any]]:
    """All doors, with what waits and what is dead at each. No secrets."""
    return [dict(row) for row in await tx.rows(_ALL)]


async def put(tx: Tx, principal: Principal, agency_id: str, door: Door, expected: int | None = None) -> str | None:
    """Set an agency's door. Where it is new its secret is made, and given back this once.

    Raises NotFound for an unknown agency, Invalid for an address that no door may lead to, PreconditionFailed.
    """
    await queries.agency(tx, agency_id)
    url = guard.checked(door.url, guard.allowed_networks())
    known = await tx.row(_LOCKED, {"agency": agency_id})
    values = {
        "agency": agency_id,
        "way": door.way.value,
        "url": url,
        "is_on": door.is_on,
        "drills": door.drills,
        "by": principal.name,
        "now": tx.now(),
    }
    made: str | None = None
    if known is None:
        made = secret.new(SECRET)
        await tx.execute(_INSERT, {**values, "sealed": _sealed(tx, agency_id, made)})
    else:
        check_version(expected, known["version"])
        await tx.execute(_UPDATE, values)
        await tx.execute(_WAITING, values)
    await audit.record(tx, principal, "door.set", "agency", agency_id, purpose=f"{door.way.value} {url}"[:300])
    return made


async def rotate(tx: Tx, principal: Principal, agency_id: str) -> str:
    """A new secret, given back this once; the earlier one counts for a day. Raises NotFound."""
    if await tx.row(_LOCKED, {"agency": agency_id}) is None:
        raise NotFound("respond.door.unknown")
    made = secret.new(SECRET)
    values = {
        "agency": agency_id,
        "sealed": _sealed(tx, agency_id, made),
        "until": tx.now() + GRACE,
        "by": principal.name,
        "now": tx.now(),
    }
    await tx.execute(_ROTATE, values)
    await audit.record(tx, principal, "door.rotate", "agency", agency_id)
    return made


async def drop(tx: Tx, principal: Principal, agency_id: str) -> None:
    """Take a door away. What still waited to go out by it is dead, and shown as such. Raises NotFound."""
    if (await tx.execute(_DROP, {"agency": agency_id})).rowcount == 0:
        raise NotFound("respond.door.unknown")
    await tx.execute(_ORPHANS, {"agency": agency_id})
    await audit.record(tx, principal, "door.drop", "agency", agency_id)


async def of(tx: Tx, agency_id: str) -> RowMapping | None:
    """An agency's door with its sealed secrets; None where it has none."""
    return await tx.row(_ONE, {"agency": agency_id})


def keys(tx: Tx, door: RowMapping, now: datetime) -> list[bytes]:
    """The secrets that count now, the newest first. Raises Unavailable where the city's key is another."""
    found = [_unsealed(tx, door["agency_id"], door["sealed"])]
    if door["earlier"] is not None and door["earlier_until"] > now:
        found.append(_unsealed(tx, door["agency_id"], door["earlier"]))
    return found


def _sealed(tx: Tx, agency_id: str, plain: str) -> bytes:
    return vault.of(tx).seal(f"door {agency_id}", plain.encode())


def _unsealed(tx: Tx, agency_id: str, sealed: bytes) -> bytes:
    return vault.of(tx).unseal(f"door {agency_id}", bytes(sealed))
