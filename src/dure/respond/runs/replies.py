"""Whoever a manual asks by a text answers by the link below it: a stall's owner, on a phone, without an account. Who is
called answers by a key of the telephone.

A link (`links`) opens one question of one incident, for a day or until the incident is closed. Who stands behind it is
known by the notice that carried it, and shown to nobody here.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.city import queries as city
from dure.engine import jobs
from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Invalid, NotFound
from dure.notices import acknowledging
from dure.respond import queries, reading
from dure.respond.changes import changed
from dure.respond.model import Status
from dure.respond.playbooks.model import ConditionKind, Playbook, When
from dure.respond.policy import Scope
from dure.respond.runs import keeping, noting
from dure.respond.runs.index import index
from dure.respond.runs.interpreter import CHANGE, carry_on
from dure.respond.runs.links import digest
from dure.respond.runs.said import answers
from dure.respond.runs.state import Item, ItemStatus, Message, Note, Outcome, Say
from dure.respond.types import TYPES
from dure.respond.views import Reader
from dure.trust import audit
from dure.trust.principal import system

BY_LINK = "link"
"""A notice was heard because its link was opened and answered."""
LONGEST_NAME = 80
_FOUND = text(
    "select p.*, r.incident_id, n.person_id, n.to_key from run_reply p join run r on r.id = p.run_id "
    "left join notice n on n.key = p.key and n.medium = 'text' "
    "where p.digest = :digest and p.until > :now and p.way = 'link'"
)
_CALLED = text(
    "select p.*, r.incident_id, n.person_id, n.to_key from run_reply p join run r on r.id = p.run_id "
    "left join notice n on n.key = p.key and n.medium = 'voice' where p.key = :key and p.way = 'key' and p.until > :now"
)
_SEEN = text("update run_reply set seen_at = :now where key = :key and seen_at is null")
_GIVE = text(
    "update run_reply set answer = :answer, answered_at = :now, seen_at = coalesce(seen_at, :now) "
    "where key = :key and answer is distinct from :answer"
)
# Who got a text and a call is one: what they answered last, by whichever way.
_WHO = "coalesce(n.person_id::text, p.key)"
_SAID = text(
    f"select distinct on ({_WHO}) answer from run_reply p left join notice n on n.key = p.key "
    "and n.medium in ('text', 'voice') where run_id = :run and act_id = :act and attempt = :attempt "
    f"order by {_WHO}, p.answered_at desc nulls last"
)
_ALL = text(
    f"select distinct on (p.act_id, p.attempt, {_WHO}) p.act_id, p.attempt, p.seen_at, p.answer, n.person_id, p.key "
    "from run_reply p left join notice n on n.key = p.key and n.medium in ('text', 'voice') where p.run_id = :run "
    f"order by p.act_id, p.attempt, {_WHO}, p.answered_at desc nulls last, p.seen_at desc nulls last"
)


def turn(
    plan: Playbook, act_id: str, item: Item | None, said: Sequence[str | None], latest: str
) -> tuple[Say, str] | None:
    """What the run is told when `latest` was answered and `said` is what all who were asked have answered by now.

    An answer that the manual acts on counts at once, and in the place of one that it does not act on; otherwise the act
    is answered when everybody has, by what most of them said.
    """
    if item is None or item.status is ItemStatus.SKIPPED:
        return None
    acted = {
        act.condition.value
        for act in plan.acts()
        if isinstance(act, When) and act.condition.kind is ConditionKind.ANSWER and act.condition.of == act_id
    }
    if item.answer is None:
        if item.over:
            return None
        if latest in acted:
            return Say.ANSWER, latest
        if None in said:
            return None
        given = [one for one in said if one is not None]
        return Say.ANSWER, max(given, key=lambda one: (given.count(one), one == latest))
    return (Say.OVERRIDE, latest) if latest in acted and item.answer not in acted else None


async def opened(tx: Tx, presented: str, reader: Reader) -> Mapping[str, Any]:
    """What a link asks and how the incident stands, in the reader's language. Raises NotFound for a link that is none
    (any more).
    """
    row = await _row(tx, presented)
    await tx.execute(_SEEN, {"key": row["key"], "now": tx.now()})
    return await _shown(tx, row, reader)


async def give(tx: Tx, presented: str, answer: str, reader: Reader) -> Mapping[str, Any]:
    """Answer. The same again changes nothing; another answer takes its place. Raises NotFound for a link that is none,
    Conflict once the incident is closed, Invalid for what is none of the answers.
    """
    row = await _row(tx, presented)
    await _take(tx, row, answer, BY_LINK)
    return await _shown(tx, await _row(tx, presented), reader)


async def _take(tx: Tx, row: RowMapping, answer: str, by: str) -> None:
    """An answer to a question of a manual. Raises Conflict once the incident is closed, Invalid for what is none."""
    incident, _root = await queries.locked_with_root(tx, row["incident_id"])
    if incident["status"] == Status.CLOSED:
        raise Conflict("respond.reply.closed")
    kept = await keeping.load(tx, row["incident_id"], lock=True)
    assert kept is not None
    if answer not in answers(index(kept.plan).things[row["act_id"]]):
        raise Invalid("respond.run.no_answer")
    values = {"key": row["key"], "run": row["run_id"], "act": row["act_id"], "attempt": row["attempt"]}
    if (await tx.execute(_GIVE, {"key": row["key"], "answer": answer, "now": tx.now()})).rowcount:
        if row["to_key"] is not None:
            await acknowledging.heard(tx, row["key"], row["to_key"], by)
        await audit.record(tx, system("reply"), "incident.run_answer", "incident", row["incident_id"],
                           purpose=f"{row['act_id']}: {answer}")  # fmt: skip
        said = [one["answer"] for one in await tx.rows(_SAID, values)]
        await _tell(tx, kept, row, said, answer)


async def pressed(tx: Tx, key: str, number: int) -> None:
    """Whoever was called pressed a key: their answer, taken in a transaction of its own (`KEYS`)."""
    await jobs.wake(tx, KEYS.name, f"{key} {number}")


async def _by_key(tx: Tx, subject: str) -> None:
    """What was pressed when the incident was closed, or means nothing, is left."""
    key, _, number = subject.rpartition(" ")
    row = await tx.row(_CALLED, {"key": key, "now": tx.now()})
    if row is not None:
        with contextlib.suppress(Conflict, Invalid):
            await _take(tx, row, number, acknowledging.BY_KEY)


KEYS = jobs.Queue("respond.keys", _by_key)


async def _tell(tx: Tx, kept: keeping.Kept, row: RowMapping, said: Sequence[str | None], answer: str) -> None:
    """Carry the run on by it, or only write the line."""
    by = await _who(tx, row)
    item = kept.state.items.get(row["act_id"])
    then = turn(kept.plan, row["act_id"], item if item and item.attempt == row["attempt"] else None, said, answer)
    if then is not None:
        what, value = then
        if await carry_on(tx, row["incident_id"], [Message(what, row["act_id"], by, value)]) == (Outcome.TAKEN,):
            return
    await noting.write(tx, row["incident_id"], kept.row, Note("answered", row["act_id"], by, answer), None)
    await changed(tx, row["incident_id"], CHANGE)


async def _who(tx: Tx, row: RowMapping) -> str:
    """Whose answer it is, for those who help: the manual's word and the place that they answer for."""
    if row["person_id"] is None:
        return str(row["party"])
    places = await city.held_by(tx, [row["person_id"]])
    return " · ".join([row["party"], *places.get(row["person_id"], ())])[:LONGEST_NAME]


async def by_act(tx: Tx, run_id: UUID) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """Who was asked by link, by act and attempt: each the places that they answer for, whether they have opened it, and
    what they said.
    """
    rows = await tx.rows(_ALL, {"run": run_id})
    places = await city.held_by(tx, [row["person_id"] for row in rows if row["person_id"] is not None])
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        one = {"places": list(places.get(row["person_id"], ())), "seen": row["seen_at"] is not None,
               "answer": row["answer"]}  # fmt: skip
        found.setdefault((row["act_id"], row["attempt"]), []).append(one)
    return found


async def _row(tx: Tx, presented: str) -> RowMapping:
    row = await tx.row(_FOUND, {"digest": digest(presented), "now": tx.now()})
    if row is None:
        raise NotFound("respond.reply.unknown")
    return row


async def _shown(tx: Tx, row: RowMapping, reader: Reader) -> Mapping[str, Any]:
    incident = await reading.one(tx, row["incident_id"], Scope(everything=True))
    kept = await keeping.load(tx, row["incident_id"], lock=False)
    assert kept is not None
    plan = keeping.plan_of(kept.row, reader.language)
    things = index(plan)
    thing, step = things.things[row["act_id"]], plan.step(things.steps[row["act_id"]])
    handed = await queries.told_agencies(tx, row["incident_id"])
    return {
        "title": "" if step is None else step.title,
        "place": incident["name"] or incident["address"] or "",
        "what": reader.say(TYPES.kept(incident["type"]).title),
        "signal_at": incident["signal_at"],
        "drill": incident["mode"] == "drill",
        "closed": incident["status"] == Status.CLOSED,
        "answers": [{"id": one.id, "words": one.words} for one in getattr(thing, "answers", ())],
        "answer": row["answer"],
        "answered_at": row["answered_at"],
        "told": [
            {
                "agency": reader.named(one),
                "sent_at": one["sent_at"],
                "acknowledged_at": one["acknowledged_at"],
            }
            for one in handed
        ],
        "moments": {name: kept.state.moments.get(name) for name in ("arrived", "controlled", "found")},
    }
