"""Movements that are asked for: approved by somebody else, given for one purpose, destroyed on their day."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping

from dure.documents.limits import UnreadableFile
from dure.engine import jobs
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid
from dure.kernel.ids import new_id
from dure.services.epidemic import queries_tracing as queries
from dure.services.epidemic.tracing import running, store, visits
from dure.services.epidemic.tracing.child import Question
from dure.services.epidemic.tracing.sources import terms
from dure.trust import audit, vault
from dure.trust.principal import Principal, system
from dure.trust.retention import recording
from dure.trust.retention.model import Kind, Rule, Thing
from dure.trust.vault import folded, texts

QUEUE = "epidemic.pings"
MOST_CODES = 1_000
PLACE = "epidemic_visit.place"
NAMES = "epidemic_request.names"
LONGEST = timedelta(days=62)
"""Of the time that one request may reach over."""
MOVEMENTS = Kind(
    "epidemic_movements",
    (
        Rule(
            date(2010, 12, 30),
            60,
            "감염병예방법 제76조의2 제6항: 업무가 끝나면 지체 없이 파기. 날수는 출처마다의 표(14–60일)",
            confirm=True,
        ),
    ),
    begins="trust.retention.begins.made",
)
"""What was given for a request. Its own clock takes it out within a minute of its day."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, of whom, about which cases, and why."""

    disease: str
    source: str
    holder: str
    codes: tuple[str, ...]
    from_at: datetime
    to_at: datetime
    purpose: str
    document: str | None = None


async def ask(tx: Tx, who: Principal, wanted: Wanted) -> UUID:
    """Ask for movements. What people themselves tell in an interview needs nobody's leave; all else waits for somebody
    else's. Raises Invalid for a code that is no case, or an impossible span.
    """
    if not wanted.from_at < wanted.to_at <= wanted.from_at + LONGEST:
        raise Invalid("engine.fields.wrong", fields=[FieldError("to_at", "epidemic.request.span")])
    known = await queries.courses(tx, wanted.disease, wanted.codes)
    absent = [code for code in wanted.codes if code not in known]
    if absent:
        raise Invalid("engine.fields.wrong", fields=[FieldError("codes", "epidemic.request.stranger")])
    now = tx.now()
    held = terms(wanted.source, now.astimezone(ZoneInfo(city_zone())).date())
    id_ = new_id()
    await queries.add_request(
        tx,
        {
            "id": id_,
            "mark_id": new_id(),
            "disease": wanted.disease,
            "source": wanted.source,
            "holder": wanted.holder,
            "codes": list(dict.fromkeys(wanted.codes)),
            "from_at": wanted.from_at,
            "to_at": wanted.to_at,
            "purpose": wanted.purpose,
            "basis": held.basis,
            "document": wanted.document,
            "keep_days": held.keep_days,
            "status": "asked" if held.approval else "approved",
            "asked_by": who.actor,
            "asked_name": who.name,
            "asked_at": now,
        },
    )
    await audit.record(tx, who, "epidemic.ask", "epidemic_request", id_, purpose=wanted.purpose)
    return id_


async def decide(tx: Tx, who: Principal, id_: UUID, approve: bool, reason: str | None) -> None:
    """Approve or refuse. Raises NotFound, Conflict where it is decided, Forbidden for who asked."""
    row = await queries.request(tx, id_, lock=True)
    if row["status"] != "asked":
        raise Conflict("epidemic.request.decided")
    if row["asked_by"] == who.actor:
        raise Forbidden("epidemic.request.own")
    await queries.move(
        tx,
        id_,
        status="approved" if approve else "refused",
        decided_by=who.actor,
        decided_name=who.name,
        decided_at=tx.now(),
        reason=reason,
    )
    await audit.record(
        tx, who, "epidemic.approve" if approve else "epidemic.refuse", "epidemic_request", id_, purpose=reason
    )


async def ready(tx: Tx, id_: UUID) -> RowMapping:
    """A request whose file may come now. Raises NotFound, Conflict."""
    row = await queries.request(tx, id_, lock=True)
    if row["status"] not in {"approved", "failed"}:
        raise Conflict(
            "epidemic.request.not_approved" if row["status"] in {"asked", "refused"} else "epidemic.request.given"
        )
    return row


async def take(tx: Tx, who: Principal, id_: UUID, data: Path, path: Path, digest: str) -> None:
    """Take the file for an approved request: stays at once, pings by the work process. `path` is taken over.

    Raises NotFound, Conflict, UnreadableFile.
    """
    row = await ready(tx, id_)
    now = tx.now()
    held: dict[str, Any] = {
        "given_at": now,
        "sha256": digest,
        "destroy_at": now + timedelta(days=row["keep_days"]),
    }
    await audit.record(tx, who, "epidemic.give", "epidemic_request", id_, purpose=row["purpose"])
    if row["source"] == "telecom":
        target = running.incoming(data, id_)
        await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(path.replace, target)
        await queries.move(tx, id_, status="reading", **held)
        await jobs.wake(tx, QUEUE, str(id_))
        return
    span = (row["from_at"], row["to_at"])
    done = await asyncio.to_thread(visits.read, path, frozenset(row["codes"]), span, ZoneInfo(city_zone()))
    await queries.add_visits(tx, [await _sealed(tx, row, stay) for stay in done.kept])
    counts = {"rows": done.rows, "kept": len(done.kept), "refused": dict(done.refused)}
    await queries.move(tx, id_, status="given", counts=counts, **held)


async def _sealed(tx: Tx, row: RowMapping, stay: visits.Stay) -> dict[str, Any]:
    told = {"place": stay.place, "kind": stay.kind, "address": stay.address, "lon": stay.lon, "lat": stay.lat}
    return {
        "id": new_id(),
        "request_id": row["id"],
        "disease": row["disease"],
        "code": stay.code,
        "from_at": stay.from_at,
        "to_at": stay.to_at,
        "place": await texts.sealed_bytes(tx, row["mark_id"], PLACE, msgspec.json.encode(told)),
    }


async def read_pings(tx: Tx, subject: str) -> None:
    """Read a file of pings into its columns, seal who is who, and find the cases among them. A job."""
    id_ = UUID(subject)
    row = await queries.request(tx, id_, lock=True)
    if row["status"] != "reading" or tx.folder is None:
        return
    path, folder = running.incoming(tx.folder, id_), running.folder_of(tx.folder, id_)
    zone_s = int((row["from_at"].astimezone(ZoneInfo(city_zone())).utcoffset() or timedelta()).total_seconds())
    span = (int(row["from_at"].timestamp()), int(row["to_at"].timestamp()))
    try:
        done = await running.ask(Question("keep", [str(folder)], str(path), span[0], span[1], zone_s))
    except (Invalid, UnreadableFile) as error:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        await queries.move(tx, id_, status="failed", counts={"problem": error.key})
        return
    names: list[str] = done["names"]
    sealed = await texts.sealed_bytes(tx, row["mark_id"], NAMES, msgspec.msgpack.encode(names))
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread((folder / "names").write_bytes, sealed)
    await asyncio.to_thread(path.unlink, missing_ok=True)
    own = await _cases_among(tx, row, names)
    await queries.add_subjects(tx, id_, own)
    counts = {
        "rows": done["rows"],
        "kept": done["kept"],
        "refused": done["refused"],
        "people": len(names),
        "cases": len(own),
    }
    await queries.move(tx, id_, status="given", counts=counts)


async def _cases_among(tx: Tx, row: RowMapping, names: Sequence[str]) -> dict[int, str]:
    """Which numbers are the cases that were asked for: by their telephone, or by their own code."""
    people = await queries.people(tx, row["disease"], row["codes"])
    known = await vault.of(tx).opened(tx, people, {"phone"})
    for person_id in known:
        await audit.record(
            tx, system("epidemic"), "epidemic.match", "epidemic_request", row["id"], person_id=person_id,
            purpose=row["purpose"],
        )  # fmt: skip
    wanted = {
        folded("phone", known[id_].phone): code for id_, code in people.items() if id_ in known and known[id_].phone
    }
    codes = set(row["codes"])
    found: dict[int, str] = {}
    for number, name in enumerate(names):
        code = name if name in codes else wanted.get(folded("phone", name))
        if code is not None:
            found[number] = code
    return found


def named(tx: Tx, row: RowMapping, numbers: Sequence[int]) -> dict[int, str]:
    """The identifiers of these numbers of a file. The caller has left the line in the audit log."""
    assert tx.folder is not None
    sealed = (running.folder_of(tx.folder, row["id"]) / "names").read_bytes()
    plain = texts.opened_bytes(vault.of(tx), row["mark_id"], NAMES, sealed)
    names: list[str] = msgspec.msgpack.decode(plain) if plain else []
    return {number: names[number] for number in numbers if 0 <= number < len(names)}


async def destroy(tx: Tx, who: Principal, id_: UUID) -> None:
    """Destroy what was given before its day, because the work is done. Raises NotFound, Conflict."""
    row = await queries.request(tx, id_, lock=True)
    if row["given_at"] is None or row["destroyed_at"] is not None:
        raise Conflict("epidemic.request.nothing")
    if not await _destroyed(tx, who, [row]):
        raise Conflict("epidemic.request.held")


async def _destroyed(tx: Tx, who: Principal, rows: Sequence[RowMapping]) -> int:
    """The keys, the rows and the files of these; how many. What an investigation holds stays."""
    things = [Thing(str(row["id"]), row["asked_at"]) for row in rows]
    going = {UUID(one.id) for one in await recording.ending(tx, MOVEMENTS, things)}
    gone = [row for row in rows if row["id"] in going]
    for row in gone:
        await texts.destroy(tx, who, [row["mark_id"]], "epidemic.movements")
        await queries.clear(tx, row["id"])
        await queries.move(tx, row["id"], status="destroyed", destroyed_at=tx.now(), destroyed_name=who.name)
        await audit.record(tx, who, "epidemic.destroy", "epidemic_request", row["id"], purpose=row["purpose"])
        if tx.folder is not None:
            _after(tx, tx.folder, row["id"])
    return len(gone)


def _after(tx: Tx, data: Path, id_: UUID) -> None:
    def gone() -> None:
        store.destroy(running.folder_of(data, id_))
        running.incoming(data, id_).unlink(missing_ok=True)

    tx.after_commit(gone)


async def tidy(context: Context) -> None:
    """Destroy what is due, and files that a rolled-back request left. Each minute."""
    async with context.database.transaction() as tx:
        rows = await queries.due(tx, tx.now())
        if rows:
            await _destroyed(tx, system("epidemic"), rows)


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Blocking."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


PINGS = jobs.Queue(QUEUE, read_pings, lanes=1)
