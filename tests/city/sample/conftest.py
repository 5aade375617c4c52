"""The sample city, made once."""

import pytest

from dure.city.sample.make import make_city
from dure.city.sample.model import SampleCity


@pytest.fixture(scope="session")
def city() -> SampleCity:
    """한빛시."""
    return make_city()
