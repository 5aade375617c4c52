"""Attachments over HTTP. They leave as answers to a POST that wrote its line, never by an address to be linked."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import File, Form, Response, UploadFile
from pydantic import StringConstraints

from dure.engine.web import Flag, Model, Passage, Router, TxDep
from dure.kernel.errors import TooLarge
from dure.respond.api import DeskDep
from dure.respond.api_room import Acts, Sees
from dure.respond.attachments import keeping
from dure.respond.attachments.kinds import LARGEST

router = Router(tags=["incidents"])
UPLOAD_LIMIT = LARGEST + (1 << 20)
"""Of a request: the file, and what stands around it."""


class OpenForm(Model):
    """Why, where people can be known by the file; `save`: to keep it, not to look at it."""

    purpose: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = None
    save: Flag = False


class WhyForm(Model):
    """Why."""

    reason: Passage


@router.post("/attachments/{incident_id}", status_code=201, responses={200: {"description": "it was there already"}})
async def attach(
    incident_id: UUID,
    who: Acts,
    desk: DeskDep,
    file: Annotated[UploadFile, File()],
    about: Annotated[str, Form(max_length=500)] = "",
    persons: Annotated[bool, Form()] = True,
) -> dict[str, Any]:
    """Attach a photo (JPEG, PNG, WebP), a PDF or a sheet (XLSX, CSV, TXT), at most 20 MiB. `persons`: people can be
    known by it. Place, camera and other details are left out of photos; what acts by itself is refused.
    """
    content = await file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise TooLarge("respond.attachment.large", megabytes=LARGEST >> 20)
    sent = keeping.File(file.filename or "", content, about.strip(), persons)
    _id, new = await keeping.attach(desk.tx, who, incident_id, sent)
    value = await desk.shown(who, incident_id)
    desk.response.status_code = 201 if new else 200
    return value


@router.post(
    "/attachments/{incident_id}/{attachment_id}/open",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "the file"}},
)
async def open_attachment(incident_id: UUID, attachment_id: UUID, form: OpenForm, tx: TxDep, who: Sees) -> Response:
    """A file's bytes. Its line is in the audit log before they leave, with the purpose where people can be known."""
    opened = await keeping.open_one(tx, who, incident_id, attachment_id, form.purpose)
    place = "inline" if opened.kind.shown and not form.save else "attachment"
    headers = {
        "Content-Disposition": f"{place}; filename*=UTF-8''{quote(opened.name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
    return Response(opened.content, media_type=opened.kind.served, headers=headers)


@router.post("/attachments/{incident_id}/{attachment_id}/remove")
async def remove(incident_id: UUID, attachment_id: UUID, form: WhyForm, who: Acts, desk: DeskDep) -> dict[str, Any]:
    """Take it away for good, with the reason."""
    await keeping.remove(desk.tx, who, incident_id, attachment_id, form.reason)
    return await desk.shown(who, incident_id)
