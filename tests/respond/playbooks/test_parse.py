"""Manuals to plans: every shipped one, every example of the documents, every fault at its line, and any text at all."""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.engine.texts import catalogue
from dure.kernel.messages import LANGUAGES, Language
from dure.notices import templates
from dure.respond.playbooks import named
from dure.respond.playbooks import parse as parsing
from dure.respond.playbooks.check import Known, check, twins
from dure.respond.playbooks.contributed import shipped
from dure.respond.playbooks.faults import MOST
from dure.respond.playbooks.model import Decide, HandOff, Notify, Party, PartyKind, Playbook, Wait, WaitKind, When
from dure.respond.playbooks.outline import MOST_STEPS
from dure.respond.playbooks.parse import parse
from dure.respond.playbooks.plain import from_json, to_json
from dure.respond.playbooks.words import WORDS
from dure.respond.types import TYPES
from dure.services.market_fire import service

DOCS = Path(__file__).parents[3] / "docs"
HEAD = {
    "ko": "---\n종류: fire\n심각도: 심각\n판: 1\n주관: 과\n---\n# 제목\n",
    "en": "---\nkind: fire\nseverity: critical\nversion: 1\nowner: office\n---\n# Title\n",
}
service.register()  # brings the manual of market fires
TEXTS: dict[tuple[str, Language], str] = {
    (kind, language): text for kind, (_owner, texts) in shipped().items() for language, text in texts.items()
}


def plan(body: str, language: Language = "ko") -> Playbook:
    """The plan of some steps."""
    found = parse(HEAD[language] + body, language)
    assert found.playbook is not None, found.faults
    return found.playbook


def faults(body: str, language: Language = "ko", *, head: bool = True) -> list[tuple[int, str]]:
    """What reading and understanding find: line within the body (0: in front matter), key's last part."""
    text = HEAD[language] + body if head else body
    offset = HEAD[language].count("\n") if head else 0
    found = parse(text, language)
    wrong = found.faults if found.playbook is None else check(found.playbook, Known())
    for one in wrong:
        for reader in LANGUAGES:
            assert catalogue().text(reader, one.key, one.params) != one.key, f"{one.key} has no words"
    return [(max(0, one.line - offset), one.key.rpartition(".")[2]) for one in wrong]


@pytest.mark.parametrize(("kind", "language"), sorted(TEXTS))
def test_every_shipped_manual_can_be_carried_out(kind: str, language: Language) -> None:
    found = parse(TEXTS[kind, language], language)
    assert found.faults == ()
    assert found.playbook is not None
    city = Known(
        kinds=frozenset(one.id for one in TYPES),
        templates=frozenset(templates.brought()),
        automations=named.automations(),
    )
    assert check(found.playbook, city) == ()
    assert found.playbook.kind == kind
    assert found.playbook.targets
    assert len(found.playbook.steps) >= 7
    assert from_json(json.loads(json.dumps(to_json(found.playbook)))) == found.playbook
    ids = [act.id for act in found.playbook.acts()]
    assert len(ids) == len(set(ids))


def test_there_are_eight_kinds_in_both_languages_that_say_the_same() -> None:
    kinds = {kind for kind, _language in TEXTS}
    assert len(kinds) >= 8
    for kind in kinds:
        both = [parse(TEXTS[kind, language], language).playbook for language in LANGUAGES]
        assert both[0] is not None
        assert both[1] is not None
        assert twins(both[0], both[1]) == (), kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_documents_show_every_word_by_an_example_that_works(language: Language) -> None:
    text = (DOCS / language / "playbooks.md").read_text(encoding="utf-8")
    for whole in re.findall(r"```manual\n(.*?)```", text, re.DOTALL):
        assert parse(whole, language).faults == ()
    steps = re.findall(r"```step\n(.*?)```", text, re.DOTALL)
    for step in steps:
        assert faults(f"## 1. a\n{step}", language) == [], step
    shown = "\n".join(steps)
    for word, spelt in WORDS.items():
        assert re.search(rf"^ *- {re.escape(spelt[language][0])}:", shown, re.MULTILINE), word


def test_who_is_meant_stands_before_the_comma_or_is_marked() -> None:
    acts = (
        plan(
            "## 1. a\n- 이관: 한빛소방서 119, 점포와 경찰의 말\n- 알림: 답이 없는 점포 목록을 선착대에 보낸다\n"
            "- 알림: 구청과 경찰에 문자 `x`\n- 알림: 거리 방송 ‘나오십시오’\n"
        )
        .steps[0]
        .acts
    )
    assert isinstance(acts[0], HandOff)
    assert [one.id for one in acts[0].to] == ["fire"]
    notices = [act for act in acts if isinstance(act, Notify)]
    assert [[one.id for one in act.to] for act in notices] == [["crew"], ["district", "police"], []]
    assert notices[2].text == "나오십시오"


def test_a_citys_own_name_comes_before_what_it_means_in_general() -> None:
    known = {"한빛소방서 119": Party(PartyKind.AGENCY, "fire-7", "한빛소방서 119")}
    found = parse(HEAD["ko"] + "## 1. a\n- 이관: 한빛소방서 119, 화재\n- 이관: 소방서, 화재\n", "ko", known).playbook
    assert found is not None
    to = [act.to[0] for act in found.steps[0].acts if isinstance(act, HandOff)]
    assert [(one.kind, one.id) for one in to] == [(PartyKind.AGENCY, "fire-7"), (PartyKind.AGENCY_KIND, "fire")]


def test_what_comes_late_belongs_to_the_nearest_deadline() -> None:
    found = plan(
        "## 1. a\n- 기한: 5분\n- 넘기면: 당직사령에게 알린다\n- 임무: 경찰, 막는다\n- 기한: 2분, 신호부터\n"
        "- 임무: 소방, 끈다\n- 넘기면: 이관: 경찰, 늦었다\n  - 알림: 점주에게 문자 `x`\n"
        "- 골든타임: 신호 → 이관 90초\n- 넘기면: 관제팀장에게 알린다\n"
    )
    step = found.steps[0]
    assert step.due is not None
    assert [act.id for act in step.late] == ["1.l1"]
    assert [act.id for act in step.acts[0].late] == ["1.1.l1", "1.1.l2"]  # type: ignore[union-attr]
    assert [act.id for act in found.targets[0].late] == ["1.g1.l1"]


def test_waits_and_conditions_mean_what_they_say() -> None:
    acts = (
        plan(
            "## 1. a\n- 기다림: 1분 30초\n- 기다림: 06:00까지\n- 기다림: 2단계, 길어야 10분\n"
            "- 기다림: 나중 일\n- 기다림: 비가 그쳤다\n"
            "- 결정: 관제팀장, 열까\n- 때: 결정이 ‘예’이면\n  - 카메라: 3대\n## 2. 나중 일\n글\n"
        )
        .steps[0]
        .acts
    )
    waits = [act for act in acts if isinstance(act, Wait)]
    kinds = [WaitKind.SPAN, WaitKind.CLOCK, WaitKind.MOMENT, WaitKind.MOMENT, WaitKind.PERSON]
    assert [one.kind for one in waits] == kinds
    assert [one.seconds for one in waits] == [90, 0, 600, 0, 0]
    decide, when = acts[5], acts[6]
    assert isinstance(decide, Decide)
    assert isinstance(when, When)
    assert (when.condition.of, when.condition.value) == (decide.id, "yes")


WRONG = [
    ("## 1. a\n- 임뮤: 경찰, 막는다\n", 2, "unknown_word_near"),
    ("## 1. a\n- task: police, close\n", 2, "other_language"),
    ("## 1. a\n- 이관: 아무개, 함께\n", 2, "party_unknown"),
    ("## 1. a\n- 이관: 점주, 함께\n", 2, "not_agency"),
    ("## 1. a\n글\n- 기한: 2분\n- 기한: 곧\n", 4, "span"),
    ("## 1. a\n- 임무: 경찰, 막는다\n- 기한: 2분, 언젠가부터\n", 3, "moment"),
    ("## 1. a\n- 임무: 경찰, 막는다\n- 넘기면: 점주에게 알린다\n", 3, "late_of_nothing"),
    ("## 1. a\n- 임무: 경찰, 막는다\n- 답: 예 | 아니요\n", 3, "answers_of_nothing"),
    ("## 1. a\n- 알림: 점주에게 문자 `x`\n- 답: 예 | 예\n", 3, "answers"),
    ("## 1. a\n- 때: 답이 ‘예’이면\n  - 카메라: 5대\n", 2, "answer_unknown"),
    ("## 1. a\n- 아니면: 점주에게 알린다\n", 2, "otherwise_of_nothing"),
    ("## 1. a\n- 함께:\n", 2, "holds_nothing"),
    ("## 1. a\n- 자동화: 문을 연다\n", 2, "automation"),
    ("## 1. a\n- 임무: 경찰, 막는다\n  - 카메라: 5대\n", 3, "nested"),
    ("## 1. a\n- 골든타임: 신호에서 이관 90초\n", 2, "golden"),
    ("## 1. a\n- 골든타임: 신호 → 이관\n", 2, "golden_span"),
    ("## 1. a\n- 골든타임: 신호 → 신호 90초\n", 2, "golden_nothing"),
    ("## 1. a\n- 골든타임: 이관 → 신호 90초\n", 2, "golden_backwards"),
    ("## 1. a\n글 <script>alert(1)</script>\n", 2, "html"),
    ("## 1. a\n글 \u202e뒤집힌\n", 2, "character"),
    ("## 1. a\n글\n## 3. b\n글\n", 3, "number"),
    ("## a\n글\n", 1, "heading"),
    ("## 1. a\n", 1, "empty_step"),
    ("## 1. a\n" + "".join("  " * n + "- 함께:\n" for n in range(4)) + "        - 카메라: 5대\n", 6, "too_deep"),
    ("## 1. a\n- 기다림: 2단계\n## 2. b\n- 기다림: 1단계\n", 4, "cycle"),
    ("## 1. a\n- 기다림: 1단계\n", 2, "cycle"),
    ("## 1. a\n- 기다림: 9단계\n", 2, "step_unknown"),
    ("## 1. a\n- 기다림: 2분\n- 골든타임: 신호 → 이관 90초\n", 3, "golden_too_short"),
    ("## 1. a\n- 기다림: 2분\n글\n## 2. b\n- 기다림: 1단계\n- 골든타임: 신호 → 이관 90초\n", 6, "golden_too_short"),
    ("## 1. a\n- 기한: 1분\n- 기다림: 2분\n", 2, "due_in_wait"),
    ("## 1. a\n- 기한: 1분, 신호부터\n- 임무: 경찰, 막는다\n- 기한: 2분, 신호부터\n", 4, "due_after_step"),
    (
        "## 1. a\n- 임무: 경찰, x\n- 기한: 5분, 신호부터\n- 넘기면: 임무: 소방, y\n  - 기한: 2분, 신호부터",
        5,
        "late_before_due",
    ),
    ("## 1. a\n- 때: 1단계가 늦으면\n  - 카메라: 5대\n", 2, "never_late"),
    (
        "## 1. a\n- 결정: 관제팀장, 열까\n- 때: 결정이 ‘예’이면\n  - 때: 결정이 ‘아니요’이면\n    - 카메라: 5대\n",
        4,
        "unreachable",
    ),
]


@pytest.mark.parametrize(("body", "line", "key"), WRONG, ids=[f"{key}-{n}" for n, (_b, _l, key) in enumerate(WRONG)])
def test_what_is_wrong_is_told_at_its_line(body: str, line: int, key: str) -> None:
    assert (line, key) in faults(body)


def test_what_follows_an_unreadable_line_is_not_judged_by_it() -> None:
    assert faults("## 1. a\n- 임뮤: 경찰, x\n- 기한: 2분\n- 넘기면: 점주에게 알린다\n") == [(2, "unknown_word_near")]


def test_front_matter_is_needed_and_understood() -> None:
    assert faults("# 제목\n", head=False)[0] == (1, "no_front")
    found = faults("---\n종류: Fire!\n심각도: 큼\n판: 1\n색: 빨강\n---\n# 제목\n## 1. a\n글\n", head=False)
    assert found == [(1, "front_missing"), (2, "kind"), (3, "severity"), (5, "front_word")]
    assert faults("---\n종류: fire\n# 제목\n## 1. a\n글\n", head=False)[0] == (1, "front_open")


def test_what_a_wait_ends_by_itself_is_no_cycle() -> None:
    assert faults("## 1. a\n- 기다림: 2단계, 길어야 5분\n## 2. b\n- 기다림: 1단계\n") == []


def test_ten_thousand_steps_and_a_huge_file_are_refused_quickly() -> None:
    many = HEAD["ko"] + "".join(f"## {n}. 단계\n글\n" for n in range(1, 10_001))
    began = time.process_time()
    assert "respond.playbook.fault.too_many_steps" in {one.key for one in parse(many, "ko").faults}
    deep = HEAD["ko"] + "## 1. a\n" + "- 때: 답이 ‘예’이면\n" * 12_000
    assert len(parse(deep[:250_000], "ko").faults) <= MOST
    assert [one.key for one in parse("가" * 100_000, "ko").faults] == ["respond.playbook.fault.too_long"]
    golden = HEAD["ko"] + "## 1. a\n" + "- 골든타임: 신호 → 이관 90초\n- 넘기면: 점주에게\n" * 3_000
    assert parse(golden, "ko").playbook is not None
    assert time.process_time() - began < 5
    chain = "".join(f"## {n}. s\n- 기다림: {n % MOST_STEPS + 1}단계\n" for n in range(1, MOST_STEPS + 1))
    assert [key for _line, key in faults(chain)] == ["cycle"]


def test_twins_that_differ_are_told_apart() -> None:
    one = plan("## 1. a\n- 이관: 소방, x\n- 기한: 60초\n- 골든타임: 신호 → 이관 90초\n")
    other = plan("## 1. a\n- hand off: fire service, x\n- due: 61 s\n- golden time: signal → hand-off 80 s\n", "en")
    assert {fault.key.rpartition(".")[2] for fault in twins(one, other)} == {"twin_act", "twin_golden"}
    longer = plan("## 1. a\n- hand off: police, x\n- open cameras: 5\n## 2. b\nx\n", "en")
    assert {"twin_steps", "twin_count", "twin_act", "twin_golden"} == {
        fault.key.rpartition(".")[2] for fault in twins(one, longer)
    }


@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=400), language=st.sampled_from(LANGUAGES))
def test_any_text_is_a_plan_or_has_faults(text: str, language: Language) -> None:
    _sound(text, language)


_BITS = st.sampled_from(
    [
        "- ",
        "  ",
        "## 1. ",
        "넘기면: ",
        "기한: ",
        "2분",
        "→",
        "`",
        "‘예’",
        "답: a | b",
        "때: ",
        "함께:",
        "\n",
        "---\n",
        ":",
    ]
)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_manual_with_pieces_cut_or_put_in_is_a_plan_or_has_faults(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(TEXTS)))
    text = TEXTS[key]
    for _ in range(data.draw(st.integers(1, 6))):
        at, end = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 30))
        text = text[:at] + data.draw(st.one_of(_BITS, st.text(max_size=5))) + text[at + end :]
    _sound(text, key[1])


def _sound(text: str, language: Language) -> None:
    found = parsing.parse(text, language)
    assert (found.playbook is None) == bool(found.faults)
    count = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    for fault in found.faults:
        assert 1 <= fault.line <= count
        assert fault.column >= 1
        assert catalogue().text(language, fault.key, fault.params) != fault.key
    if found.playbook is not None:
        check(found.playbook, Known())
        assert from_json(json.loads(json.dumps(to_json(found.playbook)))) == found.playbook
