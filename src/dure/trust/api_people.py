"""People over HTTP: masked, found by whole name or number, opened for a purpose."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Request, Response

from dure.engine.context import Context
from dure.engine.web import ContextDep, Router, TxDep
from dure.trust import people, reach, shapes, vault
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["trust"])

Sees = Annotated[Principal, Depends(require("person.read"))]


def _out(person_id: UUID, person: vault.Person) -> shapes.PersonOut:
    return shapes.PersonOut(id=person_id, **msgspec.structs.asdict(person))


def _vault(context: Context) -> vault.Vault:
    return vault.at(context.settings.data)


@router.get("/people/{person_id}")
async def get_person(request: Request, tx: TxDep, who: Sees, context: ContextDep, person_id: UUID) -> shapes.PersonOut:
    """A person, masked: 홍*동, 010-****-1234. An agency's desk sees those of its own cases."""
    await reach.check_person(request, tx, who, "person.read", person_id)
    return _out(person_id, await people.masked(tx, _vault(context), person_id))


@router.post("/people/find")
async def find_people(
    request: Request, body: shapes.FindIn, tx: TxDep, who: Sees, context: ContextDep, response: Response
) -> shapes.People:
    """The people with exactly this name or number, masked, as far as they are within reach. A POST, because addresses
    of requests are logged on the way.
    """
    response.headers["Cache-Control"] = "no-store"
    found = await people.find(tx, _vault(context), who, body.field, body.value)
    within = await reach.people(request, tx, who, "person.read", list(found))
    return shapes.People(items=[_out(person_id, found[person_id]) for person_id in within])
