"""Which person an account is: said by administrators and auditors, never about oneself, and it leaves a line."""

from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.roles import Role
from tests.trust.conftest import account
from tests.trust.entry.conftest import seat

PERSON = str(UUID(int=5))


async def test_an_account_is_linked_to_its_person_by_somebody_else(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    kim, chief = await account(database, "kim", Role.OPERATOR), await account(database, "chief", Role.ADMIN)
    eye = await account(database, "eye", Role.AUDITOR)
    path = f"/audit/own-people/{kim.id}"
    async with seat(app, chief) as admin, seat(app, eye) as auditor:
        assert (await admin.get(path)).json() == {"person_id": None}
        assert (await admin.put(path, json={"person_id": PERSON})).status_code == 204
        assert (await auditor.get(path)).json() == {"person_id": PERSON}
        assert (await auditor.put(path, json={"person_id": None})).status_code == 204
        assert (await admin.get(path)).json() == {"person_id": None}
        for client, own in ((admin, chief), (auditor, eye)):
            answer = await client.put(f"/audit/own-people/{own.id}", json={"person_id": PERSON})
            assert (answer.status_code, answer.json()["key"]) == (403, "trust.audit.own_self")
        clock.advance(301)
        assert (await admin.put(path, json={"person_id": PERSON})).json()["key"] == "trust.step_up.needed"
    async with seat(app, kim) as desk:
        assert (await desk.get(path)).status_code == 403
        assert (await desk.put(path, json={"person_id": PERSON})).status_code == 403
    async with database.transaction() as tx:
        lines = await tx.rows(
            text("select person_id, entity_id from audit where action = 'audit.own_person' order by at, id")
        )
    assert [(row["person_id"], row["entity_id"]) for row in lines] == [(UUID(PERSON), str(kim.id)), (None, str(kim.id))]
