"""At least 95 % of the mutants of policy, audit and vault are noticed by a test. The draw is the same each time.

One mutant at a time: `python -m tests.mutation.run audit --only walk`.
"""

import pytest

from tests.mutation import run

NOTICED = 0.95
MANY = 200


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("package", run.PACKAGES)
def test_faults_are_noticed(package: str) -> None:
    result = run.run(package, MANY)
    assert result.made >= 150
    assert result.killed >= NOTICED, "\n".join(map(str, result.survived))
