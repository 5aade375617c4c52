"""The migrations make what the room's tables say."""

from types import ModuleType

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

import dure.trust.tables  # noqa: F401  # accounts are what others refer to
from dure.engine.database import driver_url, metadata
from dure.respond import tables, tables_room
from dure.respond.attachments import tables as attachments
from dure.respond.tasks import tables as tasks

ROOMS: tuple[ModuleType, ...] = (tables, tables_room, tasks, attachments)
OURS = {table.name for room in ROOMS for table in vars(room).values() if getattr(table, "metadata", None) is metadata}


def test_tables_and_migrations_agree(database_url: str) -> None:
    engine = create_engine(driver_url(database_url))

    def ours(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
        return kind != "table" or name in OURS

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    assert {"incident_task", "incident_decision", "incident_role", "incident_attachment", "incident_presence"} <= OURS
