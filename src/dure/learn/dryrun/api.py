"""Going through a past incident by a manual, over HTTP. It reads and answers; nothing is kept and nothing goes out."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends

from dure.engine.database import Tx
from dure.engine.settings import city_zone
from dure.engine.web import Router, TxDep
from dure.kernel.errors import Conflict, FieldError, Invalid
from dure.learn import shapes
from dure.learn.dryrun import past, telling
from dure.learn.dryrun.going import through
from dure.respond import reading
from dure.respond.playbooks import library
from dure.respond.playbooks.model import Playbook
from dure.respond.policy import scope_of
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["learn"])
Reads = Annotated[Principal, Depends(require("review.read"))]
_TOLD = 50


@router.post("/dry-runs")
async def dry_run(tx: TxDep, who: Reads, form: shapes.DryRunForm) -> dict[str, Any]:
    """What would have happened line by line and when, beside what did. How long people take is what they took that day,
    else the median of the last five runs; where nobody knows, it stays open and says so.
    """
    incident = await reading.one(tx, form.incident_id, scope_of(who, TYPES))
    known = await past.of(tx, incident, form.language)
    plan, number = await _plan(tx, form, known.plan.kind)
    gone = through(plan, known, ZoneInfo(city_zone()))
    return {
        "incident_id": str(incident["id"]),
        "receipt_no": incident["receipt_no"],
        "kind": plan.kind,
        "title": plan.title,
        "number": number,
        "ran": int(await past.number_of(tx, incident["id"])),
        **telling.told(plan, known, gone),
    }


async def _plan(tx: Tx, form: shapes.DryRunForm, kind: str) -> tuple[Playbook, int | None]:
    """The manual to go by. Raises Invalid with line and reason, Conflict for one of another kind."""
    if form.text is None:
        found = await (library.get(tx, kind) if form.number is None else library.version(tx, kind, form.number))
        return found.plan(form.language), found.number
    plan, faults = library.judged(form.text, form.language, await library.known(tx))
    if plan is None:
        fields = [FieldError(f"{form.language}:{one.line}:{one.column}", one.key, one.params) for one in faults[:_TOLD]]
        raise Invalid("respond.playbook.wrong", fields=fields, count=len(faults))
    if plan.kind != kind:
        raise Conflict("learn.dryrun.other_kind")
    return plan, None
