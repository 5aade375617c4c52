"""Signing out on either side: the real provider's end of a session, its logout tokens, and forged ones.

OpenID Connect RP-Initiated Logout 1.0, Back-Channel Logout 1.0.
"""

import hmac
import json
import queue
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import text

from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.kernel.clock import HeldClock
from dure.trust.entry import forgetting
from dure.trust.entry.sso import provider as providers
from dure.trust.entry.sso.provider import LOGOUT_EVENT, LogoutToken, Provider, Refused
from dure.trust.roles import Role
from tests.trust.conftest import account, browser
from tests.trust.entry.authenticator import ORIGIN, encoded
from tests.trust.entry.conftest import seat
from tests.trust.entry.test_second import set_up
from tests.trust.entry.test_sso import (
    KEY,
    MAPPED,
    NOW,
    at_provider,
    clock,
    issuer,
    mailbox,
    outcome,
    returned,
    theirs,
    through,
    token,
    written,
)  # fmt: skip

__all__ = ["clock", "issuer", "mailbox", "theirs"]
FORM = {"content-type": "application/x-www-form-urlencoded"}


def left(url: str, person: httpx.Client) -> str:
    """Signs out at the provider; where it sends the browser."""
    page = person.get(url)
    assert page.status_code == 200, page.text
    action, xsrf = re.search(r'action="([^"]+)"', page.text), re.search(r'name="xsrf" value="([^"]+)"', page.text)
    assert action is not None
    assert xsrf is not None
    answer = person.post(action[1], data={"xsrf": xsrf[1], "logout": "yes"})
    return str(answer.headers["location"])


async def posted(client: httpx.AsyncClient, body: bytes | str) -> httpx.Response:
    """The provider knocks: no cookie, no origin."""
    return await client.post("/sso/logout", content=body, headers=FORM)


async def test_who_signs_out_here_signs_out_there_and_everywhere_they_came_in(
    database: Database,
    app: FastAPI,
    settings: Settings,
    issuer: str,
    mailbox: tuple[str, "queue.Queue[bytes]"],
) -> None:
    written(settings.data, issuer, roles=MAPPED)
    _, came = mailbox
    with httpx.Client(timeout=20) as person:
        async with browser(app) as here, browser(app) as phone, browser(app) as knock:
            for one in (here, phone):  # one session at the provider, two here
                url = at_provider((await one.post("/sso/start", json={})).json()["url"], "out.operators", person)
                assert outcome(await returned(one, url)) == "board"
            assert outcome(await through(knock, "else.operators")) == "board"
            to = (await here.post("/sso/leave")).json()["url"]
            assert (await here.get("/me")).status_code == 401, "out here before anything else"
            assert to.startswith(f"{issuer}/session/end?")
            asked = {name: values[0] for name, values in parse_qs(urlsplit(to).query).items()}
            assert asked["post_logout_redirect_uri"] == f"{ORIGIN}/"
            assert (await phone.get("/me")).status_code == 200
            assert left(to, person) == f"{ORIGIN}/"
            body = came.get(timeout=10)
            assert (await posted(browser(app), body)).status_code == 200
            assert (await phone.get("/me")).status_code == 401, "the provider's word ends what else it opened"
            assert (await knock.get("/me")).status_code == 200, "and nobody else's"
            again = await posted(browser(app), body)
            assert (again.status_code, again.json()["key"]) == (400, "trust.sso.logout_refused")
    async with database.transaction() as tx:
        closed = text("select actor from audit where action = 'session.close' and outcome = 'ok' order by at, id")
        actors = [row["actor"] for row in await tx.rows(closed)]
    assert [one.partition(":")[0] for one in actors] == ["account", "system"]


async def test_a_password_session_leaves_alone_and_a_provider_that_is_away_holds_nobody_up(
    database: Database, app: FastAPI, settings: Settings, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(settings.data, issuer, roles=MAPPED)
    kim = await account(database, "kim", Role.OPERATOR)
    async with seat(app, kim) as desk:
        answer = await desk.post("/sso/leave")
        assert (answer.status_code, answer.json()) == (200, {"url": None})
        assert (await desk.get("/me")).status_code == 401
        assert (await desk.post("/sso/leave")).status_code == 401
    async with browser(app) as door:
        assert outcome(await through(door, "away.operators")) == "board"
        theirs = next(iter(providers._providers.values()))
        metadata = await theirs.metadata()
        monkeypatch.setattr(
            theirs, "_metadata", (theirs._metadata[0], {**metadata, "end_session_endpoint": "javascript:alert(1)"})
        )
        assert (await door.post("/sso/leave")).json() == {"url": None}
        assert (await door.get("/me")).status_code == 401
    async with browser(app) as door:
        assert outcome(await through(door, "away.operators")) == "board"
        monkeypatch.setattr(theirs, "_metadata", None)
        monkeypatch.setattr(providers, "_TIMEOUT_S", 0.000_001)
        assert (await door.post("/sso/leave")).json() == {"url": None}
        assert (await door.get("/me")).status_code == 401


async def test_a_token_for_a_second_step_leaves_nothing_to_finish(
    database: Database,
    app: FastAPI,
    settings: Settings,
    issuer: str,
    clock: HeldClock,
    mailbox: tuple[str, "queue.Queue[bytes]"],
) -> None:
    written(settings.data, issuer)
    _, came = mailbox
    kim = await account(database, "kim", Role.OPERATOR)
    async with seat(app, kim) as desk:
        assert outcome(await through(desk, "two-step", "link")) == "admin/mine?sso=done"
        device, _ = await set_up(desk, clock)
    with httpx.Client(timeout=20) as person:
        async with browser(app) as door, browser(app) as other:
            for one in (door, other):
                url = at_provider((await one.post("/sso/start", json={})).json()["url"], "two-step", person)
                assert outcome(await returned(one, url)) == "board"
                assert (await one.get("/me")).status_code == 401, "the second factor is awaited"
            clock.advance(30)
            assert (await door.post("/sessions/second", json={"code": device.at(clock.now())})).status_code == 201
            to = (await door.post("/sso/leave")).json()["url"]
            left(to, person)
            assert (await posted(browser(app), came.get(timeout=10))).status_code == 200
            clock.advance(30)
            late = await other.post("/sessions/second", json={"code": device.at(clock.now())})
            assert late.status_code == 401, "out at the provider: the way in ends, too"


async def test_what_is_no_logout_token_at_all_is_refused(app: FastAPI, settings: Settings, database: Database) -> None:
    async with browser(app) as door:
        assert (await posted(door, "logout_token=x")).status_code == 404, "no single sign-on here"
    written(settings.data, "http://localhost:9")
    async with browser(app) as door:
        for body in (b"", b"logout_token", b"logout_token=a&logout_token=b", b"\xff=1", b"x=" + b"y" * 20_000):
            assert (await posted(door, body)).status_code == 400
        wrong = await door.post("/sso/logout", content=b"logout_token=x", headers={"content-type": "text/plain"})
        assert wrong.status_code == 400
        away = await posted(door, "logout_token=x.y.z")
        assert (away.status_code, away.json()["key"]) == (503, "trust.sso.away")


async def test_old_steps_and_taken_tokens_are_forgotten(
    app: FastAPI, settings: Settings, database: Database, clock: HeldClock
) -> None:
    insert = text(
        "insert into sso_session (id, step_id, issuer, subject, id_token, at) "
        "values (gen_random_uuid(), gen_random_uuid(), 'i', 's', '', :now)"
    )
    async with database.transaction() as tx:
        await tx.execute(insert, {"now": tx.now()})
        await tx.execute(text("insert into sso_logout values ('x', :until)"), {"until": tx.now() + timedelta(hours=1)})
    clock.advance(3601)
    async with database.transaction() as tx:
        await forgetting.forget_old(tx)
        assert await tx.scalar(text("select count(*) from sso_session")) == 0
        assert await tx.scalar(text("select count(*) from sso_logout")) == 0


# --- forged tokens, against keys of our own ---

LOGOUT: dict[str, Any] = {"nonce": None, "exp": None, "jti": "j-1", "events": {LOGOUT_EVENT: {}}}


async def test_a_good_logout_token_names_a_subject_a_session_or_both(theirs: Provider) -> None:
    assert await theirs.logout(token(**LOGOUT), NOW) == LogoutToken("j-1", "s-1", None)
    assert await theirs.logout(token(**{**LOGOUT, "sid": "a", "sub": None}), NOW) == LogoutToken("j-1", None, "a")
    both = token(**{**LOGOUT, "sid": "a", "exp": NOW.timestamp() + 120})
    assert await theirs.logout(both, NOW) == LogoutToken("j-1", "s-1", "a")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"}, {"iss": None}, {"aud": "other"}, {"aud": None}, {"iat": None},
        {"iat": NOW.timestamp() - 361}, {"iat": NOW.timestamp() + 120}, {"exp": NOW.timestamp() - 61},
        {"jti": None}, {"jti": ""}, {"jti": 7}, {"jti": "x" * 256},
        {"nonce": "n"}, {"nonce": ""}, {"events": None}, {"events": {}}, {"events": [LOGOUT_EVENT]},
        {"events": {LOGOUT_EVENT: True}}, {"events": {"http://schemas.openid.net/event/else": {}}},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": None, "sid": ""}, {"sid": 7}, {"sub": "x" * 256},
    ],
)  # fmt: skip
async def test_a_token_that_does_not_hold_is_refused(theirs: Provider, claims: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        await theirs.logout(token(**{**LOGOUT, **claims}), NOW)


async def test_an_id_token_and_other_signatures_are_no_logout(theirs: Provider) -> None:
    good = token(**LOGOUT)
    head, body, signature = good.split(".")
    shared = f"{encoded(json.dumps({'alg': 'HS256', 'kid': 'ours'}).encode())}.{body}"
    typed = f"{encoded(json.dumps({'alg': 'RS256', 'kid': 'ours', 'typ': 'at+jwt'}).encode())}.{body}"
    stamp = KEY.private_key.sign(typed.encode(), PKCS1v15(), SHA256())
    forged = [
        token(),
        token(RSAKey.generate_key(2048), kid="ours", **LOGOUT),
        f"{shared}.{encoded(hmac.digest(KEY.as_pem(private=False), shared.encode(), 'sha256'))}",
        f"{encoded(json.dumps({'alg': 'none'}).encode())}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{typed}.{encoded(stamp)}",
        "",
    ]
    for one in forged:
        with pytest.raises(Refused):
            await theirs.logout(one, NOW)
    with pytest.raises(Refused):
        await theirs.checked(good, "n", NOW)


async def test_a_session_is_ended_by_its_own_name_or_by_its_subject(
    database: Database, app: FastAPI, settings: Settings, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(settings.data, issuer, roles=MAPPED)
    async with browser(app) as first, browser(app) as second:
        for one in (first, second):
            assert outcome(await through(one, "sid.operators")) == "board"
        async with database.transaction() as tx:
            row = await tx.row(text("select sid, issuer, id_token from sso_session order by at, id limit 1"))
            assert row is not None
            assert b"eyJ" not in bytes(row["id_token"]), "the hint is sealed"
        found: list[LogoutToken] = []

        async def checked(_self: Provider, _token: str, _now: datetime) -> LogoutToken:
            return found[-1]

        monkeypatch.setattr(Provider, "logout", checked)

        async def says(one: LogoutToken) -> None:
            found.append(one)
            assert (await posted(browser(app), urlencode({"logout_token": "checked"}))).status_code == 200

        await says(LogoutToken("1", None, "no such"))
        await says(LogoutToken("2", "somebody", row["sid"]))
        assert (await first.get("/me")).status_code == 200
        await says(LogoutToken("3", None, row["sid"]))
        assert [(await one.get("/me")).status_code for one in (first, second)] == [401, 200]
        await says(LogoutToken("4", "sid.operators", None))
        assert (await second.get("/me")).status_code == 401
