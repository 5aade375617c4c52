"""The self-check by link: asked twice a day, reminded, missed, escalated; and the quarantine's end on its day.

The secret of a link is derived from its check's id under the city's own key, so that a reminder carries the same one;
the database keeps a hash of it.
"""

import base64
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping, text

from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.settings import city_zone, public_url
from dure.kernel.errors import NotFound
from dure.kernel.ids import new_id
from dure.notices.model import Channel, To, Wanted
from dure.notices.sending import send_all
from dure.services.epidemic.care import watch
from dure.services.epidemic.care.looking import today
from dure.services.epidemic.quarantine import checks
from dure.services.epidemic.quarantine.checks import Answer
from dure.services.epidemic.quarantine.paper import CHECK
from dure.trust import audit, vault
from dure.trust.principal import system

SILENT = "quarantine_silent"
ASKED, REMINDED, OVER = "epidemic_self_check", "epidemic_self_check_again", "epidemic_quarantine_over"
BATCH = 500
_BEGIN = text(
    "select q.id, q.person_id, q.language from epidemic_quarantine q where q.state = 'under' and q.from_at <= :due "
    "and q.until_at > :due and not exists (select from epidemic_self_check c where c.quarantine_id = q.id "
    "and c.due_at = :due) order by q.id limit :batch for update of q skip locked"
)
_ADD = text(
    "insert into epidemic_self_check (id, quarantine_id, due_at, digest, until_at) "
    "values (:id, :quarantine, :due, :digest, :until) on conflict do nothing"
)
_SILENT = text(
    "select c.id, c.quarantine_id, q.person_id, q.language, c.due_at from epidemic_self_check c "
    "join epidemic_quarantine q on q.id = c.quarantine_id where c.answered_at is null and c.missed_at is null "
    "and c.reminded_at is null and q.state = 'under' and c.due_at <= :before and c.due_at > :missed "
    "order by c.due_at, c.id limit :batch for update of c skip locked"
)
_REMINDED = text("update epidemic_self_check set reminded_at = :now where id = any(:ids)")
_MISSED = text(
    "with gone as (update epidemic_self_check set missed_at = :now where answered_at is null and missed_at is null "
    "and due_at <= :before returning quarantine_id), counted as (select quarantine_id, count(*) as n from gone "
    "group by quarantine_id) update epidemic_quarantine q set missed = q.missed + counted.n, "
    "step = case when q.missed + counted.n >= :visit then 2 when q.missed + counted.n >= :officer then 1 else 0 end, "
    "version = q.version + 1, updated_at = :now from counted where q.id = counted.quarantine_id and q.state = 'under'"
)
_VISITS = text(
    "select disease, count(*) as n from epidemic_quarantine where state = 'under' and step >= 2 group by disease"
)
_CASES = text(
    "update epidemic_quarantine q set state = 'case', ended_at = :now, step = 0, version = version + 1, "
    "updated_at = :now where q.state = 'under' and exists (select from epidemic_case c where c.disease = q.disease "
    "and c.status = 'confirmed' and (c.code = q.code or c.person_id = q.person_id) and c.reported_at >= q.from_at)"
)
_OVER = text(
    "update epidemic_quarantine set state = 'released', ended_at = :now, step = 0, version = version + 1, "
    "updated_at = :now where id in (select id from epidemic_quarantine where state = 'under' and until_at <= :now "
    "order by until_at limit :batch for update skip locked) returning id, person_id, language"
)
_FOUND = text(
    "select c.*, q.language, q.until_at as ends_at, q.state, q.person_id from epidemic_self_check c "
    "join epidemic_quarantine q on q.id = c.quarantine_id where c.digest = :digest and c.until_at > :now "
    "for update of c"
)
_GIVE = text("update epidemic_self_check set answered_at = :now, answers = cast(:answers as jsonb) where id = :id")
_HEARD = text(
    "update epidemic_quarantine set answered_at = :now, missed = 0, step = 0, worse_at = :worse_at, "
    "worse = cast(:worse as jsonb), version = version + 1, updated_at = :now where id = :id"
)


def secret_of(tx: Tx, check_id: UUID) -> str:
    """The link's secret: 128 bits under the city's key."""
    return base64.urlsafe_b64encode(vault.of(tx).digest("self_check", str(check_id))[:16]).decode().rstrip("=")


def digest(presented: str) -> bytes:
    """What the database keeps of a link."""
    return hashlib.sha256(presented.encode("utf-8", "surrogatepass")).digest()


def _wanted(tx: Tx, row: RowMapping, check_id: UUID, template: str) -> Wanted:
    return Wanted(
        Channel.SMS,
        To(person_id=row["person_id"]),
        template,
        f"{template}:{check_id}",
        language="ko" if row["language"] == "ko" else "en",
        by="epidemic",
        good_for=timedelta(hours=6),
        link=f"{public_url()}/#/selfcheck/{secret_of(tx, check_id)}",
    )


async def ask(tx: Tx) -> int:
    """Send the links of the checks that are due; how many. In batches: call again until there are none."""
    sent = 0
    for due in checks.due_slots(tx.now(), ZoneInfo(city_zone())):
        rows = await tx.rows(_BEGIN, {"due": due, "batch": BATCH - sent})
        made = {new_id(): row for row in rows}
        until = due + timedelta(hours=checks.rule_of(today(tx))["open_h"])
        fresh = [
            {"id": id_, "quarantine": row["id"], "due": due, "digest": digest(secret_of(tx, id_)), "until": until}
            for id_, row in made.items()
        ]
        if fresh:
            await tx.execute(_ADD, fresh)
            await send_all(tx, [_wanted(tx, row, id_, ASKED) for id_, row in made.items() if row["person_id"]])
        sent += len(rows)
        if sent >= BATCH:
            break
    return sent


async def remind(tx: Tx) -> int:
    """Ask those once more who have not answered; how many."""
    rule, now = checks.rule_of(today(tx)), tx.now()
    before, missed = (now - timedelta(hours=rule[name]) for name in ("remind_after_h", "missed_after_h"))
    rows = await tx.rows(_SILENT, {"before": before, "missed": missed, "batch": BATCH})
    await tx.execute(_REMINDED, {"ids": [row["id"] for row in rows], "now": now})
    await send_all(tx, [_wanted(tx, row, row["id"], REMINDED) for row in rows if row["person_id"]])
    return len(rows)


async def escalate(tx: Tx) -> None:
    """Count what was missed; where nobody answers for too long, raise the alarm, and clear it when all is settled."""
    rule, now = checks.rule_of(today(tx)), tx.now()
    before = now - timedelta(hours=rule["missed_after_h"])
    limits = {"visit": rule["visit_at"], "officer": rule["officer_at"]}
    await tx.execute(_MISSED, {"now": now, "before": before, **limits})
    await watch.standing(tx, SILENT, {row["disease"]: row["n"] for row in await tx.rows(_VISITS)})


async def release(tx: Tx) -> int:
    """End what is over today, and what ended because they fell ill; how many were released, who are told."""
    now = tx.now()
    await tx.execute(_CASES, {"now": now})
    rows = await tx.rows(_OVER, {"now": now, "batch": BATCH})
    for row in rows:
        await audit.record(tx, system("epidemic"), "epidemic.quarantine_over", "epidemic_quarantine", row["id"])
    wanted = [
        Wanted(Channel.SMS, To(person_id=row["person_id"]), OVER, f"{OVER}:{row['id']}",
               language="ko" if row["language"] == "ko" else "en", by="epidemic")
        for row in rows if row["person_id"]
    ]  # fmt: skip
    await send_all(tx, wanted)
    return len(rows)


async def run(context: Context) -> None:
    """Each minute: ask, remind, escalate, release. Each in transactions of its own."""
    for act in (ask, remind, release):
        while True:
            async with context.database.transaction() as tx:
                done = await act(tx)
            if done < BATCH:
                break
    async with context.database.transaction() as tx:
        await escalate(tx)


# --- whoever got the link ---


async def opened(tx: Tx, presented: str) -> dict[str, Any]:
    """What a link asks. Raises NotFound for one that is none (any more)."""
    return shown(await _row(tx, presented))


async def give(tx: Tx, presented: str, answer: Answer) -> dict[str, Any]:
    """Answer; again takes the place of the answer before. Raises NotFound."""
    row = await _row(tx, presented)
    if row["state"] == "under":
        now = tx.now()
        signs = checks.signs(answer, today(tx))
        told = msgspec.json.encode(answer).decode()
        await tx.execute(_GIVE, {"id": row["id"], "answers": told, "now": now})
        worse = {"worse": msgspec.json.encode(signs).decode(), "worse_at": now if signs else None}
        await tx.execute(_HEARD, {"id": row["quarantine_id"], "now": now, **worse})
        await audit.record(tx, system("link"), "epidemic.self_check", "epidemic_quarantine", row["quarantine_id"])
        row = await _row(tx, presented)
    return shown(row)


async def _row(tx: Tx, presented: str) -> RowMapping:
    row = await tx.row(_FOUND, {"digest": digest(presented), "now": tx.now()})
    if row is None:
        raise NotFound("epidemic.self_check.unknown")
    return row


def shown(row: RowMapping) -> dict[str, Any]:
    """What stands on their telephone: nothing that says who they are."""
    return {
        "language": row["language"],
        "due_at": row["due_at"],
        "ends_at": row["ends_at"],
        "over": row["state"] != "under",
        "answered_at": row["answered_at"],
        "answers": row["answers"],
        "symptoms": list(checks.SYMPTOMS),
        "words": CHECK[row["language"]],
    }
