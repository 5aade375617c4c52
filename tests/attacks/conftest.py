"""One city for all attacks: none of them may bring it down."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support import passing_folder
from tests.town import Town, running


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    with passing_folder() as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def town(folder: Path) -> AsyncIterator[Town]:
    async with running(folder / "city") as started:
        yield started
