"""What the simulator says while it goes: one line an event, for people or as JSON."""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dure.commands.speech import message, write


@dataclass(slots=True)
class Teller:
    """Says what happens. With `as_json` each line is an object with `at`, `event` and its measures."""

    as_json: bool
    began: float = field(default_factory=time.monotonic)

    def say(self, event: str, **params: Any) -> None:
        """One event; `event` names the message `simulate.<event>`."""
        if self.as_json:
            line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **params}
            write(json.dumps(line, ensure_ascii=False))
            return
        elapsed = time.monotonic() - self.began
        shown = {name: _shown(value) for name, value in params.items()}
        write(f"{elapsed:6.1f} s  {message(f'simulate.{event}', **shown)}")


def _shown(value: Any) -> str | int | float | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str | int | float) or value is None else str(value)
