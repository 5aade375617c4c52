"""Joining, moving and leaving over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from dure.engine import paging
from dure.engine.context import Context
from dure.engine.paging import Cursor, Limit
from dure.engine.web import OPEN, PROBLEMS, ContextDep, ExpectedVersion, Router, TxDep, tag
from dure.trust import accounts
from dure.trust import shapes as common
from dure.trust.entry import edge
from dure.trust.principal import Principal
from dure.trust.web import client_address, require
from dure.trust.who import ends, joining, moving, shapes, shared
from dure.trust.who.granting import Grant

router = Router(tags=["who"])
door = APIRouter(tags=["who"], route_class=edge.DoorRoute, responses=PROBLEMS)

ManagesAccounts = Annotated[Principal, Depends(require("account.manage"))]
GrantsRoles = Annotated[Principal, Depends(require("account.grant"))]


def _grants(given: Sequence[shapes.GrantIn]) -> list[Grant]:
    return [Grant(one.role, one.until, one.on_duty) for one in given]


async def _account(tx: TxDep, account_id: UUID, response: Response) -> common.AccountOut:
    row = await accounts.get(tx, account_id)
    tag(response, row["version"])
    return common.AccountOut(**row)


def _link(context: Context, presented: str) -> common.LinkOut:
    base = context.settings.public_url.rstrip("/")
    url = f"{base}/#/join?token={presented}"
    return common.LinkOut(url=url, token=presented, expires_in_s=int(joining.LASTS.total_seconds()))


@router.put("/accounts/{account_id}/roles")
async def set_roles(
    body: shapes.RolesIn,
    tx: TxDep,
    who: GrantsRoles,
    account_id: UUID,
    expected: ExpectedVersion,
    response: Response,
) -> common.AccountOut:
    """Give an account exactly these roles, each with its end or only while on duty."""
    await accounts.set_roles(tx, who, account_id, _grants(body.roles), expected=expected)
    return await _account(tx, account_id, response)


@router.post("/accounts/{account_id}/move")
async def move_account(
    body: shapes.MoveIn,
    tx: TxDep,
    who: ManagesAccounts,
    account_id: UUID,
    expected: ExpectedVersion,
    response: Response,
) -> common.AccountOut:
    """Move somebody to another agency. The old roles, sessions, tokens, delegations and duties end at once."""
    await moving.move(tx, who, account_id, body.agency_id, _grants(body.roles), body.reason, expected=expected)
    return await _account(tx, account_id, response)


@router.get("/accounts/{account_id}/leaving")
async def what_would_end(tx: TxDep, _who: ManagesAccounts, account_id: UUID) -> shapes.LeavingOut:
    """What would end if this account left now."""
    await accounts.get(tx, account_id)
    return shapes.LeavingOut.model_validate(await ends.standing(tx, account_id), from_attributes=True)


@router.post("/accounts/{account_id}/leave")
async def leave(
    body: shapes.ReasonIn,
    tx: TxDep,
    who: ManagesAccounts,
    account_id: UUID,
    expected: ExpectedVersion,
    response: Response,
) -> common.AccountOut:
    """Somebody has left: the account, and all by which they could act, ends at once and for good."""
    await moving.leave(tx, who, account_id, body.reason, expected=expected)
    return await _account(tx, account_id, response)


@router.post("/accounts/{account_id}/not-shared")
async def not_shared(
    body: shapes.ReasonIn,
    tx: TxDep,
    who: ManagesAccounts,
    account_id: UUID,
    expected: ExpectedVersion,
    response: Response,
) -> common.AccountOut:
    """The suspicion that several people use this account was looked into, and ends."""
    await shared.clear(tx, who, account_id, body.reason, expected=expected)
    return await _account(tx, account_id, response)


@router.get("/invitations")
async def list_invitations(
    tx: TxDep, _who: ManagesAccounts, cursor: Cursor = None, limit: Limit = 100
) -> shapes.Invitations:
    """Invitations, the newest first; used and ended ones too."""
    key = paging.decode(cursor, datetime, UUID)
    rows = await joining.listing(tx, after=(key[0], key[1]) if key else None, limit=limit)
    return shapes.Invitations.model_validate(paging.page(rows, limit, lambda row: (row["created_at"], str(row["id"]))))


@router.post("/invitations", status_code=201)
async def invite(
    body: shapes.InvitationIn, tx: TxDep, who: GrantsRoles, context: ContextDep, response: Response
) -> shapes.InvitationMade:
    """Invite somebody. The answer carries, once, the link by which they name their account, within three days."""
    wanted = joining.Wanted(body.label, body.agency_id, _grants(body.roles), body.language)
    row, presented = await joining.invite(tx, who, wanted)
    response.headers["Cache-Control"] = "no-store"
    return shapes.InvitationMade(**row, link=_link(context, presented))


@router.delete("/invitations/{invitation_id}")
async def take_back(tx: TxDep, who: ManagesAccounts, invitation_id: UUID) -> shapes.InvitationOut:
    """Take an invitation back."""
    return shapes.InvitationOut(**await joining.revoke(tx, who, invitation_id))


@door.post("/join", status_code=201, openapi_extra=OPEN)
async def join(body: shapes.JoinIn, request: Request, context: ContextDep, response: Response) -> shapes.Joined:
    """Follow an invitation: name one's account and its password. Signing in comes after."""
    edge.admitted(request)
    request.state.refusal_recorded = False
    address = client_address(request)
    response.headers["Cache-Control"] = "no-store"
    row = await joining.join(
        context.database, body.token, body.username, body.password, address=str(address) if address else None
    )
    return shapes.Joined(**row)
