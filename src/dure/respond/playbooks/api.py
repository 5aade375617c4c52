"""Playbooks over HTTP: list, read, check as one types, publish, bring back, print."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query, Response

from dure.engine.context import Context
from dure.engine.web import ContextDep, ExpectedVersion, LanguageDep, Router, TxDep, tag
from dure.kernel.errors import NotFound
from dure.kernel.messages import LANGUAGES, Language
from dure.respond.playbooks import library, shapes
from dure.respond.playbooks.check import twins
from dure.respond.playbooks.faults import Fault
from dure.respond.playbooks.library import Version
from dure.respond.playbooks.plain import to_json
from dure.respond.types import TYPES
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(prefix="/playbooks", tags=["respond"])
Reads = Annotated[Principal, Depends(require("playbook.read"))]
Publishes = Annotated[Principal, Depends(require("playbook.publish"))]
Kind = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
Number = Annotated[int, Path(ge=1, le=1_000_000)]


def _entry(found: Version, newest: int) -> dict[str, Any]:
    plan = found.plan("ko") if found.plans else None
    return {
        "kind": found.kind,
        "kind_title": TYPES.kept(found.kind).title,
        "title": {language: found.plans[language].title if language in found.plans else None for language in LANGUAGES},
        "owner": {language: found.plans[language].owner if language in found.plans else None for language in LANGUAGES},
        "severity": plan.severity.value if plan and plan.severity else None,
        "label": plan.version if plan else "",
        "number": found.number,
        "newest": newest,
        "source": found.source,
        "languages": list(found.texts),
        "steps": len(plan.steps) if plan else 0,
        "targets": len(plan.targets) if plan else 0,
        "published_at": found.published_at,
        "published_by": found.published_by,
    }


def _full(found: Version, response: Response) -> dict[str, Any]:
    tag(response, found.entity_version)
    return {
        "kind": found.kind,
        "number": found.number,
        "in_force": found.in_force,
        "source": found.source,
        "note": found.note,
        "published_at": found.published_at,
        "published_by": found.published_by,
        "texts": {language: found.texts.get(language) for language in LANGUAGES},
        "plans": {language: to_json(plan) for language, plan in found.plans.items()},
        "version": found.entity_version,
    }


def _fault(context: Context, language: Language, fault: Fault) -> dict[str, Any]:
    return {
        "line": fault.line,
        "column": fault.column,
        "length": fault.length,
        "key": fault.key,
        "reason": context.catalogue.text(language, fault.key, fault.params),
    }


@router.get("", response_model=shapes.Entries)
async def list_playbooks(tx: TxDep, _by: Reads) -> dict[str, Any]:
    """What is in force for each kind of incident."""
    return {"items": [_entry(found, newest) for found, newest in await library.listed(tx)]}


@router.post("/check", response_model=shapes.Checked)
async def check_playbook(
    tx: TxDep, _by: Reads, body: shapes.CheckForm, context: ContextDep, language: LanguageDep
) -> dict[str, Any]:
    """Whether a text is a manual that can be carried out, and what is wrong with it where. Nothing is kept."""
    city = await library.known(tx)
    plan, faults = library.judged(body.text, body.language, city)
    if plan is not None and body.twin is not None:
        other: Language = "en" if body.language == "ko" else "ko"
        beside = library.judged(body.twin, other, city)[0]
        faults = faults if beside is None else twins(beside, plan)
    return {
        "ok": not faults,
        "steps": len(plan.steps) if plan else 0,
        "faults": [_fault(context, language, fault) for fault in faults],
    }


@router.get("/{playbook_id}", response_model=shapes.Full)
async def read_playbook(tx: TxDep, _by: Reads, playbook_id: Kind, response: Response) -> dict[str, Any]:
    """The version in force for a kind of incident."""
    return _full(await library.get(tx, playbook_id), response)


@router.put("/{playbook_id}", response_model=shapes.Full)
async def publish_playbook(
    tx: TxDep,
    who: Publishes,
    playbook_id: Kind,
    body: shapes.PublishForm,
    expected: ExpectedVersion,
    response: Response,
) -> dict[str, Any]:
    """Publish a version; it is in force from now on, and incidents that run stay on theirs. A kind without a manual has
    version 0.
    """
    texts: dict[Language, str] = {}
    if body.ko:
        texts["ko"] = body.ko
    if body.en:
        texts["en"] = body.en
    return _full(await library.publish(tx, who, playbook_id, texts, body.note, expected), response)


@router.get("/{playbook_id}/versions", response_model=shapes.VersionLines)
async def list_playbook_versions(tx: TxDep, _by: Reads, playbook_id: Kind) -> dict[str, Any]:
    """Every version that there ever was, the newest first."""
    return {"items": [dict(row) for row in await library.versions(tx, playbook_id)]}


@router.get("/{playbook_id}/versions/{number}", response_model=shapes.Full)
async def read_playbook_version(
    tx: TxDep, _by: Reads, playbook_id: Kind, number: Number, response: Response
) -> dict[str, Any]:
    """One version."""
    return _full(await library.version(tx, playbook_id, number), response)


@router.post("/{playbook_id}/in-force", response_model=shapes.Full)
async def reinstate_playbook(
    tx: TxDep,
    who: Publishes,
    playbook_id: Kind,
    body: shapes.ReinstateForm,
    expected: ExpectedVersion,
    response: Response,
) -> dict[str, Any]:
    """Bring a former version back into force."""
    return _full(await library.reinstate(tx, who, playbook_id, body.number, expected), response)


@router.get("/{playbook_id}/text", response_class=Response)
async def print_playbook(
    tx: TxDep,
    _by: Reads,
    playbook_id: Kind,
    language: Annotated[Literal["ko", "en"], Query()] = "ko",
    number: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> Response:
    """The manual as its author wrote it, to print or to keep as a file: Markdown, never HTML."""
    found = await (library.get(tx, playbook_id) if number is None else library.version(tx, playbook_id, number))
    body = found.texts.get(language)
    if body is None:
        raise NotFound("respond.playbook.no_language", kind=playbook_id, language=language)
    name = f"{playbook_id}.v{found.number}.{language}.md"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body.encode(), media_type="text/markdown; charset=utf-8", headers=headers)
