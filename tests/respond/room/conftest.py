"""The city's context, for what the work process does each few seconds."""

import pytest
from fastapi import FastAPI

from dure.engine.context import Context


@pytest.fixture
def context(app: FastAPI) -> Context:
    """The context that the routes have, too."""
    found: Context = app.state.context
    return found
