"""Making rosters and changing their plans and ladders."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid
from dure.kernel.ids import new_id
from dure.respond.playbooks.words import GROUPS
from dure.respond.shifts import keeping, patterns
from dure.respond.shifts.ladder import MOST_RUNGS, USUAL, Rung, RungKind, to_json
from dure.respond.shifts.model import Pattern, Team
from dure.respond.shifts.policy import sets
from dure.trust import agencies, audit
from dure.trust.principal import Principal
from dure.trust.who import granting

LONGEST_AHEAD = timedelta(days=400)
_MAKE = text(
    "insert into roster (id, agency_id, name, name_en, answers_to, keeps_log, ladder, created_at, updated_at) values "
    "(:id, :agency_id, :name, :name_en, :answers_to, :keeps_log, cast(:ladder as jsonb), :now, :now)"
)
_CHANGE = text(
    "update roster set name = :name, name_en = :name_en, answers_to = :answers_to, keeps_log = :keeps_log, "
    "ladder = cast(:ladder as jsonb), version = version + 1, updated_at = :now where id = :id"
)
_TOUCH = text("update roster set version = version + 1, updated_at = :now where id = :id")
_PLAN = text(
    "insert into roster_plan (id, roster_id, since, pattern, anchor, teams, made_by, made_at) values "
    "(:id, :roster, :since, cast(:pattern as jsonb), :anchor, cast(:teams as jsonb), :by, :now) "
    "on conflict (roster_id, since) do update set pattern = excluded.pattern, anchor = excluded.anchor, "
    "teams = excluded.teams, made_by = excluded.made_by, made_at = excluded.made_at"
)
_TAKEN = text("select id from roster where answers_to = :word and id is distinct from :id")
_FIRST = date(2020, 1, 1)
_KNOWN = text("select id, agency_id from account where id = any(:ids) and state = 'active'")


async def create(tx: Tx, who: Principal, values: Mapping[str, Any]) -> RowMapping:
    """A new roster without people, by the usual pattern. Raises Forbidden, Invalid."""
    if not sets(who, values["agency_id"]):
        raise Forbidden("respond.shifts.roster.not_yours")
    await agencies.require_known(tx, values["agency_id"])
    id_ = new_id()
    await _check_word(tx, id_, values["answers_to"])
    ladder = json.dumps(to_json(USUAL))
    await tx.execute(_MAKE, {**values, "id": id_, "ladder": ladder, "now": tx.now()})
    pattern = patterns.PATTERNS[patterns.USUAL]
    teams = [Team(f"{number}조") for number in range(1, pattern.teams + 1)]
    await _write(tx, who, id_, _FIRST, pattern, _today(tx), teams)
    await audit.record(tx, who, "roster.create", "roster", id_)
    return await keeping.row(tx, id_)


async def change(
    tx: Tx, who: Principal, roster_id: UUID, changes: Mapping[str, Any], expected: int | None
) -> RowMapping:
    """Change its names, the word that it answers to, whether it keeps a log, and its ladder (rungs)."""
    row = await taken(tx, who, roster_id, expected)
    values = {**row, **changes}
    await _check_word(tx, roster_id, values["answers_to"])
    rungs: Sequence[Rung] | None = changes.get("ladder")
    if rungs is not None:
        await check_ladder(tx, roster_id, rungs)
    ladder = row["ladder"] if rungs is None else to_json(rungs)
    await tx.execute(_CHANGE, {**values, "ladder": json.dumps(ladder), "now": tx.now()})
    await audit.record(tx, who, "roster.change", "roster", roster_id)
    return await keeping.row(tx, roster_id)


async def plan(
    tx: Tx,
    who: Principal,
    roster_id: UUID,
    since: date,
    pattern: Pattern,
    anchor: date,
    teams: Sequence[Team],
    expected: int | None,
) -> RowMapping:
    """From `since` on (today or later) teams take turns like this. What was before that day stays as it was; later
    plans stay, too. Raises Invalid, Forbidden for whoever would give themselves a role that is held only on duty.
    """
    await taken(tx, who, roster_id, expected)
    today = _today(tx)
    if not today <= since <= today + LONGEST_AHEAD or abs(anchor - since) > timedelta(days=3660):
        raise _wrong("since", "respond.shifts.plan.since")
    wrong = patterns.problem(pattern)
    if wrong is not None:
        raise _wrong("pattern", wrong)
    if len(teams) != pattern.teams:
        raise _wrong("teams", "respond.shifts.plan.teams")
    members = [one.account_id for team in teams for one in team.members]
    if len(set(members)) != len(members):
        raise _wrong("teams", "respond.shifts.plan.twice")
    await check_people(tx, roster_id, members)
    await check_not_own(tx, who, members, roster_id)
    await _write(tx, who, roster_id, since, pattern, anchor, teams)
    await tx.execute(_TOUCH, {"id": roster_id, "now": tx.now()})
    await audit.record(tx, who, "roster.plan", "roster", roster_id, purpose=since.isoformat())
    return await keeping.row(tx, roster_id)


async def begin_with(
    tx: Tx, who: Principal, roster_id: UUID, since: date, pattern: Pattern, teams: Sequence[Team]
) -> None:
    """The first plan of a roster in which nobody stood yet, counted from its first day, which may be over."""
    await _write(tx, who, roster_id, since, pattern, since, teams)
    await tx.execute(_TOUCH, {"id": roster_id, "now": tx.now()})
    await audit.record(tx, who, "roster.plan", "roster", roster_id, purpose=since.isoformat())


async def taken(tx: Tx, who: Principal, roster_id: UUID, expected: int | None = None) -> RowMapping:
    """A roster, locked for a change by somebody who sets it. Raises NotFound, Forbidden, PreconditionFailed."""
    row = await keeping.row(tx, roster_id, who, lock=True)
    if not sets(who, row["agency_id"]):
        raise Forbidden("respond.shifts.roster.not_yours")
    check_version(expected, row["version"])
    return row


async def check_people(tx: Tx, roster_id: UUID, accounts: Collection[UUID]) -> None:
    """Raises Invalid where one of them is not there, or belongs to another office than the roster's."""
    row = await keeping.row(tx, roster_id)
    known = {one["id"]: one["agency_id"] for one in await tx.rows(_KNOWN, {"ids": list(accounts)})}
    if any(one not in known or not fits(row["agency_id"], known[one]) for one in accounts):
        raise _wrong("account_id", "respond.shifts.plan.nobody")


def fits(roster_agency: str | None, account_agency: str | None) -> bool:
    """Whether somebody may stand in a roster: an office's own people; in the city's also those lent to it (police)."""
    return roster_agency is None or roster_agency == account_agency


async def check_not_own(tx: Tx, who: Principal, accounts: Collection[UUID], roster_id: UUID) -> None:
    """Raises Forbidden where this puts whoever does it on duty anew and a role of theirs hangs on that."""
    me = await granting.person_behind(tx, who)
    if me is None or me not in accounts:
        return
    before = await tx.row(
        text("select teams from roster_plan where roster_id = :id order by since desc limit 1"), {"id": roster_id}
    )
    if before is not None and any(str(me) == one["account_id"] for team in before["teams"] for one in team["members"]):
        return  # they stood there before, put there by somebody else
    if any(one.on_duty for one in (await granting.grants_of(tx, me)).values()):
        raise Forbidden("trust.account.own_rights")


async def check_ladder(tx: Tx, roster_id: UUID, rungs: Sequence[Rung]) -> None:
    """Raises Invalid for too many rungs, waits that are none, and people or rosters that are not there."""
    if not 1 <= len(rungs) <= MOST_RUNGS or any(not 10 <= one.wait_s <= 86_400 for one in rungs):
        raise _wrong("ladder", "respond.shifts.ladder.wrong")
    named = [each for one in rungs for each in one.accounts]
    known = {one["id"] for one in await tx.rows(_KNOWN, {"ids": named})}
    if any(one.kind is RungKind.ACCOUNTS and not one.accounts for one in rungs) or set(named) - known:
        raise _wrong("ladder", "respond.shifts.plan.nobody")
    for one in rungs:
        if one.kind is RungKind.ROSTER and (one.roster_id is None or one.roster_id == roster_id):
            raise _wrong("ladder", "respond.shifts.ladder.wrong")
        if one.roster_id is not None:
            await keeping.row(tx, one.roster_id)


async def _check_word(tx: Tx, roster_id: UUID, word: str | None) -> None:
    if word is None:
        return
    if word not in GROUPS:
        raise _wrong("answers_to", "respond.shifts.roster.word")
    if await tx.scalar(_TAKEN, {"word": word, "id": roster_id}):
        raise Conflict("respond.shifts.roster.word_taken")


async def _write(
    tx: Tx, who: Principal, roster_id: UUID, since: date, pattern: Pattern, anchor: date, teams: Sequence[Team]
) -> None:
    kept = [
        {
            "name": team.name,
            "members": [{"account_id": str(one.account_id), "post": one.post.value} for one in team.members],
        }
        for team in teams
    ]
    values = {
        "id": new_id(),
        "roster": roster_id,
        "since": since,
        "pattern": json.dumps(patterns.to_json(pattern)),
        "anchor": anchor,
        "teams": json.dumps(kept),
        "by": who.actor,
        "now": tx.now(),
    }
    await tx.execute(_PLAN, values)


def _today(tx: Tx) -> date:
    return tx.now().astimezone(keeping.zone()).date()


def _wrong(field: str, key: str) -> Invalid:
    return Invalid(key, fields=[FieldError(field, key)])
