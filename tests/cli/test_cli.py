"""The command line's frame: every command of the contract is listed truthfully, what is not built says so and exits
64."""

import json

import pytest

from dure import cli

CONTRACT = ("up", "test", "token", "import", "bench", "simulate", "doctor", "audit", "backup", "restore", "new")


def test_help_lists_every_command_truthfully(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DURE_LANG", "en")
    assert cli.main(["--help"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")}
    assert set(CONTRACT) <= set(lines)
    assert {name for name in CONTRACT if "not built yet" in lines[name]} == {n for n in CONTRACT if not cli.built(n)}


@pytest.mark.parametrize("words", [["fly"], [""], ["--fly"], ["up2"]])
def test_an_unknown_command_exits_64(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 64
    assert capsys.readouterr().err.count("\n") == 1


def test_a_command_that_is_not_built_yet_exits_64(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "built", lambda _name: False)
    assert cli.main(["backup", "/tmp/x"]) == 64
    assert capsys.readouterr().out == ""


def exit_code(words: list[str]) -> object:
    """argparse ends by itself once it has helped."""
    try:
        return cli.main(words)
    except SystemExit as end:
        return end.code


def test_every_built_command_explains_itself_in_both_languages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for language in ("ko_KR.UTF-8", "en"):
        monkeypatch.setenv("DURE_LANG", language)
        for name in CONTRACT:
            if not cli.built(name):
                continue
            assert exit_code([name, "--help"]) == 0
            assert f"./dure {name}" in capsys.readouterr().out


def test_doctor_speaks_json(
    capsys: pytest.CaptureFixture[str], tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DURE_DATABASE_URL", raising=False)
    code = cli.main(["doctor", "--json", "--data", str(tmp_path), "--port", "0", "--mqtt-port", "0"])
    said = json.loads(capsys.readouterr().out)
    assert code == (0 if said["ok"] else 1)
    assert {finding["check"] for finding in said["findings"]} >= {
        "python",
        "memory",
        "disk",
        "fsync",
        "clock",
        "programs",
    }
    for finding in said["findings"]:
        assert finding["what"]
        assert not finding["what"].startswith("doctor.")
        assert (finding["mend"] is None) == (finding["level"] == "ok")
