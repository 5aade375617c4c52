"""The doctor finds what is put wrong, and each finding has its words in both languages."""

import os
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dure.engine.servers import doctor
from dure.engine.servers.doctor import Finding, Subject, examine
from dure.engine.servers.place import Place
from dure.engine.texts import catalogue


class Usage(NamedTuple):
    """As psutil has it."""

    total: int
    used: int
    free: int
    percent: float


def found(place: Path, check: str, **ports: int) -> list[Finding]:
    subject = Subject(Place(place), **{"port": 0, "mqtt_port": 0, **ports})
    return [finding for finding in examine(subject) if finding.check == check]


def worst(place: Path, check: str, **ports: int) -> tuple[str, str]:
    order = ("ok", "warn", "fail")
    finding = max(found(place, check, **ports), key=lambda one: order.index(one.level))
    return finding.level, finding.variant


def test_a_taken_port_is_named_with_its_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        findings = found(tmp_path, "ports", port=port)
    assert [one.variant for one in findings] == ["taken", "free"]
    assert str(os.getpid()) in str(findings[0].params["holder"])


def test_a_full_disk_and_few_inodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.disk_usage", lambda _path: Usage(10**9, 10**9, 10**7, 99.0))
    assert worst(tmp_path, "disk") == ("fail", "full")


def test_a_memory_disk_forgets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "_filesystem", lambda _folder: "tmpfs")
    assert worst(tmp_path, "fsync") == ("fail", "forgetful")


def test_an_fsync_that_costs_nothing_is_not_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "_filesystem", lambda _folder: "ext4")
    monkeypatch.setattr(os, "fsync", lambda _handle: None)
    assert worst(tmp_path, "fsync") == ("warn", "ignored")


def test_a_clock_behind_the_citys_own_files(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.note({})
    ahead = 2**31
    os.utime(tmp_path / "run.json", (ahead, ahead))
    assert worst(tmp_path, "clock") == ("fail", "behind")


def test_a_clock_that_nothing_keeps_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_kernel_clock", lambda: (False, 0.0))
    monkeypatch.setattr(doctor, "_other_synchronised", lambda: None)
    assert worst(tmp_path, "clock") == ("warn", "free")
    monkeypatch.setattr(doctor, "_other_synchronised", lambda: True)
    assert worst(tmp_path, "clock")[0] == "ok"


def test_few_open_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 4096))
    assert worst(tmp_path, "files") == ("warn", "few")


def test_secrets_that_others_can_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    place = Place(tmp_path)
    place.secret("postgres")
    assert worst(tmp_path, "folder") == ("ok", "own")
    (place.secrets / "postgres").chmod(0o644)
    assert worst(tmp_path, "folder") == ("fail", "secrets_open")


def test_programs_left_by_a_city_that_was_killed(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        Place(tmp_path).note({"children": {"web": {"pid": left.pid, "created": None}}})
        assert worst(tmp_path, "city") == ("warn", "left_over")
    finally:
        left.communicate()


def test_an_engine_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert worst(tmp_path, "programs") == ("fail", "missing")


def test_a_database_behind_the_program_and_one_that_is_away(
    tmp_path: Path, empty_database_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, said in (
        (database_url, ("ok", "current")),
        (empty_database_url, ("warn", "behind")),
        ("postgresql://nobody@127.0.0.1:1/x", ("fail", "away")),
    ):
        monkeypatch.setenv("DURE_DATABASE_URL", url)
        assert worst(tmp_path, "database") == said


def test_every_finding_has_words_in_both_languages() -> None:
    source = Path(doctor.__file__).read_text(encoding="utf-8")
    for language in ("ko", "en"):
        known: Any = catalogue().keys("ko" if language == "ko" else "en")
        variants = [key for key in known if key.startswith("doctor.") and not key.endswith(".mend")]
        for key in variants:
            variant = key.rsplit(".", 1)[1]
            assert f'"{variant}"' in source, key
        assert len(variants) > 25
