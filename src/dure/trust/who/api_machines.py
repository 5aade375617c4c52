"""Service accounts and their keys over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ExpectedVersion, Router, TxDep, tag
from dure.trust.principal import Principal
from dure.trust.shapes import given
from dure.trust.web import require
from dure.trust.who import machines, shapes

router = Router(tags=["who"])

ManagesTokens = Annotated[Principal, Depends(require("token.manage"))]
MakesTokens = Annotated[Principal, Depends(require("token.make"))]


@router.get("/service-accounts")
async def list_service_accounts(
    tx: TxDep, _who: ManagesTokens, cursor: Cursor = None, limit: Limit = 100
) -> shapes.ServiceAccounts:
    """Service accounts by name; ended ones too."""
    after = paging.decode(cursor, str)
    rows = await machines.listing(tx, after=after[0] if after else None, limit=limit)
    return shapes.ServiceAccounts.model_validate(paging.page(rows, limit, lambda row: (row["name"],)))


@router.post("/service-accounts", status_code=201)
async def create_service_account(
    body: shapes.ServiceAccountIn, tx: TxDep, who: ManagesTokens, response: Response
) -> shapes.ServiceAccountOut:
    """Name a machine of an agency, who answers for it, and what for. Its keys are made one by one."""
    row = await machines.create(tx, who, body.model_dump())
    tag(response, row["version"])
    return shapes.ServiceAccountOut(**row)


@router.get("/service-accounts/{service_account_id}")
async def get_service_account(
    tx: TxDep, _who: ManagesTokens, service_account_id: UUID, response: Response
) -> shapes.ServiceAccountOut:
    """One service account."""
    row = await machines.get(tx, service_account_id)
    tag(response, row["version"])
    return shapes.ServiceAccountOut(**row)


@router.patch("/service-accounts/{service_account_id}")
async def change_service_account(
    body: shapes.ServiceAccountChange,
    tx: TxDep,
    who: ManagesTokens,
    service_account_id: UUID,
    expected: ExpectedVersion,
    response: Response,
) -> shapes.ServiceAccountOut:
    """Change owner, purposes or networks, or end it with all its keys at once and for good."""
    row = await machines.change(tx, who, service_account_id, given(body), expected=expected)
    tag(response, row["version"])
    return shapes.ServiceAccountOut(**row)


@router.get("/service-accounts/{service_account_id}/keys")
async def list_keys(
    tx: TxDep, _who: ManagesTokens, service_account_id: UUID, cursor: Cursor = None, limit: Limit = 100
) -> shapes.Keys:
    """Its keys, the newest first, with when each was last used; ended ones too."""
    key = paging.decode(cursor, datetime, UUID)
    rows = await machines.keys(tx, service_account_id, after=(key[0], key[1]) if key else None, limit=limit)
    return shapes.Keys.model_validate(paging.page(rows, limit, lambda row: (row["created_at"], str(row["id"]))))


@router.post("/service-accounts/{service_account_id}/keys", status_code=201)
async def create_key(
    body: shapes.KeyIn, tx: TxDep, who: MakesTokens, service_account_id: UUID, response: Response
) -> shapes.KeyMade:
    """A further key, shown once. It works at once; with `others_end_at` those before it end then at the latest."""
    row, presented = await machines.new_key(
        tx, who, service_account_id, name=body.name, expires=body.expires, others_end_at=body.others_end_at
    )
    response.headers["Cache-Control"] = "no-store"
    return shapes.KeyMade(**row, token=presented)


@router.delete("/service-accounts/{service_account_id}/keys/{key_id}")
async def end_key(tx: TxDep, who: ManagesTokens, service_account_id: UUID, key_id: UUID) -> shapes.KeyOut:
    """End a key at once."""
    return shapes.KeyOut(**await machines.end_key(tx, who, service_account_id, key_id))
