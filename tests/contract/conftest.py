"""One sample city for those that only need a city that runs."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support import passing_folder
from tests.town import Town, running


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Where the city of these tests lies."""
    with passing_folder() as made:
        yield made / "city"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def town(folder: Path) -> AsyncIterator[Town]:
    """The city."""
    async with running(folder, "--sample") as started:
        yield started
