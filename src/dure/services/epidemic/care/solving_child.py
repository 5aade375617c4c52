"""The child that works out one plan: costs, capacities and slopes from stdin (npz), the plan to stdout.

Exit 3: there is no place for somebody, whose number stands on stderr.
"""

import contextlib
import io
import os
import sys

import numpy as np

from dure.services.epidemic.care.transport import NowhereError, solved


def main() -> int:
    """Work out one plan."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as asked:
        cost, capacity, slope = asked["cost"], asked["capacity"], asked["slope"]
    try:
        found = solved(cost, capacity, slope)
    except NowhereError as error:
        sys.stderr.write(str(error.person))
        return 3
    told = io.BytesIO()
    np.savez(told, of=found.of, price=found.price, load=found.load)
    sys.stdout.buffer.write(told.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
