"""The one decision: each reason, in its order, and what each permission asks."""

from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.trust import policy
from dure.trust.policy import Ask, Decision, Resource, Situation, Standing, Subject, Why, decide, grant
from dure.trust.principal import Principal
from dure.trust.roles import Role

FIRE, OPERATOR, SERVICE, CITIZEN = Role.FIRE, Role.OPERATOR, Role.SERVICE, Role.CITIZEN
TABLE = policy.union(
    [
        {
            "thing.read": grant({OPERATOR}, own={FIRE, SERVICE}, shared=True),
            "thing.change": grant({OPERATOR}, own={FIRE, OPERATOR}),
            "thing.open": grant({OPERATOR}, Ask.PURPOSE, Ask.NETWORK, Ask.ACCOUNT, Ask.STEP_UP, own={FIRE}),
            "plain.read": frozenset({OPERATOR}),
        }
    ]
)
OURS = Resource(frozenset({"a"}))
SITUATION = Situation(True, "현장 확인", proved=True)


def asked(
    role: Role,
    action: str,
    resource: Resource = policy.ANYTHING,
    situation: Situation = SITUATION,
    *,
    agency: str | None = "a",
    standing: Standing = Standing.ACTIVE,
    account: bool = True,
) -> Why:
    found = decide(Subject(frozenset({role}), agency, standing, account), action, resource, situation, TABLE)
    assert found.allowed is (found.why in {Why.GRANTED, Why.GRANTED_OWN})
    return found.why


def test_a_role_for_anybodys_things_and_one_for_its_own_agencys() -> None:
    assert asked(OPERATOR, "thing.read", OURS, agency="b") is Why.GRANTED
    assert asked(OPERATOR, "thing.read", OURS, agency=None) is Why.GRANTED
    assert asked(FIRE, "thing.read", OURS) is Why.GRANTED_OWN
    assert asked(FIRE, "thing.read", OURS, agency="b") is Why.AGENCY
    assert asked(FIRE, "thing.read", OURS, agency=None) is Why.AGENCY
    assert asked(FIRE, "thing.read", Resource(frozenset())) is Why.AGENCY
    assert asked(FIRE, "thing.read", agency="b") is Why.GRANTED_OWN


def test_what_belongs_to_none_is_for_those_who_have_none() -> None:
    nobodys = Resource(frozenset({None}))
    assert asked(FIRE, "thing.read", nobodys, agency=None) is Why.GRANTED_OWN
    assert asked(FIRE, "thing.read", nobodys) is Why.AGENCY


def test_a_fire_is_within_the_field_of_the_fire_service_of_whatever_agency() -> None:
    of_the_field = Resource(frozenset({"a"}), frozenset({FIRE, CITIZEN}))
    assert asked(FIRE, "thing.read", of_the_field, agency="b") is Why.GRANTED_OWN
    assert asked(SERVICE, "thing.read", of_the_field, agency="b") is Why.AGENCY
    assert asked(CITIZEN, "thing.read", of_the_field) is Why.ROLE


def test_a_machine_without_an_agency_is_the_citys_own() -> None:
    assert asked(SERVICE, "thing.read", OURS, agency=None) is Why.GRANTED_OWN
    assert asked(SERVICE, "thing.read", OURS, agency="b") is Why.AGENCY
    assert asked(SERVICE, "thing.change", OURS, agency=None) is Why.ROLE


def test_who_is_in_both_lists_is_in_the_wider_one() -> None:
    assert asked(OPERATOR, "thing.change", OURS, agency="b") is Why.GRANTED
    assert decide(Subject(frozenset({FIRE, OPERATOR}), "b"), "thing.change", OURS, SITUATION, TABLE) == Decision(
        True, Why.GRANTED
    )


def test_what_the_table_does_not_name_is_nobodys() -> None:
    for role in Role:
        assert asked(role, "thing.destroy") is Why.ROLE
    assert asked(CITIZEN, "thing.read") is Why.ROLE
    assert decide(Subject(frozenset()), "thing.read", OURS, SITUATION, TABLE) == Decision(False, Why.ROLE)


def test_the_first_reason_is_what_is_wrong_with_the_asker() -> None:
    """Each is right but for one thing more than the one before."""
    nothing = Situation(None)
    everything_wrong = {"agency": "b", "account": False}
    outside = Situation(False)
    assert asked(CITIZEN, "thing.open", OURS, outside, standing=Standing.EXPIRED, **everything_wrong) is Why.EXPIRED
    assert asked(CITIZEN, "thing.open", OURS, outside, standing=Standing.SUSPENDED, **everything_wrong) is Why.SUSPENDED
    assert asked(CITIZEN, "thing.open", OURS, outside, standing=Standing.SHARED, **everything_wrong) is Why.NETWORK_OUT
    assert asked(CITIZEN, "thing.open", OURS, nothing, standing=Standing.SHARED, **everything_wrong) is Why.ROLE
    assert asked(FIRE, "thing.open", OURS, nothing, standing=Standing.SHARED, **everything_wrong) is Why.SHARED
    assert asked(FIRE, "thing.open", OURS, nothing, **everything_wrong) is Why.ACCOUNT
    assert asked(FIRE, "thing.open", OURS, nothing, agency="b") is Why.NETWORK
    assert asked(FIRE, "thing.open", OURS, Situation(True), agency="b") is Why.AGENCY
    assert asked(FIRE, "thing.open", OURS, Situation(True)) is Why.STEP_UP
    assert asked(FIRE, "thing.open", OURS, Situation(True, None, proved=True)) is Why.PURPOSE
    assert asked(FIRE, "thing.open", OURS, Situation(True, "확인 ", proved=True)) is Why.PURPOSE
    assert asked(FIRE, "thing.open", OURS, SITUATION) is Why.GRANTED_OWN


def test_outside_is_outside_also_where_no_network_is_asked_for() -> None:
    assert asked(OPERATOR, "thing.read", situation=Situation(False)) is Why.NETWORK_OUT
    assert asked(OPERATOR, "thing.read", situation=Situation(None)) is Why.GRANTED
    assert asked(OPERATOR, "thing.read", situation=Situation(True)) is Why.GRANTED


def test_shared_accounts_do_what_is_said_to_be_for_them() -> None:
    assert asked(OPERATOR, "thing.read", standing=Standing.SHARED) is Why.GRANTED
    assert asked(OPERATOR, "thing.change", standing=Standing.SHARED) is Why.SHARED
    assert asked(OPERATOR, "plain.read", standing=Standing.SHARED) is Why.SHARED


def test_plain_roles_ask_for_nothing_and_are_not_for_shared_accounts() -> None:
    plain = {"plain.read": frozenset({OPERATOR})}
    token = Subject(frozenset({OPERATOR}))
    assert decide(token, "plain.read", OURS, Situation(), plain) == Decision(True, Why.GRANTED)
    shared = Subject(frozenset({OPERATOR}), standing=Standing.SHARED)
    assert decide(shared, "plain.read", OURS, Situation(), plain) == Decision(False, Why.SHARED)
    assert policy.asks_of("plain.read", plain) == frozenset()
    assert policy.held(token, None, plain) == {"plain.read"}
    assert policy.held(shared, None, plain) == frozenset()


@pytest.mark.parametrize(
    ("words", "enough"),
    [
        (None, False),
        ("", False),
        ("확인", False),
        ("   확인 ", False),
        ("abc", False),
        ("현장확인", True),
        (" 현장확인 ", True),
    ],
)
def test_a_purpose_is_words(words: str | None, enough: bool) -> None:
    assert policy.is_purpose(words) is enough


def test_what_is_held_from_where_one_is_but_for_what_each_act_asks() -> None:
    fire = Subject(frozenset({FIRE}), "a", account=True)
    assert policy.held(fire, True, TABLE) == {"thing.read", "thing.change", "thing.open"}
    assert policy.held(fire, None, TABLE) == {"thing.read", "thing.change"}
    assert policy.held(fire, False, TABLE) == frozenset()
    assert policy.held(Subject(frozenset({FIRE}), "a"), True, TABLE) == {"thing.read", "thing.change"}
    for standing in (Standing.EXPIRED, Standing.SUSPENDED):
        assert policy.held(Subject(frozenset({FIRE}), "a", standing, account=True), True, TABLE) == frozenset()
    assert policy.held(Subject(frozenset({FIRE}), "a", Standing.SHARED), True, TABLE) == {"thing.read"}


def test_who_sees_every_agencys_things_in_a_list() -> None:
    assert policy.reaches_all({OPERATOR}, "a", "thing.read", TABLE)
    assert not policy.reaches_all({FIRE}, "a", "thing.read", TABLE)
    assert not policy.reaches_all({FIRE}, None, "thing.read", TABLE)
    assert policy.reaches_all({SERVICE}, None, "thing.read", TABLE)
    assert policy.reaches_all({FIRE, OPERATOR}, "a", "thing.read", TABLE)
    assert not policy.reaches_all({OPERATOR}, "a", "thing.destroy", TABLE)
    with_everything = policy.union([{"thing.open": grant({OPERATOR}, Ask.PURPOSE, Ask.NETWORK, Ask.STEP_UP)}])
    assert policy.reaches_all({OPERATOR}, "a", "thing.open", with_everything)


def test_a_grant_keeps_what_it_asks_through_the_union() -> None:
    assert policy.asks_of("thing.open", TABLE) == {Ask.PURPOSE, Ask.NETWORK, Ask.ACCOUNT, Ask.STEP_UP}
    assert policy.asks_of("thing.read", TABLE) == frozenset()
    assert policy.asks_of("thing.destroy", TABLE) == frozenset()
    one = TABLE["thing.change"]
    assert isinstance(one, policy.Grant)
    assert (one.own, one.shared, set(one)) == ({FIRE}, False, {FIRE, OPERATOR})


@given(
    st.frozensets(st.sampled_from(list(Role)), max_size=3),
    st.sampled_from(["a", "b", None]),
    st.sampled_from(list(Standing)),
    st.booleans(),
    st.sampled_from([True, False, None]),
)
def test_held_is_what_is_decided_about_the_askers_own_things(
    roles: frozenset[Role], agency: str | None, standing: Standing, account: bool, network: bool | None
) -> None:
    subject = Subject(roles, agency, standing, account)
    held = policy.held(subject, network, TABLE)
    situation = Situation(network, "현장 확인", proved=True)
    for action, resource in product(TABLE, (policy.ANYTHING, Resource(frozenset({agency})))):
        assert decide(subject, action, resource, situation, TABLE).allowed is (action in held)


@pytest.mark.parametrize(
    ("roles", "agency", "acts_for"),
    [
        ({FIRE}, "a", "a"),
        ({FIRE}, None, "fire"),
        ({Role.POLICE, FIRE}, None, "fire"),
        ({OPERATOR}, None, None),
        ({OPERATOR}, "a", "a"),
    ],
)
def test_the_desk_that_somebody_sits_at(roles: set[Role], agency: str | None, acts_for: str | None) -> None:
    assert policy.desk(roles, agency) == acts_for


def test_within_reach_is_what_is_decided_about_the_thing() -> None:
    def reaches(role: Role, agency: str | None, resource: Resource = OURS) -> bool:
        return policy.within(principal(role, agency), "thing.read", resource, TABLE)

    assert reaches(OPERATOR, "b")
    assert reaches(FIRE, "a")
    assert not reaches(FIRE, "b")
    assert not reaches(FIRE, None)
    assert reaches(FIRE, None, Resource(frozenset({"fire"})))
    assert reaches(FIRE, "b", Resource())
    assert reaches(SERVICE, None)
    assert not policy.within(principal(OPERATOR, "b"), "thing.destroy", OURS, TABLE)


def principal(role: Role, agency: str | None) -> Principal:
    return Principal("token", UUID(int=7), "desk", frozenset({role}), agency_id=agency)


def test_what_several_rooms_say_of_one_thing() -> None:
    theirs = Resource(frozenset({"b"}), frozenset({FIRE}))
    assert policy.joined([OURS, theirs]) == Resource(frozenset({"a", "b"}), frozenset({FIRE}))
    assert policy.joined([OURS, Resource()]) == Resource()
    assert policy.joined([]) == Resource(frozenset())
