"""Passkeys: registering, signing in without a name, and everything that no honest authenticator says."""

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.trust.entry.relying import Relying, relying
from dure.trust.rates import Budget, Rates
from dure.trust.roles import Role
from tests.trust.conftest import PASSWORD, account, bearer, browser, token
from tests.trust.entry.authenticator import PRESENT, VERIFIED, Authenticator, encoded
from tests.trust.entry.conftest import add_passkey, by_passkey, challenge, seat


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:8080", Relying("localhost", "http://localhost:8080")),
        ("https://city.example.kr", Relying("city.example.kr", "https://city.example.kr")),
        ("https://City.Example.kr:443/x", Relying("city.example.kr", "https://city.example.kr")),
        ("https://city.example.kr:8443", Relying("city.example.kr", "https://city.example.kr:8443")),
        ("http://dure.localhost", Relying("dure.localhost", "http://dure.localhost")),
        ("http://city.example.kr", "insecure"),
        ("https://10.20.0.5:8443", "address"),
        ("https://[fd00::5]", "address"),
        ("http://127.0.0.1:8080", "address"),
        ("nonsense", "address"),
    ],
)
def test_the_public_address_alone_decides_whether_passkeys_are_offered(url: str, expected: object) -> None:
    assert relying(url) == expected


async def test_a_passkey_is_made_and_opens_a_session_by_itself(database: Database, app: FastAPI) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    device = Authenticator()
    async with seat(app, kim) as desk:
        made = await add_passkey(desk, device)
        assert made.status_code == 201, made.text
        assert len(made.json()["recovery_codes"]) == 10, "the first second factor brings recovery codes"
        ways = (await desk.get("/me/ways")).json()
        assert [one["name"] for one in ways["passkeys"]] == ["phone"]
        assert ways["prove"][0] == "passkey"
    async with browser(app) as elsewhere:
        entered = await by_passkey(elsewhere, device)
        assert entered.status_code == 201, entered.text
        assert (await elsewhere.get("/me")).json()["username"] == "kim"
        place = (await elsewhere.get("/sessions")).json()["items"][0]
        assert (place["method"], place["second"]) == ("passkey", True)
    async with database.transaction() as tx:
        actions = [row["action"] for row in await tx.rows(text("select action from audit order by at, id"))]
    assert actions.count("passkey.add") == 1
    assert actions.count("session.open") == 2


async def test_an_answer_is_taken_once_and_within_five_minutes(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    device = Authenticator(counts=False)
    async with seat(app, kim) as desk, browser(app) as thief:
        assert (await add_passkey(desk, device)).status_code == 201
        asked = await challenge(desk)
        body = {"challenge": asked["challenge"], "credential": device.use(asked["options"])}
        assert (await desk.post("/sessions/passkey", json=body)).status_code == 201
        again = await thief.post("/sessions/passkey", json=body)
        assert (again.status_code, again.json()["key"]) == (403, "trust.passkey.challenge_over")
        late = await challenge(thief)
        clock.advance(301)
        body = {"challenge": late["challenge"], "credential": device.use(late["options"])}
        assert (await thief.post("/sessions/passkey", json=body)).status_code == 403


async def test_a_challenge_for_one_use_is_none_for_another(database: Database, app: FastAPI) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    device = Authenticator()
    async with seat(app, kim) as desk, seat(app, kim) as other:
        assert (await add_passkey(desk, device)).status_code == 201
        asked = (await desk.post("/me/proof/challenge")).json()
        body = {"challenge": asked["challenge"], "credential": device.use(asked["options"])}
        assert (await other.post("/me/proof", json={"passkey": body})).status_code == 403, "another session's"
        assert (await desk.post("/sessions/passkey", json=body)).status_code == 403, "not for signing in"
        assert (await desk.post("/me/proof", json={"passkey": body})).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://localhost:9"},
        {"origin": "https://localhost:8080"},
        {"origin": "http://evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"flags": 0},
    ],
)
async def test_what_another_site_or_an_unverified_person_gave_opens_nothing(
    database: Database, app: FastAPI, wrong: dict[str, object]
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    device = Authenticator()
    async with seat(app, kim) as desk, browser(app) as door:
        assert (await add_passkey(desk, device)).status_code == 201
        for name, value in wrong.items():
            setattr(device, name, value)
        refused = await by_passkey(door, device)
        assert (refused.status_code, refused.json()["key"]) == (401, "trust.passkey.wrong")
        assert "set-cookie" not in refused.headers
        fresh = Authenticator(**wrong)  # type: ignore[arg-type]
        assert (await add_passkey(desk, fresh)).status_code == 422


async def test_another_key_another_challenge_and_a_changed_answer_open_nothing(
    database: Database, app: FastAPI
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    device, forger = Authenticator(), Authenticator()
    async with seat(app, kim) as desk, browser(app) as door:
        assert (await add_passkey(desk, device)).status_code == 201
        asked = await challenge(door)
        other = (await challenge(door))["options"]["challenge"]
        forger.make({"rp": {"id": "localhost"}, "user": {"id": encoded(kim.id.bytes)}, "challenge": other})
        forged = forger.use(asked["options"])
        unknown = await door.post("/sessions/passkey", json={"challenge": asked["challenge"], "credential": forged})
        assert unknown.status_code == 401
        for credential in (
            {**forged, "id": encoded(device.keys[0].id), "rawId": encoded(device.keys[0].id)},
            device.use((await challenge(door))["options"], challenge=other),
        ):
            asked = await challenge(door)
            answer = await door.post(
                "/sessions/passkey", json={"challenge": asked["challenge"], "credential": credential}
            )
            assert answer.status_code == 401


async def test_a_copied_authenticator_is_found_by_its_counter(database: Database, app: FastAPI) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    device = Authenticator()
    async with seat(app, kim) as desk, browser(app) as door:
        assert (await add_passkey(desk, device)).status_code == 201
        assert (await by_passkey(door, device)).status_code == 201
        device.keys[0].count = 0
        assert (await by_passkey(door, device)).status_code == 401


async def test_who_is_suspended_or_elsewhere_has_no_use_of_a_passkey(database: Database, app: FastAPI) -> None:
    kim = await account(database, "kim", Role.POLICE, agency="police")
    device = Authenticator()
    async with seat(app, kim) as desk:
        assert (await add_passkey(desk, device)).status_code == 201
    async with browser(app, "203.0.113.9") as outside:
        async with database.transaction() as tx:
            await tx.execute(text("update agency set networks = '{10.1.0.0/16}' where id = 'police'"))
        assert (await by_passkey(outside, device)).json()["key"] == "trust.network.not_approved"
    async with browser(app, "10.1.2.3") as inside:
        assert (await by_passkey(inside, device)).status_code == 201
        async with database.transaction() as tx:
            await tx.execute(text("update account set state = 'suspended'"))
        assert (await by_passkey(inside, device)).status_code == 401


async def test_failed_passwords_make_no_passkey_wait(database: Database, app: FastAPI) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    device = Authenticator()
    async with seat(app, kim, "203.0.113.9") as desk, browser(app, "203.0.113.9") as thief:
        assert (await add_passkey(desk, device)).status_code == 201
        for _ in range(7):
            await thief.post("/sessions", json={"username": "kim", "password": "guess guess guess"})
        waiting = await thief.post("/sessions", json={"username": "kim", "password": PASSWORD})
        assert waiting.status_code == 429
        assert (await by_passkey(thief, device)).status_code == 201


async def test_passkeys_are_named_and_removed_by_their_owner_alone(database: Database, app: FastAPI) -> None:
    kim, lee = await account(database, "kim", Role.OPERATOR), await account(database, "lee", Role.OPERATOR)
    device = Authenticator()
    async with seat(app, kim) as mine, seat(app, lee) as other, browser(app) as door:
        made = (await add_passkey(mine, device)).json()["id"]
        assert (await other.patch(f"/me/passkeys/{made}", json={"name": "x"})).status_code == 404
        assert (await other.delete(f"/me/passkeys/{made}")).status_code == 404
        assert (await mine.patch(f"/me/passkeys/{made}", json={"name": "당직실 노트북"})).status_code == 204
        assert (await mine.get("/me/ways")).json()["passkeys"][0]["name"] == "당직실 노트북"
        assert (await mine.delete(f"/me/passkeys/{made}")).status_code == 204
        assert (await by_passkey(door, device)).status_code == 401
        assert (await mine.get("/me/ways")).json()["recovery"]["left"] == 0, "nothing is left to recover"


async def test_one_device_is_registered_once_and_tokens_not_at_all(database: Database, app: FastAPI) -> None:
    kim, lee = await account(database, "kim", Role.OPERATOR), await account(database, "lee", Role.OPERATOR)
    device = Authenticator()
    async with seat(app, kim) as mine, seat(app, lee) as other, browser(app) as door:
        asked = (await mine.post("/me/passkeys/challenge")).json()
        credential = device.make(asked["options"])
        body = {"challenge": asked["challenge"], "credential": credential, "name": "phone"}
        assert (await mine.post("/me/passkeys", json=body)).status_code == 201
        again = (await mine.post("/me/passkeys/challenge")).json()
        assert [one["id"] for one in again["options"]["excludeCredentials"]] == [credential["id"]]
        taken = (await other.post("/me/passkeys/challenge")).json()
        device.keys[0].user = lee.id.bytes
        stolen = {"challenge": taken["challenge"], "credential": credential, "name": "mine now"}
        assert (await other.post("/me/passkeys", json=stolen)).status_code == 422, "made for another challenge"
        machine = bearer(await token(database, Role.OPERATOR))
        assert (await door.post("/me/passkeys/challenge", headers=machine)).status_code == 403


async def test_a_city_without_a_name_offers_none_and_says_why(database: Database, app: FastAPI) -> None:
    import dataclasses

    held = app.state.context
    app.state.context = dataclasses.replace(
        held, settings=dataclasses.replace(held.settings, public_url="https://10.20.0.5:8443")
    )
    await account(database, "kim", Role.OPERATOR)
    async with browser(app) as door:
        told = (await door.get("/sign-in")).json()
        assert told["passkeys"] == {"offered": False, "why": "address", "origin": None}
        assert (await door.post("/sign-in/challenge")).status_code == 409


GARBAGE = st.one_of(
    st.binary(max_size=200).map(encoded),
    st.text(alphabet="AZaz09-_", max_size=100),
)


@tries(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=GARBAGE, client_data=GARBAGE, signature=GARBAGE, attestation=GARBAGE)
async def test_garbage_of_an_authenticator_is_refused(
    database: Database, app: FastAPI, data: str, client_data: str, signature: str, attestation: str
) -> None:
    app.state.rates = Rates(passkeys=Budget(burst=10_000, per_second=1000))
    async with browser(app) as door:
        asked = await challenge(door)
        device = Authenticator()
        device.make({"rp": {"id": "localhost"}, "user": {"id": "AA"}, "challenge": "AA"})
        honest = device.use(asked["options"])
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": data,
            "signature": signature,
            "attestationObject": attestation,
        }
        body = {"challenge": asked["challenge"], "credential": {**honest, "response": response}}
        answer = await door.post("/sessions/passkey", json=body)
        assert answer.status_code in {401, 403, 422}
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_browser_of_the_city_is_named(database: Database, app: FastAPI) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
    async with browser(app) as desk:
        sent = {"user-agent": agent}
        answer = await desk.post("/sessions", json={"username": kim.username, "password": PASSWORD}, headers=sent)
        assert answer.status_code == 201
        assert (await desk.get("/sessions")).json()["items"][0]["name"] == "Chrome 141 · Windows"
