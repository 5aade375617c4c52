"""The log of each shift (관제일지): it is there as soon as the shift is, writes itself from what happens, takes
remarks, is signed once and handed over.

A signature is a person's who has just proved to be there. What was signed is kept as it was shown, its hash (sha-256 of
the canonical JSON) stands in the audit log, and the database refuses to change it; corrections are added.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Forbidden, NotFound
from dure.kernel.ids import new_id
from dure.respond.shifts import facts, keeping, roster, views
from dure.respond.shifts.keeping import Kept
from dure.respond.shifts.model import Crew, Slot
from dure.respond.shifts.policy import sees
from dure.trust import audit, vault
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.who import granting

BACK = timedelta(days=7)
"""So far back logs are begun for shifts that passed while dure was down."""
EARLY = timedelta(minutes=30)
"""So long before its end a shift may be signed off."""
_ROSTERS = text("select * from roster where keeps_log order by created_at, id")
_LAST = text("select max(begins_at) from shift_log where roster_id = :id")
_BEGIN = text(
    "insert into shift_log (id, roster_id, day, shift, shift_ko, shift_en, begins_at, ends_at, status) values "
    "(:id, :roster, :day, :shift, :ko, :en, :begins_at, :ends_at, 'open') on conflict (roster_id, begins_at) do nothing"
)
_COLUMNS = (
    "l.id, l.roster_id, l.day, l.shift, l.shift_ko, l.shift_en, l.begins_at, l.ends_at, l.status, l.digest, "
    "l.signed_by, l.signed_as, l.signed_at, l.version, r.agency_id, r.name, r.name_en, h.given_by, h.given_at, "
    "h.taken_by, h.taken_as, h.taken_at from shift_log l join roster r on r.id = l.roster_id "
    "left join shift_handover h on h.log_id = l.id "
)
_LIST = text(
    f"select {_COLUMNS} where (cast(:after as timestamptz) is null or (l.begins_at, l.id) < (:after, :after_id)) "
    "and (cast(:roster as uuid) is null or l.roster_id = :roster) "
    "and (cast(:since as date) is null or l.day >= :since) and (cast(:until as date) is null or l.day <= :until) "
    "and (cast(:words as text) is null or l.content::text ilike :words escape '\\' "
    "or l.signed_by ilike :words escape '\\') "
    "and (not :owed or l.status = 'open' and l.ends_at <= :now or l.status = 'signed' and h.taken_at is null) "
    "order by l.begins_at desc, l.id desc limit :limit"
)
_ONE = text(f"select {_COLUMNS} where l.id = :id")
_BEFORE = text(
    "select signed_at from shift_log where roster_id = :roster and begins_at < :begins_at "
    "order by begins_at desc limit 1"
)
_CONTENT = text("select content from shift_log where id = :id")
_LOCK = text("select id from shift_log where id = :id for update")
_REMARKS = text("select id, kind, at, by, text from shift_remark where log_id = :id order by at, id")
_REMARK = text(
    "insert into shift_remark (id, log_id, kind, at, by, by_id, text) "
    "values (:id, :log, :kind, :now, :by, :by_id, :text)"
)
_SIGN = text(
    "update shift_log set status = 'signed', content = cast(:content as jsonb), digest = :digest, signed_by = :by, "
    "signed_by_id = :by_id, signed_as = :signed_as, signed_at = :now, version = version + 1 where id = :id"
)
_GIVE = text(
    "insert into shift_handover (log_id, summary, digest, note, given_by, given_by_id, given_at) "
    "values (:id, cast(:summary as jsonb), :digest, :note, :by, :by_id, :now)"
)
_HANDOVER = text("select * from shift_handover where log_id = :id")
_TAKE = text(
    "update shift_handover set taken_by = :by, taken_by_id = :by_id, taken_as = :taken_as, taken_at = :now, "
    "taken_note = :note, version = version + 1 where log_id = :id"
)
_AUDITED = text(
    "select purpose from audit where action = 'shift.sign' and entity = 'shift_log' and entity_id = :id "
    "order by at limit 1"
)


async def run(context: Context) -> None:
    """Each minute: a log for the shift that runs, and for those that passed without one."""
    async with context.database.transaction() as tx:
        await ensure(tx)


async def ensure(tx: Tx) -> None:
    """Begin what logs there should be by now."""
    now = tx.now()
    for row in await tx.rows(_ROSTERS):
        last = await tx.scalar(_LAST, {"id": row["id"]})
        since = now if last is None else max(last + timedelta(seconds=1), now - BACK)
        kept = await keeping.load(
            tx, row, since.astimezone(keeping.zone()).date(), now.astimezone(keeping.zone()).date()
        )
        for slot in roster.slots(kept.roster, since, now + timedelta(microseconds=1), kept.zone):
            if last is None or slot.begins > last:
                await tx.execute(_BEGIN, _values(kept, slot))


def _values(kept: Kept, slot: Slot) -> dict[str, Any]:
    names = {"ko": slot.shift.ko, "en": slot.shift.en, "begins_at": slot.begins, "ends_at": slot.ends}
    return {"id": new_id(), "roster": kept.id, "day": slot.day, "shift": slot.shift.id, **names}


async def listed(
    tx: Tx, wanted: dict[str, Any], after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[RowMapping]:
    """Logs, the newest first, one more than `limit`. `wanted`: roster, since, until (days), words, owed (what waits for
    a signature).
    """
    at, id_ = after or (None, None)
    words = wanted["words"]
    like = None if not words else "%" + "".join(f"\\{c}" if c in "\\%_" else c for c in words) + "%"
    return await tx.rows(
        _LIST, {**wanted, "words": like, "after": at, "after_id": id_, "now": tx.now(), "limit": limit + 1}
    )


async def get(tx: Tx, who: Principal, log_id: UUID) -> RowMapping:
    """A log's head. Raises NotFound."""
    row = await tx.row(_ONE, {"id": log_id})
    if row is None or not sees(who, row["agency_id"]):
        raise NotFound("respond.shifts.log.unknown")
    return row


async def whole(tx: Tx, row: RowMapping) -> dict[str, Any]:
    """A log with its contents: as they are now, or as they were signed; its remarks; its handover or what it would
    say.
    """
    signed = row["status"] == "signed"
    handover = await tx.row(_HANDOVER, {"id": row["id"]})
    content = await tx.scalar(_CONTENT, {"id": row["id"]}) if signed else await content_of(tx, row)
    about = vault.of(tx)
    given: dict[str, Any] = {"summary": await facts.standing(tx), "note": "", "taken_note": ""}
    if handover is not None:
        given = {
            "summary": handover["summary"],
            "note": about.unseal(_about(row["id"], "note"), bytes(handover["note"])).decode(),
            "taken_note": about.unseal(_about(row["id"], "taken"), bytes(handover["taken_note"])).decode()
            if handover["taken_note"]
            else "",
        }
    return {
        **head(row),
        "content": content,
        "remarks": await remarks(tx, row["id"]),
        "handover": given,
        "proven": await proven(tx, row, content) if signed else None,
    }


def head(row: RowMapping) -> dict[str, Any]:
    """A log in a list."""
    shown = {name: value for name, value in row.items() if name not in {"id", "roster_id"}}
    return {"id": str(row["id"]), "roster_id": str(row["roster_id"]), **shown}


async def content_of(tx: Tx, row: RowMapping, until: datetime | None = None) -> dict[str, Any]:
    """What a log says as of now: who is on duty, and what has happened in its time. What came after the shift before
    had signed is this one's to tell.
    """
    kept, slot = await _slot(tx, row)
    crew = roster.crew(kept.roster, slot) if slot is not None else None
    before = await tx.scalar(_BEFORE, {"roster": row["roster_id"], "begins_at": row["begins_at"]})
    since = row["begins_at"] if before is None else min(before, row["begins_at"])
    found = await facts.between(tx, since, min(until or row["ends_at"], row["ends_at"]))
    noted = [
        {"id": str(one["id"]), "at": one["at"].isoformat(), "by": one["by"],
         "digest": vault.of(tx).digest("remark", one["plain"]).hex()}
        for one in await _opened(tx, row["id"])
    ]  # fmt: skip
    return {
        "roster": row["name"],
        "day": row["day"].isoformat(),
        "shift": row["shift"],
        "begins_at": row["begins_at"].isoformat(),
        "ends_at": row["ends_at"].isoformat(),
        "crew": [] if crew is None else _people(kept, crew),
        **found,
        "remarks": noted,
    }


def _people(kept: Kept, crew: Crew) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = views.crew_value(kept, crew, "ko")["people"]
    return people


async def _slot(tx: Tx, row: RowMapping) -> tuple[Kept, Slot | None]:
    today = tx.now().astimezone(keeping.zone()).date()
    kept = await keeping.load(tx, await keeping.row(tx, row["roster_id"]), row["day"], max(row["day"], today))
    return kept, next(
        (one for one in roster.slots_of(kept.roster, row["day"], kept.zone) if one.shift.id == row["shift"]), None
    )


async def _opened(tx: Tx, log_id: UUID) -> list[dict[str, Any]]:
    about = vault.of(tx)
    return [
        {**one, "plain": about.unseal(_about(log_id, "remark"), bytes(one["text"])).decode()}
        for one in await tx.rows(_REMARKS, {"id": log_id})
    ]


async def remarks(tx: Tx, log_id: UUID) -> list[dict[str, Any]]:
    """What people wrote, in order."""
    return [
        {"id": str(one["id"]), "kind": one["kind"], "at": one["at"], "by": one["by"], "text": one["plain"]}
        for one in await _opened(tx, log_id)
    ]


async def remark(tx: Tx, who: Principal, log_id: UUID, words: str) -> None:
    """Add a remark; to a signed log a correction. Raises NotFound."""
    await tx.execute(_LOCK, {"id": log_id})
    row = await get(tx, who, log_id)
    kind = "correction" if row["status"] == "signed" else "remark"
    sealed = vault.of(tx).seal(_about(log_id, "remark"), words.encode())
    values = {"id": new_id(), "log": log_id, "kind": kind, "now": tx.now(), "by": who.name, "by_id": who.actor}
    await tx.execute(_REMARK, {**values, "text": sealed})
    await audit.record(tx, who, f"shift.{kind}", "shift_log", log_id)


async def sign(tx: Tx, who: Principal, log_id: UUID, note: str) -> None:
    """The shift's lead signs its log and hands over: the log is closed, what stands is summed up for the next shift.

    Raises NotFound, Forbidden for somebody of another shift who leads none, Conflict too early or twice.
    """
    await tx.execute(_LOCK, {"id": log_id})
    row = await get(tx, who, log_id)
    if row["status"] == "signed":
        raise Conflict("respond.shifts.log.signed")
    if tx.now() < row["ends_at"] - EARLY:
        raise Conflict("respond.shifts.log.early")
    signed_as = await _as(tx, who, row, following=False)
    content = await content_of(tx, row, tx.now())
    digest = digest_of(content)
    by = {"by": who.name, "by_id": who.actor, "now": tx.now(), "id": log_id}
    await tx.execute(_SIGN, {**by, "content": json.dumps(content), "digest": digest, "signed_as": signed_as})
    summary = await facts.standing(tx)
    sealed = vault.of(tx).seal(_about(log_id, "note"), note.encode())
    told = digest_of({**summary, "note": vault.of(tx).digest("remark", note).hex()})
    await tx.execute(_GIVE, {**by, "summary": json.dumps(summary), "digest": told, "note": sealed})
    await audit.record(tx, who, "shift.sign", "shift_log", log_id, purpose=f"sha256:{digest}")
    await audit.record(tx, who, "shift.give", "shift_log", log_id, purpose=f"sha256:{told}")


async def take(tx: Tx, who: Principal, log_id: UUID, note: str) -> None:
    """The next shift signs that it has read the handover. Raises NotFound, Forbidden for the one who gave it and for
    somebody of another shift who leads none, Conflict before it was given and twice.
    """
    await tx.execute(_LOCK, {"id": log_id})
    row = await get(tx, who, log_id)
    handover = await tx.row(_HANDOVER, {"id": log_id})
    if handover is None:
        raise Conflict("respond.shifts.log.not_given")
    if handover["taken_at"] is not None:
        raise Conflict("respond.shifts.log.taken")
    if handover["given_by_id"] == who.actor:
        raise Forbidden("respond.shifts.log.own")
    taken_as = await _as(tx, who, row, following=True)
    sealed = vault.of(tx).seal(_about(log_id, "taken"), note.encode()) if note else None
    by = {"by": who.name, "by_id": who.actor, "now": tx.now(), "id": log_id}
    await tx.execute(_TAKE, {**by, "taken_as": taken_as, "note": sealed})
    await audit.record(tx, who, "shift.take", "shift_log", log_id, purpose=f"sha256:{handover['digest']}")


async def _as(tx: Tx, who: Principal, row: RowMapping, *, following: bool) -> str:
    """As what somebody signs: `lead` of the shift, `crew` of one that has no lead, or `stand_in`: a shift lead of
    another. Raises Forbidden for everybody else.
    """
    kept, slot = await _slot(tx, row)
    if slot is not None and following:
        slot = roster.next_slot(kept.roster, slot, kept.zone)
        if slot is not None and (running := kept.crew_at(tx.now())) is not None and running.slot.begins > slot.begins:
            slot = running.slot  # a shift was left out: whoever is there now takes it over
    crew = None if slot is None else roster.crew(kept.roster, slot)
    me = await granting.person_behind(tx, who)
    if crew is not None and crew.lead is not None and crew.lead.account_id == me:
        return "lead"
    if crew is not None and crew.lead is None and any(one.account_id == me for one in crew.people):
        return "crew"
    if Role.SHIFT_LEAD in who.roles:
        return "stand_in"
    raise Forbidden("respond.shifts.log.not_lead")


def digest_of(content: dict[str, Any]) -> str:
    """The sha-256 of a content's canonical form: keys sorted, no blanks, UTF-8."""
    plain = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


async def proven(tx: Tx, row: RowMapping, content: dict[str, Any]) -> bool:
    """Whether a signed log is what was signed: its content, its remarks and the audit log's line agree."""
    noted = {one["id"]: one["digest"] for one in content["remarks"]}
    held = {
        str(one["id"]): vault.of(tx).digest("remark", one["plain"]).hex()
        for one in await _opened(tx, row["id"])
        if one["kind"] == "remark"
    }
    audited = await tx.scalar(_AUDITED, {"id": str(row["id"])})
    return noted == held and audited == f"sha256:{row['digest']}" == f"sha256:{digest_of(content)}"


def _about(log_id: UUID, what: str) -> str:
    return f"shift {log_id} {what}"
