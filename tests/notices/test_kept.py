"""Notices go a year after they were made, once they have ended; what still waits stays."""

from datetime import timedelta

from sqlalchemy import text

from dure import notices
from dure.engine.context import Context
from dure.engine.database import Database
from dure.notices import Channel, To, Wanted
from dure.notices.kept import NOTICE
from tests.notices.conftest import NOON, Someone


async def test_what_has_ended_goes_and_what_waits_stays(database: Database, context: Context, someone: Someone) -> None:
    person = await someone()
    async with database.transaction() as tx:
        done = await notices.send(tx, Wanted(Channel.SMS, To(person), "plain", "a", {"text": "a"}))
        await notices.send(tx, Wanted(Channel.SMS, To(person), "plain", "b", {"text": "a"}))
        await tx.execute(text("update notice set status = 'delivered', next_at = null where id = :id"), {"id": done})
    assert NOTICE.find_due is not None
    assert NOTICE.destroy is not None
    async with database.transaction() as tx:
        assert await NOTICE.find_due(tx, NOON, None, 10) == []
        (due,) = await NOTICE.find_due(tx, NOON + timedelta(days=1), None, 10)
        assert (due.id, due.people) == (str(done), {str(person)})
        await NOTICE.destroy(context, tx, [due])
        assert await tx.scalar(text("select count(*) from notice")) == 1
