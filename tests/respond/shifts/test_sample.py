"""The sample city's control centre is manned at every moment, by people whom the ladder can reach."""

from datetime import timedelta

from sqlalchemy import text

from dure.engine.database import Database
from dure.kernel.clock import HeldClock
from dure.respond.shifts import duty, keeping, ladder, sample, views


async def test_somebody_is_on_duty_from_the_first_minute_on(database: Database, clock: HeldClock) -> None:
    async with database.transaction() as tx:
        assert await sample.man(tx) == 16
        assert await sample.man(tx) == 0
    for _hour in range(0, 240, 3):
        async with database.transaction() as tx:
            row = await keeping.centre(tx)
            assert row is not None
            kept = await keeping.at(tx, row, tx.now())
            crew = kept.crew_at(tx.now())
            assert crew is not None
            assert (len(crew.people), crew.lead is not None) == (4, True)
            found, _ways = await duty.found(tx, kept, ladder.USUAL, tx.now())
            assert all(one.reachable for one in found)
        clock.advance(timedelta(hours=3).total_seconds())
    async with database.transaction() as tx:
        row = await keeping.centre(tx)
        assert row is not None
        today = tx.now().astimezone(keeping.zone()).date()
        whole = await keeping.load(tx, row, today, today + views.AHEAD + timedelta(days=1))
        assert views.gaps_ahead(whole, tx.now()) == []
        can_sign_in = text("select count(*) from account where password_hash is not null")
        assert await tx.scalar(can_sign_in) == 0
