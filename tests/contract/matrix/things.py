"""What the questions are about: one thing of each kind in the city (where it belongs to somebody, to the first agency),
and what each route is sent, so that an asker who may gets past the door and changes as little as can be.
"""

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from tests.contract.matrix import table
from tests.contract.matrix.askers import INSIDE, NETWORKS, OURS, Credential
from tests.contract.matrix.oracle import Cell

PATIENCE_S = 60
NEVER = 'W/"999999"'
"""A version that nothing has: who may gets a 412 and nothing changes."""
PURPOSE = "정기 점검 훈련"
DEVICE = "matrix-1"


@dataclass
class Things:
    """Ids by the name that a path's parameter has."""

    ids: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)

    def path(self, cell: Cell, asker: Credential) -> str:
        """The address that a cell asks."""
        _, _, path = cell.route.partition(" ")
        if "{session_id}" in path and cell.agency == "own":
            path = path.replace("{session_id}", str(asker.spare))
        for name, value in self.ids.items():
            path = path.replace("{" + name + "}", value)
        return "/api/v1" + path

    def body(self, cell: Cell) -> bytes:
        """The body that a cell sends: what is said of the route, or an empty object, which those who may get a 422
        for.
        """
        if cell.route.startswith("GET "):
            return b""
        body = self.bodies.get(cell.route, {})
        if "purpose" in table.by_route()[cell.route].needs:
            body = {**body, **({"purpose": PURPOSE} if cell.purpose else {})}
            body = body if cell.purpose else {name: value for name, value in body.items() if name != "purpose"}
        return json.dumps(body).encode()


def make(url: str, admin: str, police: Credential, official: Credential, line: psycopg.Connection) -> Things:
    """Fill the city over its own API: a camera, a device that alarms, an incident and an import of the first agency."""
    things = Things()
    inside = httpx.HTTPTransport(local_address=INSIDE)
    with httpx.Client(base_url=url + "/api/v1", transport=inside, timeout=PATIENCE_S) as client:
        api = _Api(client, {"authorization": f"Bearer {admin}"})
        _city(api, things)
        incident = api.post("/incidents", _REPORT, police.headers)
        api.post(f"/incidents/{incident['id']}/handoffs", {"agency": OURS, "kind": "joint", "note": "점검"})
        things.ids["incident_id"] = incident["id"]
        things.ids["handoff_id"] = api.get(f"/incidents/{incident['id']}")["handoffs"][0]["id"]
        things.ids["receipt_no"] = incident["receipt_no"]
        things.ids["run_id"] = api.upload("hydrants", "시설번호,위도,경도\nH-1,36.63,127.43\n", official.headers)["id"]
        client.delete(f"/imports/{things.ids['run_id']}", headers=official.headers)
        caller = {"name": "홍길동", "phone": "010-1234-5678"}
        called = api.post("/incidents", {**_REPORT, "caller": caller}, police.headers)["id"]
        things.ids["called_id"] = called
        things.ids["person_id"] = api.get(f"/incidents/{called}")["reports"][0]["caller_id"]
        things.ids |= _people(line)
        things.ids["market_id"] = _market(line)
        things.ids["token_id"] = api.post("/tokens", {"role": "citizen", "name": "nobody", "expires": "1d"})["id"]
        things.ids["name"] = api.get("/consumers")["items"][0]["name"]
        things.ids["ticket_id"] = str(uuid.uuid4())
        things.ids |= {
            name: str(uuid.uuid4())
            for name in (
                "mask_id",
                "lift_id",
                "export_id",
                "bookmark_id",
                "commissioning_id",
                "recorder_id",
                "stall_id",
                "proposal_id",
                "movement_id",
                "visit_id",
                "report_id",
                "case_id",
                "ward_id",
                "plan_id",
                "quarantine_id",
                "officer_id",
                "station_id",
            )
        }
        things.ids["asset_id"] = api.get("/assets")["items"][0]["id"]
        things.ids["kind"] = "hydrants"
        things.ids["playbook_id"] = api.until("/playbooks")["kind"]
        things.ids["agency_id"] = OURS
        things.ids["item"] = "1.1"
    things.bodies = _bodies(things.ids)
    return things


_REPORT = {"type": "other", "description": "점검", "source": "operator", "lon": 127.43, "lat": 36.63}


class _Api:
    def __init__(self, client: httpx.Client, headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    def get(self, path: str) -> Any:
        answer = self._client.get(path, headers=self._headers)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        answer = self._client.post(path, json=body, headers=headers or self._headers)
        assert answer.status_code in {200, 201, 202}, (path, answer.text)
        return answer.json()

    def upload(self, kind: str, text: str, headers: dict[str, str] | None = None) -> Any:
        file = {"file": (f"{kind}.csv", text.encode())}
        answer = self._client.post("/imports", data={"kind": kind}, files=file, headers=headers or self._headers)
        assert answer.status_code == 201, answer.text
        run = answer.json()
        deadline = time.monotonic() + PATIENCE_S
        while run["state"] == "reading" and time.monotonic() < deadline:
            run = self.get(f"/imports/{run['id']}")
        assert run["state"] == "ready", run
        assert run["counts"]["rejected"] == 0, run
        return run

    def until(self, path: str) -> Any:
        """The first item of a list, once it has one."""
        deadline = time.monotonic() + PATIENCE_S
        while not (items := self.get(path)["items"]):
            assert time.monotonic() < deadline, path
        return items[0]


def _city(api: _Api, things: Things) -> None:
    api.post("/devices", {"id": DEVICE, "kind": "fire_detector", "lon": 127.43, "lat": 36.63, "name": "점검"})
    token = api.post("/tokens", {"role": "service", "name": "sender", "networks": NETWORKS, "expires": "1d"})["token"]
    now = time.time()
    hot = [{"n": f"{DEVICE}/heat", "u": "Cel", "v": 90, "t": now - 7 + n} for n in range(7)]
    api.post("/observations", hot, {"authorization": f"Bearer {token}"})
    for kind, text in (
        ("hydrants", "시설번호,위도,경도\nH-0,36.63,127.43\n"),
        ("cameras", "지점번호,카메라번호,위도,경도,영상주소\nMATRIX,1,36.631,127.431,rtsp://127.0.0.1:9/none\n"),
    ):
        run = api.upload(kind, text)
        api.post(f"/imports/{run['id']}/apply", {})
    things.ids["device_id"], things.ids["camera_id"] = DEVICE, api.until("/cameras")["id"]
    things.ids["alarm_id"] = api.until("/alarms")["id"]
    things.ids["rule_id"] = api.until("/rules")["id"]
    api.until("/assets")


def _people(line: psycopg.Connection) -> dict[str, str]:
    """An account with a session of the first agency that no asker is: what is tried on it hurts nobody."""
    row = line.execute(
        "insert into account (id, username, label, agency_id) values (gen_random_uuid(), 'victim', 'victim', %s) "
        "returning id",
        (OURS,),
    ).fetchone()
    assert row is not None
    session = line.execute(
        "insert into session (id, secret_hash, account_id, created_at, seen_at, expires_at) values "
        "(gen_random_uuid(), '\\x00', %s, now(), now(), now() + interval '1 day') returning id",
        (row[0],),
    ).fetchone()
    assert session is not None
    return {"account_id": str(row[0]), "session_id": str(session[0])}


def _market(line: psycopg.Connection) -> str:
    """A market of the first agency's."""
    row = line.execute(
        "insert into asset (id, kind, code, name) values (gen_random_uuid(), 'market', 'matrix', '점검 시장') "
        "returning id"
    ).fetchone()
    assert row is not None
    line.execute(
        "insert into market_association (market_id, agency_id, set_at, set_by) values (%s, %s, now(), 'system:test')",
        (row[0], OURS),
    )
    return str(row[0])


def _bodies(ids: dict[str, str]) -> dict[str, Any]:
    """What routes about a thing of somebody's are sent: their answer must not come from the body."""
    reason = {"reason": "점검하는 중"}
    incident = "/incidents/{incident_id}"
    return {
        f"POST {incident}/notes": {"text": "점검"},
        f"POST {incident}/handoffs/{{handoff_id}}/acknowledge": {"note": ""},
        f"POST {incident}/handoffs/{{handoff_id}}/decline": reason,
        f"POST {incident}/handoffs/{{handoff_id}}/messages": {"text": "점검"},
        f"POST {incident}/run/items/{{item}}/answer": {"answer": "점검"},
        f"POST {incident}/review/owner": {"due_on": "2036-12-31"},
        f"POST {incident}/review/state": {"state": "open"},
        f"POST {incident}/findings": {"title": "점검"},
        "PATCH /me": {"language": "ko"},
        "POST /video/openings": {"camera_id": ids["camera_id"], "incident_id": ids["incident_id"], "purpose": PURPOSE},
        f"POST {incident}/video-track": {
            "camera_id": ids["camera_id"],
            "at": "2026-01-01T00:00:00Z",
            "mover": "person",
        },
        f"POST {incident}/video-tickets": {
            "purpose": PURPOSE,
            "past_from": "2020-01-01T00:00:00Z",
            "past_until": "2020-01-01T00:10:00Z",
        },
        f"POST {incident}/footage": {
            "camera_ids": [ids["camera_id"]],
            "start": "2020-01-01T00:00:00Z",
            "end": "2020-01-01T00:10:00Z",
            "purpose": PURPOSE,
        },
        f"POST {incident}/bookmarks": {"at": "2020-01-01T00:00:00Z", "note": "점검"},
        "POST /video/exports": {
            "incident_id": ids["incident_id"],
            "camera_ids": [ids["camera_id"]],
            "begin": "2020-01-01T00:00:00Z",
            "end": "2020-01-01T00:10:00Z",
            "purpose": PURPOSE,
        },
        "POST /mask-lifts": {"camera_id": ids["camera_id"], "incident_id": ids["incident_id"], "purpose": PURPOSE},
        # its camera shows nothing (503): who may is told that a field is unknown, and no picture is fetched
        "POST /cameras/{camera_id}/still": {"purpose": PURPOSE, "of": "nothing"},
        "POST /video/watch": {"camera_id": ids["camera_id"], "purpose": PURPOSE},
        "POST /market-fire/markets/{market_id}/commissionings": {"device_id": "nothing", "stall_id": ids["stall_id"]},
        "POST /epidemic/care/{case_id}/looks": {},
        "POST /epidemic/care/{case_id}/end": {"outcome": "died"},
        "POST /epidemic/quarantine/{quarantine_id}/end": {"state": "case"},
        "POST /people/find": {"field": "name", "value": "아무개"},
        "POST /people/{person_id}/open": {"code": "rescue", "case_kind": "incident", "case_id": ids["called_id"]},
        "POST /imports/{run_id}/repair": {"row": 2, "field": "id", "value": "H-2"},
        "POST /audit/exports": {"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"},
    }
