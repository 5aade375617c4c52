"""NATS identities: ed25519 keys in NATS's own text form, and the JWTs that an auth callout answers with.

Text form: base32 (RFC 4648, no padding) of prefix byte, 32 key bytes, CRC-16/XMODEM (little-endian). A seed carries two
prefix bytes: 5 bits "seed", 8 bits of the kind. Source: nats-io/nkeys and nats-io/jwt (version 2 claims), ADR-26
(auth callout).
"""

import base64
import binascii
import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Kind = Literal["account", "user", "server"]
_PREFIX: Final[dict[Kind, int]] = {"account": 0 << 3, "user": 20 << 3, "server": 13 << 3}
_SEED: Final = 18 << 3


class BadKey(ValueError):
    """Not a key in NATS's text form, or of another kind."""


class BadToken(ValueError):
    """Not a JWT that its issuer signed."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A NATS identity. `seed` is secret (starts with "S"); `public` names it (starts with "A", "U" or "N")."""

    kind: Kind
    raw: bytes

    @property
    def seed(self) -> str:
        """The secret in text form."""
        prefix = _PREFIX[self.kind]
        return _text(bytes([_SEED | prefix >> 5, (prefix & 31) << 3]) + self.raw)

    @property
    def public(self) -> str:
        """The public key in text form."""
        key = Ed25519PrivateKey.from_private_bytes(self.raw).public_key().public_bytes_raw()
        return _text(bytes([_PREFIX[self.kind]]) + key)

    def sign(self, data: bytes) -> bytes:
        """The 64-byte ed25519 signature."""
        return Ed25519PrivateKey.from_private_bytes(self.raw).sign(data)


def new_key(kind: Kind) -> KeyPair:
    """A fresh identity."""
    return KeyPair(kind, os.urandom(32))


def from_seed(seed: str) -> KeyPair:
    """The identity behind a seed. Raises BadKey."""
    body = _bytes(seed.strip())
    if len(body) != 34 or body[0] & 0xF8 != _SEED:
        raise BadKey("not a seed")
    prefix = (body[0] & 7) << 5 | body[1] >> 3
    for kind, value in _PREFIX.items():
        if value == prefix:
            return KeyPair(kind, body[2:])
    raise BadKey("a seed of another kind")


def public_bytes(public: str, kind: Kind) -> bytes:
    """The 32 bytes of a public key in text form. Raises BadKey when it is not one of this kind."""
    body = _bytes(public)
    if len(body) != 33 or body[0] != _PREFIX[kind]:
        raise BadKey(f"not the public key of a {kind}")
    return body[1:]


def signed(claims: Mapping[str, Any], issuer: KeyPair) -> str:
    """A NATS JWT of these claims; `iat`, `iss` and `jti` are filled in. Times are Unix seconds."""
    body = {**claims, "iat": int(time.time()), "iss": issuer.public, "jti": ""}
    body["jti"] = _base32(hashlib.new("sha512_256", _json(body)).digest())
    head = _base64(_json({"typ": "JWT", "alg": "ed25519-nkey"}))
    text = f"{head}.{_base64(_json(body))}"
    return f"{text}.{_base64(issuer.sign(text.encode()))}"


def read_token(token: str, kind: Kind) -> dict[str, Any]:
    """The claims of a NATS JWT whose signature is its own issuer's, an identity of this kind. Raises BadToken."""
    try:
        head, body, signature = token.split(".")
        header, claims = json.loads(_unbase64(head)), json.loads(_unbase64(body))
        key = Ed25519PublicKey.from_public_bytes(public_bytes(claims["iss"], kind))
        key.verify(_unbase64(signature), f"{head}.{body}".encode())
    except (ValueError, KeyError, TypeError, InvalidSignature) as error:
        raise BadToken("not a token of a known form with a true signature") from error
    if not isinstance(claims, dict) or header.get("alg") != "ed25519-nkey":
        raise BadToken("not a NATS token")
    return claims


@dataclass(frozen=True, slots=True)
class CalloutRequest:
    """What nats-server asks when somebody signs in: who, with what, from where (`client_type` is "mqtt" or "nats")."""

    server_id: str
    user_nkey: str
    username: str
    password: str
    host: str
    client_type: str
    client_id: int = 0


def read_callout(token: str) -> CalloutRequest:
    """The question of an auth callout (subject `$SYS.REQ.USER.AUTH`). Raises BadToken."""
    claims = read_token(token, "server")
    try:
        asked = claims["nats"]
        options, client = asked["connect_opts"], asked["client_info"]
        return CalloutRequest(
            server_id=str(asked["server_id"]["id"]),
            user_nkey=str(asked["user_nkey"]),
            username=str(options.get("user", "")),
            password=str(options.get("pass", "")),
            host=str(client.get("host", "")),
            client_type=str(client.get("type", "")),
            client_id=int(client.get("id", 0)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadToken("not the question of an auth callout") from error


def allow(
    request: CalloutRequest,
    issuer: KeyPair,
    *,
    publish: Sequence[str],
    subscribe: Sequence[str] = (),
    account: str = "CITY",
    expires_s: int | None = None,
) -> str:
    """The answer that lets a client in, to publish and subscribe to these NATS subjects only (`/` of MQTT is `.`).

    An empty `subscribe` or `publish` allows none. `expires_s` ends the connection after so many seconds.
    """
    user: dict[str, Any] = {
        "sub": request.user_nkey,
        "aud": account,
        "name": request.username,
        "nats": {
            "pub": _permission(publish),
            "sub": _permission(subscribe),
            "subs": -1,
            "data": -1,
            "payload": -1,
            "type": "user",
            "version": 2,
        },
    }
    if expires_s is not None:
        user["exp"] = int(time.time()) + expires_s
    return _answer(request, issuer, {"jwt": signed(user, issuer)})


def refuse(request: CalloutRequest, issuer: KeyPair, reason: str) -> str:
    """The answer that keeps a client out. `reason` goes to the server's log, not to the client."""
    return _answer(request, issuer, {"error": reason})


def _answer(request: CalloutRequest, issuer: KeyPair, body: Mapping[str, str]) -> str:
    claims = {
        "sub": request.user_nkey,
        "aud": request.server_id,
        "nats": {**body, "type": "authorization_response", "version": 2},
    }
    return signed(claims, issuer)


def _permission(subjects: Sequence[str]) -> dict[str, list[str]]:
    return {"allow": list(subjects)} if subjects else {"deny": [">"]}


def _text(body: bytes) -> str:
    return _base32(body + binascii.crc_hqx(body, 0).to_bytes(2, "little"))


def _bytes(text: str) -> bytes:
    try:
        whole = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError) as error:
        raise BadKey("not base32") from error
    body, check = whole[:-2], whole[-2:]
    if len(whole) < 3 or binascii.crc_hqx(body, 0).to_bytes(2, "little") != check:
        raise BadKey("the check digits do not fit")
    return body


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
