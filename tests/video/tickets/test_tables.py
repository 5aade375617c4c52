"""The migration makes what the tables say."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

import dure.respond.tables
import dure.trust.tables  # noqa: F401  # incidents and accounts are what others refer to
from dure.engine.database import driver_url, metadata
from dure.video.tables import video_opening
from dure.video.tickets.tables import video_disclosure, video_ticket

OURS = {video_ticket.name, video_disclosure.name, video_opening.name}


def test_tables_and_migration_agree(database_url: str) -> None:
    engine = create_engine(driver_url(database_url))

    def ours(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
        return kind != "table" or name in OURS

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
