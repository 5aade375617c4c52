"""No write takes a field that it does not name: what the server sets, a client cannot."""

from typing import Any

import pytest

from tests.trust.who.conftest import Desk

NOBODY = "00000000-0000-7000-8000-000000000000"
SPAN = {"starts_at": "2026-03-02T10:00:00Z", "ends_at": "2026-03-03T10:00:00Z"}
ROLES = [{"role": "fire"}]
WRITES: dict[tuple[str, str], dict[str, Any]] = {
    ("PUT", f"/accounts/{NOBODY}/roles"): {"roles": ROLES},
    ("POST", f"/accounts/{NOBODY}/move"): {"agency_id": "fire", "roles": ROLES, "reason": "인사 발령"},
    ("POST", f"/accounts/{NOBODY}/leave"): {"reason": "인사 발령"},
    ("POST", f"/accounts/{NOBODY}/not-shared"): {"reason": "인사 발령"},
    ("POST", "/accounts"): {"username": "kim", "roles": ["fire"]},
    ("PATCH", f"/accounts/{NOBODY}"): {"label": "x"},
    ("POST", "/invitations"): {"label": "x", "agency_id": "fire", "roles": ROLES},
    ("POST", "/join"): {"token": "x", "username": "kim", "password": "a long enough sentence"},
    ("POST", "/agencies"): {"id": "x", "kind": "x", "name": "x"},
    ("PATCH", "/agencies/fire"): {"name": "x"},
    ("POST", "/tokens"): {"role": "service", "name": "x"},
    ("POST", "/duties"): {"account_id": NOBODY, "kind": "shift", "post": "x", **SPAN},
    ("POST", "/delegations"): {"to_account": NOBODY, "roles": ["fire"], "reason": "휴가 대리", **SPAN},
    ("POST", "/service-accounts"): {"name": "x", "agency_id": "fire", "owner_id": NOBODY, "purposes": ["x"]},
    ("PATCH", f"/service-accounts/{NOBODY}"): {"purposes": ["x"]},
    ("POST", f"/service-accounts/{NOBODY}/keys"): {"name": "x"},
}
PROTECTED = (
    *("id", "version", "created_at", "updated_at", "created_by", "granted_by", "revoked_at", "cancelled_at", "left_at"),
    *("used_at", "expires_at", "secret_hash", "password_hash", "shared_suspected_at", "from_account", "is_admin"),
    *("service_account_id", "permissions", "grants", "actor", "__proto__", "signed_in_at"),
)


async def test_every_write_refuses_unknown_and_protected_fields(admin: Desk) -> None:
    for (method, path), body in WRITES.items():
        good = await admin.client.request(method, path, json=body)
        assert "engine.fields.unknown" not in good.text, (method, path)
        for field in sorted(set(PROTECTED) - body.keys()):
            answer = await admin.client.request(method, path, json={**body, field: "x"})
            assert answer.status_code == 422, (method, path, field, answer.text)
            assert [one["field"] for one in answer.json()["errors"]] == [field], (method, path, field)
    for path in ("/invitations", f"/accounts/{NOBODY}/move"):
        body = {**WRITES[("POST", path)], "roles": [{"role": "fire", "granted_by": "x"}]}
        assert (await admin.client.post(path, json=body)).status_code == 422


@pytest.mark.parametrize("path", ["/invitations", "/duties", "/delegations", "/service-accounts", "/colleagues"])
async def test_a_cursor_that_dure_did_not_make_is_refused(admin: Desk, path: str) -> None:
    assert (await admin.client.get(f"{path}?cursor=zzz")).status_code == 422
    assert (await admin.client.get(f"{path}?limit=0")).status_code == 422


async def test_a_write_that_is_tried_again_is_done_once(admin: Desk) -> None:
    body = {"account_id": str(admin.id), "kind": "on_call", "post": "당직", **SPAN}
    both = [await admin.client.post("/duties", json=body, headers={"idempotency-key": "one"}) for _ in range(2)]
    assert [answer.status_code for answer in both] == [201, 201]
    assert both[0].json() == both[1].json()
    assert both[1].headers["idempotent-replayed"] == "true"
    assert len((await admin.client.get("/duties")).json()["items"]) == 1
    machine = {"name": "x", "agency_id": "control", "owner_id": str(admin.id), "purposes": ["x"]}
    url = f"/service-accounts/{(await admin.client.post('/service-accounts', json=machine)).json()['id']}"
    tag = (await admin.client.get(url)).headers["etag"]
    answers = [await admin.client.patch(url, json={"purposes": [n]}, headers={"if-match": tag}) for n in "ab"]
    assert [answer.status_code for answer in answers] == [200, 412]
