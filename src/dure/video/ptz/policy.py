"""Who may ask for a turn, how long turns are kept, and what makes them. `rules.may_turn` decides beyond this table."""

from datetime import date

from dure.trust.policy import Ask, Grants, grant
from dure.trust.retention.kinds import rows_of
from dure.trust.retention.model import Kind, Rule
from dure.video.ptz.rules import CENTRE

GRANTS: Grants = {"video.turn": grant(CENTRE, Ask.ACCOUNT)}

TURN = Kind(
    "video_turn",
    (Rule(date(2026, 1, 1), 30, "도시 자체 기준: 카메라 조작의 확인(조작 사실은 접속기록)", confirm=True),),
    *rows_of("video_turn", "asked_at"),
)
"""Turns that were asked for; who turned what, when and for which incident stays in the audit log."""
