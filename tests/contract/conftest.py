"""One sample city for those that only need a city that runs."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.town import Town, running


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Where the city of these tests lies."""
    made = Path(tempfile.mkdtemp(prefix="dure-test-"))
    made.chmod(0o711)
    yield made / "city"
    shutil.rmtree(made, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def town(folder: Path) -> AsyncIterator[Town]:
    """The city."""
    async with running(folder, "--sample") as started:
        yield started
