"""A record opens on a ground that stands, as far as the ground reaches, after its line; and not otherwise."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.roles import Role
from dure.trust.vault import reasons
from tests.support import tables_with
from tests.trust.conftest import MONDAY, bearer, token
from tests.trust.purposes.conftest import HONG, desk, prove

WHY = "방문 전 연락"


async def entry(client: httpx.AsyncClient, person: UUID | None, **more: Any) -> str:
    body = {
        "person_id": str(person) if person else None,
        "basis": "pipa.15.1.1",
        "text": "안부 확인 서비스",
        "kinds": ["identity", "contact"],
        "until_at": (MONDAY + timedelta(days=365)).isoformat(),
        **more,
    }
    answer = await client.post("/purposes", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def opened(client: httpx.AsyncClient, person: UUID, **ground: Any) -> httpx.Response:
    return await client.post(f"/people/{person}/open", json={"purpose": WHY, **ground})


async def lines(database: Database, person: UUID, action: str) -> list[Any]:
    async with database.transaction() as tx:
        return list(
            await tx.rows(
                text(
                    "select a.*, o.basis, o.kinds from audit a left join person_opening o on o.audit_id = a.id "
                    "where a.person_id = :person and a.action = :action order by a.at"
                ),
                {"person": person, "action": action},
            )
        )


async def test_an_entry_shows_its_kinds_and_masks_the_rest(
    welfare: httpx.AsyncClient, database: Database, hong: UUID
) -> None:
    purpose = await entry(welfare, hong)
    answer = await opened(welfare, hong, purpose_id=purpose)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["name"], shown["phone"], shown["birth_date"]) == (HONG.name, HONG.phone, HONG.birth_date)
    assert shown["address"] != HONG.address
    assert HONG.note not in answer.text
    assert (shown["basis"], shown["kinds"]) == ("pipa.15.1.1", ["contact", "identity"])
    assert answer.headers["cache-control"] == "no-store"
    (line,) = await lines(database, hong, "person.open")
    assert (line["basis"], sorted(line["kinds"])) == ("pipa.15.1.1", ["contact", "identity"])
    assert line["purpose"].startswith(f"pipa.15.1.1 own purpose:{purpose} sealed:person:{hong.hex}:")
    async with database.transaction() as tx:
        assert reasons.opened(tx, [line["purpose"]]) == [f"pipa.15.1.1 own purpose:{purpose} {WHY}"]


async def test_withdrawal_counts_at_once(welfare: httpx.AsyncClient, database: Database, hong: UUID) -> None:
    purpose = await entry(welfare, hong)
    assert (await opened(welfare, hong, purpose_id=purpose)).status_code == 200
    assert (await welfare.post(f"/purposes/{purpose}/withdraw", json={"why": "전화로 철회"})).status_code == 204
    refused = await opened(welfare, hong, purpose_id=purpose)
    assert (refused.status_code, refused.json()["key"]) == (403, "trust.purpose.withdrawn")
    again = await welfare.post(f"/purposes/{purpose}/withdraw", json={"why": "전화로 철회"})
    assert again.status_code == 409
    (row,) = (await welfare.get("/purposes", params={"person_id": str(hong)})).json()["items"]
    assert row["state"] == "withdrawn"
    assert await tables_with(database, "전화로") == []


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"from_at": (MONDAY + timedelta(hours=1)).isoformat()}, "trust.purpose.not_yet"),
        ({"agency_id": "health"}, "trust.purpose.other_agency"),
    ],
)
async def test_an_entry_that_does_not_fit_opens_nothing(
    welfare: httpx.AsyncClient, database: Database, hong: UUID, more: dict[str, Any], key: str
) -> None:
    refused = await opened(welfare, hong, purpose_id=await entry(welfare, hong, **more))
    assert (refused.status_code, refused.json()["key"]) == (403, key)
    assert HONG.phone not in refused.text
    assert await lines(database, hong, "person.open") == []


async def test_time_that_is_over_opens_nothing(
    welfare: httpx.AsyncClient, database: Database, hong: UUID, clock: HeldClock
) -> None:
    purpose = await entry(welfare, hong, until_at=(MONDAY + timedelta(minutes=10)).isoformat())
    clock.advance(601)
    await prove(database)
    assert (await opened(welfare, hong, purpose_id=purpose)).json()["key"] == "trust.purpose.over"


async def test_anothers_entry_and_none_open_nothing(welfare: httpx.AsyncClient, hong: UUID) -> None:
    other = await entry(welfare, uuid4())
    assert (await opened(welfare, hong, purpose_id=other)).json()["key"] == "trust.purpose.unknown"
    assert (await opened(welfare, hong, purpose_id=str(uuid4()))).json()["key"] == "trust.purpose.unknown"


async def test_words_alone_open_nothing(welfare: httpx.AsyncClient, hong: UUID) -> None:
    refused = await opened(welfare, hong)
    assert (refused.status_code, refused.json()["key"]) == (422, "trust.purpose.needed")
    purpose = await entry(welfare, hong)
    both = await opened(welfare, hong, purpose_id=purpose, code="contact", case_kind="incident", case_id="open-1")
    assert both.json()["key"] == "trust.purpose.needed"


async def test_a_duty_of_the_office_opens_with_a_case_only(welfare: httpx.AsyncClient, hong: UUID) -> None:
    duty = await entry(welfare, None, basis="pipa.15.1.3", agency_id="welfare")
    assert (await opened(welfare, hong, purpose_id=duty)).json()["key"] == "trust.purpose.case_needed"
    case = {"case_kind": "incident", "case_id": "open-1"}
    assert (await opened(welfare, hong, purpose_id=duty, **case)).status_code == 200


@pytest.mark.parametrize(
    ("ground", "key"),
    [
        ({"code": "rescue", "case_kind": "incident", "case_id": "open-1"}, None),
        ({"code": "rescue", "case_kind": "incident", "case_id": "closed-1"}, None),
        ({"code": "rescue", "case_kind": "incident", "case_id": "closed-2"}, "trust.purpose.case_over"),
        ({"code": "rescue", "case_kind": "incident", "case_id": "nowhere"}, "trust.purpose.case_unknown"),
        ({"code": "rescue", "case_kind": "petition", "case_id": "open-1"}, "trust.purpose.case_unknown"),
        ({"code": "rescue"}, "trust.purpose.case_needed"),
        ({"code": "investigation", "case_kind": "incident", "case_id": "open-1"}, "trust.purpose.code_not_yours"),
        ({"code": "curious", "case_kind": "incident", "case_id": "open-1"}, "trust.purpose.code_unknown"),
    ],
)
async def test_a_code_opens_with_its_case(
    operator: httpx.AsyncClient, database: Database, hong: UUID, ground: dict[str, str], key: str | None
) -> None:
    answer = await opened(operator, hong, **ground)
    if key is None:
        assert answer.status_code == 200, answer.text
        assert answer.json()["note"] == HONG.note
        (line,) = await lines(database, hong, "person.open")
        assert line["purpose"].startswith(f"pipa.15.1.5 rescue incident:{ground['case_id']} sealed:")
    else:
        assert answer.status_code == 403
        assert answer.json()["key"] == key
        assert await lines(database, hong, "person.open") == []


async def test_who_may_not_open_is_not_asked_for_a_ground(database: Database, app: Any, hong: UUID) -> None:
    async with desk(database, app, "audit-01", Role.AUDITOR) as auditor:
        assert (await opened(auditor, hong, code="rescue")).json()["key"] == "trust.permission.missing"
        listed = await auditor.get("/purposes/tables")
        assert listed.status_code == 200
        assert listed.json()["codes"] == []


async def test_a_token_keeps_no_ledger(database: Database, client: httpx.AsyncClient, hong: UUID) -> None:
    secret = await token(database, Role.WELFARE)
    body = {
        "person_id": str(hong),
        "basis": "pipa.15.1.1",
        "text": "안부 확인",
        "kinds": ["identity"],
        "until_at": (MONDAY + timedelta(days=9)).isoformat(),
    }
    assert (await client.post("/purposes", json=body, headers=bearer(secret))).status_code == 403


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"basis": "pipa.99"}, "trust.purpose.ground_wrong"),
        ({"basis": "pipa.15.1.1", "person_id": None}, "trust.purpose.consent_of_whom"),
        ({"kinds": ["everything"]}, "trust.purpose.kinds_wrong"),
        ({"until_at": MONDAY.isoformat()}, "trust.purpose.span_wrong"),
        ({"until_at": (MONDAY + timedelta(days=6 * 365)).isoformat()}, "trust.purpose.span_wrong"),
    ],
)
async def test_an_entry_that_cannot_stand_is_refused(
    welfare: httpx.AsyncClient, hong: UUID, more: dict[str, Any], key: str
) -> None:
    body = {
        "person_id": str(hong),
        "basis": "pipa.15.1.3",
        "text": "안부 확인",
        "kinds": ["identity"],
        "until_at": (MONDAY + timedelta(days=9)).isoformat(),
        **more,
    }
    answer = await welfare.post("/purposes", json=body)
    assert (answer.status_code, answer.json()["key"]) == (422, key)


async def test_a_line_that_cannot_be_written_shows_nothing(
    welfare: httpx.AsyncClient, database: Database, hong: UUID
) -> None:
    purpose = await entry(welfare, hong)
    async with database.transaction() as tx:
        await tx.execute(text("alter table audit_seal add constraint full_up check (seq < 0) not valid"))
    refused = await opened(welfare, hong, purpose_id=purpose)
    assert refused.status_code >= 500
    assert HONG.phone not in refused.text
