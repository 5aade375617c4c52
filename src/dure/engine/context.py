"""What a running process of one city has in hand."""

from dataclasses import dataclass

from dure.engine.database import Database
from dure.engine.settings import Settings
from dure.engine.stream import Stream
from dure.kernel.messages import Catalogue


@dataclass(frozen=True, slots=True)
class Context:
    """Settings, database, stream and texts; given to every task and kept at `app.state.context`."""

    settings: Settings
    database: Database
    stream: Stream
    catalogue: Catalogue
