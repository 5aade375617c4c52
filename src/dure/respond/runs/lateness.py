"""What of a run was not done in time, told to whoever is on duty above it; of golden times, what is about to be missed,
too. Waits are nobody's task: what follows for them stands in the manual.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.respond.playbooks.model import Party, PartyKind, Target, Wait
from dure.respond.runs import noting, parties
from dure.respond.runs.index import Thing
from dure.respond.runs.keeping import Kept
from dure.respond.runs.parties import Late
from dure.respond.runs.state import Decision, Note


async def tell(tx: Tx, incident: RowMapping, kept: Kept, decision: Decision, things: Mapping[str, Thing]) -> None:
    """Have what a decision found late go up, as far as it is still to be done."""
    found = [
        await _late(tx, kept, note, things[note.of], decision.state.items[note.of].attempt)
        for note in decision.notes
        if (note.name == "late" or (note.name == "soon" and isinstance(things.get(note.of), Target)))
        and not isinstance(things.get(note.of), Wait | None)
        and not decision.state.items[note.of].over
    ]
    await parties.late(tx, incident, kept.id, found)


async def _late(tx: Tx, kept: Kept, note: Note, thing: Thing, attempt: int) -> Late:
    to: Sequence[Party] = getattr(thing, "to", ())
    agency = await parties.agency(tx, to[0]) if to else None
    role = to[0].id if to and to[0].kind is PartyKind.ROLE else None
    ko, en = (noting.names(kept.row, note, language)["what"] for language in ("ko", "en"))
    return Late(note.of, attempt, ko, en, role if to else "operator", agency)
