"""The migration makes what tables.py says."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

import dure.respond.tables
import dure.trust.tables  # noqa: F401  # incidents and accounts are what others refer to
from dure.engine.database import driver_url, metadata
from dure.respond.operations import tables

OURS = {table.name for table in vars(tables).values() if getattr(table, "metadata", None) is metadata}


def test_tables_and_migration_agree(database_url: str) -> None:
    engine = create_engine(driver_url(database_url))

    def ours(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
        return kind != "table" or name in OURS

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    assert len(OURS) == 13
