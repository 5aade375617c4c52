"""A thousand nights of the markets in memory: no city is needed, its detection and stages are."""

from dure.commands.simulate.telling import Teller
from dure.services.market_fire.simulate import nights

USUAL = 1_000


def play(teller: Teller, seed: int | None, count: int | None) -> int:
    """0 when no fire was missed, else 1."""
    found = nights.lived(max(1, count or USUAL), seed or 1)
    for cause in sorted(found.causes):
        teller.say("nights_cause", cause=cause, causes=found.causes[cause], reports=found.reports.get(cause, 0))
    teller.say(
        "nights_over",
        ok=found.missed == 0,
        nights=found.nights,
        stalls=found.stalls,
        causes=sum(found.causes.values()),
        asked=found.asked,
        reports=sum(found.reports.values()),
        false=found.false,
        fires=found.fires,
        missed=found.missed,
    )
    return 1 if found.missed else 0
