"""The bodies of requests, read strictly."""

from datetime import date, time
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from dure.engine.web import Flag, Model, Passage, Whole
from dure.respond.shifts.ladder import Rung, RungKind
from dure.respond.shifts.model import Days, Member, Pattern, Post, Shift, Team

Slug = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Short = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,8}$")]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]


class RosterForm(Model):
    """A new roster: of the city's control centre (no agency) or of an office."""

    name: Name
    name_en: Name | None = None
    agency_id: Slug | None = None
    answers_to: Slug | None = None
    keeps_log: Flag = False


class RungForm(Model):
    """One rung of a ladder."""

    ko: Name
    en: Name
    kind: RungKind
    wait_s: Annotated[Whole, Field(ge=10, le=86_400)]
    accounts: Annotated[list[UUID], Field(max_length=50, default_factory=list)]
    roster_id: UUID | None = None

    def value(self) -> Rung:
        """As the room knows it."""
        return Rung(self.ko, self.en, self.kind, self.wait_s, tuple(self.accounts), self.roster_id)


class RosterChange(Model):
    """What of a roster changes; what is left out stays."""

    name: Name | None = None
    name_en: Name | None = None
    answers_to: Slug | None = None
    keeps_log: Flag | None = None
    ladder: Annotated[list[RungForm], Field(max_length=12)] | None = None


class ShiftForm(Model):
    """One shift of a pattern of one's own."""

    id: Short
    ko: Name
    en: Name
    begins: Clock
    ends: Clock
    days: Days = Days.EVERY


class PatternForm(Model):
    """A pattern of one's own."""

    ko: Name
    en: Name
    shifts: Annotated[list[ShiftForm], Field(min_length=1, max_length=6)]
    cycle: Annotated[list[Annotated[str, StringConstraints(max_length=8)]], Field(max_length=366, default_factory=list)]
    step: Annotated[Whole, Field(ge=0, le=366)] = 1

    def value(self, teams: int) -> Pattern:
        """As the room knows it, for so many teams."""
        shifts = tuple(
            Shift(one.id, one.ko, one.en, time.fromisoformat(one.begins), time.fromisoformat(one.ends), one.days)
            for one in self.shifts
        )
        return Pattern("own", self.ko, self.en, shifts, teams, tuple(self.cycle), self.step)


class MemberForm(Model):
    """Somebody in a team."""

    account_id: UUID
    post: Post = Post.MEMBER


class TeamForm(Model):
    """A team."""

    name: Name
    members: Annotated[list[MemberForm], Field(max_length=60, default_factory=list)]

    def value(self) -> Team:
        """As the room knows it."""
        return Team(self.name, tuple(Member(one.account_id, one.post) for one in self.members))


class PlanForm(Model):
    """From `since` on: a pattern by its id or of one's own, counted from `anchor`, and who is in which team."""

    since: date
    anchor: date
    pattern: Annotated[str, StringConstraints(max_length=20)] | PatternForm
    teams: Annotated[list[TeamForm], Field(min_length=1, max_length=40)]


class ChangeForm(Model):
    """A change that is asked for; see `swapping.Wanted`."""

    kind: Literal["substitute", "swap", "absence"]
    why: Literal["leave", "training", "duty", "other"] = "other"
    day: date
    out_account: UUID | None = None
    in_account: UUID | None = None
    shift: Short | None = None
    other_day: date | None = None
    other_shift: Short | None = None
    last_day: date | None = None


class RemarkForm(Model):
    """What a person writes into a log."""

    text: Passage


class GiveForm(Model):
    """What the next shift has to know beyond the summary."""

    note: Words = ""


class TakeForm(Model):
    """What is to be said about it."""

    note: Words = ""
