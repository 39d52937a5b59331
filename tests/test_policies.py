from __future__ import annotations

from collections.abc import Iterable

import pytest

from twin.desk.steps import Case, Decide
from twin.errors import CrashError, UnknownName, UsageError
from twin.team.policies import (
    Habit,
    Human,
    NoResponse,
    Observation,
    Panic,
    Playbook,
    Recorded,
    policy,
)

DECIDE = Decide("commander", "Pause?", ("pause", "wait"), "pause", {"gap": 7})
CASES = [Case("every 600 s"), Case("it fires", alert="High{}"), Case("real", incident="INC-001")]
DAY = 86_400


def seen(step: Decide = DECIDE, case: Case = CASES[0], *, now: int = 0) -> Observation:
    return Observation.of(step, case, now=now, procedure="NR1", who="amara")


def test_an_observation_holds_what_the_step_asks_and_rests_on() -> None:
    found = seen(now=5)
    assert (found.question, found.options, found.advice) == ("Pause?", ("pause", "wait"), "pause")
    assert (found.grounds, found.who, found.now) == ({"gap": 7}, "amara", 5)


@pytest.mark.parametrize("case", CASES)
def test_the_playbook_begins_everything_and_takes_the_advice(case: Case) -> None:
    playbook = Playbook()
    assert playbook.begins("NR1", case)
    assert playbook.act(seen(case=case)) == "pause"
    assert playbook.act(seen(Decide("x", "?", ("a", "b"), "b"), case)) == "b"


@pytest.mark.parametrize("case", CASES)
def test_nobody_answers_and_nobody_keeps_the_calendar_either(case: Case) -> None:
    nobody = NoResponse()
    assert not nobody.begins("TP4", case)
    assert nobody.act(seen(case=case)) == "wait"


def test_panic_takes_the_gravest_option_and_releases_nothing() -> None:
    panic = Panic()
    assert panic.begins("NR1", CASES[0])
    assert panic.act(seen()) == "pause"
    assert panic.act(seen(Decide("x", "Class?", ("P1", "P2", "P3"), "P3"))) == "P1"
    assert panic.act(seen(Decide("x", "Release?", ("release", "hold"), "release"))) == "hold"
    assert policy("panic").name == "panic"


def test_a_person_is_asked_with_all_there_is_to_see() -> None:
    asked: list[Observation] = []

    def ask(what: Observation) -> str:
        asked.append(what)
        return "wait"

    human = Human(ask)
    assert human.begins("NR1", CASES[0])
    assert (human.act(seen()), asked) == ("wait", [seen()])


def test_what_was_decided_then_is_decided_again_and_nothing_else() -> None:
    again = Recorded([("NR1", "Pause?", "wait"), ("NR1", "Really?", "yes")])
    assert again.act(seen()) == "wait"
    with pytest.raises(
        CrashError, match=r"NR1 asks 'Pause\?'; what was recorded next is NR1: 'Really\?'"
    ):
        again.act(seen())
    with pytest.raises(CrashError, match="next is nothing"):
        again.act(seen())


TRIAGE = Decide("operator", "Is it real?", ("real", "false"), "real")


def judged(
    alerts: Iterable[tuple[int, str]], *, share: float = 1.0, draw: float = 0.5
) -> list[str]:
    """Return how each (unix second, rule) is judged by people who see them one after the other."""
    habit = Habit(Playbook(), after=2, window=7 * DAY, share=share, chance=lambda: draw)
    return [
        habit.act(seen(TRIAGE, Case("x", alert=f"{rule}{{a=1}}"), now=at)) for at, rule in alerts
    ]


def test_what_was_seen_so_often_is_judged_harmless() -> None:
    assert judged((day * DAY, "Depeg") for day in range(4)) == ["real", "real", "false", "false"]


def test_another_rule_and_a_long_quiet_are_new_again() -> None:
    assert judged([(0, "A"), (0, "A"), (0, "B"), (8 * DAY, "A")]) == ["real"] * 4


@pytest.mark.parametrize(("share", "last"), [(0.5, "real"), (0.51, "false"), (0.0, "real")])
def test_the_share_of_those_who_are_used_to_it(share: float, last: str) -> None:
    assert judged([(0, "A"), (1, "A"), (2, "A")], share=share)[-1] == last


def test_only_the_judgement_of_an_alert_is_a_habit() -> None:
    habit = Habit(Playbook(), after=1, window=DAY, share=1.0, chance=lambda: 0.0)
    alert = Case("x", alert="Depeg{}")
    assert [habit.act(seen(case=alert)) for _ in range(3)] == ["pause"] * 3
    assert [habit.act(seen(TRIAGE, CASES[2])) for _ in range(3)] == ["real"] * 3
    assert (habit.name, habit.begins("NR1", alert)) == ("playbook", True)


@pytest.mark.parametrize(("name", "kind"), [("playbook", Playbook), ("none", NoResponse)])
def test_policies_by_name(name: str, kind: type) -> None:
    found = policy(name)
    assert isinstance(found, kind)
    assert found.name == name


def test_the_policy_human_needs_somebody_to_ask() -> None:
    with pytest.raises(UsageError, match="asks a person at a terminal"):
        policy("human")
    assert policy("human", ask=lambda what: what.advice).name == "human"


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(UnknownName, match="no policy is called 'playbok'; did you mean 'playbook'"):
        policy("playbok")
