"""Who is meant by the words of duty, and who can be reached: asked of the rosters at this moment."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.notices.model import Channel, To
from dure.respond.playbooks.model import Party, PartyKind
from dure.respond.shifts import keeping, ladder
from dure.respond.shifts.keeping import Kept
from dure.respond.shifts.ladder import Found, Rung, RungKind
from dure.respond.shifts.model import Crew

_NAMED = text("select * from roster where answers_to = :word")
_OF_AGENCY = text("select * from roster where agency_id = :agency order by created_at, id limit 1")
_REACHED = text(
    "select distinct owner, medium from notice_contact where owner = any(:owners) "
    "and medium in ('text', 'push', 'email')"
)
_PRESENT = text("select id from account where id = any(:ids) and state = 'active'")
LEADS = "shift_lead"


async def receivers(tx: Tx, party: Party) -> Sequence[To]:
    """Who is on duty under a manual's word: the roster that answers to it (당직사령), the lead of the shift (관제팀장).

    Where nobody is, whoever is next on that roster's ladder. Empty where no roster answers, or nobody is at all.
    """
    if party.kind is PartyKind.GROUP:
        row = await tx.row(_NAMED, {"word": party.id})
        found = () if row is None else await _first(tx, row, foot=0)
    elif party.kind is PartyKind.ROLE and party.id == LEADS:
        row = await keeping.centre(tx)
        found = () if row is None else await _first(tx, row, foot=None)
    else:
        found = ()
    return tuple(To(account_id=one) for one in found)


async def _first(tx: Tx, row: RowMapping, *, foot: int | None) -> tuple[UUID, ...]:
    """Those of the first rung that has somebody, from the foot or from the lead's rung on."""
    kept = await keeping.at(tx, row, tx.now())
    if not kept.manned:
        return ()
    rungs = ladder.from_json(row["ladder"])
    if foot is None:
        foot = next((n for n, one in enumerate(rungs) if one.kind is RungKind.LEAD), 0)
    else:
        crew = kept.crew_at(tx.now())
        if crew is not None and crew.people:
            return tuple(one.account_id for one in crew.people)
    for rung in rungs[foot:]:
        people = await standing(tx, kept, rung, tx.now())
        if people:
            return people
    return ()


async def standing(tx: Tx, kept: Kept, rung: Rung, at: datetime) -> tuple[UUID, ...]:
    """Who stands on a rung at a moment."""
    if rung.kind is RungKind.ACCOUNTS:
        present = {row["id"] for row in await tx.rows(_PRESENT, {"ids": list(rung.accounts)})}
        return tuple(one for one in rung.accounts if one in present)
    crew: Crew | None = kept.crew_at(at)
    if rung.kind is RungKind.ROSTER and rung.roster_id is not None:
        other = await keeping.at(tx, await keeping.row(tx, rung.roster_id), at)
        crew = other.crew_at(at)
    if crew is None:
        return ()
    if rung.kind is RungKind.LEAD:
        return () if crew.lead is None else (crew.lead.account_id,)
    return tuple(one.account_id for one in crew.people)


async def found(
    tx: Tx, kept: Kept, rungs: Sequence[Rung], at: datetime
) -> tuple[list[Found], Mapping[UUID, tuple[Channel, ...]]]:
    """Each rung with its people at a moment, and by what each of them can be reached."""
    people = [await standing(tx, kept, rung, at) for rung in rungs]
    ways = await reached_by(tx, {one for each in people for one in each})
    return [Found(n, each, tuple(one for one in each if one in ways)) for n, each in enumerate(people)], ways


async def reached_by(tx: Tx, accounts: Collection[UUID]) -> dict[UUID, tuple[Channel, ...]]:
    """By what some accounts can be reached: a text and their browsers, a mail only where neither is known."""
    owners = {f"account:{one}": one for one in accounts}
    known: dict[UUID, set[str]] = {}
    for row in await tx.rows(_REACHED, {"owners": list(owners)}):
        known.setdefault(owners[row["owner"]], set()).add(row["medium"])
    order = (("text", Channel.SMS), ("push", Channel.PUSH))
    return {
        one: tuple(channel for medium, channel in order if medium in media) or (Channel.EMAIL,)
        for one, media in known.items()
    }


async def roster_for(tx: Tx, agency_id: str | None) -> RowMapping | None:
    """Whose ladder a thing goes up: that of the office that holds it where people stand in its roster, else the control
    centre's.
    """
    if agency_id is not None:
        row = await tx.row(_OF_AGENCY, {"agency": agency_id})
        if row is not None and (await keeping.at(tx, row, tx.now())).manned:
            return row
    return await keeping.centre(tx)
