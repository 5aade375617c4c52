"""The documents say what is so: pairs in both languages, links that lead somewhere, commands and options that exist."""

import re
from pathlib import Path

import pytest

from dure import cli

ROOT = Path(__file__).parents[2]
SECURITY = ROOT / "docs" / "security"
ASVS = (SECURITY / "asvs.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_that_are_shown_exist(page: Path) -> None:
    shown = set(re.findall(r"\./dure ([a-z]+)", page.read_text(encoding="utf-8")))
    assert {command for command in shown if command not in cli.COMMANDS} == set()


def test_every_page_is_there_in_both_languages() -> None:
    korean = {path.name for path in (ROOT / "docs" / "ko").glob("*.md")}
    assert korean == {path.name for path in (ROOT / "docs" / "en").glob("*.md")}
    assert (ROOT / "README.ko.md").exists()


def test_every_runtime_dependency_is_accounted_for() -> None:
    told = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    block = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("dependencies = [", 1)[1].split("\n]", 1)[0]
    names = re.findall(r'^\s*"([a-z0-9-]+)', block, re.MULTILINE)
    assert len(names) > 15
    assert [one for one in names if one not in told] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_names_a_registry(page: Path) -> None:
    text = page.read_text(encoding="utf-8").lower()
    assert re.search(r"pypi\.org|npmjs\.(com|org)|pythonhosted", text) is None


def test_every_line_of_the_security_papers_names_tests_that_are_there() -> None:
    lines = re.findall(r"^\| (\d+\.\d+\.\d+) \| [12] \| (yes|partly|no|n/a) \| .+? \| (.*) \|$", ASVS, re.MULTILINE)
    assert len({number for number, _, _ in lines}) == len(lines) == 253, "all of ASVS 5.0, levels 1 and 2"
    for number, state, shown in lines:
        assert (state == "yes") <= bool(shown.strip()), f"{number} says yes and names no test"
    for paper in SECURITY.glob("*.md"):
        for path in re.findall(r"\b((?:tests|src|docs)/[\w./-]+\w)", paper.read_text(encoding="utf-8")):
            assert (ROOT / path).exists() or list(ROOT.glob(f"{path}*")), f"{paper.name}: {path}"
