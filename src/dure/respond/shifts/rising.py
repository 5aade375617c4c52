"""What is not done in time goes up the ladder, rung by rung, by the roster at that moment.

All that is late in one incident goes up together. Each look reads anew what still stands, tells the next rung that
somebody can be reached on, and leaves a wake for the next; rungs that are empty are named, never passed in silence.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine import jobs
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.jobs import Queue
from dure.engine.texts import catalogue
from dure.kernel.errors import Conflict, NotFound
from dure.kernel.ids import new_id
from dure.kernel.messages import Language
from dure.kernel.severity import Severity
from dure.notices import sending
from dure.notices.model import Channel, To, Wanted
from dure.respond import queries, timeline
from dure.respond.changes import changed
from dure.respond.runs.parties import Late
from dure.respond.shifts import duty, keeping, ladder
from dure.respond.shifts.ladder import Climb, Found, Rung
from dure.respond.timeline import Entry
from dure.trust import audit
from dure.trust.principal import Principal

NAME = "respond.rises"
CHANGE = "rise"
_STANDING = "status in ('open', 'spent')"
_OPEN = text(f"select * from rise where incident_id = :incident and {_STANDING} for update")
_ONE = text("select * from rise where id = :id for update")
_BEGIN = text(
    "insert into rise (id, incident_id, run_id, roster_id, status, items, rung, begun_at, next_at) "
    "values (:id, :incident, :run, :roster, 'open', cast(:items as jsonb), :rung, :now, :now)"
)
_JOIN = text(
    "update rise set items = cast(:items as jsonb), status = 'open', rung = :rung, rounds = :rounds, "
    "next_at = :next_at, version = version + 1 where id = :id"
)
_ON = text(
    "update rise set status = :status, rung = :rung, rounds = :rounds, next_at = :next_at, version = version + 1 "
    "where id = :id"
)
_END = text(
    "update rise set status = :status, ended_at = :now, ended_by = :by, next_at = null, version = version + 1 "
    "where id = :id"
)
_CALL = text(
    "insert into rise_call (rise_id, number, rung, ko, en, at, told, lack) values (:rise, "
    "(select count(*) + 1 from rise_call where rise_id = :rise), :rung, :ko, :en, :now, cast(:told as jsonb), :lack)"
)
_LAST_CALLS = text("select distinct on (rung) rung, lack from rise_call where rise_id = :id order by rung, number desc")
# What is late is still late as long as its item runs in the same attempt, the run goes on and the incident is open.
STILL = """
    select i.value from rise r
    cross join lateral jsonb_array_elements(r.items) i
    join run on run.id = r.run_id and run.status = 'running'
    join incident on incident.id = r.incident_id and incident.status <> 'closed' and incident.merged_into is null
    left join run_act a on a.run_id = r.run_id and a.act_id = i.value ->> 'of'
    left join run_step s on s.run_id = r.run_id and s.number::text = i.value ->> 'of'
    where r.id = {rise} and coalesce(a.status, s.status) in ('running', 'stuck')
        and coalesce(a.attempt, s.attempt) = (i.value ->> 'attempt')::int
"""
_STILL = text(STILL.format(rise=":id"))
_OVER = text(f"select id from rise r where {_STANDING} and not exists ({STILL.format(rise='r.id')}) limit 200")


async def begin(tx: Tx, incident: RowMapping, run_id: UUID, items: Sequence[Late]) -> None:
    """Something in an incident (locked) was not done in time."""
    row = await duty.roster_for(tx, items[0].agency_id)
    rungs: Sequence[Rung] = ladder.USUAL if row is None else ladder.from_json(row["ladder"])
    first = min(ladder.first_rung(rungs, one.role) for one in items)
    new = [{"of": one.of, "attempt": one.attempt, "ko": one.ko, "en": one.en} for one in items]
    standing = await tx.row(_OPEN, {"incident": incident["id"]})
    if standing is None:
        id_ = new_id()
        values = {"id": id_, "incident": incident["id"], "run": run_id, "roster": row and row["id"], "rung": first}
        await tx.execute(_BEGIN, {**values, "items": json.dumps(new), "now": tx.now()})
    else:
        id_ = standing["id"]
        spent = standing["status"] == "spent"  # what is new is told from its own rung on
        known = {(one["of"], one["attempt"]) for one in standing["items"]}
        new = [one for one in new if (one["of"], one["attempt"]) not in known]
        if not new and not spent:
            return  # a golden time that was about to be missed is missed now: it is on its way up
        values = {
            "id": id_,
            "items": json.dumps([*standing["items"], *new]),
            "rung": first if spent else standing["rung"],
            "rounds": 0 if spent else standing["rounds"],
            "next_at": tx.now() if spent else standing["next_at"],
        }
        await tx.execute(_JOIN, values)
        if not spent:
            return  # the wake that stands for the rise tells of all of it
    await jobs.wake(tx, NAME, str(id_))


async def handle(tx: Tx, subject: str) -> None:
    """A wake: `subject` is a rise's id. Asked again with nothing new, nothing follows."""
    rise_id = UUID(subject)
    incident_id = await tx.scalar(text("select incident_id from rise where id = :id"), {"id": rise_id})
    if incident_id is None:
        return
    incident, _root = await queries.locked_with_root(tx, incident_id)  # incident first, as everywhere
    rise = await tx.row(_ONE, {"id": rise_id})
    if rise is None or rise["status"] != "open" or rise["next_at"] > tx.now():
        return
    still = [one["value"] for one in await tx.rows(_STILL, {"id": rise_id})]
    if not still:
        await tx.execute(_END, {"id": rise_id, "status": "done", "now": tx.now(), "by": None})
        return
    await _climb(tx, incident, rise, still)
    await changed(tx, incident_id, CHANGE)


QUEUE = Queue(NAME, handle, lanes=2)


async def _climb(tx: Tx, incident: RowMapping, rise: RowMapping, still: Sequence[Mapping[str, Any]]) -> None:
    row = await keeping.row(tx, rise["roster_id"]) if rise["roster_id"] else await keeping.centre(tx)
    rungs: Sequence[Rung] = ladder.USUAL if row is None else ladder.from_json(row["ladder"])
    found: list[Found] = [Found(n, (), ()) for n in range(len(rungs))]
    ways: Mapping[UUID, tuple[Channel, ...]] = {}
    if row is not None:
        found, ways = await duty.found(tx, await keeping.at(tx, row, tx.now()), rungs, tx.now())
    step = ladder.climb(found, min(rise["rung"], len(rungs)), rise["rounds"])
    said = {row["rung"]: row["lack"] for row in await tx.rows(_LAST_CALLS, {"id": rise["id"]})}
    for one in step.empty:
        lack = "unreachable" if one.people else "nobody"
        if said.get(one.rung) == lack:
            continue  # it was as empty when it was asked last
        await _call(tx, rise, rungs[one.rung], one.rung, [], lack)
        await timeline.add(tx, incident["id"], Entry.PLAYBOOK, f"rise_{lack}", _names(rungs[one.rung]))
    if step.told is None:
        await timeline.add(tx, incident["id"], Entry.PLAYBOOK, "rise_spent", {"n": len(still)})
        await _on(tx, rise, step, "spent", None)
        return
    rung = rungs[step.told.rung]
    labels = await _labels(tx, step.told.reachable)
    await _call(tx, rise, rung, step.told.rung, list(labels.values()), None)
    for account in step.told.reachable:
        for channel in ways[account]:
            await _tell(tx, incident, rise, still, account, channel)
    params: dict[str, str | int] = {**_names(rung), "who": ", ".join(labels.values()), "n": len(still), **_first(still)}
    await timeline.add(tx, incident["id"], Entry.PLAYBOOK, "rise_told", params)
    await _on(tx, rise, step, "open", rung.wait_s)


async def _on(tx: Tx, rise: RowMapping, step: Climb, status: str, wait_s: int | None) -> None:
    next_at = None if wait_s is None else tx.now() + timedelta(seconds=wait_s)
    values = {"id": rise["id"], "status": status, "rung": step.rung, "rounds": step.rounds, "next_at": next_at}
    await tx.execute(_ON, values)
    if next_at is not None:
        await jobs.wake(tx, NAME, str(rise["id"]), next_at)


async def _tell(
    tx: Tx,
    incident: RowMapping,
    rise: RowMapping,
    still: Sequence[Mapping[str, Any]],
    account: UUID,
    channel: Channel,
) -> None:
    number = await tx.scalar(text("select count(*) from rise_call where rise_id = :id"), {"id": rise["id"]})
    language: Language = "ko"
    if await tx.scalar(text("select language from account where id = :id"), {"id": account}) == "en":
        language = "en"
    place = incident["name"] or incident["address"] or ""
    about = {"place": place, "receipt_no": incident["receipt_no"], "what": still[0][language], "n": len(still) - 1}
    said = catalogue().text(language, "respond.shifts.rise.text", about)
    await sending.send(
        tx,
        Wanted(
            channel,
            To(account_id=account),
            "plain",
            f"rise:{rise['id']}:{number}",
            {"text": said, "subject": place or incident["receipt_no"]},
            life_safety=Severity(incident["severity"]) in {Severity.CRITICAL, Severity.SERIOUS},
            incident_id=incident["id"],
            language=language,
            by=f"rise:{rise['id']}",
            good_for=timedelta(hours=1),
        ),
    )


async def _call(tx: Tx, rise: RowMapping, rung: Rung, number: int, told: Sequence[str], lack: str | None) -> None:
    values = {"rise": rise["id"], "rung": number, "ko": rung.ko, "en": rung.en, "now": tx.now()}
    await tx.execute(_CALL, {**values, "told": json.dumps(list(told)), "lack": lack})


async def _labels(tx: Tx, accounts: Sequence[UUID]) -> dict[UUID, str]:
    rows = await tx.rows(text("select id, label from account where id = any(:ids)"), {"ids": list(accounts)})
    known = {row["id"]: str(row["label"]) for row in rows}
    return {one: known[one] for one in accounts}


def _names(rung: Rung) -> dict[str, str]:
    return {"rung_ko": rung.ko, "rung_en": rung.en}


def _first(still: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {"what_ko": still[0]["ko"], "what_en": still[0]["en"]}


async def take(tx: Tx, who: Principal, rise_id: UUID) -> None:
    """Somebody has it: nobody further is told. Raises NotFound, Conflict where it is over."""
    incident_id = await tx.scalar(text("select incident_id from rise where id = :id"), {"id": rise_id})
    if incident_id is None:
        raise NotFound("respond.shifts.rise.unknown")
    await queries.locked_with_root(tx, incident_id)
    rise = await tx.row(_ONE, {"id": rise_id})
    if rise is None or rise["status"] not in {"open", "spent"}:
        raise Conflict("respond.shifts.rise.over")
    await tx.execute(_END, {"id": rise_id, "status": "taken", "now": tx.now(), "by": who.name})
    await timeline.add(tx, incident_id, Entry.PLAYBOOK, "rise_taken", _first(rise["items"]), actor=who.name)
    await audit.record(tx, who, "incident.rise_take", "incident", incident_id)
    await changed(tx, incident_id, CHANGE)


async def tidy(context: Context) -> None:
    """End what goes up for nothing any more; the wakes do it too, but a spent one has none left."""
    async with context.database.transaction() as tx:
        for row in await tx.rows(_OVER):
            await tx.execute(_END, {"id": row["id"], "status": "done", "now": tx.now(), "by": None})


async def listed(tx: Tx) -> Sequence[dict[str, Any]]:
    """What is on its way up now, the oldest first, with who was told."""
    rows = await tx.rows(
        text(
            "select r.*, i.receipt_no, i.type, i.severity, i.mode from rise r join incident i on i.id = r.incident_id "
            f"where r.{_STANDING} and exists ({STILL.format(rise='r.id')}) order by r.begun_at, r.id limit 100"
        )
    )
    calls: dict[UUID, list[RowMapping]] = {}
    for one in await tx.rows(
        text("select * from rise_call where rise_id = any(:ids) order by number"), {"ids": [row["id"] for row in rows]}
    ):
        calls.setdefault(one["rise_id"], []).append(one)
    return [{**row, "calls": calls.get(row["id"], [])} for row in rows]
