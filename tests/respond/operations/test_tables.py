"""The migration makes what tables.py says."""

from dure.respond.operations import tables
from tests.support import differences, tables_of

OURS = tables_of(tables)


def test_tables_and_migration_agree(database_url: str) -> None:
    assert differences(database_url, OURS) == []
    assert len(OURS) == 13
