"""Where everything in a plan stands: by id, inside of what, in which step."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dure.respond.playbooks.model import Act, Parallel, Playbook, Step, Target, When, walk

Thing = Step | Act | Target


@dataclass(frozen=True, slots=True)
class Index:
    """`things` by id; `parents` leads from an act to what holds it; `steps` to the number of its step (0: none)."""

    things: dict[str, Thing]
    parents: dict[str, str]
    steps: dict[str, int]

    def above(self, of: str) -> Iterator[str]:
        """What holds it, the nearest first."""
        while (parent := self.parents.get(of)) is not None:
            yield parent
            of = parent

    def below(self, of: str) -> Iterator[Act]:
        """All acts inside, those for lateness included."""
        thing = self.things[of]
        for name in ("acts", "otherwise", "late"):
            yield from walk(getattr(thing, name, ()))


_MOST = 128
_made: dict[int, tuple[Playbook, Index]] = {}
"""The indexes of the plans that were asked for last: many runs carry out one plan."""


def index(plan: Playbook) -> Index:
    """The index of a plan."""
    known = _made.get(id(plan))
    if known is not None:
        return known[1]
    made = _index(plan)
    if len(_made) >= _MOST:
        del _made[next(iter(_made))]
    _made[id(plan)] = plan, made  # it is held, so that nobody else gets its number
    return made


def _index(plan: Playbook) -> Index:
    made = Index({}, {}, {})
    for step in plan.steps:
        key = str(step.number)
        made.things[key], made.steps[key] = step, step.number
        _add(made, (*step.acts, *step.late), key, step.number)
    for target in plan.targets:
        made.things[target.id], made.steps[target.id] = target, target.step
        _add(made, target.late, target.id, target.step)
    return made


def _add(made: Index, acts: Iterable[Act], parent: str, step: int) -> None:
    for act in acts:
        made.things[act.id], made.parents[act.id], made.steps[act.id] = act, parent, step
        inner: tuple[Act, ...] = getattr(act, "late", ())
        if isinstance(act, Parallel | When):
            inner = (*act.acts, *(act.otherwise if isinstance(act, When) else ()))
        _add(made, inner, act.id, step)
