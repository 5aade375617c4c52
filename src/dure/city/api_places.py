"""HTTP: assets, boundaries, search."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Response

from dure.city import places
from dure.city.shapes import AssetList, AssetShape, BoundaryList, FoundList, bbox_of
from dure.engine import paging
from dure.engine.paging import Limit
from dure.engine.web import Router, TxDep, tag
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["city"])
Reads = Annotated[Principal, Depends(require("city.read"))]


@router.get("/assets", response_model=AssetList)
async def list_assets(
    tx: TxDep,
    _by: Reads,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    parent_id: UUID | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
    bbox: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Annotated[str | None, Query(max_length=800)] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Assets by kind and code."""
    filters = {"kind": kind, "parent_id": parent_id, "q": q, "bbox": bbox_of(bbox)}
    found = await places.assets(tx, limit=limit, after=paging.decode(cursor, str, str), filters=filters)
    return paging.page(found, limit, lambda one: (one["kind"], one["code"]))


@router.get("/assets/{asset_id}", response_model=AssetShape)
async def read_asset(tx: TxDep, _by: Reads, asset_id: UUID, response: Response) -> dict[str, Any]:
    """An asset."""
    found = await places.asset_of(tx, asset_id)
    tag(response, found["version"])
    return found


@router.get("/boundaries", response_model=BoundaryList)
async def list_boundaries(
    tx: TxDep, _by: Reads, level: Literal["city", "district", "dong"] | None = None
) -> dict[str, Any]:
    """Boundaries; their lines are in the base map."""
    return {"items": await places.boundaries(tx, level), "next": None}


@router.get("/search", response_model=FoundList)
async def search(
    tx: TxDep,
    by: Reads,
    q: Annotated[str, Query(min_length=1, max_length=100)],
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> dict[str, Any]:
    """Places, assets, cameras, devices and boundaries by name, code, address or initials, as far as one may see
    them."""
    return {"items": await places.search(tx, q, places.sources_for(by.may), limit)}
