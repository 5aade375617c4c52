"""The database as one file, by PostgreSQL's own programs. Passwords go by environment, never by argument."""

import os
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dure.engine.servers.postgres import Cluster, PostgresFailed

_LEFT_OUT = ("kept_answer", "session", "one_time_link")
"""Rows that are worth nothing in another life of the city: kept answers, sign-ins and links that would come alive."""


def write(cluster: Cluster, url: str, file: Path) -> None:
    """Everything in the database of `url` as of one moment, in `file`. Raises PostgresFailed."""
    left_out = [f"--exclude-table-data=public.{name}" for name in _LEFT_OUT]
    with file.open("xb") as out:
        _run(
            cluster,
            url,
            ["pg_dump", "--format=custom", "--no-owner", *left_out],
            stdout=out.fileno(),
        )
        out.flush()
        os.fsync(out.fileno())


def read(cluster: Cluster, url: str, file: Path) -> None:
    """Put `file` into the empty database of `url`, whole or not at all. Raises PostgresFailed."""
    with file.open("rb") as given:
        _run(
            cluster,
            url,
            ["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction"],
            stdin=given.fileno(),
        )


def _run(
    cluster: Cluster, url: str, words: list[str], *, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
) -> None:
    parts = urlsplit(url)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ},
        "LC_ALL": "C",
        "PGHOST": parts.hostname or "127.0.0.1",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or "dure"),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
    }
    command = [cluster.tool(words[0]), *words[1:]]
    if words[0] == "pg_restore":
        command.append(f"--dbname={environment['PGDATABASE']}")
    user = cluster.user
    done = subprocess.run(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        cwd="/",
        env=environment,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )
    if done.returncode != 0:
        raise PostgresFailed(words[0], done.stderr.decode("utf-8", "replace")[-2000:])
