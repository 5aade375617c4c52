"""Substitutes, swaps and absences: asked, agreed by the other side, approved by whoever sets the roster."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.respond.shifts import keeping, planning, roster
from dure.respond.shifts.keeping import Kept
from dure.respond.shifts.model import Slot
from dure.respond.shifts.policy import sets
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.who import granting

LONGEST_AWAY = timedelta(days=366)
_INSERT = text(
    "insert into roster_change (id, roster_id, kind, status, why, out_account, in_account, day, shift, other_day, "
    "other_shift, last_day, asked_by, asked_by_id, created_at, updated_at) values (:id, :roster, :kind, 'asked', :why, "
    ":out_account, :in_account, :day, :shift, :other_day, :other_shift, :last_day, :by, :by_id, :now, :now)"
)
_ONE = text("select * from roster_change where id = :id for update")
_STAND = text(
    "update roster_change set status = :status, agreed_at = coalesce(agreed_at, :agreed_at), "
    "decided_by = coalesce(:decided_by, decided_by), decided_at = coalesce(:decided_at, decided_at), "
    "version = version + 1, updated_at = :now where id = :id"
)
_LIST = text(
    "select c.*, o.label as out_label, i.label as in_label from roster_change c "
    "left join account o on o.id = c.out_account left join account i on i.id = c.in_account "
    "where c.roster_id = :roster and (:all or c.status in ('asked', 'agreed')) "
    "and greatest(c.day, coalesce(c.other_day, c.day), coalesce(c.last_day, c.day)) >= :first and c.day <= :last "
    "order by c.day, c.created_at, c.id limit 500"
)


class Kind(StrEnum):
    """대직, 맞바꿈, 부재."""

    SUBSTITUTE = "substitute"
    SWAP = "swap"
    ABSENCE = "absence"


class Say(StrEnum):
    """What is said to a change that waits."""

    AGREE = "agree"
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change that is asked for. Substitute: `in_account` instead of `out_account` (None: in addition) in a shift.
    Swap: that, and the other way round in the other shift. Absence: `out_account` from `day` to `last_day`.
    """

    kind: Kind
    why: str
    day: date
    out_account: UUID | None = None
    in_account: UUID | None = None
    shift: str | None = None
    other_day: date | None = None
    other_shift: str | None = None
    last_day: date | None = None


async def ask(tx: Tx, who: Principal, roster_id: UUID, wanted: Wanted) -> tuple[RowMapping, list[Slot]]:
    """Ask for a change: for oneself, or for others where one sets the roster. What one sets for others holds at once,
    but for a swap, which they agree to. Also given: the shifts of whoever comes in that leave them less rest than is
    due. Raises NotFound, Forbidden, Invalid.
    """
    row = await keeping.row(tx, roster_id, who, lock=True)
    setting = sets(who, row["agency_id"]) and who.may("roster.manage")
    me = await granting.person_behind(tx, who)
    if not setting and me not in {wanted.out_account, wanted.in_account}:
        raise Forbidden("respond.shifts.roster.not_yours")
    kept = await keeping.load(tx, row, *_days(tx, wanted))
    near = await _check(tx, kept, wanted)
    id_ = new_id()
    values = {
        **{name: getattr(wanted, name) for name in Wanted.__slots__},
        "id": id_,
        "roster": roster_id,
        "kind": wanted.kind.value,
        "by": who.name,
        "by_id": me,
        "now": tx.now(),
    }
    await tx.execute(_INSERT, values)
    await audit.record(tx, who, f"roster.{wanted.kind.value}", "roster_change", id_)
    if setting and wanted.kind is not Kind.SWAP and me not in {wanted.out_account, wanted.in_account}:
        await _stand(tx, id_, "approved", decided_by=who.name)
    return await _get(tx, id_), near


async def say(tx: Tx, who: Principal, change_id: UUID, what: Say, expected: int | None) -> RowMapping:
    """Agree (whoever comes in), approve or refuse (whoever sets the roster and is no part of it), or withdraw (whoever
    asked). Raises NotFound, Forbidden, Conflict where it was decided or waits for the other side.
    """
    change = await _get(tx, change_id)
    row = await keeping.row(tx, change["roster_id"], who, lock=True)
    check_version(expected, change["version"])
    me = await granting.person_behind(tx, who)
    takes_back = what is Say.WITHDRAW and change["status"] == "approved" and _ahead(tx, change)
    if change["status"] not in {"asked", "agreed"} and not takes_back:
        raise Conflict("respond.shifts.change.decided")
    if what is Say.AGREE:
        if me is None or me != _other(change):
            raise Forbidden("respond.shifts.change.not_asked")
        await _stand(tx, change_id, "agreed", agreed=True)
    elif what is Say.WITHDRAW:
        if me != change["asked_by_id"] and not (sets(who, row["agency_id"]) and who.may("roster.manage")):
            raise Forbidden("respond.shifts.roster.not_yours")
        await _stand(tx, change_id, "withdrawn")
    else:
        await _decide(tx, who, row, change, me, what)
    await audit.record(tx, who, f"roster.{what.value}", "roster_change", change_id)
    return await _get(tx, change_id)


async def _decide(tx: Tx, who: Principal, row: RowMapping, change: RowMapping, me: UUID | None, what: Say) -> None:
    if not (sets(who, row["agency_id"]) and who.may("roster.manage")):
        raise Forbidden("respond.shifts.roster.not_yours")
    if me is not None and me in {change["out_account"], change["in_account"]}:
        raise Forbidden("respond.shifts.change.own")  # four eyes
    if what is Say.REFUSE:
        await _stand(tx, change["id"], "refused", decided_by=who.name)
        return
    if change["kind"] == Kind.SWAP and change["status"] != "agreed":
        raise Conflict("respond.shifts.change.waits")
    wanted = Wanted(Kind(change["kind"]), *(change[name] for name in Wanted.__slots__[1:]))
    await _check(tx, await keeping.load(tx, row, *_days(tx, wanted)), wanted)
    await _stand(tx, change["id"], "approved", decided_by=who.name)


async def listed(tx: Tx, roster_id: UUID, first: date, last: date, *, decided: bool) -> Sequence[RowMapping]:
    """Changes that touch these days; without `decided` those that wait."""
    return await tx.rows(_LIST, {"roster": roster_id, "first": first, "last": last, "all": decided})


async def waiting(tx: Tx, roster_id: UUID, today: date) -> int:
    """How many changes of days to come wait for somebody."""
    return len(await listed(tx, roster_id, today, today + LONGEST_AWAY, decided=False))


async def _check(tx: Tx, kept: Kept, wanted: Wanted) -> list[Slot]:
    """Raises Invalid for what cannot be; the shifts that lie too near."""
    if wanted.kind is Kind.ABSENCE:
        if wanted.out_account is None or wanted.in_account or wanted.last_day is None:
            raise _wrong("last_day", "respond.shifts.change.absence")
        if not wanted.day <= wanted.last_day <= wanted.day + LONGEST_AWAY:
            raise _wrong("last_day", "respond.shifts.change.absence")
        await planning.check_people(tx, kept.id, [wanted.out_account])
        return []
    if wanted.in_account is None or wanted.in_account == wanted.out_account:
        raise _wrong("in_account", "respond.shifts.change.nobody")
    await planning.check_people(tx, kept.id, [wanted.in_account])
    near = _comes_in(kept, wanted.day, wanted.shift, wanted.out_account, wanted.in_account, "day")
    if wanted.kind is Kind.SWAP:
        if wanted.out_account is None or wanted.other_day is None:
            raise _wrong("other_day", "respond.shifts.change.swap")
        near += _comes_in(
            kept, wanted.other_day, wanted.other_shift, wanted.in_account, wanted.out_account, "other_day"
        )
    given_up = {(wanted.day, wanted.shift), (wanted.other_day, wanted.other_shift)}
    return [one for one in near if (one.day, one.shift.id) not in given_up]


def _comes_in(kept: Kept, day: date, shift: str | None, out: UUID | None, into: UUID, field: str) -> list[Slot]:
    slot = next((one for one in roster.slots_of(kept.roster, day, kept.zone) if one.shift.id == shift), None)
    if slot is None:
        raise _wrong(field, "respond.shifts.change.no_shift")
    crew = roster.crew(kept.roster, slot)
    there = {one.account_id for one in crew.people}
    if out is not None and out not in there and out not in crew.away:
        raise _wrong(field, "respond.shifts.change.not_there")
    if into in there:
        raise _wrong(field, "respond.shifts.change.there")
    near = roster.neighbours(kept.roster, into, slot, kept.zone)
    if any(roster.overlaps(slot, one) for one in near):
        raise _wrong(field, "respond.shifts.change.overlaps")
    return near


def _other(change: RowMapping) -> UUID | None:
    """Whose yes a change waits for: the one of the two who did not ask."""
    side = "out_account" if change["asked_by_id"] == change["in_account"] else "in_account"
    found: UUID | None = change[side]
    return found


def _days(tx: Tx, wanted: Wanted) -> tuple[date, date]:
    today = tx.now().astimezone(keeping.zone()).date()
    every = [one for one in (wanted.day, wanted.other_day, wanted.last_day) if one is not None]
    first, last = min(every), max(every)
    if first < today - timedelta(days=1) or last > today + 2 * LONGEST_AWAY:
        raise _wrong("day", "respond.shifts.change.past")
    return first, last


def _ahead(tx: Tx, change: RowMapping) -> bool:
    return bool(change["day"] > tx.now().astimezone(keeping.zone()).date())


async def _get(tx: Tx, change_id: UUID) -> RowMapping:
    row = await tx.row(_ONE, {"id": change_id})
    if row is None:
        raise NotFound("respond.shifts.change.unknown")
    return row


async def _stand(tx: Tx, id_: UUID, status: str, *, agreed: bool = False, decided_by: str | None = None) -> None:
    now = tx.now()
    values = {
        "id": id_,
        "status": status,
        "agreed_at": now if agreed else None,
        "decided_by": decided_by,
        "decided_at": now if decided_by else None,
        "now": now,
    }
    await tx.execute(_STAND, values)


def _wrong(field: str, key: str) -> Invalid:
    return Invalid(key, fields=[FieldError(field, key)])
