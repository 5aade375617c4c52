"""The policy is pure and denies by default."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.trust.policy import GRANTS, allowed, permissions_of, union
from dure.trust.roles import Role

words = st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=8)
permissions = st.builds("{}.{}".format, words, words)
roles = st.sampled_from(list(Role))
tables = st.dictionaries(permissions, st.frozensets(roles), max_size=8)


@given(st.frozensets(roles), permissions, tables)
def test_nobody_has_what_no_line_grants(
    held: frozenset[Role], permission: str, table: dict[str, frozenset[Role]]
) -> None:
    expected = any(role in table.get(permission, ()) for role in held)
    assert allowed(held, permission, table) is expected
    assert (permission in permissions_of(held, table)) is expected


@given(tables, tables)
def test_more_roles_never_take_away(first: dict[str, frozenset[Role]], second: dict[str, frozenset[Role]]) -> None:
    for role in Role:
        for other in Role:
            assert permissions_of({role}, first) <= permissions_of({role, other}, first)


def test_two_rooms_cannot_grant_one_permission() -> None:
    with pytest.raises(ValueError, match="granted twice"):
        union([{"a.b": frozenset({Role.ADMIN})}, {"a.b": frozenset({Role.CITIZEN})}])


def test_a_grant_to_no_role_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="root"):
        union([{"a.b": frozenset({"root"})}])


def test_machines_and_citizens_hold_nothing_of_the_rooms_own_but_the_list_of_agencies() -> None:
    assert permissions_of({Role.DEVICE}, GRANTS) == frozenset()
    assert permissions_of({Role.CITIZEN}, GRANTS) == frozenset()
    assert permissions_of({Role.SERVICE}, GRANTS) == {"agency.read"}


def test_an_administrator_keeps_accounts_and_opens_nobodys_record() -> None:
    assert "person.open" not in permissions_of({Role.ADMIN}, GRANTS)
    assert {"account.manage", "token.manage", "policy.read"} <= permissions_of({Role.ADMIN}, GRANTS)
