from __future__ import annotations

import pytest

from twin.desk.steps import Case, Decide
from twin.errors import UnknownName
from twin.team.policies import NoResponse, Playbook, policy

DECIDE = Decide("commander", "Pause?", ("pause", "wait"), "pause")
CASES = [Case("every 600 s"), Case("it fires", alert="High{}"), Case("real", incident="INC-001")]


@pytest.mark.parametrize("case", CASES)
def test_the_playbook_begins_everything_and_takes_the_advice(case: Case) -> None:
    playbook = Playbook()
    assert playbook.begins("NR1", case)
    assert playbook.choose(DECIDE, case) == "pause"
    assert playbook.choose(Decide("x", "?", ("a", "b"), "b"), case) == "b"


@pytest.mark.parametrize("case", CASES)
def test_nobody_answers_and_nobody_keeps_the_calendar_either(case: Case) -> None:
    nobody = NoResponse()
    assert not nobody.begins("TP4", case)
    assert nobody.choose(DECIDE, case) == "wait"


@pytest.mark.parametrize(("name", "kind"), [("playbook", Playbook), ("none", NoResponse)])
def test_policies_by_name(name: str, kind: type) -> None:
    found = policy(name)
    assert isinstance(found, kind)
    assert found.name == name


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(UnknownName, match="no policy is called 'playbok'; did you mean 'playbook'"):
        policy("playbok")
