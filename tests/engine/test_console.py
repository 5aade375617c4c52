"""The built screens go out as the build packed them, and nothing else of the disk does."""

import gzip
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount

from dure.engine.console import FOR_EVER, Console, accepted

SCRIPT = b"console.log('dure');" * 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built console beside something that is nobody's business."""
    made = tmp_path / "dist"
    (made / "assets").mkdir(parents=True)
    (made / "index.html").write_bytes(b"<!doctype html>")
    (made / "assets" / "a-1.js").write_bytes(SCRIPT)
    (made / "assets" / "a-1.js.gz").write_bytes(gzip.compress(SCRIPT))
    (made / "assets" / "plain.woff2").write_bytes(b"letters")
    (tmp_path / "secret.txt").write_text("no")
    (made / "assets" / "out.js").symlink_to(tmp_path / "secret.txt")
    return made


@pytest.fixture
def browser(folder: Path) -> httpx.AsyncClient:
    """Asks as browsers do, through the middleware that packs other answers."""
    app = Starlette(routes=[Mount("/", Console(folder))])
    app.add_middleware(GZipMiddleware, minimum_size=100)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://city")


async def test_a_file_goes_out_packed_and_is_kept_for_ever(browser: httpx.AsyncClient, folder: Path) -> None:
    for _ in range(2):
        answer = await browser.get("/assets/a-1.js", headers={"accept-encoding": "br, gzip"})
        assert answer.content == SCRIPT
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < len(SCRIPT) / 4
        assert answer.headers["cache-control"] == FOR_EVER
        assert answer.headers["content-type"].startswith("text/javascript")
        (folder / "assets" / "a-1.js.gz").unlink(missing_ok=True)  # it is in memory
    plain = await browser.get("/assets/a-1.js", headers={"accept-encoding": "gzip;q=0"})
    assert plain.content == SCRIPT
    assert plain.headers["vary"] == "accept-encoding"


async def test_the_page_itself_is_asked_for_each_time(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["etag"]
    assert (await browser.get("/assets/plain.woff2")).content == b"letters"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/",
        "/assets/nothing.js",
        "/assets/out.js",
    ],
)
async def test_nothing_beside_the_console_is_given(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("", []),
        ("gzip", ["gzip"]),
        ("gzip, deflate, br", ["br", "gzip"]),
        ("br;q=0, gzip;q=0.5", ["gzip"]),
        ("*", ["br", "gzip"]),
        ("*;q=0", []),
        ("identity", []),
        (";;,=", []),
    ],
)
def test_what_a_reader_takes(given: str, taken: list[str]) -> None:
    assert accepted(given) == taken
