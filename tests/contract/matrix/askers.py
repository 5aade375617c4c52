"""Everybody who asks: for each role, agency and standing a token or a signed-in account, written straight into the
database of a running city, so that no way of signing in stands between the matrix and what it measures.
"""

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg

from tests.contract.matrix import table
from tests.contract.matrix.oracle import AGENCIES, ASKERS, MACHINES, Agency, Asker, Cell

OURS, THEIRS = "matrix-a", "matrix-b"
AGENCY = {"own": OURS, "other": THEIRS, "none": None}
INSIDE, OUTSIDE = "127.51.0.1", "127.52.0.1"
NETWORKS = ["127.51.0.0/16"]
"""Where the agencies (and tokens without one) may come from; every address of 127/8 is this machine."""


@dataclass(frozen=True)
class Credential:
    """What somebody presents, and the id of their token or account; `spare` is another session of an account's."""

    id: UUID
    headers: dict[str, str]
    spare: UUID | None = None


Key = tuple[str, Agency, Asker]


def make(line: psycopg.Connection, cookie: str, origin: str) -> dict[Key, Credential]:
    """All credentials by (role, agency, asker)."""
    for agency in (OURS, THEIRS):
        line.execute(
            "insert into agency (id, kind, name, name_en, networks) values (%s, 'other', %s, %s, %s) "
            "on conflict (id) do nothing",
            (agency, f"기관 {agency}", agency, NETWORKS),
        )
    made: dict[Key, Credential] = {}
    for role in table.roles():
        for agency in AGENCIES:
            for asker in ASKERS:
                if asker in {"token", "expired"} or (role in MACHINES and asker == "suspended"):
                    made[role, agency, asker] = _token(line, role, AGENCY[agency], asker)
                elif role not in MACHINES:
                    made[role, agency, asker] = _account(line, role, agency, asker, cookie, origin)
    return made


def _secret(kind: str) -> tuple[str, bytes]:
    presented = f"{kind}_{secrets.token_urlsafe(32)}"
    return presented, hashlib.sha256(presented.encode()).digest()


def _token(line: psycopg.Connection, role: str, agency: str | None, asker: Asker) -> Credential:
    presented, digest = _secret("duret")
    id_ = uuid4()
    line.execute(
        "insert into token (id, secret_hash, name, role, agency_id, networks, created_by, created_at, expires_at, "
        "revoked_at) values (%s, %s, 'matrix', %s, %s, %s, 'system:test', now() - interval '2 days', "
        "now() + %s * interval '1 day', case when %s then now() end)",
        (id_, digest, role, agency, NETWORKS, -1 if asker == "expired" else 1, asker == "suspended"),
    )
    return Credential(id_, {"authorization": f"Bearer {presented}"})


def _account(line: psycopg.Connection, role: str, agency: Agency, asker: Asker, cookie: str, origin: str) -> Credential:
    account = uuid4()
    line.execute(
        "insert into account (id, username, label, agency_id, state, shared_suspected_at) "
        "values (%s, %s, %s, %s, %s, case when %s then now() end)",
        (
            account,
            f"{role}.{agency}.{asker}",
            role,
            AGENCY[agency],
            "suspended" if asker == "suspended" else "active",
            asker == "shared",
        ),
    )
    line.execute("insert into grant_role (account_id, role, granted_by) values (%s, %s, 'test')", (account, role))
    presented, _own = _session(line, account)
    _other, spare = _session(line, account)
    return Credential(account, {"cookie": f"{cookie}={presented}", "origin": origin}, spare)


def _session(line: psycopg.Connection, account: UUID) -> tuple[str, UUID]:
    presented, digest = _secret("dures")
    id_ = uuid4()
    line.execute(
        "insert into session (id, secret_hash, account_id, created_at, seen_at, expires_at, second, proven_at) "
        "values (%s, %s, %s, now(), now(), now() + interval '1 day', true, now())",
        (id_, digest, account),
    )
    return presented, id_


def refresh(line: psycopg.Connection) -> None:
    """Everybody was here a moment ago, and their sessions stand, whatever a request has done to them."""
    line.execute("update session set seen_at = now(), proven_at = now(), revoked_at = null where browser is null")


def asks(cell: Cell) -> bool:
    """Whether somebody like this can be: an account without an agency has no approved network to be outside of, and a
    token has no session of its own.
    """
    if cell.agency == "none" and cell.account and not cell.network:
        return False
    return cell.account or cell.agency != "own" or "{session_id}" not in cell.route
