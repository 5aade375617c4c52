"""Notices over HTTP. Thin: forms in, use cases, views out."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Body, Depends, Header, Query, Request, Response
from pydantic import Field

from dure.engine import paging
from dure.engine.secrets import secret
from dure.engine.web import ContextDep, ExpectedVersion, Model, Router, TxDep, tag
from dure.kernel.messages import Language, Value, formatted
from dure.notices import queries, receipts, resolving, sending, templates
from dure.notices.model import Channel, Status
from dure.notices.sms import fitted
from dure.trust import vault
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["notices"])
Reads = Annotated[Principal, Depends(require("notice.read"))]
Resolves = Annotated[Principal, Depends(require("notice.resolve"))]
Configures = Annotated[Principal, Depends(require("notice.configure"))]
Shown = Literal["queued", "sent", "delivered", "failed", "unknown", "refused"]


class PreviewForm(Model):
    """A text to look at: a template's name, or a subject and body that are being written."""

    channel: Channel = Channel.SMS
    language: Language = "ko"
    template: str | None = Field(None, max_length=80)
    subject: str = Field("", max_length=templates.LONGEST_SUBJECT)
    body: str = Field("", max_length=templates.LONGEST_BODY)
    values: dict[str, str | int | float] = Field(default_factory=dict, max_length=50)


class TemplateForm(Model):
    """A city's own text."""

    subject: str = Field("", max_length=templates.LONGEST_SUBJECT)
    body: str = Field(max_length=templates.LONGEST_BODY)


class ResolveForm(Model):
    """What a person knows of a notice that may have gone out."""

    act: Literal["again", "went", "give_up"]


@router.get("/notices")
async def list_notices(
    tx: TxDep,
    context: ContextDep,
    _who: Reads,
    status: Annotated[list[Shown] | None, Query()] = None,
    channel: Annotated[list[Channel] | None, Query()] = None,
    incident_id: UUID | None = None,
    cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> dict[str, Any]:
    """Notices, newest first; to whom is masked."""
    rows = await queries.listed(
        tx,
        statuses=[Status(one).value for one in status or ()],
        channels=[one.value for one in channel or ()],
        incident_id=incident_id,
        after=paging.decode(cursor, datetime, UUID),
        limit=limit + 1,
    )
    page = paging.page(rows, limit, lambda row: (row["created_at"], str(row["id"])))
    items = await queries.masked(tx, vault.at(context.settings.data), page["items"])
    return {"items": items, "next": page["next"]}


@router.get("/notices/summary")
async def summary(tx: TxDep, _who: Reads) -> dict[str, Any]:
    """How many notices of the last day stand how, as of now."""
    return {"as_of": tx.now(), "by_status": await queries.counts(tx)}


@router.get("/notices/templates")
async def list_templates(tx: TxDep, _who: Reads) -> dict[str, Any]:
    """Every text in both languages, and the values that it asks for."""
    return {"items": await templates.listing(tx)}


@router.post("/notices/preview")
async def preview(tx: TxDep, _who: Reads, form: PreviewForm) -> dict[str, Any]:
    """How a text would arrive: as an SMS or LMS, its bytes, what is replaced, and which values are missing."""
    values: dict[str, Value] = dict(form.values)
    if form.template is not None:
        told = await templates.said(tx, form.template, form.language, values)
        written = await templates.written(tx, form.template, form.language)
        body, subject = told.text, told.subject
    else:
        templates.check(form.language, form.subject, form.body)
        written = form.body
        body = formatted(form.body, form.language, values)
        subject = formatted(form.subject, form.language, values)
    fit = fitted(body, sending.today(tx), form.channel)
    text_message = form.channel in {Channel.SMS, Channel.LMS}
    return {
        "channel": fit.channel if text_message else form.channel,
        "subject": subject,
        "text": fit.text if text_message else body,
        "bytes": fit.bytes if text_message else len(body.encode()),
        "most": fit.most if text_message else None,
        "fits": fit.fits if text_message else bool(body.strip()),
        "replaced": [{"from": one, "to": other} for one, other in fit.replaced.items()] if text_message else [],
        "rare": list(fit.rare) if text_message else [],
        "missing": templates.missing(written, values),
    }


@router.put("/notices/templates/{template_id}/{language}")
async def put_template(
    tx: TxDep,
    who: Configures,
    template_id: str,
    language: Language,
    form: TemplateForm,
    response: Response,
    expected: ExpectedVersion,
) -> dict[str, Any]:
    """Set the city's own text."""
    value = await templates.put(tx, who, template_id, language, form.subject, form.body, expected)
    tag(response, value["version"])
    return value


@router.delete("/notices/templates/{template_id}/{language}", status_code=204)
async def drop_template(tx: TxDep, who: Configures, template_id: str, language: Language) -> None:
    """Go back to the text that dure brings."""
    await templates.drop(tx, who, template_id, language)


@router.post("/notices/reports")
async def take_reports(
    tx: TxDep,
    request: Request,
    reports: Annotated[list[dict[str, Any]], Body(max_length=1000)],
    x_dure_timestamp: Annotated[str, Header(max_length=20)] = "",
    x_dure_signature: Annotated[str, Header(max_length=100)] = "",
) -> dict[str, int]:
    """Delivery reports of the gateway, as its list has them. The sender is known by its signature alone."""
    expected = secret("DURE_SMS_REPORT_SECRET")
    receipts.check(expected, x_dure_timestamp, x_dure_signature, await request.body(), tx.now())
    return {"taken": await receipts.take(tx, reports)}


@router.get("/notices/{notice_id}")
async def get_notice(tx: TxDep, context: ContextDep, _who: Reads, notice_id: UUID, response: Response) -> Any:
    """One notice with each time that it was tried."""
    row = await queries.one(tx, notice_id)
    (value,) = await queries.masked(tx, vault.at(context.settings.data), [row])
    tag(response, value["version"])
    return {**value, "attempts": await queries.attempts(tx, notice_id)}


@router.post("/notices/{notice_id}/resolve")
async def resolve(tx: TxDep, context: ContextDep, who: Resolves, notice_id: UUID, form: ResolveForm) -> Any:
    """Say of an unknown notice that it is to be sent again, that it arrived, or that it is given up."""
    await resolving.resolve(tx, who, notice_id, form.act)
    (value,) = await queries.masked(tx, vault.at(context.settings.data), [await queries.one(tx, notice_id)])
    return value
