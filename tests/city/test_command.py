"""`dure import`: its JSON, its words, its exit codes."""

import argparse
import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dure.commands import importing
from dure.engine.servers import access

FILE = "시장명,위도,경도\n중앙시장,36.62911,127.42617\n동문시장,0,0\n,36.6,127.4\n"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> object:
    """Runs the command's words against this test's database."""
    (tmp_path / "secrets").mkdir(mode=0o700)

    @contextmanager
    def here(_place: object) -> Iterator[str]:
        yield database_url

    monkeypatch.setattr(access, "database_url", here)
    monkeypatch.setenv("DURE_LANG", "ko")
    path = tmp_path / "시장.csv"
    path.write_text(FILE, "utf-8")

    def act(*words: str) -> int:
        parser = argparse.ArgumentParser()
        importing.arguments(parser)
        named = [str(path) if word == "FILE" else word for word in words]
        return importing.run(parser.parse_args([*named, "--data", str(tmp_path)]))

    return act


def test_the_contracts_json_and_that_again_changes_nothing(run: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(run)
    assert run("markets", "FILE", "--json", "--dry-run") == 0
    dry = json.loads(capsys.readouterr().out)
    assert run("markets", "FILE", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert dry == told
    assert {name: told[name] for name in ("read", "imported", "updated", "unchanged")} == {
        "read": 3,
        "imported": 1,
        "updated": 0,
        "unchanged": 0,
    }
    assert [(one["row"], one["field"]) for one in told["rejected"]] == [(3, "경도"), (4, "시장명")]
    assert told["rejected"][0]["reason"] == "좌표가 0입니다. 위치를 모르는 행으로 보입니다."
    assert run("markets", "FILE", "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["imported"], again["unchanged"], again["read"]) == (0, 1, 3)


def test_it_speaks_to_people(run: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(run)
    assert run("markets", "FILE") == 0
    out = capsys.readouterr().out
    assert "3행을 읽었습니다. 추가 1 · 변경 0 · 동일 0 · 제외 2" in out
    assert "3행 경도: 좌표가 0입니다." in out


@pytest.mark.parametrize(
    "words", [("hydrants", "FILE"), ("cases", "FILE"), ("nothing", "FILE"), ("markets", "/nowhere.csv")]
)
def test_what_cannot_be_read_ends_with_two(
    run: object, capsys: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    assert callable(run)
    assert run(*words, "--json") == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "city." not in shown.err
    assert len(shown.err) > 20


def test_the_loop_is_its_own(run: object) -> None:
    """The command makes its own event loop: it can be called where none runs."""
    assert callable(run)
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    assert run("markets", "FILE") == 0
