"""The tables are what the migrations make."""

from dure.services.market_fire.staged import tables
from tests.support import differences, tables_of


def test_tables_and_migrations_agree(database_url: str) -> None:
    assert differences(database_url, tables_of(tables)) == []
