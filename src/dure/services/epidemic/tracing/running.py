"""Asking the child, and where a file's pings and names lie."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from dure.kernel.errors import Invalid, Unavailable
from dure.services.epidemic.tracing.child import Question

_SOURCE = Path(__file__).parents[4]
TRACE_S, KEEP_S = 120.0, 900.0
_children: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


def folder_of(data: Path, request_id: UUID) -> Path:
    """Where what was given for a request lies: a folder for each day of pings, `names` sealed."""
    return data / "epidemic" / "pings" / str(request_id)


def incoming(data: Path, request_id: UUID) -> Path:
    """The file itself, until it is read."""
    return data / "epidemic" / "incoming" / str(request_id)


async def ask(question: Question) -> dict[str, Any]:
    """The child's answer; two at a time. Raises Invalid for a file that cannot be one of pings, Unavailable where the
    child ran out of time or memory.
    """
    loop = asyncio.get_running_loop()
    at_once = _children.setdefault(loop, asyncio.Semaphore(2))
    async with at_once:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dure.services.epidemic.tracing.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(_SOURCE)},
        )
        try:
            async with asyncio.timeout(KEEP_S if question.act == "keep" else TRACE_S):
                answer, said = await child.communicate(msgspec.msgpack.encode(question))
        except TimeoutError as error:
            raise Unavailable("epidemic.trace.slow") from error
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    if child.returncode == 4:
        raise Invalid(said.decode())
    if child.returncode != 0:
        raise Unavailable("epidemic.trace.slow", detail=said.decode("utf-8", "replace")[-300:])
    found: dict[str, Any] = msgspec.msgpack.decode(answer)
    return found
