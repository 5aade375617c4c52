"""What an auditor does on the screens, and what a person decides there: who saw camera 12 and why, whether the log is
whole, which records are one person.
"""

import asyncio
import json
import os
import re
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.async_api import Browser, Page, expect

from dure.engine.servers.access import running_database_url
from dure.engine.servers.place import Place
from dure.kernel.clock import SystemClock
from tests.e2e.conftest import Desk
from tests.e2e.test_privacy import hired, screen
from tests.town import Town, said
from tests.trust.audit.making import offline

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
SHOTS = os.environ.get("DURE_SHOTS")
CAMERA, WHY, NUMBER = "cam-12", "화재 신고 확인", "010-3131-4240"
_SEEN = (
    "insert into audit (id, at, actor, actor_name, address, action, entity, entity_id, purpose, case_id, outcome) "
    "values (gen_random_uuid(), %s, 'account:x', 'lee-03', '10.1.2.3', 'video.open', 'camera', %s, %s, %s, 'ok')"
)


async def shots(page: Page, name: str) -> None:
    """The screen as it is, where a person wants to judge it."""
    if SHOTS:
        await page.wait_for_timeout(700)
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")


async def test_an_auditor_answers_who_saw_camera_12_yesterday_and_why(town: Town, desk: Desk, browser: Browser) -> None:
    await hired(town, "eye-01", "auditor", "control")
    url = running_database_url(Place(town.folder))
    assert url is not None
    now = SystemClock().now()
    report = {"type": "fire", "source": "119", "description": "연기", "external_ref": "AUDITOR-1"}
    incident = (await town.client.post("/incidents", json=report)).json()
    number = incident["receipt_no"]
    with psycopg.connect(url, autocommit=True) as line:
        line.execute(_SEEN, (now - timedelta(days=1), CAMERA, WHY, incident["id"]))
        line.execute(_SEEN, (now, CAMERA, "오늘", "2026-1121-001"))
        line.execute(_SEEN, (now - timedelta(days=1), "cam-13", "다른 카메라", "2026-1120-008"))
    async with screen(browser, town, "eye-01", size="wall") as page:
        await page.goto(f"{town.url}/#/admin/audit")
        await page.get_by_role("radio", name="어제", exact=True).click()
        await page.get_by_label("카메라").fill(CAMERA)
        await page.keyboard.press("Enter")
        row = page.get_by_role("row").filter(has_text=WHY)
        await expect(row).to_be_visible()
        await expect(row).to_contain_text("lee-03")
        await expect(row.get_by_role("link", name=number)).to_have_attribute("href", f"#/incidents/{incident['id']}")
        await expect(page.get_by_text("다른 카메라")).to_have_count(0)
        await shots(page, "audit-wall")
        await row.click()
        await expect(page.get_by_role("dialog")).to_contain_text("10.1.2.3")
        await expect(page.get_by_role("dialog")).to_contain_text(re.compile("온전함|서명을 기다림"))
        await shots(page, "audit-line")
        await page.get_by_role("dialog").get_by_role("button", name="이 사건의 기록만 보기").click()
        await expect(page.get_by_label("사건")).to_have_value(number)
        await expect(page.get_by_role("row").filter(has_text="신고 접수")).to_contain_text(f"상황 {number}")
        await expect(row).to_be_visible()
        await shots(page, "audit-case")
        await page.goto(f"{town.url}/#/admin/audit/health")
        await expect(page.get_by_text(re.compile("dure/[0-9a-f]{8}\\+")).first).to_be_visible()
        await expect(page.get_by_text("./dure audit verify")).to_be_visible()
        await shots(page, "health-wall")
    if SHOTS:
        async with screen(browser, town, "eye-01", size="phone", theme="light", language="en") as page:
            await page.goto(f"{town.url}/#/admin/audit")
            await shots(page, "audit-phone")


async def test_one_person_is_destroyed_and_two_commands_show_the_log_whole(
    town: Town, desk: Desk, browser: Browser, tmp_path: Path
) -> None:
    report = {"type": "medical", "source": "119", "description": "넘어짐", "external_ref": "AUDITOR-2"}
    told = await town.client.post("/incidents", json={**report, "caller": {"name": "변학도", "phone": "010-8642-9753"}})
    assert told.status_code == 201, told.text
    found = {"field": "phone", "value": "010-8642-9753"}
    (person,) = (await town.client.post("/people/find", json=found)).json()["items"]
    wish = {"purpose": "정보주체의 삭제 요구", "confirm": "erase"}
    assert (await town.client.post(f"/people/{person['id']}/erase", json=wish)).status_code == 202
    assert (await town.client.post("/people/find", json=found)).json()["items"] == []
    async with screen(browser, town, "eye-01", size="wall") as page:
        await page.goto(f"{town.url}/#/people/destroyed/{person['id']}")
        proof = page.get_by_role("complementary").filter(has_text="파기 증명")
        for shown in ("파기됨", "0 / 0", "정보주체의 삭제 요구", "온전함"):
            await expect(proof).to_contain_text(shown)
        await shots(page, "destroyed-wall")
        await page.goto(f"{town.url}/#/admin/audit?person_id={person['id']}&action=person.erase")
        await expect(page.get_by_role("row").filter(has_text="정보주체의 삭제 요구")).to_be_visible()
    data = ("--data", str(town.folder))
    assert json.loads(await said("audit", "verify", "--json", *data))["ok"] is True
    taken = tmp_path / "taken"
    await said("audit", "export", str(taken), *data)
    assert "변학도" not in (taken / "lines.jsonl").read_text(encoding="utf-8")
    (taken / "seen.jsonl").touch()
    checked = await asyncio.to_thread(offline, taken, "--key", await said("audit", "key", *data))
    assert checked.stdout.startswith("WHOLE: lines 1 to"), checked


async def test_doubles_are_decided_by_a_person(town: Town, desk: Desk, browser: Browser) -> None:
    for n, name in enumerate(("이몽룡", "이몽용")):
        report = {"type": "medical", "source": "119", "external_ref": f"TWIN-{n}", "description": "넘어짐"}
        told = await town.client.post("/incidents", json={**report, "caller": {"name": name, "phone": NUMBER}})
        assert told.status_code == 201, told.text
    await hired(town, "kin-01", "shift_lead", "control")
    async with screen(browser, town, "kin-01", size="wall") as page:
        await page.goto(f"{town.url}/#/people/pairs")
        await page.get_by_role("button", name="지금 찾기").click()
        pair = page.get_by_role("article").filter(has_text="010-****-4240")
        await expect(pair).to_have_count(1)
        await expect(pair.get_by_text("010-****-4240").first).to_be_visible()
        assert "이몽룡" not in await page.content()
        await shots(page, "pairs-wall")
        await pair.get_by_role("button", name="같은 사람 · 왼쪽 남김").click()
        await expect(pair).to_have_count(0)
        await page.get_by_role("radio", name="합침", exact=True).click()
        await expect(pair).to_have_count(1)
        await shots(page, "pairs-merged")
