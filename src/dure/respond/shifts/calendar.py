"""Public holidays of Korea with their names, by the `holidays` package: substitute holidays and election days too.

A child asks the package, once a process for some years together; each process that shows rosters does so before
anybody asks (`keep_warm`).
"""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime

from dure.engine.context import Context
from dure.kernel.messages import Language

log = logging.getLogger(__name__)
_KNOWN = range(1950, 2101)
_BACK, _AHEAD = 6, 12
_SECONDS = 180
_DAY_S = 86_400
_years: dict[int, dict[date, tuple[str, str]]] = {}


def of_year(year: int, language: Language = "ko") -> Mapping[date, str]:
    """The holidays of one year; empty for a year that the package does not know (then every weekday is worked)."""
    if year not in _years:
        _ask(year - _BACK, year + _AHEAD)
    return {day: names[language == "en"] for day, names in _years[year].items()}


def between(first: date, last: date, language: Language = "ko") -> dict[date, str]:
    """Those of a stretch of days, both ends included."""
    years = range(first.year, last.year + 1)
    return {day: name for year in years for day, name in of_year(year, language).items() if first <= day <= last}


async def keep_warm(_context: Context) -> None:
    """Ask for the years around today, and again each day: nobody's question waits for the child."""
    while True:
        year = datetime.now(UTC).year
        if year + _AHEAD not in _years:
            await asyncio.to_thread(_ask, year - _BACK, year + _AHEAD)
        await asyncio.sleep(_DAY_S)


def _ask(first: int, last: int) -> None:
    """Have the child say what it knows. Where it cannot, the years have no holidays until the process starts again, and
    the log says so.
    """
    found: dict[int, dict[date, tuple[str, str]]] = {year: {} for year in range(first, last + 1)}
    known = [year for year in found if year in _KNOWN]
    if known:
        try:
            for day, (korean, english) in json.loads(_said(known[0], known[-1])).items():
                at = date.fromisoformat(day)
                found[at.year][at] = (korean, english)
        except (OSError, ValueError, subprocess.SubprocessError):
            log.exception("the public holidays of %d to %d are not known", first, last)
    _years.update(found)


def _said(first: int, last: int) -> bytes:
    return subprocess.run(
        [sys.executable, "-m", "dure.respond.shifts.holidays_child", str(first), str(last)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_SECONDS,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ).stdout
