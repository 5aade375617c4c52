"""The vocabulary of playbooks in both languages. docs/{ko,en}/playbooks.md shows every word by example."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from dure.kernel.messages import Language
from dure.kernel.severity import Severity
from dure.respond.playbooks.model import Channel, Happening, Party, PartyKind

Twins = Mapping[Language, tuple[str, ...]]
"""The same word in both languages. The first of each is the one that documents use; the others are read as well."""
T = TypeVar("T", bound=StrEnum)


class Word(StrEnum):
    """What a line of a step begins with."""

    NOTIFY = "notify"
    ANSWERS = "answers"
    TRANSFER = "transfer"
    JOINT = "joint"
    TELL = "tell"
    TASK = "task"
    DUE = "due"
    LATE = "late"
    DECISION = "decision"
    WAIT = "wait"
    CAMERAS = "cameras"
    TURN = "turn"
    AUTOMATION = "automation"
    WARNING = "warning"
    PARALLEL = "parallel"
    WHEN = "when"
    OTHERWISE = "otherwise"
    GOLDEN = "golden"


WORDS: Final[Mapping[Word, Twins]] = {
    Word.NOTIFY: {"ko": ("알림",), "en": ("notify",)},
    Word.ANSWERS: {"ko": ("답",), "en": ("answers",)},
    Word.TRANSFER: {"ko": ("이관",), "en": ("hand off",)},
    Word.JOINT: {"ko": ("공동대응 요청", "공동대응"), "en": ("ask to act together", "joint response")},
    Word.TELL: {"ko": ("상황전파",), "en": ("tell",)},
    Word.TASK: {"ko": ("임무",), "en": ("task", "assign")},
    Word.DUE: {"ko": ("기한",), "en": ("due",)},
    Word.LATE: {"ko": ("넘기면",), "en": ("if late", "escalate")},
    Word.DECISION: {"ko": ("결정",), "en": ("decision", "ask for a decision")},
    Word.WAIT: {"ko": ("기다림",), "en": ("wait for", "wait until", "wait")},
    Word.CAMERAS: {"ko": ("카메라",), "en": ("open cameras", "cameras")},
    Word.TURN: {"ko": ("회전",), "en": ("turn camera",)},
    Word.AUTOMATION: {"ko": ("자동화",), "en": ("run automation",)},
    Word.WARNING: {"ko": ("재난문자",), "en": ("public warning",)},
    Word.PARALLEL: {"ko": ("함께",), "en": ("in parallel",)},
    Word.WHEN: {"ko": ("때",), "en": ("when",)},
    Word.OTHERWISE: {"ko": ("아니면",), "en": ("otherwise",)},
    Word.GOLDEN: {"ko": ("골든타임",), "en": ("golden time",)},
}


class Front(StrEnum):
    """What stands between the two lines of dashes."""

    KIND = "kind"
    SEVERITY = "severity"
    VERSION = "version"
    OWNER = "owner"
    GOLDEN = "golden"


FRONT: Final[Mapping[Front, Twins]] = {
    Front.KIND: {"ko": ("종류",), "en": ("kind",)},
    Front.SEVERITY: {"ko": ("심각도",), "en": ("severity",)},
    Front.VERSION: {"ko": ("판",), "en": ("version",)},
    Front.OWNER: {"ko": ("주관",), "en": ("owner",)},
    Front.GOLDEN: {"ko": ("골든타임",), "en": ("golden time",)},
}

SEVERITIES: Final[Mapping[Severity, Twins]] = {
    Severity.CRITICAL: {"ko": ("심각",), "en": ("critical",)},
    Severity.SERIOUS: {"ko": ("경계",), "en": ("serious",)},
    Severity.WATCH: {"ko": ("주의",), "en": ("watch",)},
    Severity.NOTICE: {"ko": ("관심",), "en": ("notice",)},
}

HAPPENINGS: Final[Mapping[Happening, Twins]] = {
    Happening.SIGNAL: {"ko": ("신호",), "en": ("signal",)},
    Happening.CONFIRMED: {"ko": ("경보 확정", "확정"), "en": ("alarm confirmed", "confirmed")},
    Happening.LOCATED: {"ko": ("위치 확인",), "en": ("located",)},
    Happening.ACKNOWLEDGED: {"ko": ("상황 확인", "접수"), "en": ("taken up",)},
    Happening.HANDED_OFF: {"ko": ("이관",), "en": ("hand-off", "handed off")},
    Happening.ANSWERED: {"ko": ("기관 확인",), "en": ("agency answer", "answered")},
    Happening.CLOSED: {"ko": ("종결",), "en": ("closed",)},
    Happening.DISPATCHED: {"ko": ("출동 지령", "출동"), "en": ("dispatch", "dispatched")},
    Happening.ARRIVED: {"ko": ("선착대 도착", "도착"), "en": ("arrival", "first crew arrived")},
    Happening.CONTROLLED: {"ko": ("통제 완료", "통제"), "en": ("closed off",)},
    Happening.EVACUATED: {"ko": ("대피 완료",), "en": ("evacuated",)},
    Happening.FOUND: {"ko": ("발견",), "en": ("found",)},
    Happening.RESTORED: {"ko": ("복구",), "en": ("restored",)},
}

CHANNELS: Final[Mapping[Channel, Twins]] = {
    Channel.SMS: {"ko": ("문자",), "en": ("SMS", "text message")},
    Channel.VOICE: {"ko": ("음성", "전화"), "en": ("voice call", "call")},
    Channel.EMAIL: {"ko": ("전자우편", "이메일"), "en": ("e-mail",)},
    Channel.PUSH: {"ko": ("앱 알림", "푸시"), "en": ("push",)},
    Channel.BROADCAST: {"ko": ("방송",), "en": ("loudspeakers", "announcement")},
    Channel.DISPLAY: {"ko": ("전광판",), "en": ("sign board", "sign boards")},
}

_KINDS: Final[Mapping[str, Twins]] = {
    "fire": {"ko": ("소방서 119", "소방서", "소방본부", "소방", "119"), "en": ("fire service", "119")},
    "police": {"ko": ("경찰서 112", "경찰서", "경찰 112", "경찰", "112"), "en": ("police 112", "police", "112")},
    "disaster": {"ko": ("재난안전상황실", "재난상황실"), "en": ("disaster room",)},
    "health": {"ko": ("보건소",), "en": ("health centre",)},
    "welfare": {"ko": ("복지정책과", "복지과"), "en": ("welfare office",)},
    "school": {"ko": ("교육지원청", "교육청"), "en": ("office of education",)},
    "hospital": {"ko": ("응급실", "의료기관", "병원"), "en": ("hospital", "hospitals")},
    "gas": {"ko": ("도시가스",), "en": ("city gas", "gas company")},
    "power": {"ko": ("전력 당직", "전력회사", "한전"), "en": ("power company",)},
    "merchants": {"ko": ("상인회",), "en": ("merchants' association", "merchants")},
}

_ROLES: Final[Mapping[str, Twins]] = {
    "operator": {"ko": ("상황실 운영자", "운영자", "관제요원"), "en": ("operator",)},
    "shift_lead": {"ko": ("관제팀장",), "en": ("shift lead",)},
    "police": {"ko": ("상주 경찰관",), "en": ("resident police officer",)},
    "official": {"ko": ("담당 공무원",), "en": ("official in charge",)},
}

_GROUPS: Final[Mapping[str, Twins]] = {
    "owner": {"ko": ("점주",), "en": ("stall owner", "shop owner")},
    "block": {
        "ko": ("불이 난 동의 모든 점포", "모든 점포", "점포"),
        "en": ("every stall in the burning block", "stalls"),
    },
    "crew": {"ko": ("선착대", "펌프차", "출동대"), "en": ("first crew", "crews")},
    "patrol": {"ko": ("순찰대", "지구대"), "en": ("patrol",)},
    "guardian": {"ko": ("보호자",), "en": ("guardian",)},
    "residents": {"ko": ("주민", "이웃"), "en": ("residents",)},
    "nearby": {"ko": ("주변 시민", "현장 시민"), "en": ("people nearby", "people at the place")},
    "facility": {"ko": ("시설 관리자", "시설관리자"), "en": ("facility manager",)},
    "organiser": {"ko": ("행사 주최자", "주최자"), "en": ("event organiser",)},
    "duty_officer": {"ko": ("당직사령", "당직관"), "en": ("duty officer",)},
    "headquarters": {"ko": ("재난안전대책본부", "대책본부"), "en": ("disaster headquarters",)},
    "district": {"ko": ("구청", "행정복지센터"), "en": ("district office",)},
    "roads": {"ko": ("도로관리과", "도로과"), "en": ("roads office",)},
    "transport": {"ko": ("교통정보센터", "교통과"), "en": ("traffic centre",)},
    "pumps": {"ko": ("배수펌프장",), "en": ("pumping station",)},
    "tracing": {"ko": ("역학조사반",), "en": ("tracing team",)},
    "it_desk": {"ko": ("정보통신과",), "en": ("IT office",)},
    "cyber": {"ko": ("사이버침해대응센터",), "en": ("cyber response centre",)},
    "privacy": {"ko": ("개인정보 보호책임자",), "en": ("data protection officer",)},
    "press": {"ko": ("대변인",), "en": ("press officer",)},
    "volunteers": {"ko": ("자율방재단",), "en": ("disaster volunteers",)},
    "shelter": {"ko": ("대피소 담당",), "en": ("shelter staff",)},
    "towing": {"ko": ("견인업체",), "en": ("towing company",)},
    "contractor": {"ko": ("유지보수업체",), "en": ("maintenance contractor",)},
    "dependent": {"ko": ("전력 의존 가구",), "en": ("households that depend on power",)},
}

AGENCY_KINDS: Final = frozenset(_KINDS)
"""Kinds of agencies that manuals can name without knowing the city."""
GROUPS: Final = frozenset(_GROUPS)
"""Groups of people that manuals can name; who they are is the city's to say."""


def parties(language: Language) -> dict[str, Party]:
    """Everybody that has a word of their own in `language`, by that word in lower case."""
    found: dict[str, Party] = {}
    tables = ((PartyKind.AGENCY_KIND, _KINDS), (PartyKind.ROLE, _ROLES), (PartyKind.GROUP, _GROUPS))
    for kind, table in tables:
        for name, twins in table.items():
            found.update({word.lower(): Party(kind, name, word) for word in twins[language]})
    return found


def spellings(table: Mapping[T, Twins], language: Language) -> dict[str, T]:
    """What each spelling in `language` means."""
    return {word.lower(): name for name, twins in table.items() for word in twins[language]}


def name(table: Mapping[T, Twins], one: T, language: Language) -> str:
    """How documents of `language` spell a word."""
    return table[one][language][0]
