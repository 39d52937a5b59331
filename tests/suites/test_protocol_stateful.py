"""The same properties under Hypothesis: a rule a move, whose chance Hypothesis controls and shrinks.

The seeded machine of `test_protocol_machine` is twice as fast and shuffles moves into each other;
this one searches where Hypothesis thinks that it is worth it. What it finds is shrunk by leaving
calls out, which takes a second where Hypothesis' own way, choice by choice, takes two minutes, and
is saved where the other replays it first.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from protocol_machine import Failure, Machine, Step, load, shrunk
from protocol_moves import MOVES, Hands

FAILURES = Path(__file__).parent / "protocol_failures"
RULES = 80
"""Rules of one example; a rule is between two and three calls."""
EXAMPLES, NIGHTLY = 125, 640
"""Examples in CI (at least 20,000 calls) and at night (at least 128,000)."""


class Protocol(RuleBasedStateMachine):
    """The deployed contracts, and a rule for every move there is."""

    machine: ClassVar[Machine]
    folder: ClassVar[Path] = FAILURES

    def __init__(self) -> None:
        super().__init__()
        self.machine.reset()
        self.hands, self.taken = Hands(0), list[Step]()

    def play(self, move: Any, chance: random.Random) -> None:
        self.hands.random, self.hands.pick = chance, chance.choice
        for step in move(self.hands):
            self.taken.append(step)
            found = self.machine.run([step])
            if found is not None:
                failure = Failure(found.invariant, found.detail, tuple(self.taken))
                least = shrunk(self.machine, failure)
                least.save(self.folder / f"{found.invariant}-hypothesis.json")
                pytest.fail(f"{found.invariant}: {least.detail}")


def _rule(move: Any) -> Any:
    def play(self: Protocol, chance: random.Random) -> None:
        self.play(move, chance)

    play.__name__ = move.__name__.strip("_")
    return rule(chance=st.randoms(use_true_random=False))(play)


def stateful(machine: Machine, folder: Path = FAILURES) -> type[Protocol]:
    """Return the state machine of *machine*, which saves failures in *folder*."""
    rules = {move.__name__.strip("_"): _rule(move) for move, _weight in MOVES}
    return type("Rules", (Protocol,), {**rules, "machine": machine, "folder": folder})


def play(made: type[Protocol], examples: int, rules: int = RULES) -> None:
    # A move such as an export is several calls even at its smallest: that is what it is for.
    chosen = settings(
        max_examples=examples,
        stateful_step_count=rules,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    run_state_machine_as_test(made, settings=chosen)


def test_properties_hold_wherever_hypothesis_looks() -> None:
    machine = Machine()
    play(stateful(machine), EXAMPLES)
    assert machine.calls >= 20_000


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_properties_hold_wherever_hypothesis_looks_at_night() -> None:
    machine = Machine()
    play(stateful(machine), NIGHTLY)
    assert machine.calls >= 128_000


def test_a_planted_bug_is_found_shrunk_and_saved(tmp_path: Path) -> None:
    mutant = stateful(Machine("ruling-keeps-the-bond"), tmp_path)
    with pytest.raises(pytest.fail.Exception, match="dispute-bonds"):
        play(mutant, 50, 40)
    saved = load(tmp_path / "dispute-bonds-hypothesis.json")
    assert len(saved.steps) <= 12
    found = Machine("ruling-keeps-the-bond").replay(saved.steps)
    assert found is not None
    assert found.invariant == "dispute-bonds"
