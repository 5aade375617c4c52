"""The sample city goes into an empty city, once."""

from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from dure.city import tables
from dure.city.sample.load import asset_id, is_empty, load
from dure.city.sample.model import SampleCity
from dure.engine.database import Database
from dure.engine.texts import catalogue
from dure.kernel.errors import Conflict
from dure.kernel.messages import LANGUAGES
from dure.trust import vault


async def test_all_of_it_arrives(database: Database, city: SampleCity, tmp_path: Path) -> None:
    people = vault.at(tmp_path)
    async with database.transaction() as tx:
        assert await is_empty(tx)
        counts = await load(tx, city, people)
    assert counts["asset"] == len(city.assets)
    assert counts["camera"] == 1_000
    async with database.transaction() as tx:
        assert not await is_empty(tx)
        for name, count in counts.items():
            if name != "agency":
                assert await tx.scalar(select(func.count()).select_from(tables.metadata.tables[name])) == count
        stall = await tx.row(
            text("select name, parent_id, person_id, attrs from asset where id = :id"),
            {"id": asset_id(("stall", "hanbit-central/나동/1/17"))},
        )
        assert stall is not None
        assert stall["name"] == "나동 17호"
        assert stall["parent_id"] == asset_id(("market", "hanbit-central"))
        opened = await people.opened(tx, [stall["person_id"]])
        assert opened[stall["person_id"]].phone.startswith("010-0")
        linked = await tx.scalar(
            text("select count(*) from device where kind = 'fire_detector' and asset_id is not null")
        )
        assert linked == 600


async def test_a_city_with_anything_in_it_is_left_alone(database: Database, city: SampleCity, tmp_path: Path) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("insert into device (id, kind, name) values ('d-1', 'weather', '하나')"))
    with pytest.raises(Conflict) as refused:
        async with database.transaction() as tx:
            await load(tx, city, vault.at(tmp_path))
    for language in LANGUAGES:
        assert catalogue().text(language, refused.value.key) != refused.value.key
    async with database.transaction() as tx:
        assert await tx.scalar(select(func.count()).select_from(tables.asset)) == 0
