"""The same town as the plan's."""

from tests.respond.conftest import clock, database, desk, operator  # noqa: F401
from tests.services.market_fire.plan.conftest import app, town  # noqa: F401
