"""A whole scenario on each engine and on both in lock-step: one digest, one state root."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twin.chain.engines import available
from twin.clock import HOUR
from twin.library import Library, find
from twin.runner.simulation import Simulation

if "revm" not in available():
    pytest.skip("the Rust engine is not built (make setup builds it)", allow_module_level=True)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


def outcome(library: Library, engine: str, hours: int) -> tuple[str, bytes, int]:
    """Return digest, state root and transactions of the first *hours* on *engine*."""
    (path,) = find(["oracle-unit-error"])
    scenario = library.load(path)
    simulation = Simulation(scenario, replace(library.parts, engine=engine))
    simulation.run(scenario.start + hours * HOUR, "run")
    simulation.finish()
    return simulation.digest, simulation.root, simulation.transactions


def test_eight_hours_of_an_incident_have_one_digest_and_state_root(library: Library) -> None:
    expected = outcome(library, "pyevm", 8)
    assert expected[2] > 100
    assert outcome(library, "revm", 8) == expected


def test_both_engines_agree_on_every_transaction_of_the_first_hours(library: Library) -> None:
    assert outcome(library, "both", 3) == outcome(library, "revm", 3)
