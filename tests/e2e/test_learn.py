"""A review's finding is compared with the manual, approved and published on the screen, and waits for its drill."""

import asyncio
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Desk
from tests.town import Town

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("e2e"),
    pytest.mark.long,
]
TITLE = "전력 회사를 더 빨리 부른다"


async def _soon(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """What a consumer makes a moment later."""
    for _ in range(300):
        answer = await client.get(path)
        if answer.status_code != 404:
            break
        await asyncio.sleep(0.1)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def _proposed(town: Town) -> str:
    """A finding that somebody else proposed; its incident."""
    made = (await town.client.post("/tokens", json={"role": "operator", "name": "oper-11", "expires": "1d"})).json()
    headers = {"authorization": f"Bearer {made['token']}"}
    async with httpx.AsyncClient(base_url=f"{town.url}/api/v1", headers=headers, timeout=30) as client:
        call = {"type": "power_cut", "description": "정전", "source": "operator", "lon": 127.43, "lat": 36.63}
        incident = (await client.post("/incidents", json=call)).json()["id"]
        await _soon(client, f"/incidents/{incident}/run")
        await client.post(f"/incidents/{incident}/close", json={"outcome": "real", "reason": "전기가 돌아왔다"})
        await _soon(client, f"/incidents/{incident}/review")
        finding = (await client.post(f"/incidents/{incident}/findings", json={"title": TITLE, "why": "늦었다"})).json()
        path = f"/findings/{finding['id']}"
        texts = (await client.get(path)).json()["texts"]
        new = {"ko": texts["ko"].replace("10분", "7분", 1), "en": texts["en"].replace("10 min", "7 min", 1)}
        assert new["ko"] != texts["ko"]
        (await client.put(path, json={"title": TITLE, **new})).raise_for_status()
        (await client.post(f"{path}/propose", json={})).raise_for_status()
    return str(incident)


async def test_a_finding_is_compared_approved_and_published(town: Town, desk: Desk) -> None:
    incident = await _proposed(town)
    async with desk.page(f"playbooks/reviews/{incident}") as page:
        await expect(page.get_by_text("전기가 돌아왔다").first).to_be_visible()
        await page.get_by_role("link", name=TITLE).click()
        await expect(page.get_by_text("추가 1줄, 삭제 1줄")).to_be_visible()
        await expect(page.locator(".diff .gone")).to_contain_text("10분")
        await expect(page.locator(".diff .new")).to_contain_text("7분")
        await page.get_by_role("button", name="승인하고 발행").click()
        await page.get_by_label("까닭").fill("기록이 그렇게 말한다")
        await page.get_by_role("button", name="발행", exact=True).click()
        await expect(page.locator("li[aria-current=step]")).to_have_text("발행됨")
        await expect(page.get_by_text("기록이 그렇게 말한다")).to_be_visible()
        await expect(page.get_by_role("button", name="훈련하기")).to_be_visible()
        await expect(page.get_by_role("button", name="끝내기")).to_have_count(0)
        await expect(page.get_by_role("link", name="끝나지 않은 제안 1건")).to_be_visible()
    versions = (await town.client.get("/playbooks/power_cut/versions")).json()["items"]
    assert versions[0]["in_force"]
    assert versions[0]["note"].startswith(TITLE)
