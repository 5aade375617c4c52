"""Nothing without a line in the readable table: a route, a live entity or a kind of event that nobody entered there
fails here by its name.

Where this fails for something new: add it to a line of src/dure/trust/table/expected.toml (a service: to the table.toml
in its folder), in the words of a data protection officer, not copied from the code.
"""

from collections import Counter

from tests.contract.matrix import catalogue, table


def test_every_route_has_one_line_and_every_line_a_route_that_is() -> None:
    entered = Counter(route for line in table.lines() for route in line.routes)
    there = set(catalogue.routes())
    assert sorted(there - set(entered)) == [], "routes without a line in trust/table/expected.toml"
    assert sorted(set(entered) - there) == [], "lines of routes that are gone"
    assert [route for route, times in entered.items() if times > 1] == [], "routes with two lines"


def test_every_live_entity_has_one_line() -> None:
    entered = Counter(name for line in table.lines() for name in line.live)
    assert sorted(set(catalogue.live()) - set(entered)) == [], "live entities without a line"
    assert sorted(set(entered) - set(catalogue.live())) == [], "lines of live entities that are gone"
    assert [name for name, times in entered.items() if times > 1] == [], "live entities with two lines"


def test_every_kind_of_event_has_one_line() -> None:
    entered = Counter(name for line in table.lines() for name in line.events)
    assert sorted(catalogue.events() - set(entered)) == [], "events without a line"
    assert sorted(set(entered) - catalogue.events()) == [], "lines of events that are gone"
    assert [name for name, times in entered.items() if times > 1] == [], "events with two lines"


def test_a_line_says_in_both_languages_what_it_is_about() -> None:
    actions = Counter(line.action for line in table.lines())
    assert [action for action, times in actions.items() if times > 1] == []
    for line in table.lines():
        assert any("가" <= letter <= "힣" for letter in line.ko), line.action
        assert line.en.isascii(), line.action
        assert line.en[:1].isupper(), line.action


def test_the_roles_are_those_of_the_contract_and_what_services_brought() -> None:
    contract = (
        "admin operator shift_lead police fire disaster welfare epidemic clinician teacher official auditor citizen "
        "device service"
    )
    assert set(table.roles()) == {*contract.split(), "merchant"}
    assert len(table.roles()) == 16
