"""The incidents, the city and this service on one real database, with two markets of two associations."""

from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dure.city.room import ROOM as CITY
from dure.detect.room import ROOM as DETECT
from dure.engine import edge
from dure.engine.context import Context
from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.texts import catalogue
from dure.kernel.ids import new_id
from dure.respond.room import ROOM as RESPOND
from dure.services.market_fire import service
from dure.trust import vault
from dure.trust.policy import union
from dure.trust.purposes import cases
from dure.trust.room import ROOM as TRUST
from dure.trust.vault import Person
from dure.trust.web import install
from tests.respond.conftest import clock, database, desk, operator  # noqa: F401  # the same city
from tests.support import open_room

AT = (127.38, 36.35)


@pytest.fixture
def app(database: Database, database_url: str, tmp_path) -> FastAPI:  # type: ignore[no-untyped-def]  # noqa: F811
    """The routes behind the real edge and policy."""
    app = edge.build(title="test", version="0", limits={})
    settings = Settings(tmp_path, database_url, "nats://nowhere", public_url="http://city")
    app.state.context = Context(settings, database, None, catalogue())  # type: ignore[arg-type]
    service.register()
    cases.install(RESPOND.cases)
    install(app, union([TRUST.grants, RESPOND.grants, CITY.grants, DETECT.grants, service.ROOM.grants]))
    for room in (RESPOND, service.ROOM):
        open_room(app, room.router)
    return app


@pytest.fixture
async def town(database: Database) -> dict[str, Any]:  # noqa: F811
    """Markets `east` (stalls 1 to 4 in 가동, with owners, detectors e-1 to e-3, a spare one) and `west` (one stall)."""
    made: dict[str, Any] = {"stalls": {}}
    async with database.transaction() as tx:
        for name in ("east", "west"):
            await tx.execute(
                text("insert into agency (id, kind, name, name_en) values (:id, 'merchants', :name, :name)"),
                {"id": f"merchants-{name}", "name": f"{name} 상인회"},
            )
            made[name] = new_id()
            await tx.execute(
                text(
                    "insert into asset (id, kind, code, name, agency, lon, lat, road_address) "
                    "values (:id, 'market', :name, :title, :agency, :lon, :lat, '시장로 1')"
                ),
                {
                    "id": made[name], "name": name, "title": f"{name} 시장", "agency": f"{name} 상인회",
                    "lon": AT[0] + (0.01 if name == "west" else 0), "lat": AT[1],
                },
            )  # fmt: skip
        owner, _ = await vault.of(tx).put(tx, Person(name="박점주", phone="010-1234-5678", devices=("e-2",)))
        made["owner"] = owner
        for number in (1, 2, 3, 4):
            made["stalls"][number] = await _stall(tx, made["east"], "east", number, owner if number == 2 else None)
        made["west_stall"] = await _stall(tx, made["west"], "west", 1, None)
        for id_, stall in (("e-1", 1), ("e-2", 2), ("e-3", 3), ("e-9", None)):
            await _device(tx, id_, None if stall is None else made["stalls"][stall])
        await _device(tx, "w-1", made["west_stall"])
        for kind, code, lon, attrs in (
            ("gate", "east/가/E", 0.0003, '{"zone": "가동"}'),
            ("shutoff", "east/가/gas", 0.0002, '{"shuts": "gas", "zone": "가동"}'),
        ):
            await tx.execute(
                text(
                    "insert into asset (id, kind, code, name, parent_id, lon, lat, attrs) "
                    "values (:id, :kind, :code, :code, :parent, :lon, :lat, cast(:attrs as jsonb))"
                ),
                {
                    "id": new_id(), "kind": kind, "code": code, "parent": made["east"], "lon": AT[0] + lon,
                    "lat": AT[1], "attrs": attrs,
                },
            )  # fmt: skip
        await tx.execute(
            text(
                "insert into asset (id, kind, code, name, lon, lat) "
                "values (:id, 'hydrant', 'H-1', '소화전 1', :lon, :lat)"
            ),
            {"id": new_id(), "lon": AT[0] + 0.0005, "lat": AT[1]},
        )
    return made


async def _stall(tx: Any, market: UUID, code: str, number: int, owner: UUID | None) -> UUID:
    id_ = new_id()
    attrs = {"zone": "가동", "floor": "1", "number": str(number), "shop": f"가게 {number}", "business": "국밥"}
    await tx.execute(
        text(
            "insert into asset (id, kind, code, name, parent_id, person_id, attrs) values (:id, 'stall', :code, :name, "
            ":parent, :owner, jsonb_build_object('zone', cast(:zone as text), 'floor', cast(:floor as text), "
            "'number', cast(:number as text), 'shop', cast(:shop as text), 'business', cast(:business as text), "
            "'fire', '가스'))"
        ),
        {
            "id": id_, "code": f"{code}/가동/1/{number}", "name": f"가동 {number}호", "parent": market, "owner": owner,
            **attrs,
        },
    )  # fmt: skip
    return id_


async def _device(tx: Any, id_: str, stall: UUID | None) -> None:
    await tx.execute(
        text(
            "insert into device (id, kind, name, asset_id, interval_s, last_seen) "
            "values (:id, 'fire_detector', :id, :stall, 10, :now)"
        ),
        {"id": id_, "stall": stall, "now": tx.now()},
    )
