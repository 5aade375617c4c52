"""What acts do beyond the run: tasks, hand-offs, notices, cameras. All in the transaction that decided on them.

Each attempt is a row under a key of our own before anything leaves the house; a notice carries that key on. What no
machine of this city can do becomes a task for somebody who can.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text

from dure.engine.database import Tx
from dure.kernel.errors import Conflict, Invalid
from dure.kernel.geometry import LonLat
from dure.kernel.severity import Severity
from dure.notices import sending
from dure.notices.model import Channel, To, Wanted
from dure.respond import cameras, drafting, handoffs, turning
from dure.respond.automations import asking
from dure.respond.automations.asking import Wanted as Motion
from dure.respond.model import Mode
from dure.respond.playbooks import model
from dure.respond.playbooks.model import Party, PartyKind
from dure.respond.playbooks.plain import act_name
from dure.respond.runs import links, noting, parties
from dure.respond.runs.ground import Ground
from dure.respond.runs.said import answers
from dure.respond.runs.state import ItemStatus, Withdraw
from dure.respond.tasks import made
from dure.respond.types import TYPES
from dure.trust.principal import Principal, system
from dure.trust.roles import Role

PLAYBOOK: Principal = replace(system("playbook"), roles=frozenset({Role.OPERATOR}))
"""dure itself, carrying out a manual in the control room's place."""
KIND = "playbook"
CALL_AFTER = timedelta(minutes=2)
"""Whoever on duty has not acknowledged a text by then is called."""
_CHANNELS = {
    model.Channel.SMS: Channel.SMS,
    model.Channel.VOICE: Channel.VOICE,
    model.Channel.EMAIL: Channel.EMAIL,
    model.Channel.PUSH: Channel.PUSH,
}
_ATTEMPT = text(
    "insert into run_attempt (key, run_id, act_id, attempt, kind, party, status, ref, error, at) "
    "values (:key, :run, :act, :attempt, :kind, :party, :status, :ref, :error, :at)"
)
_TASKS = text(
    "select ref from run_attempt where run_id = :run and act_id = :act and attempt = :attempt and kind = 'task' "
    "and ref is not null"
)
_WITHDRAWN = text(
    "update run_attempt set status = 'withdrawn' where run_id = :run and act_id = :act and attempt = :attempt "
    "and kind = 'task' and status = 'made'"
)


@dataclass(frozen=True, slots=True)
class Trying:
    """One attempt at an act, as it is carried out."""

    tx: Tx
    on: Ground
    act: model.Act
    attempt: int
    due_at: datetime | None

    @property
    def run_id(self) -> UUID:
        """The run."""
        return self.on.kept.id

    @property
    def incident(self) -> RowMapping:
        """The incident's row."""
        return self.on.incident

    @property
    def incident_id(self) -> UUID:
        """The incident."""
        found: UUID = self.incident["id"]
        return found

    def key(self, number: int) -> str:
        """Our own name for what goes to the `number`th receiver, the same after every crash."""
        return f"{self.run_id}:{self.act.id}:{self.attempt}:{number}"

    def note(self, number: int, kind: str, party: str, ref: object | None, error: str | None = None) -> None:
        """Write the attempt down: made, or failed with the reason's key."""
        self.tx.later(
            _ATTEMPT,
            {
                "key": self.key(number),
                "run": self.run_id,
                "act": self.act.id,
                "attempt": self.attempt,
                "kind": kind,
                "party": party,
                "status": "made" if error is None else "failed",
                "ref": None if ref is None else str(ref),
                "error": error,
                "at": self.tx.now(),
            },
        )


async def begin(trying: Trying) -> None:
    """Carry out what an act begins with."""
    act = trying.act
    if isinstance(act, model.HandOff):
        for number, party in enumerate(act.to, start=1):
            await _hand_off(trying, act, party, number)
    elif isinstance(act, model.Notify):
        await _notify(trying, act)
    elif isinstance(act, model.OpenCameras):
        await _cameras(trying)
    elif isinstance(act, model.TurnCamera):
        await _turn(trying, act)
    elif isinstance(act, model.Automate):
        await _automate(trying, act)
    elif isinstance(act, model.Warn):
        await _warn(trying, act)
    elif isinstance(act, model.Assign):
        for number, party in enumerate(act.to, start=1):
            agency = await parties.agency(trying.tx, party)
            await _task(trying, number, party.words, _role(party), act.text, agency)
    elif isinstance(act, model.Decide | model.When):
        trying.note(1, "ask", " · ".join(party.words for party in getattr(act, "to", ())), None)
    else:
        await _task(trying, 1, "", Role.OPERATOR.value, getattr(act, "text", ""))


def _role(party: Party) -> str:
    return party.id if party.kind is PartyKind.ROLE else Role.OPERATOR.value


async def _task(trying: Trying, number: int, holder: str, role: str, title: str, agency: str | None = None) -> None:
    task_id = await made.ask(
        trying.tx,
        trying.incident_id,
        f"{KIND}:{trying.act.id}:{trying.attempt}:{number}",
        trying.due_at,
        role=role,
        agency_id=agency,
        title=title or act_name(trying.act),
        holder=holder or None,
        answers=bool(answers(trying.act)),
    )
    trying.note(number, "task", holder, task_id)


async def _hand_off(trying: Trying, act: model.HandOff, party: Party, number: int) -> None:
    """To the agency's own screen. Where the same hand-off stands already, it is the one."""
    agency = await parties.agency_row(trying.tx, party)
    if agency is None:
        trying.note(number, "hand_off", party.words, None, "respond.run.no_agency")
        return
    handed, which = trying.on.handed, (agency["id"], act.kind.value)
    standing = handed.get(which)
    if standing is None:
        standing = await handoffs.pass_on(trying.tx, PLAYBOOK, trying.incident, agency, act.kind, act.text)
        handed[which] = standing
    trying.note(number, "hand_off", party.words, standing)


async def _notify(trying: Trying, act: model.Notify) -> None:
    number = 0
    letters: list[tuple[int, Party, Wanted]] = []
    for party in act.to:
        if party.kind is PartyKind.ROLE:  # they sit before the screen that shows this act
            number += 1
            trying.note(number, "screen", party.words, None)
            for to in await parties.on_duty(trying.tx, party):  # who leads the shift need not sit there just now
                number += 1
                letters.append((number, party, await _letter(trying, act, party, to, Channel.SMS, number)))
            continue
        wanted = [_CHANNELS[channel] for channel in act.channels if channel in _CHANNELS]
        found = await parties.receivers(trying.tx, party, trying.incident_id)
        sent = [(to, channel) for to in found for channel in (wanted or ([] if act.channels else [Channel.SMS]))]
        for to, channel in sent:
            number += 1
            letters.append((number, party, await _letter(trying, act, party, to, channel, number)))
        if not sent:  # nobody's number is known, or it goes over loudspeakers: somebody tells them
            number += 1
            await _task(trying, number, party.words, Role.OPERATOR.value, noting.words(act))
    if number == 0:
        await _task(trying, 1, "", Role.OPERATOR.value, noting.words(act))
    # A text that nobody has: what the manual says goes out as it stands.
    notices = await sending.send_all(trying.tx, [wanted for _, _, wanted in letters], otherwise="plain")
    for (number, party, _), notice in zip(letters, notices, strict=True):
        trying.note(number, "notice", party.words, notice)


async def _letter(trying: Trying, act: model.Notify, party: Party, to: To, channel: Channel, number: int) -> Wanted:
    place = trying.incident["name"] or trying.incident["address"] or ""
    values = {"text": act.text, "subject": place, "place": place, "receipt_no": trying.incident["receipt_no"],
              "city": "", "stall": ""}  # fmt: skip
    link = ""
    asked = to.person_id is not None and answers(act)
    if asked and channel is Channel.SMS:
        link = await links.link(trying.tx, trying.key(number), trying.run_id, act.id, trying.attempt, party.words)
    elif asked and channel is Channel.VOICE:
        await links.link(trying.tx, trying.key(number), trying.run_id, act.id, trying.attempt, party.words, "key")
    return Wanted(
        channel,
        to,
        act.template or "plain",
        trying.key(number),
        values,
        life_safety=Severity(trying.incident["severity"]) in {Severity.CRITICAL, Severity.SERIOUS},
        incident_id=trying.incident_id,
        by=f"playbook:{trying.run_id}",
        call_after=CALL_AFTER if to.account_id is not None else None,
        link=link,
        answers=tuple(one.words for one in act.answers) if asked and channel is Channel.VOICE else (),
    )


async def _cameras(trying: Trying) -> None:
    """The cameras around the place; those that were chosen stay."""
    row = trying.incident
    if not row["located"]:
        trying.note(1, "cameras", "", None, "respond.run.no_place")
        return
    if not trying.on.cameras:
        await cameras.choose(trying.tx, trying.incident_id, TYPES.kept(row["type"]), LonLat(row["lon"], row["lat"]))
    trying.note(1, "cameras", "", None)


async def _turn(trying: Trying, act: model.TurnCamera) -> None:
    """Those of the incident's cameras that can be turned, and were put up for such a thing, look at the place; where
    none can, somebody in the control room sees to it.
    """
    turned = await turning.to_place(trying.tx, PLAYBOOK, trying.incident, act.preset)
    if not turned:
        await _task(trying, 1, "", Role.OPERATOR.value, act.text)
    for number, camera_id in enumerate(turned, start=1):
        trying.note(number, "cameras", camera_id, None)


async def _automate(trying: Trying, act: model.Automate) -> None:
    """The city's machines that do that there; in a drill, and where there is none, somebody sees to it."""
    title = noting.words(act) or act_name(act)
    row, calls = trying.incident, list[UUID]()
    if Mode(row["mode"]) is Mode.REAL:
        wanted = Motion(trying.incident_id, trying.run_id, act.id, trying.attempt, title, trying.due_at)
        place = LonLat(row["lon"], row["lat"]) if row["located"] else None
        calls = await asking.ask(trying.tx, act.automation, place, wanted)
    if not calls:
        await _task(trying, 1, "", Role.OPERATOR.value, title)
    for number, call in enumerate(calls, start=1):
        trying.note(number, "automation", "", call)


async def _warn(trying: Trying, act: model.Warn) -> None:
    """A draft that says what the manual says; somebody reads it, fills in where, and has it approved."""
    await _task(trying, 1, "", Role.OPERATOR.value, noting.words(act) or act_name(act))
    if Mode(trying.incident["mode"]) is Mode.REAL:
        draft = await drafting.begin(trying.tx, PLAYBOOK, trying.incident, act.template, noting.words(act))
        trying.note(2, "warning", "", draft)


async def withdraw(
    tx: Tx, run_id: UUID, incident_id: UUID, effect: Withdraw, status: ItemStatus, by: str | None
) -> None:
    """Tasks of an attempt are done with their act, or nobody's any more."""
    asking.withdraw(tx, run_id, effect.of, effect.attempt)
    values = {"run": run_id, "act": effect.of, "attempt": effect.attempt}
    asked = [row["ref"] for row in await tx.rows(_TASKS, values)]
    if status is ItemStatus.DONE:
        await made.ended(tx, incident_id, asked, by)
        return
    await made.withdrawn(tx, incident_id, asked, by)
    tx.later(_WITHDRAWN, values)


async def carry_out(begun: Sequence[Trying]) -> None:
    """Begin attempts. What the incident refuses at this moment makes that attempt fail, not the others and not the
    run.
    """
    if not begun:
        return
    handed = dict(begun[0].on.handed)
    try:
        async with begun[0].tx.nested():
            for one in begun:
                await begin(one)
    except (Conflict, Invalid) as refused:
        begun[0].on.handed = handed
        if len(begun) == 1:
            begun[0].note(1, act_name(begun[0].act), "", None, refused.key)
        for one in begun if len(begun) > 1 else ():
            await carry_out([one])
