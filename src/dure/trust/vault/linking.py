"""Records that may be one person's: dure finds candidates by blind index, weighs them inside the vault, and a person
decides. What they decided can be undone.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any
from unicodedata import normalize
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, NotFound
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.vault.person import Person, folded
from dure.trust.vault.records import Vault

WORTH_ASKING = 0.5
_MOST = 500


def likeness(one: Person, other: Person) -> tuple[float, list[str]]:
    """How sure it is that two records are one person's (0 to 1), and what speaks for it.

    The same resident number is sure, two different ones rule it out. Names need not be written alike; a name alone, or
    a telephone that a family shares, is not enough. The weights are this city's judgement, not a standard.
    """
    first, second = folded("resident_no", one.resident_no), folded("resident_no", other.resident_no)
    if first and second:
        return (1.0, ["resident_no"]) if first == second else (0.0, [])
    score, why = 0.0, []
    alike = _names(one.name, other.name)
    if alike < 0.6:
        return 0.0, []
    score += 0.4 if alike == 1 else 0.25
    why.append("name" if alike == 1 else "similar_name")
    if one.birth_date and other.birth_date:
        if one.birth_date == other.birth_date:
            score += 0.35
            why.append("birth_date")
        else:
            score -= 0.3
    if _phones(one) & _phones(other):
        score += 0.3
        why.append("phone")
    if one.address and folded("address", one.address) == folded("address", other.address):
        score += 0.2
        why.append("address")
    if one.email and one.email.casefold() == other.email.casefold():
        score += 0.2
        why.append("email")
    return max(0.0, min(score, 0.99)), why


def _names(one: str, other: str) -> float:
    """How alike two names are (0 to 1): by the letters that syllables are made of (Unicode's NFD), so that 김민수 is
    near 김민주.
    """
    first, second = (normalize("NFD", folded("name", name)) for name in (one, other))
    return SequenceMatcher(None, first, second).ratio() if first else 0.0


def _phones(person: Person) -> set[str]:
    return {plain for plain in (folded("phone", person.phone), folded("phone", person.second_phone)) if plain}


async def look(tx: Tx, vault: Vault) -> int:
    """Look for likely doubles among records that share a number, or a birth date and initials; how many were found.

    Pairs that were weighed already, or decided upon, are not weighed again unless one of the two has changed since.
    """
    pairs = await tx.rows(_CANDIDATES, {"most": _MOST})
    if not pairs:
        return 0
    people = await vault.opened(tx, {row[name] for row in pairs for name in ("first_id", "second_id")})
    found = []
    for row in pairs:
        one, other = people.get(row["first_id"]), people.get(row["second_id"])
        score, why = likeness(one, other) if one is not None and other is not None else (0.0, [])
        found.append({**row, "score": score, "why": why, "now": tx.now()})
    await tx.execute(_FOUND, found)
    return sum(one["score"] >= WORTH_ASKING for one in found)


async def listed(tx: Tx, state: str, limit: int) -> Sequence[RowMapping]:
    """Pairs in this state, the surest first (decided ones: the newest first)."""
    return await tx.rows(_LISTED, {"state": state, "least": WORTH_ASKING, "limit": limit})


async def merge(tx: Tx, vault: Vault, principal: Principal, pair: tuple[UUID, UUID], kept: UUID) -> None:
    """They are one person's: `kept` stays and learns what only the other knows; whoever asks for the other is given it.

    Raises NotFound for an unknown pair, Conflict where it is decided, or where one of the two was merged elsewhere.
    """
    row = await _locked(tx, pair, "open")
    if kept not in pair:
        raise NotFound("trust.person.unknown")
    gone = row["second_id"] if kept == row["first_id"] else row["first_id"]
    family = await tx.rows(_FAMILY, {"ids": list(pair)})
    if len(family) != 2 or any(one["merged_into"] for one in family):
        raise Conflict("trust.pair.moved")
    people = await vault.opened(tx, pair)
    mine, other = people[kept], people[gone]
    learned = [name for name in Person.__struct_fields__ if getattr(other, name) and not getattr(mine, name)]
    await vault.put(tx, replace(mine, **{name: getattr(other, name) for name in learned}), kept)
    await tx.execute(_POINT, {"kept": kept, "gone": gone})
    await _decide(tx, principal, pair, "merged", kept=kept, learned=learned)
    await audit.record(tx, principal, "person.merge", "person", kept, person_id=gone)


async def tell_apart(tx: Tx, principal: Principal, pair: tuple[UUID, UUID]) -> None:
    """They are two people: they are not suggested again. Raises NotFound, Conflict where it is decided."""
    await _locked(tx, pair, "open")
    await _decide(tx, principal, pair, "different")
    await audit.record(tx, principal, "person.tell_apart", "person", pair[0], person_id=pair[1])


async def undo(tx: Tx, vault: Vault, principal: Principal, pair: tuple[UUID, UUID]) -> None:
    """Take a decision back: merged records are apart again, and the kept one forgets what it learned from the other,
    unless that was changed since. Raises NotFound, Conflict where nothing was decided.
    """
    row = await _locked(tx, pair, "merged", "different")
    if row["state"] == "merged":
        kept = row["kept_id"]
        gone = row["second_id"] if kept == row["first_id"] else row["first_id"]
        await tx.execute(_POINT, {"kept": None, "gone": gone})
        people = await vault.opened(tx, pair)
        mine, other = people[kept], people[gone]
        learned = [name for name in row["learned"] if getattr(mine, name) == getattr(other, name)]
        await vault.put(tx, replace(mine, **{name: type(getattr(mine, name))() for name in learned}), kept)
    await _decide(tx, principal, pair, "open")
    await audit.record(tx, principal, "person.undo_decision", "person", pair[0], person_id=pair[1])


async def _locked(tx: Tx, pair: tuple[UUID, UUID], *states: str) -> RowMapping:
    row = await tx.row(
        text("select * from person_pair where first_id = :first and second_id = :second for update"), _named(pair)
    )
    if row is None:
        raise NotFound("trust.pair.unknown")
    if row["state"] not in states:
        raise Conflict("trust.pair.decided")
    return row


async def _decide(
    tx: Tx,
    principal: Principal,
    pair: tuple[UUID, UUID],
    state: str,
    *,
    kept: UUID | None = None,
    learned: Sequence[str] = (),
) -> None:
    values: dict[str, Any] = {**_named(pair), "state": state, "kept": kept, "learned": list(learned)}
    at, by = (None, None) if state == "open" else (tx.now(), principal.actor)
    await tx.execute(_DECIDE, {**values, "at": at, "by": by})


def _named(pair: tuple[UUID, UUID]) -> dict[str, UUID]:
    return {"first": min(pair), "second": max(pair)}


_CANDIDATES = text(
    """
    select distinct a.person_id as first_id, b.person_id as second_id
    from person_index a
    join person_index b on b.field = a.field and b.digest = a.digest and a.person_id < b.person_id
    join person p on p.id = a.person_id and p.merged_into is null
    join person q on q.id = b.person_id and q.merged_into is null
    where a.field in ('phone', 'resident_no', 'alike') and not exists (
        select from person_pair d where d.first_id = a.person_id and d.second_id = b.person_id
            and (d.state <> 'open' or d.found_at >= greatest(p.updated_at, q.updated_at))
    ) limit :most
    """
)
_FOUND = text(
    "insert into person_pair (first_id, second_id, score, why, found_at) "
    "values (:first_id, :second_id, :score, :why, :now) "
    "on conflict (first_id, second_id) "
    "do update set score = excluded.score, why = excluded.why, found_at = excluded.found_at"
)
_FAMILY = text("select id, merged_into from person where id = any(:ids) or merged_into = any(:ids)")
_POINT = text("update person set merged_into = :kept where id = :gone")
_LISTED = text(
    "select first_id, second_id, score, why, state, kept_id, found_at, decided_at, decided_by from person_pair "
    "where state = :state and (state <> 'open' or score >= :least) "
    "order by decided_at desc nulls last, score desc, first_id limit :limit"
)
_DECIDE = text(
    "update person_pair set state = :state, kept_id = :kept, learned = :learned, decided_at = :at, decided_by = :by "
    "where first_id = :first and second_id = :second"
)
