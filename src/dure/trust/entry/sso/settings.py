"""How the city's single sign-on is reached: from a file that only its owner reads, or from the environment; never from
arguments, which every user of the machine can see.

    # DIR/secrets/sso.toml, or the file that DURE_SSO_FILE names, or a systemd credential called sso.toml
    issuer = "https://sso.city.example.kr"
    client_id = "dure"
    client_secret = "..."
    name.ko = "시청 통합인증"
    name.en = "City sign-on"
    [roles]                      # only what stands here is ever taken from it
    claim = "groups"
    create = true                # make an account for who has at least one mapped role,
    agency = "control"           # of this agency
    "cctv-operators" = "operator"

DURE_SSO_ISSUER, DURE_SSO_CLIENT_ID and DURE_SSO_CLIENT_SECRET(_FILE) stand above the file.
"""

import logging
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dure.engine.settings import Settings
from dure.kernel.errors import Unavailable
from dure.trust.roles import MACHINES, Role

NAME = "sso.toml"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sso:
    """One provider. `roles` maps a value of the claim to a role; empty: roles are given in dure alone."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False, default=None)
    name_ko: str = "통합인증"
    name_en: str = "Single sign-on"
    scopes: tuple[str, ...] = ("openid",)
    roles_claim: str | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    create: bool = False
    agency: str | None = None
    ca_file: Path | None = None


def of(settings: Settings, environment: Mapping[str, str] = os.environ) -> Sso | None:
    """The city's provider; None where there is none. Raises Unavailable for a file that cannot be used."""
    path = _path(settings.data, environment)
    told = tuple(sorted((name, value) for name, value in environment.items() if name.startswith("DURE_SSO_")))
    stamp = path.stat().st_mtime_ns if path is not None else 0
    return _read(path, stamp, told)


def offered(settings: Settings) -> Sso | None:
    """The city's provider, for screens: settings that cannot be used close no other way in."""
    try:
        return of(settings)
    except Unavailable as error:
        log.warning("single sign-on is not offered: %s", error)
        return None


@lru_cache(maxsize=8)
def _read(path: Path | None, _stamp: int, told: tuple[tuple[str, str], ...]) -> Sso | None:
    environment = dict(told)
    try:
        written: dict[str, Any] = tomllib.loads(_closed(path).decode()) if path is not None else {}
        found = _sso(written, environment)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Unavailable("trust.sso.file_wrong", path=str(path)) from error
    return found


def _path(data: Path, environment: Mapping[str, str]) -> Path | None:
    credentials = environment.get("CREDENTIALS_DIRECTORY")
    places = [environment.get("DURE_SSO_FILE"), f"{credentials}/{NAME}" if credentials else None]
    named = [Path(one) for one in places if one]
    return next((one for one in [*named, data / "secrets" / NAME] if one.is_file()), None)


def _closed(path: Path) -> bytes:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise Unavailable("trust.sso.file_open", path=str(path))
    return path.read_bytes()


def _sso(written: Mapping[str, Any], environment: Mapping[str, str]) -> Sso | None:
    def told(name: str) -> str | None:
        value = environment.get(f"DURE_SSO_{name.upper()}") or written.get(name)
        return str(value) if value else None

    issuer, client = told("issuer"), told("client_id")
    if issuer is None and client is None:
        return None
    if issuer is None or client is None or not safe(issuer):
        raise ValueError("issuer")
    secret, file = told("client_secret"), told("client_secret_file")
    if secret is None and file is not None:
        secret = _closed(Path(file)).decode().strip()
    mapped = dict(written.get("roles", {}))
    claim, create, agency = mapped.pop("claim", None), mapped.pop("create", False), mapped.pop("agency", None)
    roles = {str(value): Role(role) for value, role in mapped.items()}
    if set(roles.values()) & MACHINES or (roles and not claim) or not isinstance(create, bool):
        raise ValueError("roles")
    names = written.get("name", {})
    authority = told("ca_file")
    return Sso(
        issuer=issuer,
        client_id=client,
        client_secret=secret,
        name_ko=str(names.get("ko", "통합인증")),
        name_en=str(names.get("en", "Single sign-on")),
        scopes=tuple(dict.fromkeys(["openid", *map(str, written.get("scopes", []))])),
        roles_claim=str(claim) if claim else None,
        roles=roles,
        create=create,
        agency=str(agency) if agency else None,
        ca_file=Path(authority) if authority else None,
    )


def safe(url: str) -> bool:
    """Whether a provider's address may be asked: TLS, or this machine itself."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _here(parts.hostname))


def _here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
