"""The whole city's policy: every route is guarded, and what nobody granted is denied."""

from hypothesis import given
from hypothesis import strategies as st

from dure import app
from dure.trust.policy import allowed, permissions_of
from dure.trust.roles import Role
from tests.contract.matrix import table

roles = st.sampled_from(list(Role))


@given(st.frozensets(roles), st.text(max_size=30))
def test_an_unknown_permission_is_nobodys(held: frozenset[Role], permission: str) -> None:
    if permission not in app.grants():
        assert not allowed(held, permission, app.grants())


@given(st.text(max_size=20))
def test_what_is_no_role_has_nothing(name: str) -> None:
    if name not in set(Role):
        assert permissions_of([name], app.grants()) == frozenset()  # type: ignore[list-item]


def test_an_auditor_reads_and_changes_nothing() -> None:
    held = permissions_of({Role.AUDITOR}, app.grants())
    assert "audit.read" in held
    # To prove, to judge, to keep proof, to say whose eyes an account's are and what the city handles, and to be told.
    own = {
        "audit.export",
        "audit.review",
        "audit.own",
        "glass.review",
        "retention.hold",
        "retention.facts",
        "notice.own",
    }
    others = [line for line in table.lines() if line.action in held - own and not line.action.endswith(".read")]
    assert all(route.startswith("GET ") for line in others for route in line.routes), others
    assert {line.action for line in table.lines()} >= held, "each has its line"


def test_citizens_and_devices_hold_only_what_is_theirs() -> None:
    assert permissions_of({Role.CITIZEN}, app.grants()) == {"rights.own"}
    assert permissions_of({Role.DEVICE}, app.grants()) == {"observation.send"}
