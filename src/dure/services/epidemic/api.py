"""The epidemic over HTTP. Thin."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from dure.engine.paging import Cursor, Limit, decode, page
from dure.engine.settings import city_zone
from dure.engine.web import Router, TxDep
from dure.kernel.errors import FieldError, Invalid
from dure.services.epidemic import chains, queries, situation
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/epidemic", tags=["epidemic"])
Reads = Annotated[Principal, Depends(require("epidemic.read"))]
Sees = Annotated[Principal, Depends(require("epidemic.situation"))]
Disease = Annotated[str, Query(max_length=100)]
MOST_DRAWN = 20_000
"""Cases and links of one drawing."""


@router.get("/diseases")
async def list_diseases(tx: TxDep, _: Sees) -> dict[str, Any]:
    """The diseases of which there are cases, the latest first."""
    return {"items": [dict(row) for row in await queries.diseases(tx)], "next": None}


@router.get("/situation", responses={422: {"description": "a moment without its zone, an impossible interval"}})
async def read_situation(
    tx: TxDep,
    _: Sees,
    disease: Disease = "",
    as_of: datetime | None = None,
    by: situation.By = "reported",
    serial_mean: Annotated[float, Query(gt=1, le=60)] = situation.USUAL.mean,
    serial_sd: Annotated[float, Query(gt=0, le=60)] = situation.USUAL.sd,
) -> dict[str, Any]:
    """The figures as they were known at `as_of` (now where nothing is asked), with Rt."""
    if as_of is not None and as_of.tzinfo is None:
        raise Invalid("engine.fields.wrong", fields=[FieldError("as_of", "respond.since.wrong")])
    serial = situation.Serial(serial_mean, serial_sd)
    return await situation.shown(tx, disease, as_of or tx.now(), by, serial)


@router.get("/cases")
async def list_cases(
    tx: TxDep, who: Reads, disease: Disease = "", cursor: Cursor = None, limit: Limit = 100
) -> dict[str, Any]:
    """The line list, the latest reported first; by number, without names."""
    after = decode(cursor, datetime, UUID)
    await audit.record(tx, who, "epidemic.cases", "disease", disease or "-")
    rows = await queries.cases(tx, disease, None if after is None else (after[0], after[1]), limit + 1)
    return page([dict(row) for row in rows], limit, lambda row: (row["reported_at"], str(row["id"])))


@router.get("/chains")
async def read_chains(tx: TxDep, who: Reads, disease: Disease = "") -> dict[str, Any]:
    """Who infected whom: a row and a day for each case, the links, and what does not fit together."""
    await audit.record(tx, who, "epidemic.cases", "disease", disease or "-")
    rows = await queries.nodes(tx, disease, city_zone(), MOST_DRAWN)
    told = [chains.Link(one["source"], one["target"]) for one in await queries.links(tx, disease, MOST_DRAWN)]
    days = {row["code"]: (row["onset_on"] or row["reported_on"]).toordinal() for row in rows}
    whole = chains.joined([row["code"] for row in rows], told)
    places = chains.rows_of(whole, days)
    outcomes = {row["code"]: row["outcome"] for row in rows}
    interval = chains.intervals(told, {row["code"]: row["onset_on"].toordinal() for row in rows if row["onset_on"]})
    return {
        "nodes": [
            {
                "code": code,
                "known": code in outcomes,
                "day": days.get(code),
                "row": places[code],
                "infected": whole.infected[code],
                "generation": whole.generation[code],
                "cluster": whole.cluster[code],
                "outcome": outcomes.get(code),
            }
            for code in places
        ],
        "links": [[one.source, one.target] for one in dict.fromkeys(told) if one.source != one.target],
        "clusters": list(whole.sizes[:100]),
        "faults": asdict(whole.faults),
        "spread": asdict(whole.spread),
        "intervals": None if interval is None else asdict(interval),
        "cut": len(rows) == MOST_DRAWN or len(told) == MOST_DRAWN,
    }
