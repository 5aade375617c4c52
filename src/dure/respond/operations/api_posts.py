"""What citizens are told, over HTTP. Thin."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Response

from dure.engine import paging
from dure.engine.web import ExpectedVersion, Router, TxDep, tag
from dure.respond.operations import forms, posts
from dure.respond.operations.desk import Approves, Handles, Reads

router = Router(prefix="/public-posts", tags=["operations"])


async def _answer(tx: TxDep, post_id: UUID, response: Response) -> dict[str, Any]:
    value = await posts.one(tx, post_id)
    tag(response, value["version"])
    return value


@router.get("")
async def list_posts(tx: TxDep, _who: Reads, cursor: paging.Cursor = None, limit: paging.Limit = 50) -> dict[str, Any]:
    """Posts with their revisions, what changed last first."""
    found = await posts.listed(tx, paging.decode(cursor, datetime, UUID), limit + 1)
    page = paging.page(found, limit, lambda one: (one[0]["updated_at"], str(one[0]["id"])))
    return {"items": [value for _, value in page["items"]], "next": page["next"]}


@router.get("/{post_id}")
async def get_post(tx: TxDep, _who: Reads, post_id: UUID, response: Response) -> dict[str, Any]:
    """One post."""
    return await _answer(tx, post_id, response)


@router.post("", status_code=201)
async def write(tx: TxDep, who: Handles, form: forms.PostForm, response: Response) -> dict[str, Any]:
    """Begin one."""
    return await _answer(tx, await posts.write(tx, who, form.words(), form.operation), response)


@router.put("/{post_id}")
async def rewrite(
    tx: TxDep, who: Handles, post_id: UUID, form: forms.PostForm, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Write it anew; what is shown stays until this is approved."""
    await posts.rewrite(tx, who, post_id, form.words(), expected)
    return await _answer(tx, post_id, response)


@router.post("/{post_id}/submit")
async def submit(
    tx: TxDep, who: Handles, post_id: UUID, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Ask for approval."""
    await posts.act(tx, who, post_id, "submit", expected=expected)
    return await _answer(tx, post_id, response)


@router.post("/{post_id}/approve")
async def approve(
    tx: TxDep, who: Approves, post_id: UUID, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Approve what somebody else wrote: it is on the public page within seconds."""
    await posts.act(tx, who, post_id, "approve", expected=expected)
    return await _answer(tx, post_id, response)


@router.post("/{post_id}/return")
async def give_back(
    tx: TxDep, who: Approves, post_id: UUID, form: forms.ReasonForm, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Send it back with a reason."""
    await posts.act(tx, who, post_id, "return", form.reason, expected)
    return await _answer(tx, post_id, response)


@router.post("/{post_id}/withdraw")
async def withdraw(
    tx: TxDep, who: Approves, post_id: UUID, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Take it off the public page."""
    await posts.withdraw(tx, who, post_id, expected)
    return await _answer(tx, post_id, response)
