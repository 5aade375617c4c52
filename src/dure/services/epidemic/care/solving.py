"""Plans are worked out in a short-lived, niced child, so that nobody's alarm waits for one."""

import asyncio
import io
import os
import sys
from pathlib import Path

import numpy as np

from dure.kernel.errors import Conflict, Unavailable
from dure.services.epidemic.care.transport import NowhereError, Plan, Whole, solved

_SOURCE = Path(__file__).parents[4]
_SMALL = 20_000
"""So many costs are weighed here: a child takes longer to begin."""
_SECONDS = 60.0


async def plan(cost: Whole, capacity: Whole, slope: Whole | None = None) -> Plan:
    """The best plan (`transport.solved`). Raises Conflict where there is no seat for somebody, Unavailable where it
    takes too long.
    """
    steep = np.zeros(capacity.size, dtype=np.int64) if slope is None else slope
    if cost.size <= _SMALL:
        try:
            return solved(cost, capacity, steep)
        except NowhereError as error:
            raise Conflict("epidemic.plan.nowhere", n=error.person + 1) from error
    asked = io.BytesIO()
    np.savez(asked, cost=cost, capacity=capacity, slope=steep)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dure.services.epidemic.care.solving_child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_SOURCE)},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            answer, said = await child.communicate(asked.getvalue())
    except TimeoutError as error:
        raise Unavailable("epidemic.plan.slow") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == 3:
        raise Conflict("epidemic.plan.nowhere", n=int(said) + 1)
    if child.returncode != 0:
        raise Unavailable("epidemic.plan.slow", detail=said.decode("utf-8", "replace")[-300:])
    with np.load(io.BytesIO(answer), allow_pickle=False) as found:
        return Plan(found["of"], found["price"], found["load"])
