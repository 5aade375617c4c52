"""What citizens are told: only what was approved by another, as plain files that any web server may serve."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from lxml import etree, html

from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.public import Public
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.clock import HeldClock
from dure.kernel.errors import Conflict, Forbidden, Invalid
from dure.notices import publishing
from dure.notices.cap.model import Area, Category, Certainty, Info, Severity, Status, Urgency
from dure.respond.operations import handling, posts, site
from dure.respond.operations.posts import Words
from dure.trust.principal import Principal
from dure.trust.roles import Role

WRITER = Principal("account", uuid4(), "oper-07", frozenset({Role.OPERATOR}))
LEAD = Principal("account", uuid4(), "lead-01", frozenset({Role.SHIFT_LEAD}))


@pytest.fixture
def context(database: Database, database_url: str, tmp_path: Path) -> Context:
    """What a process of this city has in hand."""
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city")
    return Context(settings, database, None, catalogue())  # type: ignore[arg-type]


def words(title: str = "시장 <화재>", english: str = "Market fire", **more: Any) -> Words:
    told = {"ko": {"title": title, "body": "연기가 납니다.\n창을 닫으세요.", "place": "중앙시장"}}
    if english:
        told["en"] = {"title": english, "body": "There is smoke."}
    return Words(told, more.get("level"), more.get("over", False))


async def published(database: Database, told: Words) -> UUID:
    async with database.transaction() as tx:
        id_ = await posts.write(tx, WRITER, told, None)
        await posts.act(tx, WRITER, id_, "submit")
        await posts.act(tx, LEAD, id_, "approve")
    return id_


async def laid_out(context: Context) -> dict[str, bytes]:
    await site.lay_out(context)
    place = site.folder(context.settings.data)
    return {path.name: path.read_bytes() for path in place.iterdir()}


async def test_only_an_approved_revision_is_ever_shown(database: Database, context: Context, clock: HeldClock) -> None:
    async with database.transaction() as tx:
        id_ = await posts.write(tx, WRITER, words(), None)
        with pytest.raises(Conflict):
            await posts.act(tx, LEAD, id_, "approve")
        await posts.act(tx, WRITER, id_, "submit")
        with pytest.raises(Forbidden):
            await posts.act(tx, WRITER, id_, "approve")
    assert "시장" not in (await laid_out(context))["index.html"].decode()
    async with database.transaction() as tx:
        await posts.act(tx, LEAD, id_, "approve")
    assert "시장 &lt;화재&gt;" in (await laid_out(context))["index.html"].decode()
    async with database.transaction() as tx:
        await posts.rewrite(tx, WRITER, id_, words("다른 말"), None)
    assert "다른 말" not in (await laid_out(context))["index.html"].decode()
    async with database.transaction() as tx:
        await posts.act(tx, WRITER, id_, "submit")
        await posts.act(tx, LEAD, id_, "return", "고치세요")
        await posts.act(tx, WRITER, id_, "submit")
        await posts.act(tx, LEAD, id_, "approve")
    told = json.loads((await laid_out(context))["status.json"])
    assert [one["words"]["ko"]["title"] for one in told["posts"]] == ["다른 말"]
    async with database.transaction() as tx:
        await posts.withdraw(tx, LEAD, id_, None)
        with pytest.raises(Conflict):
            await posts.rewrite(tx, WRITER, id_, words(), None)
    assert json.loads((await laid_out(context))["status.json"])["posts"] == []


async def test_nothing_is_published_without_korean(database: Database) -> None:
    async with database.transaction() as tx:
        id_ = await posts.write(tx, WRITER, words(title=" "), None)
        with pytest.raises(Invalid):
            await posts.act(tx, WRITER, id_, "submit")


async def test_a_drill_is_never_told_to_citizens(database: Database) -> None:
    drill = handling.Wanted("훈련", "fire", "drill", "", "")
    async with database.transaction() as tx:
        id_ = await posts.write(tx, WRITER, words(), await handling.begin(tx, WRITER, drill))
        await posts.act(tx, WRITER, id_, "submit")
        with pytest.raises(Conflict):
            await posts.act(tx, LEAD, id_, "approve")


async def test_the_page_reads_in_both_languages_without_scripts(
    database: Database, context: Context, clock: HeldClock
) -> None:
    await published(database, words())
    await published(database, words("정전", english="", level=None, over=True))
    files = await laid_out(context)
    for name, language in (("index.html", "ko"), ("en.html", "en")):
        page = html.fromstring(files[name])
        assert page.get("lang") == language
        assert page.findall(".//script") == []
        assert [one.tag for one in page.iter("h1", "h2", "h3")][:1] == ["h1"]
        assert page.find(".//main") is not None
        assert len(set(page.xpath("//@id"))) == len(page.xpath("//@id"))
        other = page.xpath("//article[@lang='ko']/h3/text()")
        assert "정전" in other
    assert "Market fire" in files["en.html"].decode()
    feed = etree.fromstring(files["status.en.atom"])
    assert [one.text for one in feed.findall("{*}entry/{*}title")] == ["Market fire", "정전"]
    for name, body in files.items():
        if not name.endswith(".gz"):
            assert gzip.decompress(files[f"{name}.gz"]) == body
    clock.advance(8 * 86_400)
    assert len(json.loads((await laid_out(context))["status.json"])["posts"]) == 1


async def test_files_are_written_only_when_something_changed(
    database: Database, context: Context, clock: HeldClock
) -> None:
    await published(database, words())
    await laid_out(context)
    page = site.folder(context.settings.data) / "index.html"
    before = page.stat().st_mtime_ns, page.stat().st_ino
    clock.advance(20)
    await laid_out(context)
    assert (page.stat().st_mtime_ns, page.stat().st_ino) == before
    clock.advance(60)
    await laid_out(context)
    assert page.stat().st_ino != before[1]
    assert not list(page.parent.glob(".*"))


async def test_cap_alerts_in_force_stand_on_the_page(
    database: Database, context: Context, clock: HeldClock, tmp_path: Path
) -> None:
    def alert(headline: str) -> tuple[Info, ...]:
        area = Area("한빛동", (), "3020011000")
        until = clock.now() + timedelta(hours=1)
        facts = (Category.FIRE, headline, Urgency.IMMEDIATE, Severity.EXTREME, Certainty.OBSERVED, until)
        return (Info("ko-KR", *facts, headline, "대피하십시오", "", "한빛시", "", (area,)),)

    async with database.transaction() as tx:
        await publishing.publish(tx, tmp_path, LEAD, "dure@city", Status.ACTUAL, alert("시장에 불"), None)
        await publishing.publish(tx, tmp_path, LEAD, "dure@city", Status.EXERCISE, alert("훈련 경보"), None)
        over = await publishing.publish(tx, tmp_path, LEAD, "dure@city", Status.ACTUAL, alert("취소될 경보"), None)
    clock.advance(2)
    async with database.transaction() as tx:
        await publishing.follow(tx, tmp_path, LEAD, over, None, "끝")
    page = (await laid_out(context))["index.html"].decode()
    assert "시장에 불" in page
    assert "훈련" not in page
    assert "취소될" not in page
    clock.advance(3600)
    assert "시장에 불" not in (await laid_out(context))["index.html"].decode()


async def test_files_are_served_with_tags_packed_and_nothing_else_of_the_disk(tmp_path: Path) -> None:
    place = tmp_path / "status"
    place.mkdir()
    (place / "index.html").write_text("하나" * 200)
    (place / ".index.html.7").write_text("half")
    (place / "key").write_text("secret")
    (tmp_path / "secret.html").write_text("secret")
    (place / "link.html").symlink_to(tmp_path / "secret.html")

    async def beyond(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    served = Public(beyond, {"status": place}, secure=True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=served), base_url="http://city") as client:
        page = await client.get("/status/")
        assert (page.status_code, page.headers["content-encoding"], page.text[:2]) == (200, "gzip", "하나")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        plain = await client.get("/status/index.html", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.headers["etag"] != page.headers["etag"]
        for asked in ({"if-none-match": page.headers["etag"]}, {"if-modified-since": page.headers["last-modified"]}):
            again = await client.get("/status/", headers=asked)
            assert (again.status_code, again.content) == (304, b"")
        head = await client.head("/status/")
        assert (head.headers["content-length"], head.content) == (page.headers["content-length"], b"")
        for name in (".index.html.7", "key", "link.html", "%2e%2e/secret.html", "..%2fsecret.html", "nothing.html"):
            assert (await client.get(f"/status/{name}")).status_code == 404, name
        assert (await client.get("/status")).headers["location"] == "/status/"
        assert (await client.post("/status/")).status_code == 405
        assert (await client.get("/other")).status_code == 418
