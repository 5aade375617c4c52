"""An alarm that does not belong to an incident is taken out of it on the screen, and put back."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Desk, burn
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
FIRST, SECOND = "E2E-SP-1", "E2E-SP-2"
LON, LAT = 127.4462, 36.6461
APART = 0.00025
"""Degrees east, 22 m: one fire (within 60 m), no neighbours (within 15 m), whose agreement is an alarm of its own."""


async def test_a_wrong_alarm_is_taken_out_of_an_incident(town: Town, desk: Desk) -> None:
    await burn(town, FIRST, LON, LAT)
    await burn(town, SECOND, LON + APART, LAT)
    await town.settled([FIRST, SECOND])
    [incident] = {one["incident_id"] for one in await town.items("/alarms") if one["device"] in {FIRST, SECOND}}
    async with desk.page(f"incidents/{incident}") as page:
        alarms = page.get_by_role("region", name="경보")
        await expect(alarms.get_by_role("listitem")).to_have_count(2)
        await alarms.get_by_role("button", name="경보 떼어 내기").first.click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("button", name="떼어 내기")).to_be_disabled()
        await page.keyboard.type("옆 가게의 김")
        await dialog.get_by_role("button", name="떼어 내기").click()
        await expect(dialog).to_be_hidden()
        await expect(page.get_by_text("경보를 새 상황으로 떼어 냈습니다")).to_be_visible()
        await expect(alarms.get_by_role("listitem")).to_have_count(1)
        await expect(alarms.get_by_role("button", name="경보 떼어 내기")).to_have_count(0)
        apart = {one["incident_id"] for one in await town.items("/alarms") if one["device"] in {FIRST, SECOND}}
        assert incident in apart
        assert len(apart) == 2
        await page.get_by_role("button", name="되돌리기").click()
        await expect(alarms.get_by_role("listitem")).to_have_count(2)
