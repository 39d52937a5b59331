"""Lock-step whose reference rests: what both know, what only one saw, and what waking proves."""

from __future__ import annotations

from typing import Any

import chain_lab as lab
import pytest

from twin.chain.engines import available
from twin.chain.port import AccountState, Call
from twin.chain.relay import Relay
from twin.errors import ChainError, JudgesDisagree

if "revm" not in available():
    pytest.skip("the Rust engine is not built (make setup builds it)", allow_module_level=True)

ALICE, BOB, CAROL = lab.ALICE, lab.BOB, lab.CAROL


@pytest.fixture
def relay() -> Relay:
    made = lab.fresh("both")
    assert isinstance(made, Relay)
    return made


def pay(relay: Relay, value: int = 1) -> None:
    """Have Alice send *value* to Bob."""
    assert relay.transact(lab.tx(relay, ALICE, BOB, value=value)).success


def held(engine: Any, address: bytes = BOB) -> int:
    balance: int = engine.account(address).balance
    return balance


def test_what_is_done_while_it_rests_is_there_when_it_wakes(relay: Relay) -> None:
    pay(relay)
    relay.rest()
    before = held(relay.reference)
    pay(relay, 10)
    relay.set_account(CAROL, AccountState(nonce=1, balance=5, code=b"\x00"))
    relay.set_storage(CAROL, {1: 2})
    assert held(relay) == held(relay.fast) == before + 10
    assert held(relay.reference) == before
    relay.drain_changes()
    relay.wake()
    assert held(relay.reference) == before + 10
    assert relay.storage(CAROL, 1) == relay.reference.storage(CAROL, 1) == 2
    pay(relay, 100)
    assert held(relay) == before + 110
    assert relay.dump()


def test_what_the_chain_drains_is_whole_across_the_waking(relay: Relay) -> None:
    relay.drain_changes()
    relay.rest()
    pay(relay)
    relay.wake()
    pay(relay)
    first = relay.drain_changes()
    assert first[BOB].balance == held(relay)
    pay(relay)
    assert relay.drain_changes()[ALICE].nonce == relay.account(ALICE).nonce


def test_another_state_is_found_when_it_wakes(relay: Relay) -> None:
    relay.rest()
    relay.reference.set_account(CAROL, AccountState(balance=1))
    with pytest.raises(JudgesDisagree, match="state root"):
        relay.wake()


def test_a_difference_is_found_after_the_rest_and_not_during_it(relay: Relay) -> None:
    relay.rest()
    relay.wake()
    relay.reference.set_account(BOB, AccountState(balance=1))
    with pytest.raises(JudgesDisagree):
        held(relay)


@pytest.mark.parametrize("awake", [False, True])
@pytest.mark.parametrize("when", ["before", "during"])
def test_a_revert_goes_to_states_of_before_and_of_the_rest(
    relay: Relay, when: str, *, awake: bool
) -> None:
    marks = {"before": (relay.snapshot(), held(relay))}
    pay(relay)
    relay.rest()
    pay(relay)
    marks["during"] = relay.snapshot(), held(relay)
    pay(relay)
    if awake:
        relay.wake()
        pay(relay)
    handle, expected = marks[when]
    relay.revert(handle)
    assert held(relay) == held(relay.fast) == expected
    if not awake:
        relay.wake()
    assert held(relay.reference) == expected
    relay.state_root()
    pay(relay)
    relay.drain_changes()
    assert held(relay) == expected + 1


def test_calls_on_states_that_it_never_saw_are_the_fast_engines(relay: Relay) -> None:
    relay.rest()
    pay(relay)
    seen, expected = relay.snapshot(), held(relay)
    relay.wake()
    pay(relay)
    code = lab.returns(f"0x{BOB.hex()} BALANCE")
    then, now = (relay.call(Call(None, code), snapshot=at) for at in (seen, None))
    assert int.from_bytes(then.data, "big") == expected
    assert int.from_bytes(now.data, "big") == expected + 1


def test_it_rests_once_and_wakes_from_a_rest(relay: Relay) -> None:
    with pytest.raises(ChainError, match="awake"):
        relay.wake()
    relay.rest()
    with pytest.raises(ChainError, match="once"):
        relay.rest()
