"""Incidents in the audit log: found by the number that people know, also those that went into one; shown by it."""

from collections.abc import Iterator

import httpx
import pytest

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.kernel.geometry import moved
from dure.kernel.ids import new_id
from dure.respond.cases import INCIDENT
from dure.trust import audit
from dure.trust.audit import search
from dure.trust.principal import system
from dure.trust.purposes import cases
from tests.respond.conftest import MARKET, acted, opened


@pytest.fixture(autouse=True)
def _incidents_are_cases() -> Iterator[None]:
    before = list(cases.known().values())
    cases.install([INCIDENT])
    yield
    cases.install(before)


async def test_a_number_stands_for_its_incident_and_those_merged_into_it(
    operator: httpx.AsyncClient, database: Database, clock: HeldClock
) -> None:
    ids, numbers = [], []
    for n in range(3):
        clock.advance(60)
        away = moved(MARKET, 0, 150 * n)
        made = await opened(operator, external_ref=f"F-{n}", lon=away.lon, lat=away.lat)
        ids.append(made["id"])
        numbers.append(made["receipt_no"])
        if n:
            await acted(operator, {"id": ids[n - 1]}, "merge", into=made["id"])
    async with database.transaction() as tx:
        for named in (numbers[2], ids[2], "F-2"):
            assert await cases.meant(tx, named) == [ids[2], ids[0], ids[1]], "itself first"
        assert await cases.meant(tx, numbers[0]) == [ids[0]]
        assert await cases.meant(tx, "2026-nowhere") == ["2026-nowhere"]
        asked = [*ids, "case-1", str(new_id()), ""]
        found = await cases.named(tx, asked)
        assert {id_: (one.kind, one.number) for id_, one in found.items()} == {
            id_: ("incident", number) for id_, number in zip(ids, numbers, strict=True)
        }


async def test_an_auditor_reads_one_case_by_its_receipt_number(operator: httpx.AsyncClient, database: Database) -> None:
    made = await opened(operator)
    number = made["receipt_no"]
    async with database.transaction() as tx:
        await audit.record(tx, system("test"), "video.open", "camera", "cam-12", purpose="발화 확인", case=made["id"])
        await audit.record(tx, system("test"), "video.open", "camera", "cam-12", purpose="다른 일", case=new_id())
    async with database.transaction() as tx:
        rows = await search.read(tx, system("auditor"), search.Wanted(case=number), after=None)
    assert [(row["action"], row["case_no"], row["entity_no"]) for row in rows] == [
        ("video.open", number, None),
        ("incident.report", None, number),
    ]
    async with database.transaction() as tx:
        again = await search.read(tx, system("auditor"), search.Wanted(action="audit.read"), after=None)
    assert (again[0]["entity_id"], again[0]["case_id"]) == (f"case={number}", made["id"])
