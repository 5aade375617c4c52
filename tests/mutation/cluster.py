"""One PostgreSQL for all mutants' tests: prints its URL, and ends when its standard input does."""

import sys

from tests import conftest


def main() -> None:
    """Until the parent has gone."""
    cluster = conftest._start_cluster()
    try:
        sys.stdout.write(cluster.url_of("postgres") + "\n")
        sys.stdout.flush()
        sys.stdin.read()
    finally:
        conftest.pytest_unconfigure(None)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
