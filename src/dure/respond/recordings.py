"""Recordings that cannot be kept as long as promised are an alarm: the consumer `respond.recordings`.

The recorder says in the row of the engine *recordings* how it stands (video.past.sweep): the oldest went before its
time, or nothing is recorded any more. That is a fault that operators see among the alarms, and of which who leads the
shift is told once, by every way they are reached; it ends when the row says so.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, text

from dure.detect.contributed import built_in
from dure.detect.model import Cleared, Raised
from dure.detect.record import record
from dure.engine.consumers import Consumer
from dure.engine.database import Tx
from dure.engine.texts import catalogue
from dure.kernel.events import Event
from dure.kernel.messages import Language
from dure.notices import sending
from dure.notices.model import Channel, To, Wanted
from dure.respond.playbooks.model import Party, PartyKind
from dure.respond.shifts import duty
from dure.video.past.sweep import ENGINE

NAME = "respond.recordings"
RULE = "recordings_full"
_CHANGED = "EngineChanged.v1"
_ROW = text("select state, since from engine_process where name = :name")
_OPEN = text("select 1 from alarm where rule = :rule and subject = :subject and closed_at is null")
_LANGUAGE = text("select language from account where id = :id")


async def on_engine(tx: Tx, event: Event) -> None:
    """Raise or clear, by how the row stands now; what is so already changes nothing."""
    if event.entity_id != ENGINE:
        return
    row = await tx.row(_ROW, {"name": ENGINE})
    if row is None:
        return
    rules = {RULE: built_in()[RULE][1]}
    stands = await tx.scalar(_OPEN, {"rule": RULE, "subject": ENGINE}) is not None
    now = tx.now()
    if row["state"] == "running":
        if stands:
            await record(tx, [(Cleared(RULE, ENGINE, now.timestamp()), now)], rules)
        return
    since = row["since"].timestamp()
    if not stands:
        await record(tx, [(Raised(RULE, ENGINE, None, None, since, now.timestamp()), now)], rules)
    await _tell(tx, row)


async def _tell(tx: Tx, row: RowMapping) -> None:
    """Who leads the shift hears of each state once."""
    people = await duty.receivers(tx, Party(PartyKind.ROLE, duty.LEADS, ""))
    accounts = [one.account_id for one in people if one.account_id is not None]
    ways: Mapping[Any, Sequence[Channel]] = await duty.reached_by(tx, accounts)
    for account in accounts:
        language: Language = "en" if await tx.scalar(_LANGUAGE, {"id": account}) == "en" else "ko"
        said = catalogue().text(language, f"respond.recordings.{row['state']}", {})
        subject = catalogue().text(language, "respond.recordings.subject", {})
        # Who is reached in no way is refused by the sender, and stands in the list of notices with its reason.
        for channel in ways.get(account, (Channel.SMS,)):
            key = f"recordings:{row['state']}:{row['since'].timestamp():.0f}"
            values = {"text": said, "subject": subject}
            wanted = Wanted(channel, To(account_id=account), "plain", key, values, language=language, by=NAME)
            await sending.send(tx, wanted)


CONSUMER = Consumer(NAME, (_CHANGED,), on_engine)
