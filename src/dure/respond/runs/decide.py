"""What follows for a run: from how it stands, what is seen, what people said, and the time. Pure.

It may be asked at any moment and any number of times: asked again with nothing new, nothing follows. That is why a
wake that comes twice, late, or after a crash does no harm.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from dure.respond.playbooks.model import Playbook
from dure.respond.runs.course import Course
from dure.respond.runs.said import take
from dure.respond.runs.state import Decision, Message, RunStatus, State, World


def decide(
    plan: Playbook, before: State, world: World, messages: Sequence[Message], now: datetime, zone: ZoneInfo
) -> Decision:
    """The next state, what to begin, what to write down, what became of each message, and when to look again."""
    course = Course(plan, before, world, now, zone)
    if before.status is RunStatus.ABORTED or not world.open:
        return course.stopped(before, messages)
    course.settle(world.settled)
    course.advance()
    outcomes = []
    for message in messages:
        outcomes.append(take(course, message))
        course.advance()
    return course.decision(tuple(outcomes))
