"""Times at a station, and the queue: who has a time, who came without, who is called to which lane."""

import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.services.epidemic.care.looking import today
from dure.trust import audit
from dure.trust.principal import Principal

AHEAD = timedelta(days=14)
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_STATIONS = text("select * from epidemic_station order by name limit 500")
_STATION = text("select * from epidemic_station where id = :id")
_LOCKED = text("select * from epidemic_station where id = :id for update")
_TAKEN = text(
    "select minute, lane from epidemic_booking where station_id = :id and minute >= :first and minute < :last "
    "and state <> 'cancelled'"
)
_BOOK = text(
    "insert into epidemic_booking (id, station_id, station_number, lane, minute, minutes, code) "
    "values (:id, :station, :number, :lane, :minute, :minutes, :code) on conflict do nothing returning id"
)
_BOOKED = text("select * from epidemic_booking where code = :code and station_id = :station for update")
_STATE = text("update epidemic_booking set state = :state, version = version + 1, updated_at = :now where id = :id")
_NEXT_NUMBER = text(
    "select coalesce(max(number), 0) + 1 from epidemic_ticket where station_id = :station and day = :day"
)
_COME = text(
    "insert into epidemic_ticket (id, station_id, day, number, booking_id, came_at) "
    "values (:id, :station, :day, :number, :booking, :now)"
)
_QUEUE = text(
    "select t.id, t.number, t.came_at, t.called_at, t.lane, t.done_at, b.minute from epidemic_ticket t "
    "left join epidemic_booking b on b.id = t.booking_id where t.station_id = :station and t.day = :day "
    "order by t.number limit 5000"
)
_CALL = text("update epidemic_ticket set called_at = :now, lane = :lane where id = :id")
_DONE = text(
    "update epidemic_ticket set done_at = :now, specimen = :specimen where station_id = :station and day = :day "
    "and lane = :lane and called_at is not null and done_at is null returning number"
)


async def stations(tx: Tx) -> Sequence[RowMapping]:
    """All stations."""
    return await tx.rows(_STATIONS)


async def station(tx: Tx, station_id: UUID, *, lock: bool = False) -> RowMapping:
    """A station. Raises NotFound."""
    row = await tx.row(_LOCKED if lock else _STATION, {"id": station_id})
    if row is None:
        raise NotFound("epidemic.station.unknown")
    return row


def minute_of(at: datetime) -> int:
    """Unix time in minutes."""
    return int(at.timestamp()) // 60


def slots(row: RowMapping, day: date) -> list[datetime]:
    """The times of a station on a day."""
    zone = ZoneInfo(city_zone())
    at, ends = (datetime.combine(day, row[name], zone) for name in ("opens", "closes"))
    long, found = timedelta(minutes=row["slot_minutes"]), []
    while at + long <= ends:
        found.append(at)
        at += long
    return found


async def free(tx: Tx, station_id: UUID, day: date) -> list[dict[str, Any]]:
    """The times of a day that are still to be had, and at how many lanes."""
    row = await station(tx, station_id)
    times = slots(row, day) if row["open"] else []
    if not times:
        return []
    first, last = minute_of(times[0]), minute_of(times[-1]) + row["slot_minutes"]
    taken = [one["minute"] for one in await tx.rows(_TAKEN, {"id": station_id, "first": first, "last": last})]
    left = {at: row["lanes"] - taken.count(minute_of(at)) for at in times if at > tx.now()}
    return [{"at": at.astimezone(UTC), "free": n} for at, n in left.items() if n > 0]


async def book(tx: Tx, who: Principal, station_id: UUID, at: datetime) -> dict[str, Any]:
    """Take a time; the word that whoever comes then shows. Raises NotFound; Invalid for what is no time of the station;
    Conflict where it was given to others.
    """
    row = await station(tx, station_id)
    here = at.astimezone(ZoneInfo(city_zone()))
    if not tx.now() < at <= tx.now() + AHEAD or here not in slots(row, here.date()) or not row["open"]:
        raise Invalid("epidemic.slot.none")
    for lane in range(1, row["lanes"] + 1):
        code = "".join(secrets.choice(_LETTERS) for _ in range(8))
        values = {"id": new_id(), "station": station_id, "number": row["number"], "lane": lane, "code": code}
        made = await tx.scalar(_BOOK, {**values, "minute": minute_of(at), "minutes": row["slot_minutes"]})
        if made is not None:
            await audit.record(tx, who, "epidemic.book", "epidemic_booking", made)
            return {"code": code, "at": at.astimezone(UTC), "lane": lane, "minutes": row["slot_minutes"]}
    raise Conflict("epidemic.slot.taken")


async def cancel(tx: Tx, who: Principal, station_id: UUID, code: str) -> None:
    """Give a time back. Raises NotFound, Conflict."""
    row = await _booked(tx, station_id, code)
    if row["state"] != "booked":
        raise Conflict("epidemic.slot.over")
    await tx.execute(_STATE, {"id": row["id"], "state": "cancelled", "now": tx.now()})
    await audit.record(tx, who, "epidemic.book_cancel", "epidemic_booking", row["id"])


async def _booked(tx: Tx, station_id: UUID, code: str) -> RowMapping:
    row = await tx.row(_BOOKED, {"code": code.strip().upper(), "station": station_id})
    if row is None:
        raise NotFound("epidemic.slot.unknown")
    return row


async def come(tx: Tx, who: Principal, station_id: UUID, code: str | None) -> dict[str, Any]:
    """Somebody has come, with a time or without; their number in the queue. Raises NotFound, Conflict."""
    await station(tx, station_id, lock=True)
    booking = None if code is None else await _booked(tx, station_id, code)
    if booking is not None:
        if booking["state"] != "booked":
            raise Conflict("epidemic.slot.over")
        await tx.execute(_STATE, {"id": booking["id"], "state": "came", "now": tx.now()})
    day, id_ = today(tx), new_id()
    number = await tx.scalar(_NEXT_NUMBER, {"station": station_id, "day": day})
    about = {"id": id_, "station": station_id, "day": day, "number": number, "now": tx.now()}
    await tx.execute(_COME, {**about, "booking": None if booking is None else booking["id"]})
    await audit.record(tx, who, "epidemic.come", "epidemic_ticket", id_)
    return {"number": number}


async def call(tx: Tx, who: Principal, station_id: UUID, lane: int) -> dict[str, Any]:
    """Call the next to a lane. Who is before the lane is done. Raises NotFound; Conflict where nobody waits."""
    row = await station(tx, station_id, lock=True)
    if lane > row["lanes"]:
        raise NotFound("epidemic.station.lane")
    waiting = [one for one in await queue(tx, station_id) if one["called_at"] is None]
    if not waiting:
        raise Conflict("epidemic.queue.empty")
    first = min(waiting, key=lambda one: turn(one, minute_of(tx.now())))
    await tx.execute(_DONE, {"station": station_id, "day": today(tx), "lane": lane, "specimen": None, "now": tx.now()})
    await tx.execute(_CALL, {"id": first["id"], "lane": lane, "now": tx.now()})
    await audit.record(tx, who, "epidemic.call", "epidemic_ticket", first["id"])
    return {"number": first["number"], "lane": lane}


def turn(one: Any, minute: int) -> tuple[bool, int]:
    """Whose turn it is: those whose time has come, then by when they came."""
    return one["minute"] is None or one["minute"] > minute, one["number"]


async def queue(tx: Tx, station_id: UUID) -> Sequence[RowMapping]:
    """Today's queue by number."""
    return await tx.rows(_QUEUE, {"station": station_id, "day": today(tx)})


async def display(tx: Tx, station_id: UUID) -> dict[str, Any]:
    """What hangs over the lanes: who is called where, who waits, and how long the last ones took."""
    row = await station(tx, station_id)
    rows = await queue(tx, station_id)
    lanes = {one["lane"]: one["number"] for one in rows if one["called_at"] is not None and one["done_at"] is None}
    waits = sorted((one["called_at"] - one["came_at"]).total_seconds() for one in rows if one["called_at"])
    return {
        "name": row["name"],
        "lanes": [{"lane": lane, "number": lanes.get(lane)} for lane in range(1, row["lanes"] + 1)],
        "waiting": [one["number"] for one in rows if one["called_at"] is None],
        "done": sum(one["done_at"] is not None for one in rows),
        "wait_median_s": waits[len(waits) // 2] if waits else None,
    }


def hours(row: RowMapping) -> float:
    """How long a station is open."""
    opens: time = row["opens"]
    closes: time = row["closes"]
    return (closes.hour * 60 + closes.minute - opens.hour * 60 - opens.minute) / 60
