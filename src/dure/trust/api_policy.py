"""Who could see this, and why? For administrators and auditors; asking leaves a line."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from dure.engine import paging
from dure.engine.database import Tx
from dure.engine.paging import Cursor, Limit
from dure.engine.web import ContextDep, LanguageDep, Router, TxDep
from dure.kernel.errors import FieldError, Invalid, NotFound
from dure.kernel.messages import Catalogue, Language
from dure.trust import audit
from dure.trust.policy import Decision, Grants, Resource, Why, asks_of
from dure.trust.principal import Principal
from dure.trust.reach import Finders, finders_of, whose
from dure.trust.roles import Role
from dure.trust.table import lines, who
from dure.trust.table.lines import Line
from dure.trust.web import require

router = Router(tags=["trust"])
Asks = Annotated[Principal, Depends(require("policy.read"))]


class ActionOut(BaseModel):
    """Something that can be done with it, in the table's words, and what is needed beside the role."""

    action: str
    text: str
    needs: list[str]
    shared: bool


class RoleOut(BaseModel):
    """A role of an agency that the thing belongs to, and the answer for it."""

    role: Role
    may: bool
    why: Why
    why_text: str


class AskerOut(BaseModel):
    """An account or a token, and the answer for it. `missing` says what a denied one lacks."""

    kind: str
    id: UUID
    name: str
    roles: list[str]
    agency_id: str | None
    agency_name: str | None
    standing: str
    expires_at: datetime | None
    may: bool
    why: Why
    why_text: str
    missing: list[str]


class WhoOut(BaseModel):
    """The answer as of now. `agencies` are those it belongs to; None where it is the city's, whoever asks."""

    entity: str
    id: str
    as_of: datetime
    action: ActionOut
    actions: list[ActionOut]
    agencies: list[str] | None
    field_of: list[Role]
    roles: list[RoleOut]
    items: list[AskerOut]
    next: str | None


@router.get("/policy/who")
async def who_could(
    tx: TxDep,
    by: Asks,
    request: Request,
    context: ContextDep,
    language: LanguageDep,
    entity: Annotated[str, Query(max_length=40)],
    id: Annotated[str, Query(max_length=100)],  # noqa: A002  # the parameter's name in the contract
    action: Annotated[str | None, Query(max_length=60, description="One of `actions`; none: to see it.")] = None,
    may: Annotated[bool | None, Query(description="Only those who may, or only those who may not.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> WhoOut:
    """Who could see one thing (or do something with it), and the reason for each account and token, as of now."""
    grants: Grants = request.app.state.grants
    asked = _line(entity, action, grants)
    resource = await _resource(tx, finders_of(request), entity, id)
    key = paging.decode(cursor, str, str, UUID)
    after = (key[0], key[1], key[2]) if key else None
    found = await who.page(tx, asked.action, resource, grants, may=may, after=after, limit=limit)
    if cursor is None:
        await audit.record(tx, by, "policy.ask", entity, id)
    shown = paging.page(found, limit, lambda one: (one.kind, one.name, str(one.id)))
    say = _Words(context.catalogue, language)
    return WhoOut(
        entity=entity,
        id=id,
        as_of=tx.now(),
        action=_action(asked, language, grants),
        actions=[_action(line, language, grants) for line in lines.about(entity) if line.action in grants],
        agencies=None if resource.agencies is None else sorted(one for one in resource.agencies if one is not None),
        field_of=sorted(resource.roles),
        roles=[
            RoleOut(role=Role(role), may=one.allowed, why=one.why, why_text=say.why(one))
            for role, one in who.by_role(asked.action, resource, grants).items()
        ],
        items=[_asker(one, say) for one in shown["items"]],
        next=shown["next"],
    )


def _line(entity: str, action: str | None, grants: Grants) -> Line:
    """The line that is asked about: `action`, else the first about such a thing. Raises Invalid, NotFound."""
    known = [line for line in lines.about(entity) if line.action in grants]
    if not known:
        raise Invalid("engine.fields.wrong", fields=[FieldError("entity", "trust.policy.entity_unknown")])
    for line in known:
        if action in (None, line.action):
            return line
    raise Invalid("engine.fields.wrong", fields=[FieldError("action", "trust.policy.action_unknown")])


async def _resource(tx: Tx, finders: Finders, entity: str, id_: str) -> Resource:
    """To whom it belongs. Raises NotFound where its room knows of none."""
    try:
        return await whose(tx, finders, entity, id_)
    except ValueError as error:  # no id at all
        raise NotFound("trust.policy.thing_unknown") from error


class _Words:
    def __init__(self, catalogue: Catalogue, language: Language) -> None:
        self._catalogue = catalogue
        self.language = language

    def why(self, decision: Decision) -> str:
        return self._catalogue.text(self.language, f"trust.policy.why.{decision.why}")


def _action(line: Line, language: Language, grants: Grants) -> ActionOut:
    needs = sorted(ask.value for ask in asks_of(line.action, grants))
    return ActionOut(action=line.action, text=line.text(language), needs=needs, shared=line.shared)


def _asker(one: who.Asker, say: _Words) -> AskerOut:
    name = one.agency_name if say.language == "ko" else one.agency_name_en or one.agency_name
    return AskerOut(
        kind=one.kind,
        id=one.id,
        name=one.name,
        roles=list(one.roles),
        agency_id=one.agency_id,
        agency_name=name,
        standing=one.standing.value,
        expires_at=one.expires_at,
        may=one.decision.allowed,
        why=one.decision.why,
        why_text=say.why(one.decision),
        missing=[] if one.decision.allowed else [one.decision.why.value],
    )
