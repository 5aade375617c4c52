"""What a person asks for (PIPA 35 to 38): access, correction, deletion, a copy, a stop; the desk answers in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import RowMapping

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.kernel.errors import Conflict, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.purposes import days, ledger, opening, queries
from dure.trust.purposes.codes import KINDS
from dure.trust.purposes.model import Leave
from dure.trust.retention import holding
from dure.trust.retention.model import Thing
from dure.trust.vault import Person, Vault, erasing

Kind = Literal["access", "correction", "deletion", "copy", "stop"]
OPEN_FOR = timedelta(days=10)
"""So long an accepted access or copy can be taken before it has to be asked for again."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A ground on which the law lets an office refuse, in force from `since` before `until`."""

    code: str
    kinds: frozenset[str]
    article: str
    since: date
    until: date | None = None


_ALL = frozenset({"access", "correction", "deletion", "copy", "stop"})
_SEES = frozenset({"access", "copy"})
_ACT = date(2011, 9, 30)
REFUSALS: tuple[Refusal, ...] = (
    Refusal("law", _SEES, "개인정보 보호법 제35조제4항제1호", _ACT),
    Refusal("others", _SEES, "개인정보 보호법 제35조제4항제2호", _ACT),
    Refusal("duty", _SEES, "개인정보 보호법 제35조제4항제3호", _ACT),
    Refusal("collected_by_law", frozenset({"correction", "deletion"}), "개인정보 보호법 제36조제1항 단서", _ACT),
    Refusal("stop_law", frozenset({"stop"}), "개인정보 보호법 제37조제2항제1호", _ACT),
    Refusal("stop_others", frozenset({"stop"}), "개인정보 보호법 제37조제2항제2호", _ACT),
    Refusal("stop_duty", frozenset({"stop"}), "개인정보 보호법 제37조제2항제3호", _ACT),
    Refusal("not_the_person", _ALL, "개인정보 보호법 제38조, 같은 법 시행령 제46조", _ACT),
)


class Words(msgspec.Struct, frozen=True):
    """What somebody wrote, sealed under the request's id; of a correction the values that are right."""

    text: str = ""
    changes: dict[str, str] = {}  # msgspec gives each its own


@dataclass(frozen=True, slots=True)
class Decision:
    """A desk's answer. A refusal names its ground; `answer` is what the person reads."""

    accept: bool
    answer: str
    ground: str | None = None


def refusal_in_force(code: str | None, kind: str, day: date) -> Refusal | None:
    """The ground for refusing a request of `kind` as of `day`, or None where there is none such. Pure."""
    for one in REFUSALS:
        if one.code == code and kind in one.kinds and one.since <= day and (one.until is None or day < one.until):
            return one
    return None


async def ask(
    tx: Tx, vault: Vault, principal: Principal, person_id: UUID, kind: Kind, words: Words, zone: ZoneInfo
) -> UUID:
    """A new request: its id. Raises Conflict while one of the kind is open, Invalid for a correction of nothing."""
    if kind == "correction" and not words.changes:
        raise Invalid("trust.rights.nothing_to_correct")
    await tx.row(queries.PERSON_LOCKED, {"id": person_id})
    if await tx.scalar(queries.OPEN_OF_KIND, {"person_id": person_id, "kind": kind}):
        raise Conflict("trust.rights.asked_already")
    id_, now = new_id(), tx.now()
    rule = days.rule_of(kind, now.astimezone(zone).date())
    await tx.execute(
        queries.ASK,
        {
            "id": id_,
            "person_id": person_id,
            "kind": kind,
            "words": vault.seal(_about(id_, "words"), msgspec.json.encode(words)),
            "now": now,
            "due": days.due(now, rule.days, zone),
            "rule": rule.source,
        },
    )
    await audit.record(tx, principal, "rights.ask", "rights_request", id_, purpose=kind, person_id=person_id)
    return id_


async def take_back(tx: Tx, principal: Principal, person_id: UUID, id_: UUID) -> None:
    """Take a request back before it is answered. Raises NotFound."""
    if (await tx.execute(queries.TAKE_BACK, {"id": id_, "person_id": person_id, "now": tx.now()})).first() is None:
        raise NotFound("trust.rights.unknown")
    await audit.record(tx, principal, "rights.take_back", "rights_request", id_, person_id=person_id)


async def get(tx: Tx, id_: UUID, *, lock: bool = False) -> RowMapping:
    """One. Raises NotFound."""
    row = await tx.row(queries.REQUEST_LOCKED if lock else queries.REQUEST, {"id": id_})
    if row is None:
        raise NotFound("trust.rights.unknown")
    return row


async def read(tx: Tx, vault: Vault, principal: Principal, id_: UUID) -> tuple[RowMapping, Words]:
    """A request with its words, for the desk; the reading is a line about the person first."""
    row = await get(tx, id_)
    await audit.record(
        tx, principal, "rights.read", "rights_request", id_, purpose=row["kind"], person_id=row["person_id"]
    )
    return row, words_of(vault, row)


async def decide(tx: Tx, vault: Vault, principal: Principal, id_: UUID, decision: Decision) -> RowMapping:
    """Answer a request, and do what was accepted in the same transaction.

    Raises NotFound, Conflict where it was answered, Invalid for a refusal without a ground in force.
    """
    row = await get(tx, id_, lock=True)
    if row["state"] != "open":
        raise Conflict("trust.rights.answered")
    now = tx.now()
    if not decision.accept and refusal_in_force(decision.ground, row["kind"], now.date()) is None:
        raise Invalid("trust.rights.ground_needed")
    answer = vault.seal(_about(id_, "answer"), decision.answer.encode())
    await tx.execute(
        queries.DECIDE,
        {
            "id": id_,
            "state": "accepted" if decision.accept else "refused",
            "ground": None if decision.accept else decision.ground,
            "answer": answer,
            "now": now,
            "by": principal.actor,
            "open_until": now + OPEN_FOR if decision.accept and row["kind"] in _SEES else None,
        },
    )
    what = "accept" if decision.accept else f"refuse {decision.ground}"
    await audit.record(
        tx,
        principal,
        "rights.decide",
        "rights_request",
        id_,
        purpose=f"{row['kind']} {what}",
        person_id=row["person_id"],
    )
    if decision.accept:
        await _done(tx, vault, principal, row)
    return await get(tx, id_)


async def _done(tx: Tx, vault: Vault, principal: Principal, row: RowMapping) -> None:
    """What was accepted, done: a correction written, a record destroyed, consents ended. Access and copy are taken by
    the person.
    """
    person_id, kind = row["person_id"], row["kind"]
    if kind == "correction":
        await _correct(tx, vault, principal, person_id, words_of(vault, row).changes)
    elif kind == "deletion":
        await ledger.stop(tx, principal, person_id, "deletion")
        await erase(tx, principal, person_id)
    elif kind == "stop":
        await ledger.stop(tx, principal, person_id, "stop")


async def _correct(tx: Tx, vault: Vault, principal: Principal, person_id: UUID, changes: Mapping[str, str]) -> None:
    """Write the right values, told as the desk's reading of the record that it is."""
    line = await audit.record(
        tx, principal, "person.correct", "person", person_id, purpose="pipa.36", person_id=person_id
    )
    await opening.note(tx, line, person_id, Leave("rights", "pipa.36", frozenset(KINDS)))
    found = await vault.opened(tx, [person_id])
    if person_id not in found:
        raise NotFound("trust.person.unknown")
    fields = {name: value for name, value in changes.items() if name in Person.__struct_fields__}
    await vault.put(tx, msgspec.structs.replace(found[person_id], **fields), person_id)


async def erase(tx: Tx, principal: Principal, person_id: UUID) -> None:
    """Destroy who this person is. Raises Conflict where an investigation holds the record, NotFound."""
    await holding.check(tx, Thing(str(person_id), tx.now(), people=frozenset({str(person_id)})))
    await erasing.erase(tx, principal, person_id, "pipa.36")


def words_of(vault: Vault, row: RowMapping) -> Words:
    """What the person wrote."""
    return msgspec.json.decode(vault.unseal(_about(row["id"], "words"), bytes(row["words"])), type=Words)


def answer_of(vault: Vault, row: RowMapping) -> str | None:
    """What the desk answered."""
    if row["answer"] is None:
        return None
    return vault.unseal(_about(row["id"], "answer"), bytes(row["answer"])).decode()


async def queue(tx: Tx, *, state: str | None, after: Key | None, most: int) -> Sequence[RowMapping]:
    """Requests, the next due first; one more than `most`."""
    after_at, after_id = after or (None, None)
    return await tx.rows(queries.QUEUE, {"state": state, "after_at": after_at, "after_id": after_id, "most": most + 1})


async def of_person(tx: Tx, person_id: UUID, *, after: Key | None, most: int) -> Sequence[RowMapping]:
    """A person's own requests, the newest first; one more than `most`."""
    before_at, before_id = after or (None, None)
    values = {"person_id": person_id, "before_at": before_at, "before_id": before_id, "most": most + 1}
    return await tx.rows(queries.REQUESTS_OF, values)


def _about(id_: UUID, part: str) -> str:
    return f"rights_request/{id_}/{part}"
