"""Exercises: what is said in a drill reaches nobody but those who take part, and says so in front."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from uuid import UUID

from dure.engine.database import Tx
from dure.kernel.messages import Language
from dure.notices.model import To

REASON = "drill"
"""Why such a notice was not sent: it stands in the record and goes nowhere."""
_MARKS: dict[Language, str] = {"ko": "[훈련] ", "en": "[DRILL] "}


@dataclass(frozen=True, slots=True)
class Practice:
    """Who takes part in a drill: staff accounts and agencies. Everybody else is only played."""

    accounts: Collection[UUID] = ()
    agencies: Collection[str] = ()

    def reaches(self, to: To) -> bool:
        """Whether a notice goes out to them. A person of the vault never takes part."""
        return to.account_id in self.accounts or to.agency_id in self.agencies


Find = Callable[[Tx, UUID], Awaitable[Practice | None]]
"""Who takes part, by the incident's id; None where it is earnest."""

_find: list[Find] = []


def register(find: Find) -> None:
    """The room that knows which incidents are drills says so once."""
    _find[:] = [find]


async def of(tx: Tx, incident_id: UUID | None) -> Practice | None:
    """The drill that an incident is, or None."""
    return await _find[0](tx, incident_id) if _find and incident_id is not None else None


def marked(text: str, language: Language) -> str:
    """A text of a drill."""
    return text if text.startswith(_MARKS[language]) else _MARKS[language] + text
