"""The same town as the plan's."""

from tests.services.market_fire.plan.conftest import app, clock, database, desk, operator, town  # noqa: F401
