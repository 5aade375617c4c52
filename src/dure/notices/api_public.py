"""What goes to everybody: CAP alerts, and drafts of public warnings. Thin."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Response
from pydantic import AwareDatetime, Field

from dure.engine import paging
from dure.engine.web import ContextDep, ExpectedVersion, Model, Router, TxDep, tag
from dure.kernel.errors import Invalid
from dure.notices import publishing, warnings
from dure.notices.cap import reading, signing
from dure.notices.cap.model import Area, Category, Certainty, Info, Severity, Status, Urgency
from dure.notices.sending import today
from dure.notices.warnings import Act, Draft
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["public warnings"])
Reads = Annotated[Principal, Depends(require("warning.read"))]
Drafts = Annotated[Principal, Depends(require("warning.draft"))]
Approves = Annotated[Principal, Depends(require("warning.approve"))]
Publishes = Annotated[Principal, Depends(require("cap.publish"))]
Code = Annotated[str, Field(pattern=r"^[0-9]{2,10}$")]


class AreaForm(Model):
    """Where: a polygon in GeoJSON order, a district's code (법정동), or both."""

    name: str = Field(min_length=1, max_length=200)
    polygon: list[tuple[float, float]] = Field(default_factory=list, max_length=1000)
    code: Code | None = None


class InfoForm(Model):
    """What readers of one language are told."""

    language: Literal["ko-KR", "en-US"]
    event: str = Field(min_length=1, max_length=100)
    headline: str = Field(min_length=1, max_length=160)
    description: str = Field("", max_length=4000)
    instruction: str = Field("", max_length=4000)
    area_name: str = Field("", max_length=200, description="The areas' name in this language, where it is another.")


class AlertForm(Model):
    """An alert: what is the same in all languages, and what each is told."""

    category: Category
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    expires_at: AwareDatetime
    infos: list[InfoForm] = Field(min_length=1, max_length=2)
    areas: list[AreaForm] = Field(min_length=1, max_length=50)
    sender_name: str = Field("", max_length=100)
    web: str = Field("", max_length=500)
    note: str = Field("", max_length=500)

    def told(self) -> tuple[Info, ...]:
        """As the standard has it."""
        return tuple(
            Info(
                one.language, self.category, one.event, self.urgency, self.severity, self.certainty, self.expires_at,
                one.headline, one.description, one.instruction, self.sender_name, self.web,
                tuple(Area(one.area_name or each.name, tuple(each.polygon), each.code) for each in self.areas),
            )
            for one in self.infos
        )  # fmt: skip


class FirstForm(AlertForm):
    """A first alert."""

    sender: str = Field(min_length=1, max_length=100, description="An address of the office: no blanks, no commas.")
    status: Status = Status.ACTUAL
    incident_id: UUID | None = None


class CancelForm(Model):
    """Why it is over."""

    note: str = Field("", max_length=500)


class CheckForm(Model):
    """Somebody's alert, and the certificate of who should have signed it."""

    document: str = Field(max_length=reading.LARGEST)
    certificate: str | None = Field(None, max_length=20_000)


class DraftForm(Model):
    """A public warning: districts by their codes."""

    kind: Literal["critical", "urgent", "safety"]
    areas: list[Code] = Field(min_length=1, max_length=50)
    text: str = Field(min_length=1, max_length=1000)
    incident_id: UUID | None = None

    def told(self) -> Draft:
        """As a draft."""
        return Draft(self.kind, tuple(self.areas), self.text, self.incident_id)


class RejectForm(Model):
    """Why not."""

    reason: str = Field(min_length=1, max_length=500)


class SentForm(Model):
    """Who sent it, when, where, under which number."""

    authority: str = Field(min_length=1, max_length=100)
    sent_at: AwareDatetime
    areas: str = Field("", max_length=500)
    document_no: str = Field("", max_length=100)


@router.get("/cap/alerts")
async def list_alerts(tx: TxDep, _who: Reads, cursor: paging.Cursor = None, limit: paging.Limit = 50) -> dict[str, Any]:
    """CAP alerts, newest first."""
    rows = await publishing.listed(tx, paging.decode(cursor, datetime, UUID), limit + 1)
    page = paging.page(rows, limit, lambda row: (row["sent"], str(row["id"])))
    return {"items": [publishing.shown(row) for row in page["items"]], "next": page["next"]}


@router.get("/cap/alerts/{alert_id}")
async def get_alert(tx: TxDep, _who: Reads, alert_id: UUID) -> dict[str, Any]:
    """One alert with its signed XML."""
    row = await publishing.one(tx, alert_id)
    return {**publishing.shown(row), "xml": row["xml"]}


@router.post("/cap/alerts", status_code=201)
async def publish(tx: TxDep, context: ContextDep, who: Publishes, form: FirstForm) -> dict[str, Any]:
    """Publish an alert: signed, and in the feed within seconds."""
    data = context.settings.data
    id_ = await publishing.publish(tx, data, who, form.sender, form.status, form.told(), form.incident_id)
    return publishing.shown(await publishing.one(tx, id_))


@router.post("/cap/alerts/{alert_id}/update", status_code=201)
async def update(tx: TxDep, context: ContextDep, who: Publishes, alert_id: UUID, form: AlertForm) -> dict[str, Any]:
    """The next alert of a chain; it names all earlier ones."""
    id_ = await publishing.follow(tx, context.settings.data, who, alert_id, form.told(), form.note)
    return publishing.shown(await publishing.one(tx, id_))


@router.post("/cap/alerts/{alert_id}/cancel", status_code=201)
async def cancel(tx: TxDep, context: ContextDep, who: Publishes, alert_id: UUID, form: CancelForm) -> dict[str, Any]:
    """The last alert of a chain."""
    id_ = await publishing.follow(tx, context.settings.data, who, alert_id, None, form.note)
    return publishing.shown(await publishing.one(tx, id_))


@router.post("/cap/check")
async def check(tx: TxDep, _who: Reads, form: CheckForm) -> dict[str, Any]:
    """Whether a document is a CAP alert, and signed by whose certificate is given; else why not."""
    try:
        root = reading.parsed(form.document.encode())
        if form.certificate is not None:
            root = signing.verified(root, form.certificate.encode())
        alert = reading.read(root)
    except Invalid as error:
        return {"good": False, "why": error.key, "fields": [one.field for one in error.fields]}
    return {"good": True, "why": None, "identifier": alert.identifier, "sender": alert.sender, "as_of": tx.now()}


@router.get("/warnings")
async def list_warnings(
    tx: TxDep, _who: Reads, cursor: paging.Cursor = None, limit: paging.Limit = 50
) -> dict[str, Any]:
    """Drafts of public warnings, newest first, with what became of each."""
    rows = await warnings.listed(tx, paging.decode(cursor, datetime, UUID), limit + 1)
    page = paging.page(rows, limit, lambda row: (row["created_at"], str(row["id"])))
    return {"items": [warnings.shown(row, today(tx)) for row in page["items"]], "next": page["next"]}


async def _answer(tx: TxDep, warning_id: UUID, response: Response) -> dict[str, Any]:
    value = warnings.shown(await warnings.one(tx, warning_id), today(tx))
    tag(response, value["version"])
    return value


@router.post("/warnings", status_code=201)
async def draft(tx: TxDep, who: Drafts, form: DraftForm, response: Response) -> dict[str, Any]:
    """Begin a public warning."""
    return await _answer(tx, await warnings.draft(tx, who, form.told()), response)


@router.put("/warnings/{warning_id}")
async def change(
    tx: TxDep, who: Drafts, warning_id: UUID, form: DraftForm, response: Response, expected: ExpectedVersion
) -> dict[str, Any]:
    """Write it anew; it has to be approved again."""
    await warnings.change(tx, who, warning_id, form.told(), expected)
    return await _answer(tx, warning_id, response)


@router.post("/warnings/{warning_id}/submit")
async def submit(tx: TxDep, who: Drafts, warning_id: UUID, response: Response) -> dict[str, Any]:
    """Ask for approval."""
    await warnings.act(tx, who, warning_id, Act.SUBMIT)
    return await _answer(tx, warning_id, response)


@router.post("/warnings/{warning_id}/approve")
async def approve(tx: TxDep, who: Approves, warning_id: UUID, response: Response) -> dict[str, Any]:
    """Approve what somebody else drafted."""
    await warnings.act(tx, who, warning_id, Act.APPROVE)
    return await _answer(tx, warning_id, response)


@router.post("/warnings/{warning_id}/reject")
async def reject(tx: TxDep, who: Approves, warning_id: UUID, form: RejectForm, response: Response) -> dict[str, Any]:
    """Send it back with a reason."""
    await warnings.act(tx, who, warning_id, Act.REJECT, reason=form.reason)
    return await _answer(tx, warning_id, response)


@router.post("/warnings/{warning_id}/sent")
async def sent(tx: TxDep, who: Drafts, warning_id: UUID, form: SentForm, response: Response) -> dict[str, Any]:
    """Write down who sent it, when and where. dure itself does not send it."""
    told = {"authority": form.authority, "areas": form.areas, "document_no": form.document_no}
    await warnings.act(tx, who, warning_id, Act.SENT, sent_at=form.sent_at.isoformat(), **told)
    return await _answer(tx, warning_id, response)
