"""A sample epidemic with Daegu's published totals, day by day through the imports and the nightly report."""

from dure.commands.simulate.stage import NotRunning
from dure.commands.simulate.telling import Teller
from dure.engine.servers.place import Place


async def play(place: Place, teller: Teller, seed: int | None, days: int | None) -> int:
    """0 when each night's totals are the published ones, else 1. Raises NotRunning."""
    from dure.engine.database import Database
    from dure.engine.servers.access import running_database_url
    from dure.services.epidemic import kinds
    from dure.services.epidemic.simulate import outbreak
    from dure.services.epidemic.simulate.play import play as played
    from dure.trust import vault

    url = running_database_url(place)
    if url is None:
        raise NotRunning("simulate.not_running", folder=str(place.folder))
    kinds.register()
    whole = outbreak.made(outbreak.SEED if seed is None else seed)
    told = whole.totals
    teller.say("epidemic_made", cases=len(whole.cases), contacts=len(whole.contacts), disease=outbreak.DISEASE)
    database = Database(url, pool_size=4, folder=place.folder)
    same, number = True, 0
    try:
        async for one in played(database, vault.at(place.folder), whole, days):
            published = (told.confirmed[number], told.died[number], told.released[number])
            same = same and published == (one.cases, one.died, one.recovered) and not one.refused
            number += 1
            teller.say(
                "epidemic_day",
                day=one.day.isoformat(),
                fresh=one.fresh,
                cases=one.cases,
                died=one.died,
                released=one.recovered,
            )
    finally:
        await database.close()
    teller.say("epidemic_good" if same else "epidemic_bad", ok=same, days=number)
    return 0 if same else 1
