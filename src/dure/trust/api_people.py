"""People over HTTP: masked, found by whole name or number, opened for a purpose."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Depends, Response

from dure.engine.context import Context
from dure.engine.web import ContextDep, Router, TxDep
from dure.trust import people, shapes, vault
from dure.trust.principal import Principal
from dure.trust.web import require

router = Router(tags=["trust"])

Sees = Annotated[Principal, Depends(require("person.read"))]


def _out(person_id: UUID, person: vault.Person) -> shapes.PersonOut:
    return shapes.PersonOut(id=person_id, **msgspec.structs.asdict(person))


def _vault(context: Context) -> vault.Vault:
    return vault.at(context.settings.data)


@router.get("/people/{person_id}")
async def get_person(tx: TxDep, _who: Sees, context: ContextDep, person_id: UUID) -> shapes.PersonOut:
    """A person, masked: 홍*동, 010-****-1234."""
    return _out(person_id, await people.masked(tx, _vault(context), person_id))


@router.post("/people/find")
async def find_people(
    body: shapes.FindIn, tx: TxDep, who: Sees, context: ContextDep, response: Response
) -> shapes.People:
    """The people with exactly this name or number, masked. A POST, because addresses of requests are logged on the
    way.
    """
    response.headers["Cache-Control"] = "no-store"
    found = await people.find(tx, _vault(context), who, body.field, body.value)
    return shapes.People(items=[_out(person_id, person) for person_id, person in found.items()])
