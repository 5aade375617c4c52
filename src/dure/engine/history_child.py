"""The child that reads history: one DuckDB statement from stdin (msgpack `Question`), its rows to stdout.

Exit 3: a file is gone. Any other failure: exit 1, with the reason on stderr.
"""

import contextlib
import os
import sys

import msgspec


def main() -> int:
    """Answer one question."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
    import duckdb

    question = msgspec.msgpack.decode(sys.stdin.buffer.read())
    connection = duckdb.connect(
        config={
            "memory_limit": f"{question['memory_mb']}MB",
            "threads": 1,
            "temp_directory": question["folder"],
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    try:
        rows = connection.execute(question["sql"], question["parameters"]).fetchall()
    except duckdb.IOException as error:
        sys.stderr.write(str(error))
        return 3 if "No files found" in str(error) or "No such file" in str(error) else 1
    except duckdb.Error as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.buffer.write(msgspec.msgpack.encode(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
