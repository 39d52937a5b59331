"""What one block takes: the mempool's best and the background, within the gas limit."""

from __future__ import annotations

from dataclasses import replace

import chain_lab as lab
import pytest

from twin.chain.assembly import fill
from twin.chain.basefee import Demand
from twin.chain.mempool import Mempool
from twin.chain.port import Engine

GWEI = lab.GWEI
NOW = lab.ENV.timestamp
EVER = 2**40


def waiting(engine: Engine, *offers: tuple[bytes, int, int], second: int = NOW - 1) -> Mempool:
    """Return a pool of transfers: (sender, tip in gwei, gas limit)."""
    pool = Mempool()
    for place, (sender, tip, gas) in enumerate(offers):
        nonce = pool.next_nonce(sender, 0)
        tx = lab.tx(
            engine, sender, lab.CAROL, gas=gas, tip=tip * GWEI, max_fee=100 * GWEI,
            nonce=nonce, hash=bytes([place]),
        )  # fmt: skip
        pool.add(tx, nonce=0, second=second)
    return pool


def test_gas_limits_are_held_against_what_is_left_and_use_is_what_counts() -> None:
    engine = lab.fresh(env=replace(lab.ENV, gas_limit=100_000))
    env = replace(lab.ENV, gas_limit=100_000)
    pool = waiting(engine, (lab.ALICE, 9, 90_000), (lab.BOB, 8, 80_000), (lab.BOB, 7, 21_000))
    filled = fill(engine, pool, env, ())
    # ALICE's 90,000 fit and use 21,000; BOB's 80,000 do not fit into 79,000, nor may his next pass it.
    assert [pending.tx.hash for pending, _ in filled.executed] == [b"\0"]
    assert (filled.gas, filled.background, len(pool)) == (21_000, 0, 2)
    again = fill(engine, pool, env, ())
    assert [pending.tx.hash for pending, _ in again.executed] == [b"\1", b"\2"]


ROOM: list[tuple[str, int, int, list[bytes], int]] = [
    ("a higher tip takes its room first", 5, 90_000, [], 90_000),
    ("a lower tip takes what is left", 1, 90_000, [b"\0"], 79_000),
    ("an equal tip goes after", 3, 90_000, [b"\0"], 79_000),
    ("room for both", 5, 60_000, [b"\0"], 60_000),
]


@pytest.mark.parametrize(
    ("tip", "gas", "executed", "background"), [r[1:] for r in ROOM], ids=[r[0] for r in ROOM]
)
def test_background_competes_by_tip(
    tip: int, gas: int, executed: list[bytes], background: int
) -> None:
    env = replace(lab.ENV, gas_limit=100_000)
    engine = lab.fresh(env=env)
    pool = waiting(engine, (lab.ALICE, 3, 21_000))
    demand = Demand(0, EVER, gas, 100 * GWEI, tip * GWEI)
    filled = fill(engine, pool, env, (demand,))
    assert [pending.tx.hash for pending, _ in filled.executed] == executed
    assert filled.background == background


def test_background_that_cannot_pay_takes_nothing() -> None:
    engine = lab.fresh()
    demand = Demand(0, EVER, 10**6, GWEI - 1, 0)
    assert fill(engine, waiting(engine, (lab.ALICE, 3, 21_000)), lab.ENV, (demand,)).background == 0


def test_what_came_in_the_second_of_the_block_waits_for_the_next() -> None:
    engine = lab.fresh()
    pool = waiting(engine, (lab.ALICE, 3, 21_000), second=NOW)
    assert fill(engine, pool, lab.ENV, ()).executed == []
    assert len(fill(engine, pool, replace(lab.ENV, timestamp=NOW + 12), ()).executed) == 1


def test_what_turns_out_invalid_is_dropped_with_its_reason_and_blocks_nobody() -> None:
    engine = lab.fresh()
    pool = waiting(engine, (lab.CAROL, 9, 21_000), (lab.ALICE, 3, 21_000))
    filled = fill(engine, pool, lab.ENV, ())
    assert [pending.tx.hash for pending, _ in filled.executed] == [b"\1"]
    assert [pending.tx.hash for pending in filled.refused] == [b"\0"]
    assert "insufficient funds: balance 0" in pool.dropped[b"\0"]


def test_a_failing_transaction_is_executed_and_pays() -> None:
    engine = lab.fresh()
    lab.put(engine, lab.asm("INVALID"), lab.CAROL)
    filled = fill(engine, waiting(engine, (lab.ALICE, 3, 50_000)), lab.ENV, ())
    assert [(done.success, done.gas_used) for _, done in filled.executed] == [(False, 50_000)]
