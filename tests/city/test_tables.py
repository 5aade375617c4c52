"""The migration makes what tables.py says."""

import psycopg

from dure.city import tables
from tests.support import differences, tables_of

OURS = tables_of(tables)


def test_tables_and_migration_agree(database_url: str) -> None:
    assert differences(database_url, OURS) == []
    with psycopg.connect(database_url) as line:
        initials = line.execute("select dure_search(array['한빛 Market 119', null, '시장3길'])").fetchone()
    assert len(OURS) == 13
    assert initials == ("한빛 market 119 시장3길 ㅎㅂ",)
