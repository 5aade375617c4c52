"""The database's history: one Alembic line in dure/migrations, a first revision for each room."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

SCRIPTS = Path(__file__).parents[1] / "migrations"
_LOCK = 0x6475_7265
"""Any fixed number: the advisory lock that lets one process migrate at a time ("dure" in ASCII)."""


def configuration() -> Config:
    """Alembic's configuration, without a file: it must work in a path with spaces and percent signs."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def upgrade(url: str) -> None:
    """Apply what is missing, all or nothing, under an advisory lock. `url` names the driver."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config = configuration()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
