"""The properties of the protocol under random calls by everybody, and bugs planted to be found.

Failures that were once found are replayed first. A new one is shrunk and saved beside them: commit
it with the repair. The mutants (`tests/mutants`) show that the machine can find what it looks for:
each is a copy of the contracts with one bug, which the property named in its row must catch.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from protocol_machine import MUTANTS, Failure, Machine, Step, load, shrunk
from protocol_moves import steps

from twin.bundled import folder
from twin.chain.engines import available
from twin.protocol.invariants import INVARIANTS

FAILURES = Path(__file__).parent / "protocol_failures"
LENGTH = 400
"""Steps of one course of events, from the deployed network on."""
CALLS, NIGHTLY = 40_000, 128_000
"""Calls that every property is judged by, in CI and at night."""
SHARDS = 4
BUDGET = 20_000
"""Calls within which a planted bug has to be found."""

ROWS = json.loads((MUTANTS / "mutants.json").read_text())
PLANTED = {item["name"]: item["invariant"] for item in ROWS}
SOURCES = folder("contracts_abi") / "src"

WORKS = frozenset(
    [
        "swap",
        "addLiquidity",
        "removeLiquidity",
        "claim",
        "attest",
        "finalise",
        "settle",
        "challenge",
        "escalate",
        "collect",
        "slashFor",
        "dispute",
        "rule",
        "confirm",
        "convert",
        "open",
        "release",
        "refund",
        "cancel",
        "redeem",
        "mint",
        "deposit",
        "openSlice",
        "bookSlice",
        "returnSlice",
        "stake",
        "fund",
        "claimReward",
        "submit",
        "adjust",
        "setBounds",
        "delegate",
        "execute",
        "pause",
        "unpause",
        "freeze",
        "promote",
        "retire",
    ]
)
"""What has to go through at least once: a machine that everything is refused to proves nothing."""


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine()


def course(machine: Machine, seed: int, length: int = LENGTH) -> Failure | None:
    machine.reset()
    return machine.run(islice(steps(seed), length))


def judge(machine: Machine, seeds: range) -> None:
    """Run the courses of *seeds*; shrink and save what breaks."""
    for seed in seeds:
        found = course(machine, seed)
        if found is not None:
            least = shrunk(Machine(only=[found.invariant]), found)
            least.save(FAILURES / f"{found.invariant}-{seed}.json")
            pytest.fail(f"{found.invariant} broke at seed {seed}: {least.detail}")


@pytest.mark.parametrize("path", sorted(FAILURES.glob("*.json")), ids=lambda path: path.stem)
def test_what_once_broke_holds(machine: Machine, path: Path) -> None:
    assert machine.replay(load(path).steps) is None


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_breaks_its_property_at_once_where_its_steps_are_known(name: str) -> None:
    known = load(FAILURES / f"{name}.json")
    found = Machine(name).replay(known.steps)
    assert found is not None
    assert (found.invariant, len(found.steps)) == (PLANTED[name], len(known.steps))


@pytest.mark.parametrize("shard", range(SHARDS))
def test_properties_hold_over_random_calls_by_everybody(machine: Machine, shard: int) -> None:
    courses = CALLS // LENGTH // SHARDS
    judge(machine, range(shard * courses, (shard + 1) * courses))


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_properties_hold_over_a_night_of_calls(machine: Machine) -> None:
    judge(machine, range(10_000, 10_000 + NIGHTLY // LENGTH))


@pytest.mark.parametrize("name", PLANTED)
def test_the_machine_finds_a_planted_bug_within_its_budget(name: str) -> None:
    mutant = Machine(name)
    courses = (course(mutant, seed) for seed in range(BUDGET // LENGTH))
    found = next((failure for failure in courses if failure is not None), None)
    assert found is not None, f"not found in {BUDGET} calls"
    assert found.invariant == PLANTED[name], found.detail


def test_there_is_a_planted_bug_for_every_property() -> None:
    assert sorted(PLANTED.values()) == sorted(item.name for item in INVARIANTS)
    assert {path.stem for path in (MUTANTS / "artifacts").glob("*.json")} == set(PLANTED)


@pytest.mark.parametrize("name", PLANTED)
def test_a_mutant_is_made_from_the_present_sources(name: str) -> None:
    (row,) = [item for item in ROWS if item["name"] == name]
    made = json.loads((MUTANTS / "artifacts" / f"{name}.json").read_text())["contracts"]
    assert sorted(made) == sorted(row["contracts"])
    for contract, code in made.items():
        for file, digest in code["sources"].items():
            text = (SOURCES / file).read_text()
            for patch in row["patches"]:
                if patch["file"] == file:
                    assert text.count(patch["find"]) == 1
                    text = text.replace(patch["find"], patch["put"])
            assert hashlib.sha256(text.encode()).hexdigest() == digest, (contract, file)


def test_random_calls_get_through_to_everything(machine: Machine) -> None:
    through: Counter[str] = Counter()
    for seed in range(CALLS // LENGTH // 2):
        machine.reset()
        for step in islice(steps(seed), LENGTH):
            through[step.function] += machine.act(step).success
    assert [name for name in sorted(WORKS) if not through[name]] == []


def test_a_seed_gives_the_same_steps_and_a_file_keeps_them(tmp_path: Path) -> None:
    taken = tuple(islice(steps(7), 50))
    assert taken == tuple(islice(steps(7), 50))
    failure = Failure("pt-supply", "why", taken)
    failure.save(tmp_path / "failure.json")
    again = load(tmp_path / "failure.json")
    assert [step.line() for step in again.steps] == json.loads(
        json.dumps([step.line() for step in taken])
    )


def test_shrinking_keeps_the_failure_and_drops_what_is_not_needed() -> None:
    noise = [Step("tess", "PaymentToken", "transfer", ("@tom", 10), 40)] * 30
    bug = Step("lars", "PaymentToken", "retire", (12345,), 40)
    found = Machine("retire-forgets-burned").run([*noise, bug, *noise])
    assert found is not None
    least = shrunk(Machine("retire-forgets-burned"), found)
    assert [step.line() for step in least.steps] == [[1, "lars", "PaymentToken", "retire", [10000]]]


@pytest.mark.skipif("revm" not in available(), reason="the fast engine is not built")
def test_both_engines_judge_alike() -> None:
    both = Machine(engine="both")  # which raises where the two differ
    assert course(both, 3, 150) is None
    assert both.done > 50
