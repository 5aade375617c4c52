"""A market fire and a missing person, lived through by an operator, a fire officer and a shop owner: from the first
signal to the approved change of the manual. Only detectors speak to the city by themselves; people use their screens.
"""

import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Desk, Phones, smoulder
from tests.e2e.test_privacy import hired, screen
from tests.respond.room.test_files import photo
from tests.town import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.xdist_group("e2e")]
SHOTS = os.environ.get("DURE_SHOTS")
Change = dict[str, tuple[str, str]]
MISSING_CHANGE: Change = {"한국어": ("기한: 20분", "기한: 15분"), "영어": ("20 min", "15 min")}
FIRE_CHANGE: Change = {"한국어": ("기한: 30초", "기한: 20초"), "영어": ("30 s", "20 s")}
"""What the finding changes in the manual's text, by language."""
OPERATOR, OFFICER, LEAD = "oper-41", "fire-41", "lead-41"


async def shot(page: Page, name: str, *, whole: bool = False) -> None:
    """The screen as it is, where a person wants to judge it."""
    if SHOTS:
        await page.wait_for_timeout(600)
        await page.screenshot(path=Path(SHOTS) / f"lived-{name}.png", full_page=whole)


def part(page: Page, name: str) -> Locator:
    """A panel of a room."""
    return page.get_by_role("region", name=name, exact=True)


@dataclass
class Cast:
    """The operator's wall, the fire officer's desk and the owner's phone."""

    operator: Page
    officer: Page
    owner: Page


@asynccontextmanager
async def cast(town: Town, browser: Browser) -> AsyncIterator[Cast]:
    """Three browsers."""
    async with AsyncExitStack() as stack:
        operator = await stack.enter_async_context(screen(browser, town, OPERATOR, size="wall"))
        officer = await stack.enter_async_context(screen(browser, town, OFFICER, size="desk", theme="light"))
        owner = await stack.enter_async_context(screen(browser, town, None, size="phone", theme="light"))
        for page in (operator, officer):
            await page.goto(f"{town.url}/#/board")
            await expect(page.get_by_text("실시간")).to_be_visible()
        yield Cast(operator, officer, owner)


async def _stall(town: Town) -> tuple[str, str, str]:
    """A detector in a stall of the second market, whose owner the city knows: its id, a key, the stall's name."""
    (market,) = await town.items("/assets", kind="market", q="동문시장")
    stalls = (await town.client.get("/assets", params={"parent_id": market["id"], "limit": 30})).json()["items"]
    for stall in stalls:
        detectors = (await town.client.get("/devices", params={"asset_id": stall["id"]})).json()["items"]
        if detectors:
            key = (await town.client.post(f"/devices/{detectors[0]['id']}/key")).json()["key"]
            return str(detectors[0]["id"]), str(key), str(stall["name"])
    raise AssertionError("no stall with a detector")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def people(town: Town, desk: Desk) -> None:
    """Those who have accounts: a shop owner has none."""
    await hired(town, OPERATOR, "operator", "control")
    await hired(town, LEAD, "shift_lead", "control")
    await hired(town, OFFICER, "fire", "fire")


async def test_a_market_fire(town: Town, people: None, browser: Browser, phones: Phones) -> None:
    device, key, stall = await _stall(town)
    async with cast(town, browser) as three:
        await smoulder(town, device, key)
        await _signal(three)
        await _asked(three, phones, stall)
        await _handed(three)
        await _together(three)
        await _over(three)
        finding = await _learned(three.operator, "점주가 답하기 전에 카메라를 먼저 본다", FIRE_CHANGE)
        async with screen(browser, town, LEAD, theme="light") as lead:
            await _approved(lead, three.operator, finding, FIRE_CHANGE["한국어"], "시장 화재")
            await _rehearsed(lead, three.officer, finding, phones)


async def _signal(three: Cast) -> None:
    """It waits in the operator's bar; the fire officer's board has it, too, before anybody has called."""
    bar = three.operator.locator(".new[role=status]")
    await expect(bar).to_be_visible()
    await three.operator.keyboard.press("n")
    await expect(three.operator.locator(".queue [role=option][aria-selected=true]")).to_contain_text("화재")
    await three.operator.keyboard.press("Enter")
    await expect(three.operator.get_by_role("heading", level=1)).to_contain_text("시장 화재")
    await three.operator.keyboard.press("a")
    await expect(three.officer.locator(".new[role=status]")).to_be_visible()
    await three.officer.keyboard.press("n")
    await three.officer.keyboard.press("Enter")
    await expect(three.officer.get_by_role("heading", level=1)).to_contain_text("시장 화재")


async def _asked(three: Cast, phones: Phones, stall: str) -> None:
    """The owner is asked by a text, and answers on the phone; both others see who said it."""
    text = await phones.text(f"동문시장 {stall} 화재감지기가 울렸습니다")
    link = re.search(r"http\S+", text["text"])
    assert link is not None, text["text"]
    await three.owner.goto(link[0])
    await expect(three.owner.get_by_role("heading", level=1)).to_contain_text("동문시장")
    await shot(three.owner, "owner-asked")
    await three.owner.get_by_role("button", name="불이에요").click()
    await expect(three.owner.get_by_text("이렇게 답했습니다: ‘불이에요’")).to_be_visible()
    await shot(three.owner, "owner-answered", whole=True)
    await expect(part(three.operator, "경과 기록")).to_contain_text(f"점주 · {stall}")
    await shot(three.operator, "operator-asked")
    await shot(three.officer, "officer-asked")


async def _handed(three: Cast) -> None:
    """The fire officer sees at once what waits for them, and says so; clocks stop on all screens."""
    own = part(three.officer, "우리 기관에 온 것")
    await expect(own).to_contain_text("접수번호·점포·도면을 함께 보낸다")
    await expect(own).to_contain_text("점주가 불을 직접 보았다")
    await shot(three.officer, "officer-own")
    await three.officer.keyboard.press("a")
    await expect(own).to_be_hidden()
    answered = three.operator.locator(".clock").filter(has_text="신호 → 119 확인")
    await expect(answered).not_to_contain_text("진행")
    await expect(three.owner.get_by_text("소방 119상황실 확인")).to_be_visible()
    words = three.officer.get_by_label("소방 119상황실에 할 말").first
    await words.fill("3분 뒤 도착, 어느 문이 열려 있습니까")
    await words.press("Enter")
    handed = part(three.operator, "이관")
    await expect(handed).to_contain_text("3분 뒤 도착")
    await handed.get_by_label("소방 119상황실에 할 말").first.fill("남문입니다")
    await handed.get_by_label("소방 119상황실에 할 말").first.press("Enter")
    await expect(part(three.officer, "이관")).to_contain_text("남문입니다")


async def _together(three: Cast) -> None:
    """A task for the fire officer, a decision, what happened on the scene: each sees what the others do."""
    operator, officer = three.operator, three.officer
    await operator.locator("h1").click()
    await operator.keyboard.press("k")
    asking = operator.get_by_role("dialog", name="임무 요청")
    await asking.get_by_label("무엇을").fill("가동 뒤 소화전을 연다")
    whom = await asking.locator("option", has_text=OFFICER).get_attribute("value")
    await asking.get_by_label("누구에게").select_option(whom)
    await asking.get_by_role("button", name="요청", exact=True).click()
    task = officer.get_by_role("listitem", name="가동 뒤 소화전을 연다")
    await task.get_by_role("button", name="맡기:").click()
    await expect(task).to_contain_text("맡음")
    await task.get_by_role("button", name="완료:").click()
    ending = officer.get_by_role("dialog", name="임무 완료")
    await ending.get_by_label("결과").fill("열었음, 수압 좋음")
    await ending.get_by_role("button", name="완료", exact=True).click()
    await expect(part(operator, "경과 기록")).to_contain_text("열었음, 수압 좋음")
    await operator.locator("h1").click()
    await operator.keyboard.press("e")
    deciding = operator.get_by_role("dialog", name="결정 적기")
    await deciding.get_by_label("무엇을 정했나").fill("가동의 손님을 남문으로 내보낸다")
    await deciding.get_by_label("까닭").fill("북문 쪽으로 연기가 간다")
    await deciding.get_by_role("button", name="적기", exact=True).click()
    await expect(part(officer, "결정")).to_contain_text("남문으로 내보낸다")
    for moment, seen in (("arrived", "선착대 도착"), ("controlled", "불길 잡힘")):
        await operator.get_by_role("button", name="일어난 일 알리기").click()
        telling = operator.get_by_role("dialog", name="일어난 일 알리기")
        await telling.get_by_label("무엇이").select_option(moment)
        await telling.get_by_role("button", name="알리기", exact=True).click()
        await expect(telling).to_be_hidden()
        await expect(three.owner.get_by_text(seen)).to_be_visible()
    await shot(three.owner, "owner-controlled", whole=True)
    await shot(officer, "officer-together")


async def _over(three: Cast) -> None:
    """Closed with its cause: everybody's screen says so."""
    await three.operator.locator("h1").click()
    await three.operator.keyboard.press("c")
    closing = three.operator.get_by_role("dialog")
    await closing.get_by_role("textbox").fill("누전, 가동 1호 배전반")
    await closing.get_by_role("button", name="종결").last.click()
    await expect(three.operator.get_by_text("종결, 실제").first).to_be_visible()
    await expect(three.officer.get_by_text("종결, 실제").first).to_be_visible()
    await expect(three.owner.get_by_text("끝난 상황입니다")).to_be_visible()
    await shot(three.operator, "operator-over")


async def _learned(operator: Page, title: str, change: Change) -> str:
    """The review that the platform has begun is written, and a finding changes the manual's text; its address."""
    await operator.get_by_role("link", name=re.compile("사후 평가")).first.click()
    await expect(operator.get_by_role("heading", level=1)).to_contain_text("사후 평가")
    fill = operator.get_by_role("button", name="기록에서 채우기")
    await expect(fill).to_have_count(2)
    await fill.first.click()
    await fill.click()
    for label, words in (("왜 달랐나", "점주의 답을 기다렸다"), ("무엇을 바꾸나", title)):
        await operator.get_by_label(re.compile(label)).fill(words)
    await operator.get_by_role("button", name="작성 마침").click()
    await expect(operator.get_by_text("작성됨").first).to_be_visible()
    await shot(operator, "operator-review")
    await operator.get_by_role("button", name="제안 쓰기").click()
    raising = operator.get_by_role("dialog", name="제안 쓰기")
    await raising.get_by_label("무엇을 바꾸나").fill(title)
    await raising.get_by_label("왜").fill("기록에 그렇게 남았다")
    await raising.get_by_role("button", name="쓰기 시작").click()
    for language, (old, new) in change.items():
        await operator.get_by_role("radiogroup", name="언어").get_by_role("radio", name=language).click()
        text = operator.get_by_role("textbox", name="매뉴얼 글")
        before = await text.input_value()
        assert old in before, before
        await text.fill(before.replace(old, new, 1))
    await expect(operator.get_by_text("문법 이상 없음")).to_be_visible()  # both languages do the same again
    await operator.get_by_role("button", name="제안하기").click()
    await expect(operator.locator("li[aria-current=step]")).to_have_text("결정 대기")
    return operator.url


async def _approved(lead: Page, operator: Page, finding: str, change: tuple[str, str], manual: str) -> None:
    """Whoever keeps the manual sees the difference, and approves: the new version is in force on other screens."""
    await lead.goto(finding)
    await expect(lead.locator(".diff .gone")).to_contain_text(change[0])
    await expect(lead.locator(".diff .new")).to_contain_text(change[1])
    await shot(lead, "lead-difference")
    await lead.get_by_role("button", name="승인하고 발행").click()
    await lead.get_by_label("까닭").fill("기록이 그렇게 말한다")
    await lead.get_by_role("button", name="발행", exact=True).click()
    await expect(lead.locator("li[aria-current=step]")).to_have_text("발행됨")
    await operator.get_by_role("link", name=re.compile(f"{manual} v1")).click()
    await expect(operator.get_by_text(change[1]).first).to_be_visible()
    await shot(operator, "operator-new-version")


async def _rehearsed(lead: Page, officer: Page, finding: str, phones: Phones) -> None:
    """The new version is rehearsed with the fire officer, who sees that it is no fire."""
    await lead.get_by_role("button", name="훈련하기").click()
    starting = lead.get_by_role("dialog")
    await starting.get_by_label("소방 119상황실").check()
    await starting.get_by_role("button", name="훈련 시작").click()
    await expect(lead.get_by_text("훈련 상황").first).to_be_visible()
    await expect(lead.get_by_role("heading", level=1)).to_contain_text("[훈련]")
    await officer.keyboard.press("Escape")  # back to the board
    await expect(officer.locator(".new[role=status]")).to_be_visible()
    await officer.keyboard.press("n")
    await shot(officer, "officer-board")
    await expect(officer.locator(".queue [role=option][aria-selected=true]")).to_contain_text("훈련")
    await officer.keyboard.press("Enter")
    await expect(officer.get_by_text("실제 상황이 아닙니다")).to_be_visible()
    await shot(officer, "officer-drill")
    await officer.keyboard.press("a")
    await expect(part(lead, "이관")).to_contain_text("1 / ")
    await shot(lead, "lead-drill")
    await lead.locator("h1").click()
    await lead.keyboard.press("c")
    closing = lead.get_by_role("dialog")
    await closing.get_by_role("textbox").fill("훈련을 마침")
    await closing.get_by_role("button", name="종결").last.click()
    await expect(lead.get_by_text("종결, 훈련").first).to_be_visible()
    await lead.goto(finding)
    await part(lead, "훈련").get_by_role("link").first.click()
    await expect(lead.locator(".points")).to_be_visible()
    await shot(lead, "lead-score")
    assert not [one for one in phones.gateway.taken if "[훈련]" in one["text"]]  # it stays among those who take part


async def test_a_missing_person(town: Town, people: None, browser: Browser, phones: Phones) -> None:
    async with cast(town, browser) as three:
        await _call(three.operator)
        await _report(three.operator)
        await _guardian(three, phones)
        await _places(three)
        await _photo(three)
        await _found(three, phones)
        finding = await _learned(three.operator, "영상을 더 빨리 본다", MISSING_CHANGE)
        async with screen(browser, town, LEAD, theme="light") as lead:
            await _approved(lead, three.operator, finding, MISSING_CHANGE["한국어"], "실종")


async def _call(operator: Page) -> None:
    """The guardian calls; the operator opens an incident, and goes on from its room."""
    await operator.get_by_role("navigation").get_by_role("link", name=re.compile(r"^상황( \d+)?$")).click()
    await expect(operator.get_by_role("link", name="상황 접수")).to_be_visible()
    await operator.keyboard.press("i")
    await operator.get_by_label("유형").select_option("missing_person")
    await operator.get_by_label("들은 내용").fill("아버지가 아침에 나가 돌아오지 않음. 회색 점퍼, 파란 모자")
    await operator.get_by_role("button", name="상황 열기").click()
    await expect(operator.get_by_role("heading", level=1)).to_contain_text("실종")
    await operator.keyboard.press("a")
    await operator.keyboard.press("h")
    handing = operator.get_by_role("dialog", name="이관")
    await handing.get_by_role("radio", name="소방 119상황실").check()
    await handing.get_by_label("함께 보낼 말").fill("하천 쪽을 함께 봐 주십시오")
    await handing.get_by_role("button", name="보내기").click()
    await expect(handing).to_be_hidden()
    await operator.get_by_role("link", name="실종자 찾기").last.click()


async def _report(operator: Page) -> None:
    """Whom the act does not protect needs another ground: the screen asks for it before anything is kept."""
    who = operator.get_by_label("실종자", exact=True)
    await who.fill("김정식")
    await operator.get_by_label("나이").fill("45")
    await expect(operator.get_by_text("다른 법적 근거와 문서번호가 있어야 합니다")).to_be_visible()
    take = operator.get_by_role("button", name="보호자 신고 받기")
    await expect(take).to_be_disabled()
    await shot(operator, "missing-ground")
    await operator.get_by_label("나이").fill("82")
    await operator.get_by_label("해당 사유").select_option("dementia")
    await operator.get_by_label("보호자", exact=True).fill("김한별")
    await operator.get_by_label("보호자 전화").fill("010-8765-4321")
    await take.click()
    await expect(operator.get_by_text("아직 아무도 말하지 않았습니다")).to_be_visible()
    assert "김정식" not in await operator.locator("main").inner_text()


async def _guardian(three: Cast, phones: Phones) -> None:
    """The guardian is asked by a text as soon as they are known, and answers on the phone."""
    text = await phones.text("마지막으로 어디에서", to="01087654321")
    link = re.search(r"http\S+", text["text"])
    assert link is not None, text["text"]
    await three.owner.goto(link[0])
    await three.owner.get_by_role("button", name="다른 곳").click()
    await expect(three.owner.get_by_text("이렇게 답했습니다: ‘다른 곳’")).to_be_visible()
    await shot(three.owner, "guardian", whole=True)


async def _places(three: Cast) -> None:
    """Where he was last is picked on the map, and seen there by the fire officer."""
    operator, officer = three.operator, three.officer
    await operator.get_by_role("button", name="본 곳 적기").click()
    seen = operator.get_by_role("dialog", name="본 곳 적기")
    await expect(seen.locator(".pick .zoom").first).to_be_visible()  # before, the map hears no click
    await seen.locator(".maplibregl-canvas").click(position={"x": 300, "y": 150})
    await expect(seen.get_by_text("지도에서 짚음")).to_be_visible()
    await seen.get_by_label("덧붙일 말").fill("버스 정류장")
    await shot(operator, "missing-seen")
    await seen.get_by_role("button", name="저장").click()
    await expect(operator.get_by_role("group", name="마지막 확인 장소 지도")).to_contain_text("마지막:")
    await officer.get_by_role("link", name="실종자 찾기").first.click()
    await officer.get_by_role("list", name="실종자 찾기").get_by_role("link").first.click()
    await officer.get_by_role("link", name="상황 보기").click()
    await expect(part(officer, "우리 기관에 온 것")).to_contain_text("하천 쪽을 함께 봐 주십시오")
    await officer.keyboard.press("a")
    await officer.get_by_role("link", name="실종자 찾기").last.click()
    await expect(officer.get_by_role("group", name="마지막 확인 장소 지도")).to_contain_text("보호자")
    await expect(officer.get_by_role("listitem").filter(has_text="버스 정류장")).to_be_visible()


async def _photo(three: Cast) -> None:
    """The photo is shared with the fire service for two hours; its officer looks, and says why."""
    operator, officer = three.operator, three.officer
    picture = {"name": "father.jpg", "mimeType": "image/jpeg", "buffer": photo(480, 360)}
    await operator.locator("input[type=file]").set_input_files([picture])  # type: ignore[list-item]
    await operator.get_by_role("button", name="기관에 제공").click()
    sharing = operator.get_by_role("dialog", name="기관에 제공")
    await sharing.get_by_label("어느 기관").select_option("fire")
    await sharing.get_by_label("몇 시간 동안").fill("2")
    await sharing.get_by_role("button", name="기관에 제공").click()
    await expect(officer.get_by_role("listitem").filter(has_text="소방 119상황실")).to_contain_text("0번 봄")
    await officer.get_by_role("button", name="사진 보기").click()
    looking = officer.get_by_role("dialog", name="사진 보기")
    await looking.get_by_label("보는 까닭").fill("하천 수색")
    await looking.get_by_role("button", name="사진 보기").click()
    await expect(officer.get_by_role("img", name="사진")).to_be_visible()
    await shot(officer, "missing-officer")
    await expect(operator.get_by_role("listitem").filter(has_text="소방 119상황실")).to_contain_text("1번 봄")
    await shot(operator, "missing-operator")


async def _found(three: Cast, phones: Phones) -> None:
    """He is found: the guardian is told, photo and trail are gone on every screen, the sharing stays on record."""
    operator, officer = three.operator, three.officer
    await operator.get_by_role("button", name="찾음·끝").click()
    await operator.get_by_role("dialog").get_by_role("button", name="찾음·끝").click()
    for page in (operator, officer):
        await expect(page.get_by_text("이동 기록을 파기했습니다")).to_be_visible()
        await expect(page.get_by_role("img", name="사진")).to_have_count(0)
        await expect(page.get_by_role("listitem").filter(has_text="소방 119상황실")).to_contain_text("끝남")
    await phones.text("찾았습니다", to="01087654321")
    await expect(three.owner.get_by_text("찾음")).to_be_visible()
    await shot(operator, "missing-over")
    await operator.get_by_role("link", name="상황 보기").click()
    await expect(operator.get_by_role("heading", level=1)).to_contain_text("실종")
    await operator.keyboard.press("c")
    closing = operator.get_by_role("dialog")
    await closing.get_by_role("textbox").fill("정류장에서 찾아 보호자에게 모심")
    await closing.get_by_role("button", name="종결").last.click()
    await expect(operator.get_by_text("종결, 실제").first).to_be_visible()
