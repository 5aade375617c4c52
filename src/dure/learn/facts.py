"""What the platform knows about a closed incident: the facts that a review begins with, read anew each time, so that a
receipt that comes late is there, too.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.messages import Language
from dure.learn import measuring
from dure.respond import reading
from dure.respond.playbooks.model import Playbook
from dure.respond.runs import keeping
from dure.respond.runs.index import index
from dure.respond.runs.state import Item
from dure.respond.types import TYPES
from dure.respond.views import Reader
from dure.trust.vault import texts

Value = dict[str, Any]
_KEYS = frozenset({"state", "severity", "handoff", "place", "merge", "report"})
"""Kinds of timeline entries that the digest holds whole; of a manual's lines only those that went wrong."""
_WRONG = ("run_late", "run_stuck", "run_skipped", "run_overridden", "run_redone", "run_aborted", "run_moment")
_DIGEST = 80
_CLOCKS = text("select * from measured_clock where incident_id = :id order by started_at, name")
_NOTICES = text(
    "select n.id, n.channel, n.status, n.reason, n.created_at, n.sent_at, n.ended_at, a.label, g.name as agency "
    "from notice n left join account a on a.id = n.account_id left join agency g on g.id = n.agency_id "
    "where n.incident_id in (select id from incident where id = :id or merged_into = :id) order by n.created_at, n.id"
)
_TASKS = text(
    "select t.* from incident_task t where t.incident_id in (select id from incident where id = :id or "
    "merged_into = :id) order by t.created_at, t.id"
)
_WHO = text(
    "select actor_name, min(actor) as actor from audit where entity = 'incident' and entity_id = :id "
    "and actor not like 'system:%' group by actor_name"
)
_MAIL = text("select m.* from run_mail m where m.run_id = :run and m.outcome = 'taken' order by m.id")
_FAILED = ("failed", "refused", "unknown")


async def of(tx: Tx, incident: RowMapping, reader: Reader, language: Language) -> Value:
    """All of them, in the reader's language."""
    parts = await reading.parts(tx, incident["id"])
    kept = await keeping.load(tx, incident["id"], lock=False)
    mail: list[Value] = []
    steps: list[Value] = []
    run: Value | None = None
    if kept is not None:
        mail = await _mail(tx, incident["id"], kept.id)
        plan = keeping.plan_of(kept.row, language)
        steps = [_step(plan, kept.state.items, number, mail) for number in [step.number for step in plan.steps]]
        run = {"title": plan.title, "number": int(kept.row["playbook_version"]), "status": kept.row["status"]}
    entries = list(reversed(parts["timeline"]))
    return {
        "clocks": [
            clock(row, incident["type"], reader, language) for row in await tx.rows(_CLOCKS, {"id": incident["id"]})
        ],
        "run": run,
        "steps": steps,
        "handoffs": [_handoff(row, language) for row in parts["handoffs"]],
        "notices": _notices(await tx.rows(_NOTICES, {"id": incident["id"]})),
        "tasks": [
            _task(row, reader)
            for row in texts.opened(tx, "incident_task", await tx.rows(_TASKS, {"id": incident["id"]}), "words")
        ],
        "people": _people(
            entries, {row["actor_name"]: row["actor"] for row in await tx.rows(_WHO, {"id": str(incident["id"])})}
        ),
        "digest": _digest(tx, entries, reader),
        "alarms": len(parts["alarms"]),
        "reports": len(parts["reports"]),
    }


def clock(row: Mapping[Any, Any], type_id: str, reader: Reader, language: Language) -> Value:
    """A measured clock; `seconds` is None where nothing but the closing stopped it."""
    own = row["title_ko"] if language == "ko" else row["title_en"]
    return {
        "name": row["name"],
        "title": own or reader.say(TYPES.kept(type_id).clock_title(row["name"])),
        "manual": row["name"].startswith(measuring.MANUAL),
        "started_at": row["started_at"],
        "stopped_at": row["stopped_at"],
        "seconds": row["seconds"],
        "target_s": row["target_s"],
        "state": "unanswered" if row["seconds"] is None else "over" if measuring.over(row) else "met",
    }


async def _mail(tx: Tx, incident_id: UUID, run_id: UUID) -> list[Value]:
    rows = await tx.rows(_MAIL, {"run": run_id})
    return texts.opened(tx, "run_mail", [{**row, "incident_id": incident_id} for row in rows], "reason")


def _step(plan: Playbook, items: Mapping[str, Item], number: int, mail: Sequence[Value]) -> Value:
    step = plan.step(number)
    assert step is not None
    places = index(plan)
    inside = [key for key, of in places.steps.items() if of == number and key in items and ".g" not in key]
    own = items.get(str(number))
    said = [one for one in mail if one["of"] and places.steps.get(one["of"]) == number]
    marks = Counter[str]()
    marks["late"] = sum(items[key].late_at is not None for key in inside)
    marks["skipped"] = sum(items[key].status.value == "skipped" for key in inside)
    marks["failed"] = sum(items[key].status.value == "stuck" for key in inside)
    marks["overridden"] = sum(one["kind"] == "override" for one in said)
    marks["redone"] = sum(one["kind"] == "redo" for one in said)
    return {
        "number": number,
        "title": step.title,
        "status": own.status.value if own else "waiting",
        "begun_at": own.begun_at if own else None,
        "due_at": own.due_at if own else None,
        "late_at": own.late_at if own else None,
        "ended_at": own.ended_at if own else None,
        "marks": {name: n for name, n in marks.items() if n},
        "reasons": [
            {name: one[name] for name in ("at", "by", "kind", "of", "reason")}
            for one in said
            if one["kind"] in {"skip", "redo", "override"}
        ],
    }


def _handoff(row: RowMapping, language: Language) -> Value:
    answered = row["answered_at"]
    return {
        "agency": row["agency_id"],
        "agency_name": (row["name"] if language == "ko" else row["name_en"]) or row["agency_id"],
        "kind": row["kind"],
        "status": row["status"],
        "sent_at": row["sent_at"],
        "answered_at": answered,
        "seconds": None if answered is None else (answered - row["sent_at"]).total_seconds(),
        "answered_by": row["answered_by"],
    }


def _notices(rows: Sequence[RowMapping]) -> Value:
    failed = [row for row in rows if row["status"] in _FAILED]
    return {
        "sent": len(rows),
        "delivered": sum(row["status"] == "delivered" for row in rows),
        "failed": [
            {
                "id": str(row["id"]),
                "channel": row["channel"],
                "status": row["status"],
                "reason": row["reason"],
                "at": row["ended_at"] or row["sent_at"] or row["created_at"],
                "to": row["label"] or row["agency"],  # a person of the vault stays unnamed
            }
            for row in failed
        ],
    }


def _task(row: Mapping[str, Any], reader: Reader) -> Value:
    due, done = row["due_at"], row["done_at"]
    return {
        "title": row["title"] or row["words"] or reader.say(f"respond.task.{row['kind']}"),
        "holder": row["holder"],
        "created_at": row["created_at"],
        "due_at": due,
        "done_at": done,
        "done_by": row["done_by"],
        "late": row["state"] != "cancelled" and due is not None and (done is None or done > due),
    }


def _people(entries: Sequence[RowMapping], ids: Mapping[str, str]) -> list[Value]:
    """Who did how much between when and when, by desk, with the ids that the audit log has of them."""
    found: dict[str, Value] = {}
    for row in entries:
        if row["actor"] is None:
            continue
        one = found.setdefault(
            row["actor"],
            {
                "name": row["actor"],
                "id": ids.get(row["actor"]),
                "first_at": row["at"],
                "last_at": row["at"],
                "acts": {},
            },
        )
        one["last_at"] = row["at"]
        one["acts"][row["kind"]] = one["acts"].get(row["kind"], 0) + 1
    return sorted(found.values(), key=lambda one: one["first_at"])


def _digest(tx: Tx, entries: Sequence[RowMapping], reader: Reader) -> list[Value]:
    """The lines that tell the story. Of a long one the first and the last are kept."""
    wanted = [row for row in entries if _tells(row)]
    if len(wanted) > _DIGEST:
        wanted = [*wanted[: _DIGEST // 2], *wanted[-_DIGEST // 2 :]]
    opened = texts.opened(tx, "timeline", wanted, "text")
    return [
        {
            "at": row["at"],
            "kind": row["kind"],
            "actor": row["actor"] or reader.say("respond.actor.auto"),
            "text": _told(row, reader),
        }
        for row in opened
    ]


def _tells(row: RowMapping) -> bool:
    name = row["key"].removeprefix("respond.timeline.")
    return row["kind"] in _KEYS or name.startswith(("opened_", "alarm_confirmed")) or name in _WRONG


def _told(row: Mapping[str, Any], reader: Reader) -> str:
    told = reader.say(row["key"], {**row["params"], "count": row["count"], "words": row["text"]})
    return f"{told}: {row['text']}" if row["text"] else told
