"""Golden times over a period: as a table on the screen, and as a file."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response

from dure.engine.web import ContextDep, LanguageDep, Router, TxDep
from dure.kernel.errors import FieldError, Invalid
from dure.kernel.messages import Catalogue, Language
from dure.kernel.sheet import csv_bytes
from dure.learn import percentiles
from dure.learn.percentiles import DIMENSIONS, By, Period
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.trust import audit
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["learn"])
Reads = Annotated[Principal, Depends(require("review.read"))]
USUALLY = timedelta(days=90)
LONGEST = timedelta(days=3_660)
_NUMBERS = ("n", "met", "closed", "p50", "p90", "p95", "least", "most", "target_s")


class Asked:
    """What is asked for; a dependency. Raises Invalid for a period without zones, backwards or beyond ten years."""

    def __init__(
        self,
        tx: TxDep,
        since: datetime | None = None,
        until: datetime | None = None,
        by: Annotated[list[By] | None, Query()] = None,
        type: Annotated[list[str] | None, Query()] = None,  # noqa: A002  # the parameter's name on lists of incidents
        mode: Literal["real", "drill"] = "real",
    ) -> None:
        until = until or tx.now()
        since = since or until - USUALLY
        for name, at in (("since", since), ("until", until)):
            if at.tzinfo is None:
                raise Invalid("engine.fields.wrong", fields=[FieldError(name, "respond.since.wrong")])
        if not timedelta(0) < until - since <= LONGEST:
            raise Invalid("engine.fields.wrong", fields=[FieldError("since", "learn.clocks.period")])
        self.period = Period(since, until, mode, tuple(type or ()))
        self.by = tuple(by) if by is not None else ("type",)


AskedDep = Annotated[Asked, Depends()]


async def _lines(tx: TxDep, who: Principal, asked: Asked) -> list[dict[str, Any]]:
    """An agency's desk sees the kinds that are its field; single incidents that came to it are no statistics."""
    scope = scope_of(who, TYPES)
    return await percentiles.over(tx, asked.period, asked.by, None if scope.everything else sorted(scope.types))


def _title(line: Mapping[str, Any], catalogue: Catalogue, language: Language) -> str:
    own = line[f"title_{language}"]
    return own or catalogue.text(language, TYPES.kept(line["any_type"]).clock_title(line["name"]))


@router.get("/clocks")
async def read_clocks(
    tx: TxDep, who: Reads, asked: AskedDep, context: ContextDep, language: LanguageDep
) -> dict[str, Any]:
    """Percentiles of golden times by kind, place, district and shift. A percentile that so few measurements cannot
    carry is null; `n` always says how many there were, `closed` how many incidents, answered or not.
    """
    lines = await _lines(tx, who, asked)
    return {
        "since": asked.period.since,
        "until": asked.period.until,
        "mode": asked.period.mode,
        "least": dict(percentiles.LEAST),
        "items": [
            {
                **{name: line.get(name) for name in ("name", *DIMENSIONS, *_NUMBERS)},
                "type_title": TYPES.kept(line["type"]).title if "type" in line else None,
                "title": _title(line, context.catalogue, language),
            }
            for line in lines
        ],
        "next": None,
    }


@router.get(
    "/clocks.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "the table as a file"}},
)
async def export_clocks(tx: TxDep, who: Reads, asked: AskedDep, context: ContextDep, language: LanguageDep) -> Response:
    """The same as CSV (UTF-8 with BOM); seconds."""
    say = context.catalogue.text
    lines = await _lines(tx, who, asked)
    head = [say(language, f"learn.csv.{name}") for name in ("clock", *asked.by, *_NUMBERS)]
    rows: list[list[object]] = []
    for line in lines:
        groups = [
            say(language, TYPES.kept(line["type"]).title)
            if one == "type"
            else say(language, f"learn.shift.{line['shift']}")
            if one == "shift"
            else line[one]
            for one in asked.by
        ]
        rows.append([_title(line, context.catalogue, language), *groups, *(_rounded(line[name]) for name in _NUMBERS)])
    await audit.record(tx, who, "clocks.export", "measured_clock", f"{len(rows)} rows")
    headers = {"Content-Disposition": 'attachment; filename="golden-times.csv"'}
    return Response(csv_bytes([head, *rows]), media_type="text/csv; charset=utf-8", headers=headers)


def _rounded(value: object) -> object:
    return round(value, 1) if isinstance(value, float) else value
