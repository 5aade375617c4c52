"""FFmpeg as a separate program (docs/adr/0011): started here and nowhere else, never loaded into our processes.

It is the one that the wheel imageio-ffmpeg brings, or the one that `DURE_FFMPEG` names.
"""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from functools import lru_cache

from dure.engine.servers.children import dies_with_parent

_QUIET = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning")
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "FONTCONFIG_FILE", "FONTCONFIG_PATH")
READ_AT_ONCE = 1 << 20


@lru_cache(maxsize=1)
def program() -> str:
    """The program's path. Raises RuntimeError where this machine has none."""
    told = os.environ.get("DURE_FFMPEG")
    if told:
        return told
    import imageio_ffmpeg  # most processes never start it

    return str(imageio_ffmpeg.get_ffmpeg_exe())


async def start(
    arguments: Sequence[str], *, stdin: bool = False, environment: Mapping[str, str] | None = None
) -> Process:
    """FFmpeg with these arguments, its output and its warnings as pipes. It ends when the process that started it
    ends, and is given nothing of our environment that it does not need.

    With `stdin` it reads what is written to it (`-nostdin` is left out). Raises OSError.
    """
    quiet = [word for word in _QUIET if not (stdin and word == "-nostdin")]
    path = await asyncio.to_thread(program)
    return await asyncio.create_subprocess_exec(
        path,
        *quiet,
        *arguments,
        stdin=PIPE if stdin else DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        limit=READ_AT_ONCE,
        env={name: os.environ[name] for name in _KEPT if name in os.environ} | dict(environment or {}),
        preexec_fn=dies_with_parent(signal.SIGKILL),
    )


async def end(process: Process, within_s: float = 1.0) -> None:
    """Ends it: asked first, then made."""
    if process.returncode is not None:
        return
    try:
        process.terminate()
        await asyncio.wait_for(process.wait(), within_s)
    except ProcessLookupError:
        return
    except TimeoutError:
        process.kill()
        await process.wait()
