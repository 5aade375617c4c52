"""Whom the manual means: the owner of the stall that spoke, and all of its block, in one hall of one market."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.geometry import LonLat
from dure.kernel.ids import new_id
from dure.kernel.severity import Severity
from dure.notices.model import To
from dure.respond.model import Mode, Source
from dure.respond.opening import Opening, Place, open_incident
from dure.respond.playbooks.model import Party, PartyKind
from dure.respond.runs import parties
from dure.respond.types import TYPES
from dure.services.market_fire import groups

NOW = datetime(2026, 12, 5, 3, 0, tzinfo=UTC)
STALLS = (("M1", "ga", "1"), ("M1", "ga", "2"), ("M1", "na", "1"), ("M2", "ga", "1"))


@pytest.fixture
async def owners(database: Database) -> dict[str, UUID]:
    """Who has which stall, by the id of its detector. One owner has two stalls of the first hall."""
    people: dict[str, UUID] = {}
    async with database.transaction() as tx:
        markets = {code: new_id() for code in ("M1", "M2")}
        for code, id_ in markets.items():
            await tx.execute(
                text("insert into asset (id, kind, code, name) values (:id, 'market', :code, :code)"),
                {"id": id_, "code": code},
            )
        for market, zone, number in (*STALLS, ("M1", "ga", "3")):
            device, stall, person = f"{market}-{zone}-{number}", new_id(), new_id()
            person = people["M1-ga-2"] if number == "3" else person
            await tx.execute(
                text(
                    "insert into asset (id, kind, code, name, parent_id, person_id, attrs) values "
                    "(:id, 'stall', :code, :code, :parent, :person, jsonb_build_object('zone', cast(:zone as text)))"
                ),
                {"id": stall, "code": device, "parent": markets[market], "person": person, "zone": zone},
            )
            await tx.execute(
                text("insert into device (id, kind, name, asset_id) values (:id, 'fire_detector', :id, :asset)"),
                {"id": device, "asset": stall},
            )
            people[device] = person
    return people


async def burning(database: Database, *devices: str) -> UUID:
    """An incident that has an alarm of each of these devices."""
    opening = Opening(
        TYPES.kept("fire"), Severity.CRITICAL, Mode.REAL, Source.SENSOR, Place(LonLat(127, 36)), NOW - timedelta(1)
    )
    async with database.transaction() as tx:
        incident = await open_incident(tx, opening)
        for device in devices:
            alarm = new_id()
            await tx.execute(
                text(
                    "insert into alarm (id, rule, rule_ko, rule_en, subject, device, members, category, lane, "
                    "severity, stage, life_safety, late, onset_at, matured_at, raised_at, last_onset_at, "
                    "last_raised_at, created_at, updated_at) values (:id, "
                    "'r', 'r', 'r', :device, :device, '{}', 'event', 'x', 'serious', 'pre_alarm', true, false, "
                    ":now, :now, :now, :now, :now, :now, :now)"
                ),
                {"id": alarm, "device": device, "now": NOW},
            )
            await tx.execute(
                text(
                    "insert into incident_alarm (alarm_id, incident_id, subject, stage, severity, standing, joined_by, "
                    "joined_at) values (:alarm, :id, :device, 'pre_alarm', 'serious', true, 'opened', :now)"
                ),
                {"alarm": alarm, "id": incident, "device": device, "now": NOW},
            )
    return incident


async def found(database: Database, group: str, incident: UUID) -> set[To]:
    async with database.transaction() as tx:
        return set(await parties.receivers(tx, Party(PartyKind.GROUP, group, group), incident))


async def test_the_owners_of_what_spoke_and_of_its_block(database: Database, owners: dict[str, UUID]) -> None:
    groups.register()
    one = await burning(database, "M1-ga-1")
    assert await found(database, "owner", one) == {To(owners["M1-ga-1"])}
    assert await found(database, "block", one) == {To(owners["M1-ga-1"]), To(owners["M1-ga-2"])}
    two = await burning(database, "M2-ga-1", "M1-na-1")
    both = {To(owners["M2-ga-1"]), To(owners["M1-na-1"])}
    assert await found(database, "owner", two) == await found(database, "block", two) == both
    assert await found(database, "owner", await burning(database)) == set()
    assert await found(database, "towing", one) == set()
