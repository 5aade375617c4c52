"""Requests that proxies and servers read differently, half-sent ones, and paths that mean to go elsewhere; through the
real server.
"""

import asyncio

import pytest

from tests.attacks.wire import Wire, exchange, statuses
from tests.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="session")
HIDDEN = b"GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nX-Hidden: 1\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 4\r\nContent-Length: 60\r\n",
        b"Content-Length: +4\r\n",
        b"Content-Length: 4, 60\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b" Transfer-Encoding: chunked\r\n",
        b"X: a\r\n folded: b\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
    ],
)
async def test_a_request_that_two_servers_read_differently_hides_no_second_one(town: Town, head: bytes) -> None:
    answer = await exchange(
        town,
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + head
        + b"\r\n0\r\n\r\n"
        + HIDDEN,
    )
    told = statuses(answer)
    assert 200 not in told
    assert all(status < 500 for status in told), told
    # Either the message is refused and the connection ends, or its end is where both servers see it: never is the rest
    # of a refused message answered as another request of this connection.
    if told and told[0] == 400:
        assert len(told) == 1, told


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /api/v1/health HTTP/1.1\r\n\r\n" + b"\x00" * 50 + b"\r\n\r\n",
        b"GET /api/v1/health\r\n\r\n",
        b"GET  /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G\x00T /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/health HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_refused_and_harms_nobody(town: Town, request_: bytes) -> None:
    answer = await exchange(town, request_)
    assert all(status < 500 for status in statuses(answer)), answer[:200]
    assert (await town.client.get("/health")).status_code == 200


async def test_many_half_sent_requests_keep_nobody_out(town: Town) -> None:
    wires = [await Wire.to(town) for _ in range(200)]
    for wire in wires:
        await wire.send(b"POST /api/v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nX: ")
    answers = await asyncio.gather(*(town.client.get("/agencies") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    for wire in wires:
        wire.close()


async def test_a_body_that_never_comes_holds_no_connection_to_the_records(town: Town) -> None:
    wires = [await Wire.to(town) for _ in range(60)]
    token = town.client.headers["authorization"].encode()
    for wire in wires:
        await wire.send(
            b"POST /api/v1/incidents HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
            + token
            + b'\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"type":'
        )
    answers = await asyncio.gather(*(town.client.get("/incidents") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    for wire in wires:
        wire.close()


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%5c..%5csecrets",
        "/assets/%2e%2e/%2e%2e/%2e%2e/pyproject.toml",
        "//etc/passwd",
        "/.%00./secrets",
        "/assets/....//....//index.html%00.js",
        "/api/v1/../../secrets/vault",
        "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    ],
)
async def test_no_path_leads_out_of_the_screens(town: Town, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    answer = await exchange(town, request, within_s=30)  # it ends with the connection
    (status,) = statuses(answer)
    assert status in {200, 307, 400, 404, 405}
    assert b"root:" not in answer
    assert b"[project]" not in answer
    if status == 307:
        assert b"location: //" not in answer.lower()


async def test_a_packed_body_is_never_unpacked(town: Town) -> None:
    import gzip

    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    before = _held(town)
    for encoding in ("gzip", "x-gzip", "deflate", "br"):
        answer = await town.client.post(
            "/observations",
            content=bomb,
            headers={"content-encoding": encoding, "content-type": "application/senml+json"},
        )
        assert answer.status_code in {400, 403, 415, 422}
    assert _held(town) - before < 30 << 20


def _held(town: Town) -> int:
    return sum(
        child.memory_info().rss for child in town.supervisor.children(recursive=True) if child.name() == "dure-web"
    )


async def test_every_answer_carries_the_headers_that_browsers_heed(town: Town) -> None:
    for path in ("/api/v1/health", "/", "/nowhere", "/api/v1/nowhere"):
        answer = await town.client.get(town.url + path)
        headers = answer.headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'self'"
        assert "unsafe" not in headers["content-security-policy"]
        assert (policy["object-src"], policy["base-uri"], policy["frame-ancestors"]) == ("'none'",) * 3
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert "camera=(self), microphone=()" in headers["permissions-policy"]
        assert headers.get("cache-control") == ("no-store" if path.startswith("/api/") else {"/": "no-cache"}.get(path))
        assert "strict-transport-security" not in headers, "a name without TLS must stay reachable"
        assert not any(sign.isdigit() for sign in headers.get("server", "")), "no version is told"


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND"])
async def test_methods_that_nobody_needs_are_refused(town: Town, method: str) -> None:
    for path in ("/", "/api/v1/health", "/api/v1/me"):
        answer = await exchange(town, f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Echo: here\r\n\r\n".encode(), 0.5)
        assert b"X-Echo" not in answer
        assert all(status in {400, 401, 404, 405, 501} for status in statuses(answer)), answer[:100]


async def test_another_site_cannot_write_with_somebodys_cookie(town: Town) -> None:
    for origin in ("https://evil.example", "null", "http://localhost.evil.example", "http://localhost:1"):
        answer = await town.client.post(
            "/sessions", json={"username": "a", "password": "b"}, headers={"origin": origin, "cookie": "dure=x"}
        )
        assert answer.status_code == 403, (origin, answer.text)


async def test_lines_in_values_make_no_lines_in_logs(town: Town) -> None:
    forged = "x\r\n2026-01-01 00:00:00,000 ERROR dure all is lost"
    await town.client.get("/search", params={"q": forged})
    await town.client.post("/sessions", json={"username": forged, "password": forged})
    for log in (town.folder / "logs").glob("*.log"):
        assert "all is lost" not in log.read_text(encoding="utf-8", errors="replace"), log
