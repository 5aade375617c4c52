"""What a ticket allows and who may decide: for any ticket and any asker, nothing opens that was not given."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dure.trust.principal import Principal
from dure.trust.roles import Role
from dure.video.tickets import model, rules
from dure.video.tickets.model import KINDS, STATES, Decision, Right, Span
from dure.video.tickets.rules import TABLE, Asked

NOW = datetime(2026, 12, 5, 3, tzinfo=UTC)
IDS = st.sampled_from([UUID(int=n) for n in range(3)])
CAMERAS = st.sampled_from(["C-1", "C-2", "C-3"])
NETWORKS = st.sampled_from([None, "10.0.0.0/8", "10.1.0.0/16"])
ADDRESSES = st.sampled_from([None, "10.1.2.3", "10.9.9.9"])
TIMES = st.integers(-6, 6).map(lambda n: NOW + timedelta(minutes=n))
SPANS = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: Span(*pair))


def principal(id_: UUID, network: str | None, address: str | None, kind: str = "account") -> Principal:
    return Principal(kind, id_, "desk", frozenset({Role.FIRE}), network=network, address=address)  # type: ignore[arg-type]


PRINCIPALS = st.builds(principal, IDS, NETWORKS, ADDRESSES, st.sampled_from(["account", "token"]))


@st.composite
def rights(draw: st.DrawFn) -> Right:
    kind = draw(st.sampled_from(KINDS))
    return Right(
        *(UUID(int=9), 9, kind, UUID(int=8), "DR-1"),
        tuple(draw(st.lists(CAMERAS, min_size=1, unique=True))),
        True,
        (draw(st.sampled_from(["account", "token"])), draw(IDS)),
        draw(NETWORKS),
        draw(ADDRESSES),
        None if kind == "live" else draw(SPANS),
        draw(TIMES),
        *("pipa.18.2.3", "가-1", "oper-01", True),
    )


@given(rights(), PRINCIPALS, CAMERAS, SPANS)
def test_nothing_opens_that_was_not_given(right: Right, who: Principal, camera: str, span: Span) -> None:
    opened = {
        "live": model.allows_live(right, who, camera, NOW),
        "past": model.allows_past(right, who, camera, span, NOW),
        "export": model.allows_export(right, who, [camera], span, NOW),
    }
    theirs = right.officer == (who.kind, who.id)
    here = right.network == who.network if right.network else right.address == who.address
    common = theirs and here and camera in right.camera_ids and right.expires_at > NOW
    within = right.span is not None and right.span.begin <= span.begin and span.end <= right.span.end
    assert opened == {
        "live": common and right.kind == "live",
        "past": common and within,
        "export": common and within and right.kind == "export",
    }
    assert not model.allows_export(right, who, [], span, NOW)
    assert not model.allows_export(right, who, [camera, "C-9"], span, NOW)


@given(
    *(st.sampled_from(STATES), st.sampled_from(KINDS), IDS, IDS, st.booleans()),
    *(
        st.none() | st.just("pipa.18.2.3"),
        st.none() | st.just(" ") | st.just("가-1"),
        st.just("") | st.just("까닭을 적음"),
    ),
)
def test_nobody_decides_for_themselves_and_the_past_needs_its_papers(
    state: str, kind: model.Kind, officer: UUID, decider: UUID, approve: bool, ground: str | None,
    document: str | None, reason: str,
) -> None:  # fmt: skip
    decision = Decision(ground, document, reason)
    who = principal(decider, None, None)
    stands = model.refused(state, kind, ("account", officer), who, decision, approve=approve) is None
    if stands:
        assert state == "requested"
        assert officer != decider
        assert reason or approve
    if stands and approve and kind != "live":
        assert ground
        assert (document or "").strip()
    papers = kind == "live" or bool(ground and (document or "").strip())
    assert stands is (state == "requested" and officer != decider and (papers if approve else bool(reason)))


@given(
    st.frozensets(st.sampled_from(list(Role)), max_size=3),
    *(st.booleans(), st.booleans(), st.booleans()),
    st.sampled_from(["fire", "crime", "flood", "other"]),
    st.none() | st.floats(0, 5_000),
)
def test_a_rule_opens_for_its_role_its_case_and_its_network_alone(
    roles: frozenset[Role], concerned: bool, network: bool, real: bool, type_: str, farthest: float | None
) -> None:
    rule = rules.opens(Asked(roles, concerned, network, type_, real, farthest), date(2026, 11, 22))
    if rule is not None:
        assert concerned and network and real  # noqa: PT018  # one sentence
        assert rule.role in roles
        assert type_ in rule.types
        assert farthest is not None and farthest <= rule.within_m  # noqa: PT018
    assert rules.opens(Asked(roles, concerned, network, type_, real, farthest), date(2025, 12, 31)) is None


def test_every_rule_stands_on_a_ground_that_is_in_force_from_its_first_day() -> None:
    for rule in TABLE:
        assert rules.ground(rule.ground, rule.since) is not None, rule.id
    assert rules.opens(Asked(frozenset({Role.FIRE}), True, True, "fire", True, 80.0), date(2026, 11, 22)) == TABLE[0]
    assert rules.ground("pipa.18.2.10", date(2023, 9, 14)) is None
    assert rules.ground("pipa.35", date(2026, 1, 1)) is None, "a right of the person in it is no ground to show it"
