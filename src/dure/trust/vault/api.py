"""The vault over HTTP: likely doubles and what was decided of them, erasing a person, and the proof of it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import Depends, Response
from sqlalchemy import text

from dure.engine import paging
from dure.engine.context import Context
from dure.engine.database import Tx
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, Router, TxDep
from dure.trust.principal import Principal
from dure.trust.shapes import PersonOut
from dure.trust.vault import erasing, linking, reasons, shapes
from dure.trust.vault.person import Person
from dure.trust.vault.records import Vault, at
from dure.trust.web import require

router = Router(tags=["trust"])
Links = Annotated[Principal, Depends(require("person.link"))]
Erases = Annotated[Principal, Depends(require("person.erase"))]
Proves = Annotated[Principal, Depends(require("destruction.read"))]


def _vault(context: Context) -> Vault:
    return at(context.settings.data)


@router.get("/person-pairs")
async def list_pairs(
    tx: TxDep,
    _who: Links,
    context: ContextDep,
    response: Response,
    state: Literal["open", "merged", "different"] = "open",
    limit: Limit = 100,
) -> shapes.Pairs:
    """Records that may be one person's, masked: those that wait for a decision, or those that were decided."""
    response.headers["Cache-Control"] = "no-store"
    rows = await linking.listed(tx, state, limit)
    # Of merged pairs each record is shown as it is kept, not as what it was merged into.
    people = await _vault(context).apart(tx, {row[name] for row in rows for name in ("first_id", "second_id")})
    items = [
        shapes.PairOut(first=_out(row["first_id"], people), second=_out(row["second_id"], people), **_decision(row))
        for row in rows
    ]
    return shapes.Pairs(items=items)


def _out(person_id: UUID, people: dict[UUID, Person]) -> PersonOut:
    return PersonOut(id=person_id, **msgspec.structs.asdict(people.get(person_id, Person())))


def _decision(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in ("score", "why", "state", "kept_id", "found_at", "decided_at", "decided_by")}


@router.post("/person-pairs/look")
async def look_for_pairs(tx: TxDep, _who: Links, context: ContextDep) -> shapes.Looked:
    """Look for doubles now; it is done by itself every few minutes."""
    return shapes.Looked(found=await linking.look(tx, _vault(context)))


@router.post("/person-pairs/merge", status_code=204)
async def merge_pair(body: shapes.MergeIn, tx: TxDep, who: Links, context: ContextDep) -> None:
    """They are one person's. Can be taken back."""
    await linking.merge(tx, _vault(context), who, (body.first, body.second), body.kept)


@router.post("/person-pairs/different", status_code=204)
async def tell_apart(body: shapes.PairIn, tx: TxDep, who: Links) -> None:
    """They are two people; they are not suggested again. Can be taken back."""
    await linking.tell_apart(tx, who, (body.first, body.second))


@router.post("/person-pairs/undo", status_code=204)
async def undo_decision(body: shapes.PairIn, tx: TxDep, who: Links, context: ContextDep) -> None:
    """Take the decision back."""
    await linking.undo(tx, _vault(context), who, (body.first, body.second))


@router.post("/people/{person_id}/erase", status_code=202)
async def erase_person(body: shapes.EraseIn, tx: TxDep, who: Erases, person_id: UUID) -> shapes.ErasedOut:
    """Destroy the person's key, and with it what it sealed, wherever copies lie. It cannot be undone."""
    return shapes.ErasedOut(id=await erasing.erase(tx, who, person_id, body.purpose), person_id=person_id)


@router.get("/people/{person_id}/destruction")
async def destruction(tx: TxDep, _who: Proves, context: ContextDep, person_id: UUID) -> shapes.ProofOut:
    """What shows that the person was destroyed."""
    return shapes.ProofOut(**await erasing.proof(tx, _vault(context), "person", person_id))


@router.get("/destructions")
async def list_destructions(tx: TxDep, _who: Proves, cursor: Cursor = None, limit: Limit = 100) -> shapes.Destructions:
    """What was destroyed, the newest first: people, and words of incidents."""
    rows = await _destructions(tx, paging.decode(cursor, datetime, UUID), limit + 1)
    page = paging.page(rows, limit, lambda row: (row["ordered_at"], str(row["id"])))
    said = reasons.opened(tx, [row["reason"] for row in page["items"]])
    items = [shapes.DestructionOut(**{**row, "reason": why}) for row, why in zip(page["items"], said, strict=True)]
    return shapes.Destructions(items=items, next=page["next"])


async def _destructions(tx: Tx, after: paging.Key | None, most: int) -> Any:
    return await tx.rows(
        text(
            f"select id, kind, subject_id, reason, by, {erasing.BY_NAME} as by_name, ordered_at, done_at "
            "from destruction d where cast(:at as timestamptz) is null or (ordered_at, id) < (:at, cast(:id as uuid)) "
            "order by ordered_at desc, id desc limit :most"
        ),
        {"at": after[0] if after else None, "id": after[1] if after else None, "most": most},
    )
