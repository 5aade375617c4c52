"""A run's lines in the timeline: which step, what of it, who. Manuals name themselves in both languages."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.kernel.messages import LANGUAGES
from dure.respond import timeline
from dure.respond.playbooks.model import Step, Target
from dure.respond.runs import keeping
from dure.respond.runs.index import index
from dure.respond.runs.state import Note
from dure.respond.timeline import Entry

LONGEST = 120


async def write(tx: Tx, incident_id: UUID, row: RowMapping, note: Note, words: str | None) -> None:
    """Write `respond.timeline.run_<name>`."""
    params: dict[str, str | int] = {"value": note.value or ""}
    for language in LANGUAGES:
        params |= {f"{name}_{language}": said for name, said in names(row, note, language).items()}
    await timeline.add(
        tx,
        incident_id,
        Entry.PLAYBOOK,
        f"run_{note.name}",
        params,
        actor=note.by,
        words=words if note.by is not None else None,
    )


def names(row: RowMapping, note: Note, language: str) -> dict[str, str]:
    """What a note is about in one language: `what`, and an `answer`."""
    plan = keeping.plan_of(row, language)
    things = index(plan)
    thing: Any = things.things.get(note.of)
    if thing is None:
        return {"what": f"{plan.title} v{row['playbook_version']}", "answer": ""}
    step = plan.step(things.steps[note.of])
    title = "" if step is None else f"{step.number}. {step.title}"
    if isinstance(thing, Step):
        return {"what": title, "answer": ""}
    said = thing.name if isinstance(thing, Target) else words(thing) or _condition(thing)
    answer = next((one.words for one in getattr(thing, "answers", ()) if one.id == note.value), note.value or "")
    return {"what": f"{title} · {said}"[:LONGEST] if title else said[:LONGEST], "answer": answer}


def words(thing: Any) -> str:
    """What the manual says of an act, without the id of a text or machine that only dure knows."""
    said: str = getattr(thing, "text", "")
    named = getattr(thing, "template", "") or getattr(thing, "automation", "")
    return " ".join(said.replace(named, "").split()).strip(" ,") if named else said


def _condition(thing: Any) -> str:
    condition = getattr(thing, "condition", None)
    return "" if condition is None else str(condition.words)
