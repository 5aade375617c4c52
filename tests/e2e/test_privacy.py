"""The citizen's page and the desks' screens of privacy, in a real browser: from the identity check to the copy, from a
broken glass to its review, and what goes tomorrow.
"""

import asyncio
import csv
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import NAME, PASSWORD, SIZES, Desk
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
SHOTS = os.environ.get("DURE_SHOTS")
NUMBER = "010-7531-8642"


async def shot(page: Page, name: str) -> None:
    """A picture for whoever judges the screen, where one is wanted."""
    if SHOTS:
        await page.wait_for_timeout(700)
        await page.screenshot(path=Path(SHOTS) / f"{name}.png")


def contents(file: Path) -> set[str]:
    """The values of a copy."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return {row["value"] for row in csv.DictReader(lines)}


@asynccontextmanager
async def signed_in(town: Town, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody's own client, proved a moment ago."""
    async with httpx.AsyncClient(base_url=f"{town.url}/api/v1", headers={"origin": town.url}) as client:
        entered = await client.post("/sessions", json={"username": name, "password": PASSWORD})
        assert entered.status_code == 201, entered.text
        yield client


async def hired(town: Town, name: str, role: str, agency: str) -> None:
    """A new account with a password."""
    async with signed_in(town, NAME) as admin:
        made = await admin.post("/accounts", json={"username": name, "roles": [role], "agency_id": agency})
        assert made.status_code == 201, made.text
        told = {"token": made.json()["link"]["token"], "password": PASSWORD}
        assert (await admin.post("/password-reset", json=told)).status_code == 204


@asynccontextmanager
async def screen(
    browser: Browser, town: Town, name: str | None, *, size: str = "desk", theme: str = "dark", language: str = "ko"
) -> AsyncIterator[Page]:
    """A browser of somebody's own."""
    width, height = SIZES[size]
    context = await browser.new_context(viewport={"width": width, "height": height}, has_touch=size == "phone")
    await context.add_init_script(
        f"localStorage.setItem('dure.theme', '{theme}'); localStorage.setItem('dure.language', '{language}')"
    )
    page = await context.new_page()
    try:
        if name is not None:
            await page.goto(f"{town.url}/#/privacy")
            await page.fill("input[name=username]", name)
            await page.fill("input[name=password]", PASSWORD)
            await page.click("button[type=submit]")
            await page.get_by_role("main").wait_for()
        yield page
    finally:
        await context.close()


async def test_a_citizen_sees_who_read_what_and_asks(town: Town, desk: Desk, browser: Browser) -> None:
    for name, role, agency in (("welf-01", "welfare", "welfare"), ("lead-01", "shift_lead", "control")):
        await hired(town, name, role, agency)
    report = {"type": "medical", "source": "119", "external_ref": "PRIVACY-1", "description": "넘어짐"}
    told = await town.client.post("/incidents", json={**report, "caller": {"name": "심청", "phone": NUMBER}})
    assert told.status_code == 201, told.text
    async with signed_in(town, "welf-01") as welfare:
        found = await town.client.post("/people/find", json={"field": "phone", "value": NUMBER})
        assert found.status_code == 200, found.text
        person = found.json()["items"][0]["id"]
        made = await welfare.post(
            "/purposes",
            json={
                "person_id": person,
                "basis": "pipa.15.1.1",
                "text": "안부 확인 서비스",
                "agency_id": "welfare",
                "kinds": ["identity", "contact"],
                "until_at": "2029-01-01T00:00:00Z",
            },
        )
        ground = {"purpose": "방문 전 연락", "purpose_id": made.json()["id"]}
        curious = {"purpose": "그냥 궁금해서", "code": "rescue", "case_kind": "incident", "case_id": "nowhere"}
        assert (await welfare.post(f"/people/{person}/open", json=curious)).status_code == 403
        assert (await welfare.post(f"/people/{person}/open", json=ground)).status_code == 200
        broke = {"person_id": person, "reason": "life", "words": "응답이 없음"}
        glass = await welfare.post("/glass", json=broke)
        assert glass.status_code == 201, glass.text
        under = {"purpose": "생사 확인", "glass_id": glass.json()["id"]}
        assert (await welfare.post(f"/people/{person}/open", json=under)).status_code == 200
        link = (await welfare.post(f"/people/{person}/citizen-link", json={"checked": "id_card"})).json()["url"]
    async with screen(browser, town, None, size="phone", theme="light") as page:
        await page.goto(link)
        await shot(page, "enter")
        await page.get_by_role("button", name="들어가기").click()
        await expect(page.get_by_text("안부 확인 서비스")).to_be_visible()
        await expect(page.get_by_text("개인정보 보호법 제15조제1항제1호")).to_be_visible()
        await expect(page.get_by_text("복지정책과").first).to_be_visible()
        assert "welf-01" not in await page.content()
        await shot(page, "reads")
        await page.goto(f"{town.url}/#/mydata/grounds")
        await expect(page.get_by_role("button", name="동의 철회")).to_be_visible()
        await shot(page, "grounds")
        await page.goto(f"{town.url}/#/mydata/requests")
        await page.get_by_role("button", name="요구하기").click()
        await page.get_by_label("요구", exact=True).select_option("copy")
        await shot(page, "ask")
        await page.get_by_role("button", name="보내기").click()
        await expect(page.get_by_text("처리 중")).to_be_visible()
        async with screen(browser, town, "welf-01") as official:
            await official.goto(f"{town.url}/#/privacy/queue")
            await expect(official.get_by_role("link", name=re.compile("^내 긴급 열람 1:5"))).to_be_visible()
            await official.get_by_role("row").filter(has_text="사본").click()
            await official.get_by_label("답변").fill("내려받으실 수 있습니다")
            await shot(official, "decide")
            await official.get_by_role("button", name="받아들임").last.click()
            await expect(official.get_by_text("요구가 없습니다")).to_be_visible()
        await page.reload()
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="CSV").click()
        copy = await downloading.value
        assert await asyncio.to_thread(contents, Path(await copy.path())) >= {"심청", "안부 확인 서비스"}
        await expect(page.get_by_text("사본 받음")).to_be_visible()
        await shot(page, "requests")


async def test_a_broken_glass_stands_on_the_reviewers_screen_until_it_is_judged(
    town: Town, desk: Desk, browser: Browser
) -> None:
    async with screen(browser, town, "lead-01") as page:
        alert = page.get_by_role("link", name=re.compile("긴급 열람 검토 1건"))
        await expect(alert).to_be_visible()
        await page.goto(f"{town.url}/#/board")
        await expect(alert).to_be_visible()
        await alert.click()
        await shot(page, "glass")
        await expect(page.get_by_role("row").filter(has_text="welf-01")).to_contain_text(re.compile(r"1:5\d:\d\d 남음"))
        await page.get_by_role("button", name="검토", exact=True).click()
        told = page.get_by_role("dialog")
        for shown in ("응답이 없음", "생명·신체의 급박한 위험", "심*", "이 긴급 열람으로 연 것 1번"):
            await expect(told).to_contain_text(shown)
        await page.get_by_label("판단").select_option("proper")
        await page.get_by_label("검토 의견").fill("119와 확인했습니다")
        await shot(page, "review")
        await page.get_by_role("button", name="검토", exact=True).last.click()
        await expect(page.get_by_text("긴급 열람이 없습니다")).to_be_visible()
        await expect(alert).to_have_count(0)
        await page.get_by_role("radio", name="모두", exact=True).click()
        await page.get_by_role("row").filter(has_text="welf-01").click()
        for shown in ("적정", "119와 확인했습니다", "lead-01"):
            await expect(told).to_contain_text(shown)
        await shot(page, "reviewed")


async def test_what_goes_tomorrow_and_holds(town: Town, desk: Desk) -> None:
    async with desk.page("privacy/retention/table") as page:
        await expect(page.get_by_text("표준 개인정보 보호지침 제41조제2항")).to_be_visible()
        await shot(page, "table")
    async with desk.page("privacy/retention/tomorrow", theme="light", language="en") as page:
        await expect(page.get_by_text("The next destruction begins at")).to_be_visible()
        await shot(page, "tomorrow")
    async with desk.page("privacy/retention/holds") as page:
        await page.get_by_role("button", name="파기 보류").last.click()
        number = (await town.items("/incidents"))[0]["receipt_no"]
        await page.get_by_label("대상 ID").fill(number)
        await page.get_by_label("사유").fill("수사 협조")
        await shot(page, "hold")
        await page.get_by_role("button", name="파기 보류").last.click()
        await expect(page.get_by_text("보류 중")).to_be_visible()
        await page.get_by_role("button", name="풀기").click()
        await page.get_by_label("사유").fill("수사 종결")
        await page.get_by_role("button", name="풀기").last.click()
        await expect(page.get_by_text("풀림")).to_be_visible()
        await shot(page, "holds")
    async with desk.page("privacy/ledger") as page:
        await expect(page.get_by_text("안부 확인 서비스")).to_be_visible()
        await shot(page, "ledger")
