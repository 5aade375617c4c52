"""What the platform would write under the first two questions: the facts in sentences, which people correct. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dure.respond.playbooks.model import Playbook

Say = Callable[[str, Mapping[str, Any]], str]


def span(seconds: float) -> str:
    """0:38, 16:24, 1:06:55."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def happened(facts: Mapping[str, Any], say: Say, zone: ZoneInfo) -> str:
    """What happened: the digest's lines, then what went wrong."""

    def at(when: datetime) -> str:
        return f"{when.astimezone(zone):%H:%M:%S}"

    lines = [f"{at(one['at'])} {one['text']}" for one in facts["digest"]]
    for step in facts["steps"]:
        for mark, n in step["marks"].items():
            lines.append(say(f"learn.draft.step_{mark}", {"step": f"{step['number']}. {step['title']}", "n": n}))
    failed = facts["notices"]["failed"]
    if failed:
        lines.append(say("learn.draft.notices", {"n": len(failed), "all": facts["notices"]["sent"]}))
    return "\n".join(lines)


def expected(facts: Mapping[str, Any], plan: Playbook | None, say: Say) -> str:
    """What was expected: each clock's target beside what it came to, and the manual's deadlines."""
    lines = []
    for clock in facts["clocks"]:
        params = {"clock": clock["title"], "target": span(clock["target_s"]), "took": span(clock["seconds"] or 0)}
        lines.append(say(f"learn.draft.clock_{clock['state']}", params))
    for step in plan.steps if plan else ():
        if step.due is not None:
            params = {"step": f"{step.number}. {step.title}", "due": span(step.due.seconds)}
            lines.append(say("learn.draft.due", params))
    return "\n".join(lines)
