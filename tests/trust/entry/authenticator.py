"""An authenticator in software: what a phone or a security key would answer, and what a forged one would."""

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "http://localhost:8080"
PRESENT, VERIFIED, ATTESTED = 1, 4, 64


def encoded(plain: bytes) -> str:
    return urlsafe_b64encode(plain).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Key:
    """One passkey."""

    id: bytes
    private: ec.EllipticCurvePrivateKey
    rp: str
    user: bytes
    count: int = 0


@dataclass
class Authenticator:
    """Holds passkeys. `flags` and `origin` may be set to what no honest one would say."""

    origin: str = ORIGIN
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    keys: list[Key] = field(default_factory=list)

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answers `navigator.credentials.create`."""
        private = ec.generate_private_key(ec.SECP256R1())
        made = Key(os.urandom(32), private, options["rp"]["id"], decoded(options["user"]["id"]))
        self.keys.append(made)
        point = private.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        attested = bytes(16) + len(made.id).to_bytes(2, "big") + made.id + public
        told = self._told(made.rp, self.flags | ATTESTED, made.count) + attested
        client = self._client("webauthn.create", options["challenge"])
        response = {
            "clientDataJSON": encoded(client),
            "attestationObject": encoded(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": told})),
            "transports": ["internal", "hybrid"],
        }
        return self._credential(made, response)

    def use(self, options: dict[str, Any], *, key: Key | None = None, challenge: str | None = None) -> dict[str, Any]:
        """Answers `navigator.credentials.get`, with the last passkey for the asked name."""
        chosen = key or [one for one in self.keys if one.rp == options["rpId"]][-1]
        if self.counts:
            chosen.count += 1
        told = self._told(chosen.rp, self.flags, chosen.count)
        client = self._client("webauthn.get", challenge or options["challenge"])
        signature = chosen.private.sign(told + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": encoded(client),
            "authenticatorData": encoded(told),
            "signature": encoded(signature),
            "userHandle": encoded(chosen.user),
        }
        return self._credential(chosen, response)

    def _told(self, rp: str, flags: int, count: int) -> bytes:
        return hashlib.sha256(rp.encode()).digest() + bytes((flags,)) + count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _credential(self, key: Key, response: dict[str, Any]) -> dict[str, Any]:
        return {"id": encoded(key.id), "rawId": encoded(key.id), "type": "public-key", "response": response}
