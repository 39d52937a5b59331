"""Sequences of transactions on both engines in lock-step: nothing may leak from one to the next.

Each step is compared by the lock-step engine itself; the roots are compared at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import chain_lab as lab
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sequence_lab import STEPS, Course, prepared

from twin.chain.codec import contract_address
from twin.chain.engines import available
from twin.chain.port import AccountState

if TYPE_CHECKING:
    from twin.chain.revm import Revm

if "revm" not in available():
    pytest.skip("the Rust engine is not built (make setup builds it)", allow_module_level=True)

from twin.chain.lockstep import Lockstep  # not in a test: py-evm moves the recursion limit

# py-evm itself warns of the instruction's future.
pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT:DeprecationWarning")


@settings(max_examples=250)
@given(steps=STEPS)
def test_both_engines_take_the_same_course(steps: list[dict[str, Any] | str]) -> None:
    course = Course(prepared("both"))
    for step in steps:
        course.take(step)
    both: Lockstep = course.engine
    both.drain_changes()
    both.dump()
    assert len(both.state_root()) == 32


def test_the_factory_makes_a_contract_that_is_gone_in_the_end() -> None:
    """The sequences mean something: creation and destruction within a transaction do happen."""
    both = prepared("both")
    done = lab.run(both, b"\xc3" * 20, (1).to_bytes(32, "big"), value=4)
    assert done.success
    (log,) = done.logs
    assert int.from_bytes(log.data, "big") > 0
    made = log.topics[0][12:]
    assert both.account(made) == AccountState()
    assert contract_address(lab.ALICE, 0) != made
    again = lab.run(both, b"\xc3" * 20, (1).to_bytes(32, "big"), value=4)
    assert again.logs == done.logs


@settings(max_examples=250)
@given(steps=STEPS, places=st.lists(st.integers(0, 14), max_size=3))
def test_snapshots_bring_everything_back(
    steps: list[dict[str, Any] | str], places: list[int]
) -> None:
    course = Course(prepared("revm"))
    engine: Revm = course.engine
    seen: list[tuple[int, object, bytes]] = []
    for place, step in enumerate(steps):
        if place in places:
            seen.append((engine.snapshot(), engine.dump(), engine.state_root()))
        if isinstance(step, dict) or step not in {"revert", "forget"}:  # these would discard ours
            course.take(step)
    for handle, dump, root in reversed(seen):
        engine.revert(handle)
        assert engine.dump() == dump
        assert engine.state_root() == root
        fresh: Any = lab.fresh("pyevm")
        for address in (lab.ALICE, lab.BOB):
            fresh.set_account(address, AccountState())
        for address in engine.accounts():
            fresh.set_account(address, engine.account(address))
            slots = dump[f"0x{address.hex()}"]["storage"]
            fresh.set_storage(address, {int(k, 16): int(v, 16) for k, v in slots.items()})
        assert fresh.state_root() == root
