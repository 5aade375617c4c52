"""Duties and delegations over HTTP."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime

from dure.engine import paging
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ExpectedVersion, Router, TxDep, tag
from dure.kernel.errors import FieldError, Invalid
from dure.trust.principal import Principal
from dure.trust.web import require
from dure.trust.who import delegations, duties, granting, shapes

router = Router(tags=["who"])

SeesDuties = Annotated[Principal, Depends(require("duty.read"))]
SetsDuties = Annotated[Principal, Depends(require("duty.manage"))]
SeesDelegations = Annotated[Principal, Depends(require("delegation.read"))]
Delegates = Annotated[Principal, Depends(require("delegation.make"))]
GivesRoles = Annotated[Principal, Depends(require("delegation.give"))]

_LONGEST_WINDOW = timedelta(days=366)


@router.get("/duties")
async def list_duties(
    tx: TxDep,
    who: SeesDuties,
    since: Annotated[AwareDatetime | None, Query()] = None,
    until: Annotated[AwareDatetime | None, Query()] = None,
    account_id: Annotated[UUID | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 200,
) -> shapes.Duties:
    """Duties that run between `since` (now) and `until` (two weeks later), by their beginning: those of one's own
    agency; an administrator's and an auditor's list holds all.
    """
    begin = since or tx.now()
    end = until or min(begin, tx.now() + _LONGEST_WINDOW) + timedelta(days=14)
    if not timedelta(0) < end - begin <= _LONGEST_WINDOW or abs(begin - tx.now()) > timedelta(days=3660):
        raise Invalid("trust.span.wrong", fields=[FieldError("until", "trust.span.wrong")])
    key = paging.decode(cursor, datetime, UUID)
    window = duties.Window(begin, end, account_id)
    rows = await duties.listing(tx, who, window, after=(key[0], key[1]) if key else None, limit=limit)
    return shapes.Duties.model_validate(paging.page(rows, limit, lambda row: (row["starts_at"], str(row["id"]))))


@router.post("/duties", status_code=201)
async def create_duty(body: shapes.DutyIn, tx: TxDep, who: SetsDuties, response: Response) -> shapes.DutyOut:
    """Set a duty; a shift lead for their own agency."""
    wanted = duties.Wanted(body.account_id, body.kind, body.post, body.starts_at, body.ends_at)
    row = await duties.create(tx, who, wanted)
    tag(response, row["version"])
    return shapes.DutyOut(**row)


@router.get("/duties/{duty_id}")
async def get_duty(tx: TxDep, who: SeesDuties, duty_id: UUID, response: Response) -> shapes.DutyOut:
    """One duty."""
    row = await duties.get(tx, who, duty_id)
    tag(response, row["version"])
    return shapes.DutyOut(**row)


@router.delete("/duties/{duty_id}")
async def cancel_duty(
    tx: TxDep, who: SetsDuties, duty_id: UUID, expected: ExpectedVersion, response: Response
) -> shapes.DutyOut:
    """Take a duty off the list. A role that hangs on it ends at once."""
    row = await duties.cancel(tx, who, duty_id, expected=expected)
    tag(response, row["version"])
    return shapes.DutyOut(**row)


@router.get("/colleagues")
async def list_colleagues(tx: TxDep, who: Delegates, cursor: Cursor = None, limit: Limit = 200) -> shapes.Colleagues:
    """The desks of one's own agency, and the roles of one's own that one may give them for a time."""
    assert who.account_id is not None  # delegation.make asks for a person
    key = paging.decode(cursor, str, UUID)
    rows = await delegations.colleagues(tx, who, after=(key[0], key[1]) if key else None, limit=limit)
    own = list((await granting.grants_of(tx, who.account_id)).values())
    page = paging.page(rows, limit, lambda row: (row["label"], str(row["id"])))
    return shapes.Colleagues.model_validate({**page, "roles": sorted(delegations.delegable(own, tx.now()))})


@router.get("/delegations")
async def list_delegations(
    tx: TxDep, who: SeesDelegations, cursor: Cursor = None, limit: Limit = 100
) -> shapes.Delegations:
    """Delegations that one gave or received, the newest first; an administrator's and an auditor's list holds all."""
    key = paging.decode(cursor, datetime, UUID)
    rows = await delegations.listing(tx, who, after=(key[0], key[1]) if key else None, limit=limit)
    return shapes.Delegations.model_validate(paging.page(rows, limit, lambda row: (row["created_at"], str(row["id"]))))


@router.post("/delegations", status_code=201)
async def delegate(body: shapes.DelegationIn, tx: TxDep, who: GivesRoles, response: Response) -> shapes.DelegationOut:
    """Give some of one's own roles to a colleague of the same agency for a time."""
    wanted = delegations.Wanted(body.to_account, body.roles, body.starts_at, body.ends_at, body.reason)
    row = await delegations.give(tx, who, wanted)
    tag(response, row["version"])
    return shapes.DelegationOut(**row)


@router.get("/delegations/{delegation_id}")
async def get_delegation(
    tx: TxDep, who: SeesDelegations, delegation_id: UUID, response: Response
) -> shapes.DelegationOut:
    """One delegation that one gave or received."""
    row = await delegations.get(tx, who, delegation_id)
    tag(response, row["version"])
    return shapes.DelegationOut(**row)


@router.delete("/delegations/{delegation_id}")
async def end_delegation(
    tx: TxDep, who: Delegates, delegation_id: UUID, expected: ExpectedVersion, response: Response
) -> shapes.DelegationOut:
    """End a delegation at once: either side, or an administrator."""
    row = await delegations.end(tx, who, delegation_id, expected=expected)
    tag(response, row["version"])
    return shapes.DelegationOut(**row)
