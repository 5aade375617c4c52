"""The city's provider as it is reached: its metadata, its keys, and the exchange of a code for a checked ID token.

OpenID Connect Core 1.0 sections 3.1.3 and 3.1.3.7, Discovery 1.0 section 4, RFC 9700. Nothing that the provider sends
is followed anywhere but to addresses that its own metadata names, over TLS.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote_plus, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from dure.kernel.errors import Unavailable
from dure.trust.entry.sso.settings import Sso, safe

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a private key. `none` and those made with a shared secret are never taken."""
LEEWAY_S = 60
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_AGE_S = 300
_LONGEST = 255
_TIMEOUT_S = 5.0
_MOST_BYTES = 256 << 10
_METADATA_S = 3600.0
_KEYS_S = 600.0
_AGAIN_S = 10.0
"""How soon keys are asked for again when a token names one that is not among them: rotation, not a flood."""


class Refused(Exception):
    """The provider, or somebody in its name, said what cannot be taken. The reason is for the log."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for; when they proved themselves there, and how (`factors`: amr, RFC 8176)."""

    subject: str
    authenticated_at: datetime | None
    factors: frozenset[str]
    claims: Mapping[str, Any]
    token: str = field(default="", repr=False)

    @property
    def sid(self) -> str | None:
        """The provider's own session, where it names one."""
        named = self.claims.get("sid")
        return named if isinstance(named, str) and 0 < len(named) <= _LONGEST else None

    @property
    def second(self) -> bool:
        """Whether by two factors, or one that is bound to hardware."""
        return bool(self.factors & {"mfa", "otp", "hwk", "sc", "pop"})


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """Who is out at the provider: a subject, one of its sessions, or both. `id` is the token's own."""

    id: str
    subject: str | None
    sid: str | None


class Provider:
    """One provider; what it publishes is kept for a while. Raises Unavailable while it cannot be reached."""

    def __init__(self, sso: Sso) -> None:
        self.sso = sso
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._lock = asyncio.Lock()

    async def metadata(self) -> dict[str, Any]:
        """What the provider publishes of itself, with addresses that may be asked."""
        async with self._lock:
            if self._metadata is None or time.monotonic() - self._metadata[0] > _METADATA_S:
                address = f"{self.sso.issuer.rstrip('/')}/.well-known/openid-configuration"
                told = await self._asked("GET", address)
                self._check_metadata(told)
                self._metadata = (time.monotonic(), told)
            return self._metadata[1]

    def _check_metadata(self, told: Mapping[str, Any]) -> None:
        if told.get("issuer") != self.sso.issuer:
            raise Refused("the metadata is of another issuer")
        here = urlsplit(self.sso.issuer).scheme == "http"
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            address = told.get(name)
            if not isinstance(address, str) or not safe(address) or (not here and not address.startswith("https://")):
                raise Refused(f"{name} is no address that may be asked")

    async def exchanged(self, code: str, verifier: str, redirect_uri: str, nonce: str, now: datetime) -> Vouched:
        """Whom a code vouches for. Raises Refused for anything that does not hold."""
        metadata = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        auth = None
        if self.sso.client_secret is None:
            form["client_id"] = self.sso.client_id
        elif "client_secret_basic" in metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            auth = httpx.BasicAuth(_form(self.sso.client_id), _form(self.sso.client_secret))
        else:
            form |= {"client_id": self.sso.client_id, "client_secret": self.sso.client_secret}
        told = await self._asked("POST", metadata["token_endpoint"], data=form, auth=auth)
        token = told.get("id_token")
        if not isinstance(token, str):
            raise Refused("no ID token")
        claims = await self.checked(token, nonce, now)
        if self.sso.roles_claim and self.sso.roles_claim not in claims:
            claims = {**claims, **await self._user(metadata, told.get("access_token"), claims["sub"])}
        return replace(vouched(claims, now), token=token)

    async def checked(self, token: str, nonce: str, now: datetime) -> dict[str, Any]:
        """The claims of an ID token that is for us, for this attempt, and valid now. Raises Refused."""
        claims = (await self._opened(token)).claims
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.sso.issuer},
            aud={"essential": True, "value": self.sso.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise Refused(str(error)) from error
        audience, party = claims["aud"], claims.get("azp")
        if (isinstance(audience, list) and len(audience) > 1 and party is None) or party not in {
            None,
            self.sso.client_id,
        }:
            raise Refused("the token is for another party")
        if not 0 < len(claims["sub"]) <= _LONGEST:
            raise Refused("no subject")
        return claims

    async def logout(self, token: str, now: datetime) -> LogoutToken:
        """What a logout token says (Back-Channel Logout 1.0 section 2.6). Raises Refused for anything that does not
        hold.
        """
        read = await self._opened(token)
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.sso.issuer},
            aud={"essential": True, "value": self.sso.client_id},
            iat={"essential": True},
            jti={"essential": True},
        )
        try:
            registry.validate(read.claims)
        except JoseError as error:
            raise Refused(str(error)) from error
        return logout_of(read.header, read.claims, now)

    async def _opened(self, token: str) -> jwt.Token:
        keys = await self._published()
        try:
            return self._read(token, keys)
        except (BadSignatureError, InvalidKeyIdError):
            return self._read(token, await self._published(again=True), last=True)

    def _read(self, token: str, keys: KeySet, *, last: bool = False) -> jwt.Token:
        try:
            read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
            return jwt.Token(read.header, dict(read.claims))
        except (BadSignatureError, InvalidKeyIdError) as error:
            if last:
                raise Refused(str(error)) from error
            raise
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Refused(str(error)) from error

    async def _published(self, *, again: bool = False) -> KeySet:
        """The provider's public keys; `again` asks anew, for keys change."""
        metadata = await self.metadata()
        async with self._lock:
            age = time.monotonic() - self._keys[0] if self._keys else None
            if age is None or age > _KEYS_S or (again and age > _AGAIN_S):
                told = await self._asked("GET", metadata["jwks_uri"])
                self._keys = (time.monotonic(), _signing(told))
            assert self._keys is not None
            return self._keys[1]

    async def _user(self, metadata: Mapping[str, Any], access: object, subject: str) -> dict[str, Any]:
        """Claims that the provider keeps out of the ID token (Core section 5.3)."""
        address = metadata.get("userinfo_endpoint")
        if not isinstance(address, str) or not safe(address) or not isinstance(access, str):
            return {}
        told = await self._asked("GET", address, headers={"authorization": f"Bearer {access}"})
        if told.get("sub") != subject:
            raise Refused("the user's claims are somebody else's")
        return {name: value for name, value in told.items() if name == self.sso.roles_claim}

    async def _asked(self, method: str, address: str, **given: Any) -> dict[str, Any]:
        try:
            async with (
                httpx.AsyncClient(verify=_trusted(self.sso), timeout=_TIMEOUT_S, trust_env=False) as client,
                client.stream(method, address, **given) as answer,
            ):
                body = bytearray()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        raise Refused("the provider's answer is too long")
        except (httpx.HTTPError, OSError) as error:
            raise Unavailable("trust.sso.away") from error
        if answer.status_code >= 500:
            raise Unavailable("trust.sso.away")
        try:
            told = json.loads(body)
        except ValueError as error:
            raise Refused("the provider's answer is no JSON") from error
        if answer.status_code != 200 or not isinstance(told, dict):
            raise Refused(f"the provider answered {answer.status_code}")
        return cast("dict[str, Any]", told)


def vouched(claims: Mapping[str, Any], now: datetime) -> Vouched:
    """What the claims say of the person."""
    at, factors = claims.get("auth_time"), claims.get("amr")
    then = None
    if isinstance(at, int | float) and not isinstance(at, bool) and 0 < at <= now.timestamp() + LEEWAY_S:
        then = min(datetime.fromtimestamp(at, now.tzinfo), now)
    told = frozenset(one for one in factors if isinstance(one, str)) if isinstance(factors, list) else frozenset[str]()
    return Vouched(str(claims["sub"]), then, told, claims)


def logout_of(header: Mapping[str, Any], claims: Mapping[str, Any], now: datetime) -> LogoutToken:
    """What the claims of a logout token say; its signature, issuer and audience hold. Raises Refused for an ID token
    (it has a nonce, or tells no such event), an old one, and one that names nobody.

    The final specification asks for `exp`, too; providers of the drafts leave it out, so that age is bounded by `iat`.
    """
    if str(header.get("typ", "logout+jwt")).lower() not in {"logout+jwt", "jwt"}:
        raise Refused("the token is of another type")
    events = claims.get("events")
    if "nonce" in claims or not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise Refused("the token tells of no logout")
    if now.timestamp() - claims["iat"] > LOGOUT_AGE_S + LEEWAY_S:
        raise Refused("the logout token is old")
    subject, sid, id_ = claims.get("sub"), claims.get("sid"), claims["jti"]
    for one in (subject, sid, id_):
        if one is not None and not (isinstance(one, str) and 0 < len(one) <= _LONGEST):
            raise Refused("the token names nobody that can be")
    if subject is None and sid is None:
        raise Refused("the token names nobody")
    return LogoutToken(id_, subject, sid)


_providers: dict[str, Provider] = {}


def of(sso: Sso) -> Provider:
    """The provider of these settings, with what is known of it; other settings are another provider."""
    key = repr(sso) + str(hash(sso.client_secret))
    if key not in _providers:
        _providers.clear()
        _providers[key] = Provider(sso)
    return _providers[key]


def _signing(told: Mapping[str, Any]) -> KeySet:
    keys = told.get("keys")
    usable = [
        one
        for one in (keys if isinstance(keys, list) else [])
        if isinstance(one, dict) and one.get("kty") in {"RSA", "EC", "OKP"} and one.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Refused("the provider's keys cannot be read") from error


def _trusted(sso: Sso) -> ssl.SSLContext | bool:
    return ssl.create_default_context(cafile=str(sso.ca_file)) if sso.ca_file else True


def _form(text: str) -> str:
    """Basic authentication carries form-encoded values (RFC 6749 section 2.3.1)."""
    return quote_plus(text)
