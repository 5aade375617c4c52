"""Passwords: long, not common, no composition; the same cost for everybody."""

import pytest
from argon2 import Type, extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from dure.kernel.errors import Invalid
from dure.trust import passwords


@pytest.fixture(autouse=True)
def hasher() -> None:
    """The city's own, in place of the quick one of this room's other tests."""


@pytest.mark.parametrize(
    ("password", "key"),
    [
        ("short", "trust.password.too_short"),
        ("가나다라마바사아자차카", "trust.password.too_short"),
        ("a" * 129, "trust.password.too_long"),
        ("passwordpassword", "trust.password.common"),
        ("Password2026!", "trust.password.common"),
        ("aaaaaaaaaaaaaa", "trust.password.common"),
        ("123456789012345", "trust.password.common"),
        ("abcabcabcabcabc", "trust.password.common"),
        ("qwertyuiopasdf1!", "trust.password.common"),
        ("대한민국만세2026!!!", "trust.password.common"),
        ("my name is oper-07", "trust.password.has_username"),
    ],
)
def test_refused(password: str, key: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.check(password, "Oper-07")
    assert refused.value.key == key


@pytest.mark.parametrize(
    "password", ["correct horse battery", "관제실에는 늘 커피가 있다", "vbnmghjk tyu!", "lowercaseonlyisfine"]
)
def test_taken_without_rules_of_composition(password: str) -> None:
    passwords.check(password, "oper-07")


@given(st.text(max_size=200), st.text(max_size=40))
def test_what_is_short_is_never_taken_and_anything_else_gives_a_reason(password: str, username: str) -> None:
    refused = None
    try:
        passwords.check(password, username)
    except Invalid as error:
        refused = error
    assert refused is not None or len(password) >= 4
    assert refused is None or refused.fields


async def test_kept_as_argon2id_and_compared_in_one_spelling() -> None:
    kept = await passwords.hashed("Ａ한글 비밀번호 문장")
    assert kept.startswith("$argon2id$")
    assert await passwords.matches("A한글 비밀번호 문장", kept)
    assert not await passwords.matches("A한글 비밀번호 문장 ", kept)


@pytest.mark.parametrize("kept", [None, "", "not a hash"])
async def test_nothing_to_compare_with_costs_one_hash_and_says_no(
    kept: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real = passwords.verify
    monkeypatch.setattr(passwords, "verify", lambda kept, password: (calls.append(kept), real(kept, password))[1])
    assert not await passwords.matches("nobody has this password", kept)
    assert len(calls) == 1


def test_the_hash_for_nobody_costs_what_everybodys_costs() -> None:
    assert not passwords._hasher.check_needs_rehash(passwords._NOBODY)


async def test_a_hash_costs_what_owasp_asks_or_more() -> None:
    cost = extract_parameters(await passwords.hashed("correct horse battery"))
    assert cost.type is Type.ID
    assert cost.memory_cost >= 46 * 1024
    assert cost.time_cost >= 2
