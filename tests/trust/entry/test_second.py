"""The second factor: one-time codes, recovery codes, what roles ask for, and guesses that lock nobody else out."""

from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.kernel.clock import HeldClock
from dure.kernel.errors import Unavailable
from dure.trust.address import parsed
from dure.trust.authentication import by_session
from dure.trust.entry import recovery, sealing, totp
from dure.trust.entry.second import Demand, Held, asked, strictest
from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.trust.who.watch import valid
from tests.trust.conftest import PASSWORD, Made, account, browser
from tests.trust.entry.authenticator import Authenticator
from tests.trust.entry.conftest import add_passkey, by_passkey, challenge, seat

SECRET = b"12345678901234567890"  # RFC 6238 appendix B
DEMANDS = st.sampled_from(["offered", "when_set_up", "required"])


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert totp.matching_step(SECRET, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


@given(st.integers(300, 2**32), st.integers(-6, 6))
def test_one_step_of_drift_is_borne_and_no_more(seconds: int, drift: int) -> None:
    code = pyotp.HOTP(pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").secret).at(seconds // 30 + drift)
    found = totp.matching_step(SECRET, code, datetime.fromtimestamp(seconds, UTC))
    if abs(drift) <= 1:
        assert found is not None
    elif found is not None:  # a chance of one in 333,333 that two steps share a code
        assert abs(found - seconds // 30) <= 1


@given(st.text(max_size=12))
def test_what_is_no_code_matches_nothing(text_: str) -> None:
    if not (text_.isascii() and "".join(text_.split()).isdigit()):
        assert totp.matching_step(SECRET, text_, datetime(2026, 3, 2, tzinfo=UTC)) is None


@given(st.lists(DEMANDS), st.integers(0, 2), st.booleans())
def test_what_roles_ask_for_together_is_the_strictest(demands: list[Demand], passkeys: int, codes: bool) -> None:
    demand = strictest(demands)
    assert demand == ("required" if "required" in demands else "when_set_up" if "when_set_up" in demands else "offered")
    has = Held(passkeys, datetime.now(UTC) if codes else None, recovery.Left(10, None))
    assert asked(demand, has) == (codes or (demand != "offered" and passkeys > 0))
    assert asked("required", Held(0, None, recovery.Left(10, None))) is False, "who has none is let in to set one up"


async def set_up(client: httpx.AsyncClient, clock: HeldClock) -> tuple[pyotp.TOTP, list[str]]:
    """One-time codes for who is signed in: the app, and the recovery codes that came with them."""
    offered = (await client.post("/me/totp")).json()
    assert offered["uri"].startswith("otpauth://totp/dure:kim?")
    assert offered["picture"].startswith("data:image/svg+xml")
    app = pyotp.TOTP(offered["secret"].replace(" ", ""))
    wrong = await client.post("/me/totp/confirm", json={"code": "000000"})
    assert wrong.status_code == 422
    done = await client.post("/me/totp/confirm", json={"code": app.at(clock.now())})
    assert done.status_code == 200, done.text
    return app, done.json()["recovery_codes"]


async def asker(database: Database, app: FastAPI, client: httpx.AsyncClient) -> Principal:
    """Who a browser is, as a stream keeps it."""
    async with database.transaction() as tx:
        return await by_session(
            tx, client.cookies["dure"], parsed("127.0.0.1"), app.state.grants, idle=timedelta(hours=1)
        )


async def first(client: httpx.AsyncClient, made: Made) -> httpx.Response:
    return await client.post("/sessions", json={"username": made.username, "password": PASSWORD})


async def test_the_password_alone_opens_nothing_once_codes_are_set_up(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    async with seat(app, kim) as desk:
        device, codes = await set_up(desk, clock)
        assert len(set(codes)) == 10
    async with browser(app) as door:
        half = await first(door, kim)
        assert (half.status_code, half.json()["ok"]) == (202, False)
        assert half.json()["second"]["ways"] == ["totp", "recovery"]
        assert (await door.get("/me")).status_code == 401, "half way in is outside"
        assert (await door.get("/sign-in")).json()["second"]["ways"] == ["totp", "recovery"]
        used = {"code": device.at(clock.now())}
        assert (await door.post("/sessions/second", json=used)).json()["key"] == "trust.second.wrong", "taken before"
        clock.advance(30)
        fresh = {"code": device.at(clock.now())}
        entered = await door.post("/sessions/second", json=fresh)
        assert entered.status_code == 201, entered.text
        place = (await door.get("/sessions")).json()["items"][0]
        assert (place["method"], place["second"]) == ("password+totp", True)
        assert (await door.post("/sessions/second", json=fresh)).status_code == 401, "the step is over"
    async with browser(app) as thief:
        await first(thief, kim)
        assert (await thief.post("/sessions/second", json=fresh)).status_code == 401, "a code is taken once"


async def test_a_recovery_code_opens_once_however_it_is_typed(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    async with seat(app, kim) as desk:
        _, codes = await set_up(desk, clock)
    typed = codes[3].upper().replace("-", " ").replace("0", "O").replace("1", "l")
    async with browser(app) as door:
        await first(door, kim)
        assert (await door.post("/sessions/second", json={"recovery_code": typed})).status_code == 201
        assert (await door.get("/me/ways")).json()["recovery"]["left"] == 9
        await first(door, kim)
        assert (await door.post("/sessions/second", json={"recovery_code": codes[3]})).status_code == 401
        await first(door, kim)
        assert (await door.post("/sessions/second", json={"recovery_code": codes[4]})).status_code == 201
        renewed = (await door.post("/me/recovery-codes")).json()["recovery_codes"]
        await first(door, kim)
        assert (await door.post("/sessions/second", json={"recovery_code": codes[5]})).status_code == 401, "ended"
        await first(door, kim)
        assert (await door.post("/sessions/second", json={"recovery_code": renewed[5]})).status_code == 201
    async with database.transaction() as tx:
        kept = await tx.scalar(text("select string_agg(r::text, ' ') from recovery_code r"))
        lines = await tx.scalar(text("select count(*) from audit where action = 'recovery.use'"))
    assert codes[5] not in kept
    assert lines == 3


async def test_a_step_bears_five_tries_and_ends_after_five_minutes(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    async with seat(app, kim) as desk:
        device, _ = await set_up(desk, clock)
    clock.advance(60)
    async with browser(app, "203.0.113.9") as thief, browser(app, "10.1.2.3") as owner:
        await first(thief, kim)
        seen = [(await thief.post("/sessions/second", json={"code": f"00000{n}"})).status_code for n in range(7)]
        assert seen[:5] == [401] * 5
        assert set(seen[5:]) == {401}, "the step is over"
        waiting = await first(thief, kim)
        assert waiting.status_code == 202
        refused = await thief.post("/sessions/second", json={"code": device.at(clock.now())})
        assert refused.status_code == 429, "who guessed waits"
        await first(owner, kim)
        assert (await owner.post("/sessions/second", json={"code": device.at(clock.now())})).status_code == 201
        await first(owner, kim)
        clock.advance(301)
        late = await owner.post("/sessions/second", json={"code": device.at(clock.now())})
        assert (late.status_code, late.json()["key"]) == (401, "trust.second.over")


async def test_codes_guessed_from_everywhere_stop_and_other_ways_stay_open(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    phone = Authenticator()
    async with seat(app, kim) as desk:
        device, _ = await set_up(desk, clock)
        await add_passkey(desk, phone)
    async with database.transaction() as tx:
        await tx.execute(text("update sign_in_guard set failures = 100"))
        await tx.execute(
            text(
                "insert into sign_in_guard select '*', sha256('\\x636f646500'::bytea || uuid_send(id)), 100, :now, "
                "cast(:now as timestamptz) + interval '60 s' from account"
            ),
            {"now": clock.now()},
        )
    async with browser(app, "198.51.100.7") as door:
        await first(door, kim)
        assert (await door.post("/sessions/second", json={"code": device.at(clock.now())})).status_code == 429
        asked_ = await challenge(door, "second")
        body = {"passkey": {"challenge": asked_["challenge"], "credential": phone.use(asked_["options"])}}
        assert (await door.post("/sessions/second", json=body)).status_code == 201
    async with browser(app, "198.51.100.8") as door:
        assert (await by_passkey(door, phone)).status_code == 201


async def test_a_passkey_of_somebody_else_is_no_second_factor(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    kim, lee = await account(database, "kim", Role.ADMIN), await account(database, "lee", Role.OPERATOR)
    mine, theirs = Authenticator(), Authenticator()
    async with seat(app, kim) as desk, seat(app, lee) as other, browser(app) as door:
        await add_passkey(desk, mine)
        await add_passkey(other, theirs)
        half = await first(door, kim)
        assert half.json()["second"]["ways"] == ["passkey", "recovery"], "an administrator's passkey is asked for"
        for device, status in ((theirs, 401), (mine, 201)):
            asked_ = await challenge(door, "second")
            body = {"passkey": {"challenge": asked_["challenge"], "credential": device.use(asked_["options"])}}
            assert (await door.post("/sessions/second", json=body)).status_code == status
        assert (await first(door, lee)).status_code == 201, "an operator's passkey is a choice"


async def test_a_role_that_must_have_one_can_do_nothing_but_set_one_up(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    boss, kim = await account(database, "boss", Role.ADMIN), await account(database, "kim", Role.SHIFT_LEAD)
    async with seat(app, boss) as admin, seat(app, kim) as desk:
        rule = {"demand": "required"}
        assert (await admin.put("/second-factor-rules/admin", json=rule)).json()["key"] == "trust.second.yourself_first"
        assert (await admin.put("/second-factor-rules/device", json=rule)).status_code == 422
        assert (await admin.put("/second-factor-rules/shift_lead", json=rule)).status_code == 200
        assert (await desk.get("/agencies")).json()["key"] == "trust.second.missing"
        me = (await desk.get("/me")).json()
        assert (me["second_missing"], me["permissions"]) == (True, [])
        await set_up(desk, clock)
        assert (await desk.get("/agencies")).status_code == 200
        assert (await desk.delete("/me/totp")).json()["key"] == "trust.second.last"
        clock.advance(30)
        assert (await admin.put("/second-factor-rules/shift_lead", json={"demand": "offered"})).status_code == 200
        assert (await desk.delete("/me/totp")).status_code == 204
        by_role = {one["role"]: one["demand"] for one in (await admin.get("/second-factor-rules")).json()["items"]}
        assert (by_role["admin"], by_role["auditor"], by_role["fire"]) == ("when_set_up", "when_set_up", "offered")


async def test_a_session_from_before_the_rule_shows_what_is_set_up(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    boss, kim = await account(database, "boss", Role.ADMIN), await account(database, "kim", Role.SHIFT_LEAD)
    phone = Authenticator()
    async with seat(app, boss) as admin, seat(app, kim) as desk, seat(app, kim) as elsewhere:
        await add_passkey(desk, phone)
        here, there = await asker(database, app, desk), await asker(database, app, elsewhere)
        assert (await admin.put("/second-factor-rules/shift_lead", json={"demand": "required"})).status_code == 200
        async with database.transaction() as tx:
            assert await valid(tx, [here, there]) == {here}, "what streams to the other has ended"
        assert (await desk.get("/agencies")).status_code == 200, "it was shown here by making it"
        assert (await elsewhere.get("/agencies")).status_code == 403
        weak = await elsewhere.post("/me/proof", json={"password": PASSWORD})
        assert weak.status_code == 200
        assert (await elsewhere.get("/agencies")).status_code == 403, "the password is no second factor"
        asked_ = (await elsewhere.post("/me/proof/challenge")).json()
        body = {"passkey": {"challenge": asked_["challenge"], "credential": phone.use(asked_["options"])}}
        assert (await elsewhere.post("/me/proof", json=body)).status_code == 200
        assert (await elsewhere.get("/agencies")).status_code == 200


async def test_an_administrator_helps_who_lost_everything(database: Database, app: FastAPI, clock: HeldClock) -> None:
    boss, kim = await account(database, "boss", Role.ADMIN), await account(database, "kim", Role.OPERATOR)
    async with seat(app, boss) as admin, seat(app, kim) as desk, browser(app) as door:
        await set_up(desk, clock)
        assert (await desk.delete(f"/accounts/{kim.id}/second-factors")).status_code == 403
        assert (await admin.delete(f"/accounts/{kim.id}/second-factors")).status_code == 204
        assert (await desk.get("/me")).status_code == 401
        assert (await first(door, kim)).status_code == 201
    async with database.transaction() as tx:
        assert await tx.scalar(text("select count(*) from audit where action = 'second.clear'")) == 1


async def test_the_secret_is_sealed_for_one_account(
    database: Database, app: FastAPI, settings: Settings, clock: HeldClock
) -> None:
    kim, lee = await account(database, "kim", Role.OPERATOR), await account(database, "lee", Role.OPERATOR)
    async with seat(app, kim) as desk:
        device, _ = await set_up(desk, clock)
    async with database.transaction() as tx:
        sealed = bytes(await tx.scalar(text("select sealed from totp")))
    assert device.byte_secret() not in sealed
    assert sealing.unseal(settings.data, kim.id, sealed) == device.byte_secret()
    with pytest.raises(Unavailable):
        sealing.unseal(settings.data, lee.id, sealed)
    with pytest.raises(Unavailable):
        sealing.unseal(settings.data, kim.id, sealed[:-1] + bytes((sealed[-1] ^ 1,)))


async def test_a_secret_that_nobody_confirmed_asks_nothing_and_is_forgotten(
    database: Database, app: FastAPI, clock: HeldClock
) -> None:
    kim = await account(database, "kim", Role.OPERATOR)
    async with seat(app, kim) as desk, browser(app) as door:
        offered = (await desk.post("/me/totp")).json()
        assert (await first(door, kim)).status_code == 201
        clock.advance(16 * 60)
        await desk.post("/me/proof", json={"password": PASSWORD})
        code = pyotp.TOTP(offered["secret"].replace(" ", "")).at(clock.now() + timedelta(0))
        late = await desk.post("/me/totp/confirm", json={"code": code})
        assert late.json()["key"] == "trust.totp.not_begun"
