"""`dure token` and `dure audit verify`."""

import json
from pathlib import Path

import psycopg
import pytest

from dure import cli


@pytest.fixture
def city(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A city whose database is this test's own."""
    monkeypatch.setenv("DURE_DATABASE_URL", database_url)
    monkeypatch.setenv("DURE_LANG", "en")
    return ["--data", str(tmp_path)]


def test_a_token_is_printed_alone_then_listed_and_revoked(city: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["--role", "fire", "--agency", "fire", "--network", "10.0.0.0/8", "--network", "::1", "--name", "119"]
    assert cli.main(["token", *wanted, "--expires", "12h", *city]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("duret_")
    assert len(printed.split()) == 1
    assert cli.main(["token", "list", "--json", *city]) == 0
    listed = json.loads(capsys.readouterr().out)["items"]
    assert [(one["role"], one["agency_id"], one["networks"]) for one in listed] == [
        ("fire", "fire", ["10.0.0.0/8", "::1/128"])
    ]
    assert "secret" not in json.dumps(listed)
    assert cli.main(["token", "revoke", printed.strip(), *city]) == 0
    assert "119" in capsys.readouterr().out
    assert cli.main(["token", "list", *city]) == 0
    assert "ended" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 2),
        (["revoke"], 2),
        (["--role", "fire", "--agency", "nowhere"], 69),
        (["--role", "fire", "--network", "10.0.0.1/8"], 69),
        (["--role", "fire", "--expires", "soon"], 69),
        (["--role", "fire", "--device", "heat-1"], 69),
        (["revoke", "00000000-0000-0000-0000-000000000000"], 69),
        (["revoke", "nonsense"], 69),
    ],
)
def test_what_makes_no_sense_is_said_and_makes_nothing(
    city: list[str], capsys: pytest.CaptureFixture[str], words: list[str], code: int
) -> None:
    assert cli.main(["token", *words, *city]) == code
    heard = capsys.readouterr()
    assert heard.out == ""
    assert "trust." not in heard.err, "people read words, not keys"
    assert cli.main(["token", "list", *city]) == 0
    assert capsys.readouterr().out == ""


def test_every_role_of_the_contract_can_be_named(city: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    named = (
        "admin, operator, shift_lead, police, fire, disaster, welfare, epidemic, clinician, teacher, official, "
        "auditor, citizen, device, service"
    )
    for role in named.split(", "):
        assert cli.main(["token", "--role", role, *city]) == 0
    with pytest.raises(SystemExit):
        cli.main(["token", "--role", "root", *city])


def test_the_log_is_whole_until_somebody_edits_it(
    city: list[str], database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        cli.main(["token", "--role", "service", *city])
    capsys.readouterr()
    assert cli.main(["audit", "verify", "--json", *city]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["lines"], told["broken_at"]) == (True, 3, None)
    with psycopg.connect(database_url, autocommit=True) as line:
        line.execute("set session_replication_role = replica")
        line.execute("update audit set actor_name = 'x' where id = (select audit_id from audit_seal where seq = 2)")
    assert cli.main(["audit", "verify", "--json", *city]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["lines"], told["broken_at"], told["reason"]) == (False, 1, 2, "changed")
