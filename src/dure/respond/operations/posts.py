"""What citizens are told: written by one, approved by another, shown until it is withdrawn or long over.

Only an approved revision is ever shown. Writing it anew leaves what is shown as it is, until that is approved, too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.engine.paging import Key
from dure.engine.web import check_version
from dure.kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from dure.kernel.ids import new_id
from dure.kernel.messages import LANGUAGES
from dure.kernel.severity import Severity
from dure.respond.operations import model, queries
from dure.respond.operations.model import PostState
from dure.trust import audit
from dure.trust.principal import Principal

KEPT_OVER = timedelta(days=7)
"""So long what is over stays on the page."""
FIELDS = ("title", "place", "body", "advice")
_ONE = "select p.* from public_post p where p.id = :id"
_LISTED = text(
    "select p.* from public_post p where (cast(:at as timestamptz) is null or (p.updated_at, p.id) < (:at, :id)) "
    "order by p.updated_at desc, p.id desc limit :limit"
)
_REVISIONS = text("select * from public_post_revision where post_id = any(:ids) order by post_id, number")
_SHOWN = text(
    "select p.id, p.first_shown_at, r.number, r.level, r.over, r.words, r.approved_at from public_post p "
    "join public_post_revision r on r.post_id = p.id and r.number = p.shown "
    "where p.withdrawn_at is null and (r.over = 'ongoing' or r.approved_at > :since) "
    "order by r.over = 'over', r.approved_at desc, p.id"
)
_STATE = text(
    "update public_post_revision set state = :state, reason = :reason, approved_by = :approved_by, "
    "approved_at = :approved_at where post_id = :id and number = :number"
)
_TOUCH = text("update public_post set version = version + 1, updated_at = :now where id = :id")


@dataclass(frozen=True, slots=True)
class Words:
    """What a revision says, by language: title, place, body, advice. `over`: it has ended."""

    by_language: Mapping[str, Mapping[str, str]]
    level: Severity | None
    over: bool


async def write(tx: Tx, principal: Principal, words: Words, operation_id: UUID | None) -> UUID:
    """Begin one. Raises NotFound for the operation."""
    if operation_id is not None:
        await queries.one(tx, operation_id)
    id_ = new_id()
    await audit.record(tx, principal, "operation.post_write", "public_post", id_)
    await queries.insert(
        tx, "public_post", id=id_, operation_id=operation_id, newest=1, made_by=principal.name, created_at=tx.now(),
        updated_at=tx.now(),
    )  # fmt: skip
    await _revision(tx, principal, id_, 1, words)
    return id_


async def rewrite(tx: Tx, principal: Principal, post_id: UUID, words: Words, expected: int | None) -> None:
    """A new revision; what is shown stays until this one is approved. Raises Conflict once withdrawn."""
    row = await _taken(tx, post_id, expected)
    await audit.record(tx, principal, "operation.post_write", "public_post", post_id)
    await _revision(tx, principal, post_id, row["newest"] + 1, words)
    await queries.update(tx, "public_post", post_id, newest=row["newest"] + 1)
    await tx.execute(_TOUCH, {"id": post_id, "now": tx.now()})


async def act(
    tx: Tx, principal: Principal, post_id: UUID, what: str, reason: str = "", expected: int | None = None
) -> None:
    """Submit, return or approve the newest revision. Raises Conflict out of turn and for a drill, Invalid where it says
    nothing in Korean, Forbidden where somebody approves what they wrote.
    """
    row = await _taken(tx, post_id, expected)
    revision = (await _revisions(tx, [post_id]))[post_id][-1]
    after = model.after(model.POST_ACTS, PostState(revision["state"]), what, "respond.operations.post.state")
    missing = [one for one in ("title", "body") if not revision["words"].get("ko", {}).get(one, "").strip()]
    if what in {"submit", "approve"} and missing:
        fields = [FieldError(f"ko.{one}", "respond.operations.empty") for one in missing]
        raise Invalid("engine.fields.wrong", fields=fields)
    if what == "approve" and revision["writer"] == principal.actor:
        raise Forbidden("respond.operations.post.own")
    operation = None if row["operation_id"] is None else await queries.one(tx, row["operation_id"])
    if what == "approve" and operation is not None and operation["mode"] != "real":
        raise Conflict("respond.operations.post.drill")
    await audit.record(tx, principal, f"operation.post_{what}", "public_post", post_id)
    approved = after is PostState.APPROVED
    said = {"approved_by": principal.name if approved else None, "approved_at": tx.now() if approved else None}
    values = {"id": post_id, "number": revision["number"], "state": after.value, "reason": reason, **said}
    await tx.execute(_STATE, values)
    if approved:
        first = row["first_shown_at"] or tx.now()
        await queries.update(tx, "public_post", post_id, shown=revision["number"], first_shown_at=first)
    await tx.execute(_TOUCH, {"id": post_id, "now": tx.now()})


async def withdraw(tx: Tx, principal: Principal, post_id: UUID, expected: int | None) -> None:
    """Take it off the page. Raises Conflict where it was."""
    await _taken(tx, post_id, expected)
    await audit.record(tx, principal, "operation.post_withdraw", "public_post", post_id)
    await queries.update(tx, "public_post", post_id, withdrawn_at=tx.now(), withdrawn_by=principal.name)
    await tx.execute(_TOUCH, {"id": post_id, "now": tx.now()})


async def one(tx: Tx, post_id: UUID) -> dict[str, Any]:
    """One with its revisions. Raises NotFound."""
    row = await tx.row(text(_ONE), {"id": post_id})
    if row is None:
        raise NotFound("respond.operations.post.unknown")
    return shown(row, (await _revisions(tx, [post_id]))[post_id])


async def listed(tx: Tx, after: Key | None, limit: int) -> list[tuple[RowMapping, dict[str, Any]]]:
    """Posts, what changed last first: each row and how the API shows it."""
    at, id_ = after or (None, None)
    rows = await tx.rows(_LISTED, {"at": at, "id": id_, "limit": limit})
    revisions = await _revisions(tx, [row["id"] for row in rows])
    return [(row, shown(row, revisions[row["id"]])) for row in rows]


async def standing(tx: Tx) -> Sequence[RowMapping]:
    """What citizens are shown now: what goes on first, then what is over."""
    return await tx.rows(_SHOWN, {"since": tx.now() - KEPT_OVER})


def shown(row: RowMapping, revisions: Sequence[RowMapping]) -> dict[str, Any]:
    """A post as the API shows it, without the writers' ids."""
    names = ("number", "state", "level", "words", "written_by", "written_at", "reason", "approved_by", "approved_at")
    return {
        **{name: row[name] for name in ("shown", "newest", "made_by", "created_at", "updated_at", "version")},
        **{name: row[name] for name in ("first_shown_at", "withdrawn_at", "withdrawn_by")},
        "id": str(row["id"]),
        "operation_id": None if row["operation_id"] is None else str(row["operation_id"]),
        "revisions": [{**{name: one[name] for name in names}, "over": one["over"] == "over"} for one in revisions],
    }


async def _taken(tx: Tx, post_id: UUID, expected: int | None) -> RowMapping:
    row = await tx.row(text(f"{_ONE} for update"), {"id": post_id})
    if row is None:
        raise NotFound("respond.operations.post.unknown")
    check_version(expected, row["version"])
    if row["withdrawn_at"] is not None:
        raise Conflict("respond.operations.post.withdrawn")
    return row


async def _revision(tx: Tx, principal: Principal, post_id: UUID, number: int, words: Words) -> None:
    told = {
        language: {name: words.by_language.get(language, {}).get(name, "").strip() for name in FIELDS}
        for language in LANGUAGES
    }
    await tx.execute(
        text(
            "insert into public_post_revision (post_id, number, state, level, over, words, written_by, writer, "
            "written_at) values (:id, :number, 'draft', :level, :over, cast(:words as jsonb), :by, :writer, :now)"
        ),
        {
            "id": post_id, "number": number, "level": words.level, "over": "over" if words.over else "ongoing",
            "words": json.dumps(told, ensure_ascii=False), "by": principal.name, "writer": principal.actor,
            "now": tx.now(),
        },
    )  # fmt: skip


async def _revisions(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[RowMapping]]:
    found: dict[UUID, list[RowMapping]] = {id_: [] for id_ in ids}
    for row in await tx.rows(_REVISIONS, {"ids": list(ids)}):
        found[row["post_id"]].append(row)
    return found
