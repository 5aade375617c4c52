"""The migrations make what the room's tables say."""

from dure.respond import tables, tables_room
from dure.respond.attachments import tables as attachments
from dure.respond.tasks import tables as tasks
from tests.support import differences, tables_of

OURS = tables_of(tables, tables_room, tasks, attachments)


def test_tables_and_migrations_agree(database_url: str) -> None:
    assert differences(database_url, OURS) == []
    assert {"incident_task", "incident_decision", "incident_role", "incident_attachment", "incident_presence"} <= OURS
