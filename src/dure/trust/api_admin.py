"""Accounts, agencies, tokens and the audit log over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Response

from dure.engine import paging
from dure.engine.context import Context
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, ExpectedVersion, Router, TxDep, tag
from dure.trust import accounts, agencies, links, shapes, tokens
from dure.trust.principal import Principal
from dure.trust.web import check_proven, require

router = Router(tags=["trust"])

ManagesAccounts = Annotated[Principal, Depends(require("account.manage"))]
GrantsRoles = Annotated[Principal, Depends(require("account.grant"))]
ReadsAgencies = Annotated[Principal, Depends(require("agency.read"))]
ManagesAgencies = Annotated[Principal, Depends(require("agency.manage"))]
ManagesTokens = Annotated[Principal, Depends(require("token.manage"))]
MakesTokens = Annotated[Principal, Depends(require("token.make"))]


def _link(context: Context, presented: str) -> shapes.LinkOut:
    base = context.settings.public_url.rstrip("/")
    return shapes.LinkOut(
        url=f"{base}/#/reset?token={presented}", token=presented, expires_in_s=int(links.LASTS.total_seconds())
    )


@router.get("/accounts")
async def list_accounts(
    tx: TxDep,
    _who: ManagesAccounts,
    state: Annotated[Literal["active", "suspended", "left"] | None, Query()] = None,
    agency: Annotated[str | None, Query(max_length=32)] = None,
    shared: bool = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> shapes.Accounts:
    """Accounts by username. `shared`: only those suspected to be used by several people."""
    after = paging.decode(cursor, str)
    rows = await accounts.listing(
        tx, state=state, agency=agency, shared=shared, after=after[0] if after else None, limit=limit
    )
    return shapes.Accounts.model_validate(paging.page(rows, limit, lambda row: (row["username"],)))


@router.post("/accounts", status_code=201)
async def create_account(
    body: shapes.AccountIn, tx: TxDep, who: GrantsRoles, context: ContextDep, response: Response
) -> shapes.AccountMade:
    """Make an account. The answer carries, once, the link by which its owner sets the password."""
    new = accounts.NewAccount(
        body.username,
        label=body.label or body.username,
        roles=frozenset(body.roles),
        agency_id=body.agency_id,
        language=body.language,
    )
    row = await accounts.create(tx, who, new)
    link = _link(context, await accounts.reset_link(tx, who, row["id"]))
    response.headers["Cache-Control"] = "no-store"
    tag(response, row["version"])
    return shapes.AccountMade(**row, link=link)


@router.get("/accounts/{account_id}")
async def get_account(tx: TxDep, _who: ManagesAccounts, account_id: UUID, response: Response) -> shapes.AccountOut:
    """One account."""
    row = await accounts.get(tx, account_id)
    tag(response, row["version"])
    return shapes.AccountOut(**row)


@router.patch("/accounts/{account_id}")
async def change_account(
    body: shapes.AccountChange,
    tx: TxDep,
    who: ManagesAccounts,
    account_id: UUID,
    expected: ExpectedVersion,
    response: Response,
) -> shapes.AccountOut:
    """Change label, roles, language or state, or give a first agency. Suspending ends every session at once, and the
    tokens that they made. From one agency to another an account moves (`/accounts/{account_id}/move`).
    """
    if "roles" in body.model_fields_set:
        check_proven(who, tx.now())
    row = await accounts.change(tx, who, account_id, shapes.given(body), expected=expected)
    tag(response, row["version"])
    return shapes.AccountOut(**row)


@router.post("/accounts/{account_id}/reset-link", status_code=201)
async def make_reset_link(
    tx: TxDep, who: GrantsRoles, context: ContextDep, account_id: UUID, response: Response
) -> shapes.LinkOut:
    """A link, shown once, by which the account's owner sets a password."""
    response.headers["Cache-Control"] = "no-store"
    return _link(context, await accounts.reset_link(tx, who, account_id))


@router.get("/agencies")
async def list_agencies(tx: TxDep, _who: ReadsAgencies, cursor: Cursor = None, limit: Limit = 200) -> shapes.Agencies:
    """Agencies by id."""
    after = paging.decode(cursor, str)
    rows = await agencies.listing(tx, after=after[0] if after else None, limit=limit)
    return shapes.Agencies.model_validate(paging.page(rows, limit, lambda row: (row["id"],)))


@router.post("/agencies", status_code=201)
async def create_agency(body: shapes.AgencyIn, tx: TxDep, who: ManagesAgencies, response: Response) -> shapes.AgencyOut:
    """Add an agency."""
    row = await agencies.create(tx, who, body.model_dump())
    tag(response, row["version"])
    return shapes.AgencyOut(**row)


@router.get("/agencies/{agency_id}")
async def get_agency(tx: TxDep, _who: ReadsAgencies, agency_id: str, response: Response) -> shapes.AgencyOut:
    """One agency."""
    row = await agencies.get(tx, agency_id)
    tag(response, row["version"])
    return shapes.AgencyOut(**row)


@router.patch("/agencies/{agency_id}")
async def change_agency(
    body: shapes.AgencyChange,
    tx: TxDep,
    who: ManagesAgencies,
    agency_id: str,
    expected: ExpectedVersion,
    response: Response,
) -> shapes.AgencyOut:
    """Change an agency's names, number or networks."""
    row = await agencies.change(tx, who, agency_id, shapes.given(body), expected=expected)
    tag(response, row["version"])
    return shapes.AgencyOut(**row)


@router.get("/tokens")
async def list_tokens(tx: TxDep, _who: ManagesTokens, cursor: Cursor = None, limit: Limit = 100) -> shapes.Tokens:
    """Tokens, the newest first; ended ones too."""
    key = paging.decode(cursor, datetime, UUID)
    rows = await tokens.listing(tx, after=(key[0], key[1]) if key else None, limit=limit)
    return shapes.Tokens.model_validate(paging.page(rows, limit, lambda row: (row["created_at"], str(row["id"]))))


@router.post("/tokens", status_code=201)
async def create_token(body: shapes.TokenIn, tx: TxDep, who: MakesTokens, response: Response) -> shapes.TokenMade:
    """Make a token. The answer carries its secret, once."""
    wanted = tokens.Wanted(body.role, body.name, body.agency_id, body.device_id, body.networks, body.expires)
    row, presented = await tokens.make(tx, who, wanted)
    response.headers["Cache-Control"] = "no-store"
    return shapes.TokenMade(**row, token=presented)


@router.delete("/tokens/{token_id}")
async def revoke_token(tx: TxDep, who: ManagesTokens, token_id: UUID) -> shapes.TokenOut:
    """End a token at once."""
    return shapes.TokenOut(**await tokens.revoke(tx, who, token_id))
