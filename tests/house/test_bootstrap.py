"""./dure before anything is installed: any Python 3 can parse it, and what is missing is said in one line."""

import ast
import importlib.machinery
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    monkeypatch.setenv("DURE_LANG", "en")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("dure_bootstrap", str(ROOT / "dure"))
    spec = importlib.util.spec_from_loader("dure_bootstrap", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_an_old_python_can_read_it() -> None:
    ast.parse((ROOT / "dure").read_text(encoding="utf-8"), feature_version=(3, 4))


def test_a_python_without_venv_is_named_with_what_mends_it(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "pythons", lambda: ["/usr/bin/python3"])
    monkeypatch.setattr(bootstrap, "fitting", lambda _python: "venv 3.11")
    with pytest.raises(SystemExit) as ended:
        bootstrap.choose_python()
    said = capsys.readouterr().err
    assert ended.value.code == 69
    assert said == "[dure] Python 3.11 lacks venv. Run this, then start again: apt install python3.11-venv\n"


def test_an_old_python_alone_is_told_so_in_korean_too(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "pythons", lambda: ["/usr/bin/python3"])
    monkeypatch.setattr(bootstrap, "fitting", lambda _python: "no")
    for language, word in (("en", "needs Python >= 3.11"), ("ko_KR.UTF-8", "Python 3.11 이상이 필요합니다")):
        monkeypatch.setenv("DURE_LANG", language)
        with pytest.raises(SystemExit) as ended:
            bootstrap.old_python()
        said = capsys.readouterr().err
        assert ended.value.code == 69
        assert word in said
        assert said.count("\n") == 1


def test_a_newer_python_of_the_path_is_taken_where_the_default_is_old(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "pythons", lambda: ["/old", "/lacking", "/good"])
    monkeypatch.setattr(bootstrap, "fitting", {"/old": "no", "/lacking": "venv 3.12", "/good": "yes 3.13"}.get)
    assert bootstrap.choose_python() == "/good"


def test_this_python_is_found_fitting(bootstrap: ModuleType) -> None:
    assert bootstrap.fitting(sys.executable) == "yes {}.{}".format(*sys.version_info[:2])
    assert bootstrap.fitting("/nowhere/python3") == "no"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_locks_are_hashed_and_name_no_host(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert re.search(r"\b[a-z0-9-]+\.(org|com|net|io|dev)\b", text) is None
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert len(blocks) > 20
    assert all("==" in block and "--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("words", [["--help"], ["up", "--help"], ["test", "--help"]])
def test_help_needs_the_standard_library_only(words: list[str]) -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); from dure import cli; cli.main({words})"
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "./dure" in done.stdout
