"""Taking what is due: the intent and its line in the audit log are committed, and only then is it sent."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Unavailable
from dure.respond.doors import envelope, letter, setup, signing
from dure.respond.doors.model import LOST_AFTER, Way
from dure.respond.doors.settling import dead
from dure.trust import audit
from dure.trust.principal import Principal, system

SENDER: Principal = system("doors")
LOOKUP = b""

# A letter waits for the earlier ones of its hand-off, so that nobody gets a message about what they have not seen.
_DUE = text(
    "select s.* from handoff_send s where s.status = 'queued' and s.next_at <= :now "
    "and not (s.agency_id = any(:busy)) and not exists (select from handoff_send p where p.handoff_id = s.handoff_id "
    "and p.seq < s.seq and p.status in ('queued', 'sending', 'unknown', 'dead')) "
    "order by s.life_safety desc, s.next_at, s.seq limit 1 for update of s skip locked"
)
_DOUBTFUL = text(
    "select * from handoff_send where status = 'unknown' and next_at <= :now and not (agency_id = any(:busy)) "
    "order by life_safety desc, next_at, seq limit 1 for update skip locked"
)
_SENDING = text(
    "update handoff_send set status = 'sending', reason = null, tries = tries + 1, attempt_at = :now, next_at = :lost, "
    "version = version + 1 where id = :id"
)
_ASKED = text("update handoff_send set next_at = :lost where id = :id")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one request needs: all that the one who sends knows of the city."""

    reference: UUID
    handoff_id: UUID
    agency_id: str
    url: str
    method: str
    body: bytes
    headers: dict[str, str]


async def claim(tx: Tx, busy: Collection[str], reply_to: str) -> Parcel | None:
    """The next letter that is due, as a committed intent once `tx` has committed; None where there is none.

    `busy` are agencies that have as many requests under way as they get. What cannot be sent is set so, and is
    answered by trying the next one at the next call.
    """
    now = tx.now()
    row = await tx.row(_DUE, {"now": now, "busy": list(busy)})
    while row is not None:
        parcel = await _taken(tx, row, reply_to, now)
        if parcel is not None:
            return parcel
        row = await tx.row(_DUE, {"now": now, "busy": list(busy)})
    return None


async def _taken(tx: Tx, row: RowMapping, reply_to: str, now: datetime) -> Parcel | None:
    door = await setup.of(tx, row["agency_id"])
    if door is None or not door["is_on"]:
        await dead(tx, row["id"], "door_closed")
        return None
    await audit.record(
        tx, SENDER, "handoff.send", "handoff", row["handoff_id"], purpose=f"{door['way']} {row['agency_id']}",
    )  # fmt: skip
    try:
        told = await letter.write(tx, SENDER, row, f"{reply_to}/{row['agency_id']}/events")
        keys = setup.keys(tx, door, now)
    except Unavailable:  # a key is missing that nobody destroyed: this one cannot go, and must not keep others back
        await dead(tx, row["id"], "unreadable")
        return None
    if told is None:
        await dead(tx, row["id"], "destroyed")
        return None
    body, kind = written(told, Way(door["way"]))
    await tx.execute(_SENDING, {"id": row["id"], "now": now, "lost": now + LOST_AFTER})
    return _parcel(row, door, "POST", body, kind, keys, now)


def written(told: letter.Letter, way: Way) -> tuple[bytes, str]:
    """A letter as a door of this kind speaks, and its media type."""
    if way is Way.REST:
        return json.dumps(told.value, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"
    return envelope.written(told, way), "application/xml"


async def ask(tx: Tx, busy: Collection[str]) -> Parcel | None:
    """The next letter of which nobody knows whether it arrived, as a question to the other side."""
    now = tx.now()
    row = await tx.row(_DOUBTFUL, {"now": now, "busy": list(busy)})
    if row is None:
        return None
    door = await setup.of(tx, row["agency_id"])
    if door is None:
        await dead(tx, row["id"], "door_closed")
        return None
    await tx.execute(_ASKED, {"id": row["id"], "lost": now + LOST_AFTER})
    return _parcel(row, door, "GET", LOOKUP, "application/json", setup.keys(tx, door, now), now)


def _parcel(
    row: RowMapping, door: RowMapping, method: str, body: bytes, kind: str, keys: Sequence[bytes], now: datetime
) -> Parcel:
    reference = str(row["id"])
    headers = signing.headers(keys, signing.US, method, reference, now, signing.new_nonce(), body)
    headers |= {"Idempotency-Key": reference, "Accept": "application/json"}
    if method == "POST":
        headers["Content-Type"] = kind
    url = door["url"] if method == "POST" else f"{door['url']}/{reference}"
    return Parcel(row["id"], row["handoff_id"], row["agency_id"], url, method, body, headers)
