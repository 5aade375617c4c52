"""The city's single sign-on against a real provider (npm's oidc-provider on the packaged Node), and forged tokens."""

import hmac
import json
import queue
import re
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import text

from dure.commands.node import environment_with_node
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.kernel.clock import HeldClock
from dure.kernel.errors import Unavailable
from dure.trust.entry.sso import provider as providers
from dure.trust.entry.sso import settings as sso
from dure.trust.entry.sso.provider import Provider, Refused
from dure.trust.entry.sso.settings import Sso
from dure.trust.roles import Role
from tests.trust.conftest import account, browser
from tests.trust.entry.authenticator import ORIGIN, encoded
from tests.trust.entry.conftest import seat

CALLBACK = f"{ORIGIN}/api/v1/sso/callback"
SCRIPT = Path(__file__).with_name("provider.mjs")


@pytest.fixture
def clock() -> HeldClock:
    """The provider has the machine's clock."""
    return HeldClock(datetime.now(UTC))


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[str, "queue.Queue[bytes]"]]:
    """Where the provider posts its logout tokens, over a socket; the tests carry them on to the city as they came."""
    came: queue.Queue[bytes] = queue.Queue()

    class Box(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.put(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Box) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/logout", came
        server.shutdown()


@pytest.fixture(scope="module")
def issuer(mailbox: tuple[str, object]) -> Iterator[str]:
    """A provider that takes anybody at their word."""
    with subprocess.Popen(
        ["node", str(SCRIPT), "0", CALLBACK, mailbox[0]],
        env=environment_with_node(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def written(data: Path, issuer: str, *, client: str = "dure", roles: str = "") -> None:
    """The city's settings file."""
    secrets = data / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    secret = 'client_secret = "a secret of the city"\n' if client == "dure" else ""
    body = (
        f'issuer = "{issuer}"\nclient_id = "{client}"\n{secret}scopes = ["groups"]\nname.ko = "시청 통합인증"\n{roles}'
    )
    (secrets / "sso.toml").write_text(body, encoding="utf-8")
    (secrets / "sso.toml").chmod(0o600)


MAPPED = '[roles]\nclaim = "groups"\ncreate = true\nagency = "control"\noperators = "operator"\nleads = "shift_lead"\n'


def at_provider(url: str, login: str, known: httpx.Client | None = None) -> str:
    """Goes through the provider's own pages as `login`; where it sends the browser back."""
    with nullcontext(known) if known is not None else httpx.Client(timeout=20) as person:
        answer = person.get(url)
        for _ in range(12):
            to = answer.headers.get("location")
            if to and to.startswith(ORIGIN):
                return str(to)
            if to:
                answer = person.get(answer.url.join(to))
                continue
            action = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
            assert action is not None, answer.text
            assert prompt is not None
            answer = person.post(action[1], data={"prompt": prompt[1], "login": login, "password": "x"})
    raise AssertionError("the provider sent nobody back")


async def through(client: httpx.AsyncClient, login: str, purpose: str = "sign_in") -> httpx.Response:
    """All the way: out, in at the provider, and back."""
    started = await client.post("/sso/start", json={"purpose": purpose})
    assert started.status_code == 200, started.text
    return await returned(client, at_provider(started.json()["url"], login))


async def returned(client: httpx.AsyncClient, url: str) -> httpx.Response:
    return await client.get("/sso/callback", params=parse_qs(urlsplit(url).query))


def outcome(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix(f"{ORIGIN}/#/")


async def test_an_account_is_linked_by_its_owner_and_comes_in_by_it(
    database: Database, app: FastAPI, settings: Settings, issuer: str
) -> None:
    written(settings.data, issuer)
    kim = await account(database, "kim", Role.OPERATOR)
    async with browser(app) as door:
        told = (await door.get("/sign-in")).json()
        assert told["sso"] == {"ko": "시청 통합인증", "en": "Single sign-on"}
        assert outcome(await through(door, "kim")) == "board?sso=unlinked", "the same name is no link"
        assert (await door.get("/me")).status_code == 401
    async with seat(app, kim) as desk:
        assert outcome(await through(desk, "somebody-7", "link")) == "admin/mine?sso=done"
        assert (await desk.get("/me/ways")).json()["identities"][0]["issuer"] == issuer
    async with browser(app) as door:
        back = await through(door, "somebody-7")
        assert outcome(back) == "board"
        assert (await door.get("/me")).json()["username"] == "kim"
        assert (await door.get("/sessions")).json()["items"][0]["method"] == "sso"
    async with database.transaction() as tx:
        lines = [(row["action"], row["outcome"]) for row in await tx.rows(text("select * from audit order by at, id"))]
    assert ("session.open", "denied") in lines
    assert ("sso.link", "ok") in lines


async def test_one_subject_opens_one_account(database: Database, app: FastAPI, settings: Settings, issuer: str) -> None:
    written(settings.data, issuer)
    kim, lee = await account(database, "kim", Role.OPERATOR), await account(database, "lee", Role.ADMIN)
    async with seat(app, kim) as mine, seat(app, lee) as other:
        assert outcome(await through(mine, "s-1", "link")) == "admin/mine?sso=done"
        assert outcome(await through(other, "s-1", "link")) == "admin/mine?sso=taken"
        link = (await mine.get("/me/ways")).json()["identities"][0]["id"]
        assert (await other.delete(f"/me/identities/{link}")).status_code == 404
        assert (await mine.delete(f"/me/identities/{link}")).status_code == 204
    async with browser(app) as door:
        assert outcome(await through(door, "s-1")) == "board?sso=unlinked"


async def test_the_return_belongs_to_the_browser_that_set_out_and_is_used_once(
    database: Database, app: FastAPI, settings: Settings, issuer: str, clock: HeldClock
) -> None:
    written(settings.data, issuer)
    kim = await account(database, "kim", Role.OPERATOR)
    async with seat(app, kim) as desk:
        assert outcome(await through(desk, "s-2", "link")) == "admin/mine?sso=done"
    async with browser(app) as thief, browser(app) as victim:
        url = at_provider((await thief.post("/sso/start", json={})).json()["url"], "s-2")
        await victim.post("/sso/start", json={})
        assert outcome(await returned(victim, url)) == "board?sso=expired", "another's attempt is not theirs"
        forged = url.replace("state=", "state=x")
        assert outcome(await returned(thief, forged)) == "board?sso=expired"
        assert outcome(await returned(thief, url)) == "board"
        assert outcome(await returned(thief, url)) == "board?sso=expired"
        late = at_provider((await thief.post("/sso/start", json={})).json()["url"], "s-2")
        clock.advance(601)
        assert outcome(await returned(thief, late)) == "board?sso=expired"


async def test_a_mixed_up_issuer_an_error_and_a_stolen_code_open_nothing(
    database: Database, app: FastAPI, settings: Settings, issuer: str
) -> None:
    written(settings.data, issuer)
    kim = await account(database, "kim", Role.OPERATOR)
    async with seat(app, kim) as desk:
        assert outcome(await through(desk, "s-3", "link")) == "admin/mine?sso=done"
    async with browser(app) as door:

        async def changed(**more: str | None) -> str:
            url = at_provider((await door.post("/sso/start", json={})).json()["url"], "s-3")
            query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
            query = {name: value for name, value in {**query, **more}.items() if value is not None}
            return outcome(await door.get("/sso/callback", params=query))

        assert await changed(iss="https://other.example") == "board?sso=failed"
        assert await changed(iss=None) == "board?sso=failed", "this provider always names itself"
        assert await changed(error="access_denied") == "board?sso=denied"
        assert await changed(code="guessed") == "board?sso=failed"
        other = at_provider((await door.post("/sso/start", json={})).json()["url"], "s-3")
        stolen = parse_qs(urlsplit(other).query)["code"][0]
        assert await changed(code=stolen) == "board?sso=failed", "a code is bound to its verifier"
        assert (await door.get("/me")).status_code == 401


async def test_roles_come_by_the_citys_mapping_alone_and_go_with_it(
    database: Database, app: FastAPI, settings: Settings, issuer: str
) -> None:
    written(settings.data, issuer)
    async with browser(app) as door:
        assert outcome(await through(door, "new.operators.admin")) == "board?sso=unlinked"
        written(settings.data, issuer, roles=MAPPED)
        assert outcome(await through(door, "new.admin.operator")) == "board?sso=unlinked", "names of roles are none"
        assert outcome(await through(door, "new.operators.admin")) == "board"
        me = (await door.get("/me")).json()
        assert (me["roles"], me["agency"]) == (["operator"], "control")
        async with database.transaction() as tx:
            await tx.execute(text("update identity set subject = 'new.leads'"))
            await tx.execute(
                text("insert into grant_role select id, 'welfare', now(), 'account:a person' from account")
            )
        assert outcome(await through(door, "new.leads")) == "board"
        assert (await door.get("/me")).json()["roles"] == ["shift_lead", "welfare"], "what people gave stays"


async def test_a_public_client_and_rotated_keys_work(
    database: Database, app: FastAPI, settings: Settings, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(settings.data, issuer, client="public", roles=MAPPED)
    monkeypatch.setattr(providers, "_AGAIN_S", 0.0)
    async with browser(app) as door:
        assert outcome(await through(door, "pub.operators")) == "board"
        async with httpx.AsyncClient() as city:
            assert (await city.post(f"{issuer}/-/rotate")).text == "rotated"
        assert outcome(await through(door, "pub.operators")) == "board", "keys that are new are asked for"


async def test_a_renewed_proof_comes_from_the_same_subject(
    database: Database, app: FastAPI, settings: Settings, issuer: str, clock: HeldClock
) -> None:
    written(settings.data, issuer)
    kim = await account(database, "kim", Role.OPERATOR)
    async with seat(app, kim) as desk:
        assert outcome(await through(desk, "s-5", "link")) == "admin/mine?sso=done"
        clock.advance(301)
        assert (await desk.post("/me/totp")).json()["key"] == "trust.step_up.needed"
        assert (await desk.post("/sso/start", json={"purpose": "link"})).json()["key"] == "trust.step_up.needed"
        clock.advance(-301)
        assert outcome(await through(desk, "somebody-else", "prove")) == "proof?sso=failed"
        assert outcome(await through(desk, "s-5", "prove")) == "proof?sso=done"
        assert (await desk.post("/me/totp")).status_code == 201


async def test_a_provider_that_is_away_is_said_to_be_away(app: FastAPI, settings: Settings, database: Database) -> None:
    written(settings.data, "http://localhost:9")
    async with browser(app) as door:
        answer = await door.post("/sso/start", json={})
        assert (answer.status_code, answer.json()["key"]) == (503, "trust.sso.away")


async def test_without_settings_there_is_no_single_sign_on(app: FastAPI, database: Database) -> None:
    async with browser(app) as door:
        assert (await door.get("/sign-in")).json()["sso"] is None
        assert (await door.post("/sso/start", json={})).status_code == 404
        assert (await door.get("/sso/callback")).status_code == 404


async def test_settings_that_cannot_be_used_close_no_other_way(
    app: FastAPI, settings: Settings, database: Database
) -> None:
    written(settings.data, "http://sso.city.example.kr")
    kim = await account(database, "kim", Role.OPERATOR)
    async with seat(app, kim) as desk:
        assert (await desk.get("/me/ways")).json()["sso"] is None
        assert (await desk.get("/sign-in")).json()["sso"] is None
        assert (await desk.post("/sso/start", json={})).json()["key"] == "trust.sso.file_wrong"


# --- the settings ---


@pytest.mark.parametrize(
    ("body", "environment"),
    [
        ('issuer = "http://sso.city.example.kr"\nclient_id = "x"', {}),
        ('issuer = "https://user:pw@sso.city.example.kr"\nclient_id = "x"', {}),
        ('issuer = "https://sso.city.example.kr"', {}),
        ('issuer = "https://a"\nclient_id = "x"\n[roles]\nclaim = "g"\nx = "device"', {}),
        ('issuer = "https://a"\nclient_id = "x"\n[roles]\nx = "operator"', {}),
        ('issuer = "https://a"\nclient_id = "x"\n[roles]\nclaim = "g"\nx = "king"', {}),
        ("not toml =", {}),
        ("", {"DURE_SSO_ISSUER": "https://a"}),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, body: str, environment: dict[str, str]) -> None:
    file = tmp_path / "sso.toml"
    file.write_text(body)
    file.chmod(0o600)
    with pytest.raises(Unavailable):
        sso.of(Settings(tmp_path, "", ""), {**environment, "DURE_SSO_FILE": str(file)})


def test_the_secret_may_stand_in_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("quiet\n")
    secret.chmod(0o644)
    told = {"DURE_SSO_ISSUER": "https://sso.city.example.kr", "DURE_SSO_CLIENT_ID": "dure"}
    told["DURE_SSO_CLIENT_SECRET_FILE"] = str(secret)
    with pytest.raises(Unavailable):
        sso.of(Settings(tmp_path, "", ""), told)
    secret.chmod(0o600)
    sso._read.cache_clear()
    found = sso.of(Settings(tmp_path, "", ""), told)
    assert found is not None
    assert found.client_secret == "quiet"
    assert "quiet" not in repr(found)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


# --- forged tokens, against keys of our own ---

KEY = RSAKey.generate_key(2048, {"kid": "ours", "use": "sig"})
CITY = Sso("https://sso.city.example.kr", "dure")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GOOD = {
    "iss": CITY.issuer,
    "aud": "dure",
    "sub": "s-1",
    "exp": NOW.timestamp() + 300,
    "iat": NOW.timestamp(),
    "nonce": "n",
}


@pytest.fixture
def theirs() -> Provider:
    """A provider whose metadata and keys are known."""
    one = Provider(CITY)
    one._metadata = (time.monotonic(), {"issuer": CITY.issuer, "jwks_uri": "https://sso.city.example.kr/jwks"})
    one._keys = (time.monotonic(), KeySet([RSAKey.import_key(KEY.as_dict(private=False))]))
    return one


def token(key: RSAKey = KEY, alg: str = "RS256", kid: str | None = "ours", **claims: object) -> str:
    header = {"alg": alg, **({"kid": kid} if kid else {})}
    said = {name: value for name, value in {**GOOD, **claims}.items() if value is not None}
    return jwt.encode(header, said, key, algorithms=[alg])


async def test_a_good_token_is_taken(theirs: Provider) -> None:
    assert (await theirs.checked(token(), "n", NOW))["sub"] == "s-1"
    assert (await theirs.checked(token(aud=["dure", "other"], azp="dure"), "n", NOW))["sub"] == "s-1"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"aud": "other"},
        {"aud": ["dure", "other"]},
        {"azp": "other"},
        {"exp": NOW.timestamp() - 61},
        {"iat": NOW.timestamp() + 120},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": None},
        {"iat": None},
        {"aud": None},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
    ],
)
async def test_a_token_for_somebody_else_another_time_or_nobody_is_refused(
    theirs: Provider, claims: dict[str, object]
) -> None:
    with pytest.raises(Refused):
        await theirs.checked(token(**claims), "n", NOW)


async def test_other_signatures_are_refused(theirs: Provider) -> None:
    public = KEY.as_pem(private=False)
    good = token()
    head, body, signature = good.split(".")
    unsigned, shared = (encoded(json.dumps({"alg": alg, "kid": "ours"}).encode()) for alg in ("none", "HS256"))
    shared = f"{shared}.{body}"
    forged = [
        f"{shared}.{encoded(hmac.digest(public, shared.encode(), 'sha256'))}",
        token(RSAKey.generate_key(2048), kid="ours"),
        token(RSAKey.generate_key(2048), kid="unheard of"),
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{unsigned}.{body}.",
        "a.b.c",
        "",
    ]
    for one in forged:
        with pytest.raises(Refused):
            await theirs.checked(one, "n", NOW)


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://sso.city.example.kr/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://169.254.169.254/latest"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
    ],
)
def test_metadata_that_leads_elsewhere_is_refused(told: dict[str, object]) -> None:
    honest = {
        "issuer": CITY.issuer,
        **{name: f"{CITY.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")},
    }
    Provider(CITY)._check_metadata(honest)
    with pytest.raises(Refused):
        Provider(CITY)._check_metadata({**honest, **told})


def test_what_the_provider_says_of_the_proof_is_bounded() -> None:
    later = providers.vouched({**GOOD, "auth_time": NOW.timestamp() + 3600}, NOW)
    assert later.authenticated_at is None
    strange = providers.vouched({**GOOD, "auth_time": True, "amr": "mfa"}, NOW)
    assert (strange.authenticated_at, strange.second) == (None, False)
    good = providers.vouched({**GOOD, "auth_time": NOW.timestamp() - 5, "amr": ["pwd", "mfa"]}, NOW)
    assert good.authenticated_at is not None
    assert good.second


def test_the_settings_file_of_the_docs_is_read(tmp_path: Path) -> None:
    written(tmp_path, "https://sso.city.example.kr", roles=MAPPED)
    found = sso.of(Settings(tmp_path, "", ""), {})
    assert found is not None
    assert found.roles == {"operators": Role.OPERATOR, "leads": Role.SHIFT_LEAD}
    assert json.dumps(found.scopes) == '["openid", "groups"]'
