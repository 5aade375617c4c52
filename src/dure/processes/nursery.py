"""Imports the program once and forks the city's processes from there: they start and restart quicker, and share memory.

It has one thread, opens no engine, and speaks with the supervisor over a socket, one JSON object a line: it is told
`{"start": name, "environment": {...}, "log": path}` (or, in place of `start`, `"call": "module:function",
"arguments": [...],
"answer": path`, for a short piece of work whose answer is written to a file as JSON) and says `{"started": name,
"pid": n}`, `{"ended": pid, "code": n}`
(negative: by a signal). When it ends its children are signalled by Linux; when the supervisor ends it ends.
"""

import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from typing import Any, NoReturn

NAMES = ("stream", "work", "relay", "web")
_PR_SET_NAME = 15
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serves until the supervisor's end of the socket is closed."""
    line = socket.socket(fileno=int(os.environ.pop("DURE_NURSERY_FD")))
    gc.disable()  # nothing that is loaded now ever goes: to look for it again and again is a fifth of the start
    jobs = {name: importlib.import_module(f"dure.processes.{name}").jobs for name in NAMES}
    gc.enable()
    gc.collect()
    gc.freeze()  # what is here now is never moved by a collector, so children go on sharing its pages
    woken_by, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    selector = selectors.DefaultSelector()
    selector.register(line, selectors.EVENT_READ)
    selector.register(woken_by, selectors.EVENT_READ)
    told = b""
    while True:
        for key, _ in selector.select():
            if key.fileobj is woken_by:
                os.read(woken_by, 512)
                _reap(line)
                continue
            piece = line.recv(65536)
            if not piece:
                return
            *orders, told = (told + piece).split(b"\n")
            for text in orders:
                order = json.loads(text)
                pid = os.fork()
                if pid == 0:
                    selector.close()
                    line.close()
                    _become(order, jobs.get(order.get("start")))
                _say(line, {"started": order.get("start", "call"), "pid": pid})


def _say(line: socket.socket, values: dict[str, Any]) -> None:
    line.sendall(json.dumps(values).encode() + b"\n")


def _reap(line: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _say(line, {"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _become(order: dict[str, Any], jobs: Any) -> NoReturn:
    """In the child: a process of its own, with its own log, environment and signals."""
    code = 1
    try:
        parent = os.getppid()
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        name = order.get("start", "call")
        if sys.platform.startswith("linux"):
            prctl = ctypes.CDLL(None, use_errno=True).prctl
            prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
            prctl(_PR_SET_NAME, f"dure-{name}".encode(), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.clear()
        os.environ.update(order["environment"])
        gc.unfreeze()
        if jobs is None:
            _answer(order)
            code = 0
        else:
            from dure.processes.running import run  # loaded by now, with the jobs

            run(name, jobs)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the last frame of this process: it is written down, then all ends
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _answer(order: dict[str, Any]) -> None:
    module, _, function = order["call"].partition(":")
    value = getattr(importlib.import_module(module), function)(*order["arguments"])
    with open(order["answer"], "w", encoding="utf-8") as file:  # noqa: PTH123 - a path is a plain text here
        json.dump(value, file)


if __name__ == "__main__":
    main()
