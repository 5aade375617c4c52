"""The doors' routes: send and read observations, see what was refused."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from dure.engine import paging
from dure.engine.context import Context
from dure.engine.paging import Limit
from dure.engine.web import PROBLEMS, ContextDep, LanguageDep, Router, TxDep
from dure.kernel.errors import FieldError, Invalid
from dure.kernel.ids import is_device_id
from dure.kernel.units import PROPERTIES
from dure.sense import history, refusals
from dure.sense.door_http import format_of, message_id_of, take_in
from dure.sense.packs import Observation
from dure.sense.readings import Reason
from dure.sense.tail import MICRO, Row
from dure.trust.principal import Principal
from dure.trust.web import check, require, signed_in

router = Router(tags=["sense"])
apart = APIRouter(tags=["sense"], responses=PROBLEMS)
"""Routes that hold no connection while they search: a slow question about history holds up nobody else."""
USUAL_SPAN = timedelta(days=1)
_encode = msgspec.json.Encoder().encode

Sender = Annotated[Principal, Depends(require("observation.send"))]


class RequireApart:
    """Dependency: somebody who may, asked in a transaction that is over before the search begins."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    async def __call__(self, request: Request, context: ContextDep) -> Principal:
        """The principal. Raises Unauthenticated or Forbidden."""
        async with context.database.transaction() as tx:
            found = await signed_in(request, tx)
        check(found, self.permission)
        return found


Reader = Annotated[Principal, Depends(RequireApart("observation.read"))]
RefusalReader = Annotated[Principal, Depends(require("system.read"))]


class Rejected(BaseModel):
    """One record that was not stored."""

    index: int
    code: str
    reason: str


class Answer(BaseModel):
    """What became of a body of readings: accepted ones are stored."""

    accepted: int
    rejected: list[Rejected]


class Reading(BaseModel):
    """An observation. Without a sound clock of its device (`clock` estimated) `observed_at` is the door's time."""

    device: str
    property: str
    value: float | bool
    unit: str | None
    observed_at: datetime
    received_at: datetime
    clock: str


class Readings(BaseModel):
    """A page of observations."""

    items: list[Reading]
    next: str | None


class Refusal(BaseModel):
    """What one door refused of one device for one reason; `sample` is the newest payload's shape without its values."""

    door: str
    device: str | None
    code: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime
    sample: str


class Refusals(BaseModel):
    """A page of refusals."""

    items: list[Refusal]
    next: str | None


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/senml+json": {"schema": {"type": "array", "items": {"type": "object"}, "maxItems": 10_000}},
            "application/json": {"schema": {}},
            "application/senml+cbor": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post("/observations", status_code=202, response_model=Answer, openapi_extra=_BODY)
async def send(request: Request, context: ContextDep, language: LanguageDep, principal: Sender) -> Response:
    """Store readings (SenML JSON or CBOR, or a gateway's own JSON). Answered once they are stored; with an
    Idempotency-Key the same body is stored once. A token that is bound to a device may name that one only.
    """
    own = _own(principal)
    form = format_of(request.headers.get("content-type", ""))
    body = await request.body()
    key = request.headers.get("idempotency-key")
    message_id = None if key is None else message_id_of(principal.actor, key, body)
    done = await take_in(context, body, form, own=own, message_id=message_id)
    texts: dict[Reason, str] = {}
    for one in done.rejected:
        if one.reason not in texts:
            texts[one.reason] = context.catalogue.text(language, f"sense.refused.{one.reason}")
    rejected = [{"index": one.row, "code": one.reason, "reason": texts[one.reason]} for one in done.rejected]
    return Response(_encode({"accepted": done.accepted, "rejected": rejected}), 202, media_type="application/json")


def _own(principal: Principal) -> str | None:
    """The one device that may be named; None for a service, and for a device's token that is bound to none: a
    gateway's.
    """
    return principal.device_id


class Asked:
    """Which observations a reader asks for. `from` counts back a day from `to` where it is not given."""

    def __init__(
        self,
        device: Annotated[list[str] | None, Query(max_length=200)] = None,
        property_: Annotated[list[str] | None, Query(alias="property", max_length=50)] = None,
        from_: Annotated[str | None, Query(alias="from", max_length=40)] = None,
        to: Annotated[str | None, Query(max_length=40)] = None,
        order: Annotated[str, Query(pattern="^(newest|oldest)$")] = "newest",
        next_: Annotated[str | None, Query(alias="next", max_length=500)] = None,
    ) -> None:
        self.devices = device
        self.properties = property_
        self.end = None if to is None else _time("to", to)
        start = None if from_ is None else _time("from", from_)
        self.start = start or (self.end or datetime.now(UTC)) - USUAL_SPAN
        self.newest_first = order == "newest"
        self.after = _mark(next_)
        self._check()

    def _check(self) -> None:
        wrong = [
            FieldError("device", "sense.history.device", {"device": one[:64]})
            for one in self.devices or ()
            if not is_device_id(one)
        ]
        wrong += [
            FieldError("property", "sense.history.property", {"property": one[:64]})
            for one in self.properties or ()
            if one not in PROPERTIES
        ]
        if self.end is not None and self.start > self.end:
            wrong.append(FieldError("from", "sense.history.span"))
        if wrong:
            raise Invalid("engine.fields.wrong", fields=wrong)

    async def read(self, context: Context, limit: int) -> history.Found:
        """The page."""
        return await history.read(
            context,
            devices=self.devices,
            properties=self.properties,
            start=self.start,
            end=self.end,
            newest_first=self.newest_first,
            limit=limit,
            after=self.after,
        )


AskedDep = Annotated[Asked, Depends()]


@apart.get("/observations", response_model=Readings)
async def read(
    context: ContextDep,
    asked: AskedDep,
    _principal: Reader,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 500,
) -> Response:
    """Past and present observations by observed time, newest first unless asked otherwise."""
    found = await asked.read(context, limit)
    body = {
        "items": [_shown(one) for one in found.observations],
        "next": None if found.next is None else paging.encode((*found.next.row, found.next.given)),
    }
    return Response(_encode(body), media_type="application/json")


@apart.get("/observations.csv", response_class=Response)
async def export(
    context: ContextDep,
    asked: AskedDep,
    _principal: Reader,
    limit: Annotated[int, Query(ge=1, le=50_000)] = 50_000,
) -> Response:
    """The same as CSV, at most 50,000 rows; the header `X-Next` tells where it goes on."""
    found = await asked.read(context, limit)
    out = io.StringIO()
    writer = csv.writer(out)
    names = ("device", "property", "value", "unit", "observed_at", "received_at", "clock")
    writer.writerow(names)
    for one in found.observations:
        shown = _shown(one)
        writer.writerow(["" if shown[name] is None else str(shown[name]) for name in names])
    headers = {"content-disposition": 'attachment; filename="observations.csv"'}
    if found.next is not None:
        headers["x-next"] = paging.encode((*found.next.row, found.next.given))
    return Response(out.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


@router.get("/refusals", response_model=Refusals)
async def refused(
    context: ContextDep,
    tx: TxDep,
    language: LanguageDep,
    _principal: RefusalReader,
    limit: Limit = 100,
    next_: Annotated[str | None, Query(alias="next", max_length=500)] = None,
) -> Mapping[str, Any]:
    """What the doors refused, the newest first."""
    before = paging.decode(next_, datetime, str, str, str)
    rows = await refusals.newest(tx, limit + 1, before)
    page = paging.page(rows, limit, lambda row: (row["last_at"], row["door"], row["device"], row["reason"]))
    say = context.catalogue.text
    return {
        "items": [
            {
                "door": row["door"],
                "device": row["device"] or None,
                "code": row["reason"],
                "reason": say(language, f"sense.refused.{row['reason']}"),
                "count": row["count"],
                "first_at": row["first_at"],
                "last_at": row["last_at"],
                "sample": row["sample"],
            }
            for row in page["items"]
        ],
        "next": page["next"],
    }


def _shown(one: Observation) -> dict[str, Any]:
    spec = PROPERTIES.get(one.property)
    return {
        "device": one.device,
        "property": one.property,
        "value": one.value,
        "unit": None if spec is None else spec.unit,
        "observed_at": _iso(one.observed_at),
        "received_at": _iso(one.received_at),
        "clock": "estimated" if one.estimated else "ok",
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _time(field: str, given: str) -> datetime:
    """An ISO time with its zone; a plus sign that a client left unescaped came as a space. Raises Invalid."""
    try:
        at = datetime.fromisoformat(given.strip().replace(" ", "+") if "T" in given else given)
        if at.tzinfo is None:
            raise ValueError
        return datetime.fromtimestamp(at.timestamp(), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Invalid("engine.fields.wrong", fields=[FieldError(field, "sense.history.time")]) from error


def _mark(cursor: str | None) -> history.Mark | None:
    parts = paging.decode(cursor, int, str, str, float, int, bool, int)
    if parts is None:
        return None
    *row, given = parts
    if not 0 <= given <= history.MOST or abs(row[0]) > 2**60 // MICRO * MICRO:
        raise Invalid("engine.cursor.wrong", fields=[FieldError("next", "engine.cursor.wrong")])
    return history.Mark(Row(*row), given)


router.include_router(apart)
