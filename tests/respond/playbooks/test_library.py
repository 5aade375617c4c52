"""Versions of manuals over HTTP on a real database: kept for ever, one in force, refused with line and reason."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.respond.playbooks import library
from dure.respond.playbooks.contributed import shipped
from dure.trust.roles import Role
from tests.respond.conftest import Desk

MANUALS = Path(library.__file__).with_name("manuals")
KO = (MANUALS / "missing_person.ko.md").read_text(encoding="utf-8")
EN = (MANUALS / "missing_person.en.md").read_text(encoding="utf-8")


@pytest.fixture
async def lead(desk: Desk, database: Database) -> httpx.AsyncClient:
    """A shift lead's desk in a city that has taken in its manuals."""
    async with database.transaction() as tx:
        await library.load_shipped(tx)
    return await desk(Role.SHIFT_LEAD)


async def put(client: httpx.AsyncClient, expected: int | None = None, **form: Any) -> httpx.Response:
    headers = {} if expected is None else {"if-match": f'W/"{expected}"'}
    return await client.put("/playbooks/missing_person", json=form, headers=headers)


async def test_a_new_city_has_the_manuals_that_came_with_it(lead: httpx.AsyncClient, database: Database) -> None:
    listed = (await lead.get("/playbooks")).json()["items"]
    assert {one["kind"] for one in listed} == set(shipped())
    one = next(one for one in listed if one["kind"] == "missing_person")
    assert one["number"] == one["newest"] == 1
    assert one["source"] == "dure"
    assert one["languages"] == ["ko", "en"]
    async with database.transaction() as tx:
        await library.load_shipped(tx)
        assert await tx.scalar(text("select max(number) from playbook_version")) == 1, "again is the same as once"


async def test_a_version_is_published_kept_and_brought_back(lead: httpx.AsyncClient) -> None:
    first = await lead.get("/playbooks/missing_person")
    assert first.headers["etag"] == 'W/"1"'
    changed = KO.replace("# 실종", "# 우리 시 실종", 1)
    answer = await put(lead, 1, ko=changed, en=EN, note="이름을 고쳤다")
    assert answer.status_code == 200, answer.text
    assert answer.json()["number"] == 2
    assert answer.json()["in_force"]
    assert answer.headers["etag"] == 'W/"2"'
    assert (await lead.get("/playbooks/missing_person")).json()["texts"]["ko"] == changed
    old = (await lead.get("/playbooks/missing_person/versions/1")).json()
    assert old["texts"]["ko"] == KO
    assert not old["in_force"]
    lines = (await lead.get("/playbooks/missing_person/versions")).json()["items"]
    assert [(one["number"], one["in_force"], one["note"]) for one in lines] == [
        (2, True, "이름을 고쳤다"),
        (1, False, ""),
    ]
    back = await lead.post("/playbooks/missing_person/in-force", json={"number": 1}, headers={"if-match": 'W/"2"'})
    assert back.json()["number"] == 1
    assert back.headers["etag"] == 'W/"3"'
    assert (await put(lead, 3, ko=KO, en=EN)).json()["key"] == "respond.playbook.same"


async def test_the_same_request_again_is_one_version_and_who_read_an_older_one_publishes_nothing(
    lead: httpx.AsyncClient,
) -> None:
    form = {"ko": KO.replace("# ", "# 새 ", 1), "en": EN}
    headers = {"idempotency-key": "once", "if-match": 'W/"1"'}
    one = await lead.put("/playbooks/missing_person", json=form, headers=headers)
    two = await lead.put("/playbooks/missing_person", json=form, headers=headers)
    assert one.json() == two.json()
    assert two.headers["idempotent-replayed"] == "true"
    assert len((await lead.get("/playbooks/missing_person/versions")).json()["items"]) == 2
    assert (await put(lead, 1, ko=KO.replace("# ", "# 다른 ", 1), en=EN)).status_code == 412


async def test_a_wrong_manual_is_refused_with_line_and_reason(lead: httpx.AsyncClient) -> None:
    wrong = KO.replace("- 임무: ", "- 임뮤: ", 1)
    line = next(n for n, one in enumerate(wrong.split("\n"), 1) if "임뮤" in one)
    answer = await put(lead, 1, ko=wrong, en=EN)
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert errors[0]["field"] == f"ko:{line}:3"
    assert "임무" in errors[0]["reason"]
    other = await put(lead, 1, ko=KO.replace("종류: missing_person", "종류: fire"))
    assert other.json()["errors"][0]["key"] == "respond.playbook.fault.other_kind"
    assert (await put(lead, 1)).json()["key"] == "respond.playbook.no_text"
    steps = EN.split("\n## ")
    answer = await put(lead, 1, ko=KO, en="\n## ".join(steps[:-1]))
    assert answer.status_code == 422
    assert {one["key"] for one in answer.json()["errors"]} == {"respond.playbook.fault.twin_steps"}


async def test_a_text_is_checked_as_it_is_typed_and_names_the_citys_agencies(
    lead: httpx.AsyncClient, database: Database
) -> None:
    fine = await lead.post("/playbooks/check", json={"language": "ko", "text": KO, "twin": EN})
    assert fine.json()["ok"]
    assert fine.json()["steps"] == KO.count("\n## ")
    wrong = await lead.post(
        "/playbooks/check", json={"language": "ko", "text": KO.replace("경찰 112", "아무개"), "twin": EN}
    )
    faults = wrong.json()["faults"]
    assert not wrong.json()["ok"]
    assert "아무개" in faults[0]["reason"]
    assert "아무개" in KO.replace("경찰 112", "아무개").split("\n")[faults[0]["line"] - 1]
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "insert into agency (id, kind, name, name_en) values ('rescue', 'fire', '한빛구조대', 'Hanbit Rescue')"
            )
        )
    named = KO.replace("경찰 112", "한빛구조대", 1)
    assert (await lead.post("/playbooks/check", json={"language": "ko", "text": named})).json()["ok"]
    full = (await put(lead, 1, ko=named)).json()
    assert '"kind": "agency", "id": "rescue"' in str(full["plans"]).replace("'", '"')


async def test_a_text_or_an_automation_that_nobody_has_is_refused_with_its_line(
    lead: httpx.AsyncClient, database: Database
) -> None:
    wrong = KO.replace("`missing_found`", "`found_him`").replace("- 카메라:", "- 자동화: `open_gate`\n- 카메라:", 1)
    answer = await put(lead, 1, ko=wrong)
    assert answer.status_code == 422
    told = {one["key"].rpartition(".")[2]: one["field"] for one in answer.json()["errors"]}
    lines = wrong.split("\n")
    expected = {"template_unknown": "`found_him`", "automation_unknown": "`open_gate`"}
    assert {key: lines[int(field.split(":")[1]) - 1] for key, field in told.items()} == {
        key: next(one for one in lines if word in one) for key, word in expected.items()
    }
    async with database.transaction() as tx:  # the city writes its own text
        await tx.execute(
            text(
                "insert into notice_template (id, language, body, changed_by) "
                "values ('found_him', 'ko', '찾음', 'test')"
            )
        )
    own = KO.replace("`missing_found`", "`found_him`")
    assert (await lead.post("/playbooks/check", json={"language": "ko", "text": own})).json()["ok"]


async def test_who_may_read_prints_text_never_html_and_may_not_publish(lead: httpx.AsyncClient, desk: Desk) -> None:
    for role in (Role.OPERATOR, Role.FIRE, Role.AUDITOR):
        client = await desk(role)
        assert (await client.get("/playbooks/missing_person")).status_code == 200
        assert (await put(client, 1, ko=KO)).status_code == 403
    assert (await (await desk(Role.DEVICE)).get("/playbooks")).status_code == 403
    answer = await lead.get("/playbooks/missing_person/text", params={"language": "en"})
    assert answer.text == EN
    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "attachment" in answer.headers["content-disposition"]
    assert (await lead.get("/playbooks/nothing")).status_code == 404
    assert (await lead.get("/playbooks/missing_person/versions/9")).status_code == 404


async def test_what_comes_with_a_release_leaves_the_citys_own_in_force(
    lead: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = KO.replace("# ", "# 우리 ", 1)
    assert (await put(lead, 1, ko=mine, en=EN)).status_code == 200
    newer = {"missing_person": ("dure", {"ko": KO.replace("# ", "# 새로 나온 ", 1), "en": EN})}
    monkeypatch.setattr(library, "shipped", lambda: newer)
    async with database.transaction() as tx:
        await library.load_shipped(tx)
    full = (await lead.get("/playbooks/missing_person")).json()
    assert full["texts"]["ko"] == mine
    assert (await lead.get("/playbooks/missing_person/versions/3")).json()["source"] == "dure"
