"""The pool against its integer formula and its attackers; the batch reader; what it all costs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contracts_lab import (
    ARTIFACTS,
    BOOK,
    DOC,
    FEED,
    FEES,
    HOUR,
    LOCK,
    MILLION,
    ORACLE,
    POOL,
    PT,
    START,
    TRADER,
    USD8,
    Lab,
    build,
    empty_pool,
    swap,
    who,
)
from eth_abi.abi import encode

from twin.chain.port import AccountState, Call


@pytest.fixture(scope="module")
def built() -> Lab:
    return build()


@pytest.fixture
def lab(built: Lab) -> Iterator[Lab]:
    """The same start for every test: what a test did is undone."""
    yield from built.undone()


# --- Pool -------------------------------------------------------------------------------------


def formula(amount: int, reserve_in: int, reserve_out: int, pips: int = 3000) -> tuple[int, int]:
    """Return (amount out, fee): the fee rounded up, the amount down."""
    fee = -(-amount * pips // 10**6)
    return (amount - fee) * reserve_out // (reserve_in + amount - fee), fee


@pytest.mark.parametrize("amount", [10, 999, 10**6, 10**9 + 7, MILLION, 14 * MILLION])
@pytest.mark.parametrize("sells_pt", [True, False])
def test_swap_is_the_integer_formula(lab: Lab, amount: int, sells_pt: bool) -> None:
    pt, stable = 5 * MILLION, 4 * MILLION
    out, fee = formula(amount, pt, stable) if sells_pt else formula(amount, stable, pt)
    token = lab.contracts[PT if sells_pt else "StableAsset"].address
    assert lab.read(POOL, "quote", token, amount) == out
    event = lab.do(*swap(lab, amount, token=token, least=out))["LiquidityPool.Swapped"]
    assert (event["amountOut"], event["fee"]) == (out, fee)
    now = (pt + amount, stable - out) if sells_pt else (pt - out, stable + amount)
    assert lab.read(POOL, "reserves") == (*now, START)
    assert now[0] * now[1] >= pt * stable
    worth = fee * stable // pt if sells_pt else fee
    assert lab.read(POOL, "feesPaid") == worth
    assert lab.read(POOL, "volume") == (out + worth if sells_pt else amount)
    assert lab.read(POOL, "swapCount") == 1
    balances = [lab.read(n, "balanceOf", lab.contracts[POOL].address) for n in (PT, "StableAsset")]
    assert tuple(balances) == now


def test_donation_moves_no_price_and_first_depositor_gains_nothing(lab: Lab) -> None:
    pool = empty_pool(lab).contracts["Empty"].address
    for name in (PT, "StableAsset"):
        lab.do("trader", name, "approve", pool, 2**256 - 1)
    refused = lab.no("trader", "Empty", "addLiquidity", 1000, 1000, 0, TRADER)
    assert refused == "InsufficientShares(shares=0, minShares=0)"
    lab.do("trader", "Empty", "addLiquidity", 1001, 1001, 0, TRADER)  # one share to the attacker
    lab.do("trader", PT, "transfer", pool, MILLION)
    assert lab.read("Empty", "reserves")[:2] == (1001, 1001)
    lab.do("trader", "Empty", "addLiquidity", 10**9, 10**9, 10**9, who("victim"))
    assert lab.read("Empty", "balanceOf", who("victim")) == 10**9
    assert lab.read("Empty", "balanceOf", LOCK) == 1000


def test_deposit_and_withdrawal_never_pay_out_more_than_came_in(lab: Lab) -> None:
    for pt, stable in ((7, 7), (10**6 + 1, 3 * 10**6), (MILLION, 10**6)):
        added = lab.do("trader", POOL, "addLiquidity", pt, stable, 0, TRADER)
        came = added["LiquidityPool.LiquidityAdded"]
        assert (came["ptAmount"] <= pt, came["stableAmount"] <= stable) == (True, True)
        taken = lab.do("trader", POOL, "removeLiquidity", came["shares"], 0, 0, TRADER)
        left = taken["LiquidityPool.LiquidityRemoved"]
        assert left["ptAmount"] <= came["ptAmount"]
        assert left["stableAmount"] <= came["stableAmount"]


def test_reentrant_token_is_refused(lab: Lab) -> None:
    parts = [lab.contracts[name].address for name in ("Authority", PT)]
    reentrant = who("reentrant token")
    pool = lab.deploy(POOL, *parts, reentrant, lab.contracts[FEES].address, alias="Reentered")
    lab.do("trader", PT, "approve", pool, 2**256 - 1)
    data = lab.contracts[POOL].encode("removeLiquidity", 1, 0, 0, TRADER)
    # On any call: call the pool with `data` (appended to the code) and hand on what it refuses.
    size, pool_hex = f"60{len(data):02x}", pool.hex()
    code = bytes.fromhex(
        f"{size}602b5f39"  # copy the data from behind these 43 bytes to memory
        f"5f5f{size}5f5f73{pool_hex}5af150"  # call the pool with it
        "3d5f5f3e3d5ffd"  # revert with what came back
    )
    assert len(code) == 43
    lab.engine.set_account(reentrant, AccountState(1, 0, code + data))
    refused = lab.no("trader", "Reentered", "addLiquidity", MILLION, MILLION, 0, TRADER)
    assert refused == "ReentrancyGuardReentrantCall()"


# --- Multicall and gas ------------------------------------------------------------------------

STANDARD = {
    "aggregate3": "82ad56cb", "getBlockNumber": "42cbb15c", "getChainId": "3408e470",
    "getCurrentBlockTimestamp": "0f28c97d", "getBasefee": "3e64a696",
    "getCurrentBlockGasLimit": "86d516e8", "getEthBalance": "4d2301cc",
}  # fmt: skip


def test_multicall_has_the_selectors_of_the_standard_contract(lab: Lab) -> None:
    found = {f.name: s.hex() for s, f in ARTIFACTS["Multicall3"].codec.functions.items()}
    assert found == STANDARD


def test_multicall_answers_as_single_calls_do(lab: Lab) -> None:
    reads = [
        (PT, "name", ()), (POOL, "reserves", ()), (FEES, "fee", (9,)), (ORACLE, "nodes", ()),
        (PT, "symbol", ()), (FEES, "schedule", (0,)), (PT, "allowance", (TRADER, TRADER)),
    ]  # fmt: skip
    calls, expected = [], []
    for name, function, args in reads:
        contract = lab.contracts[name]
        data = contract.encode(function, *args)
        out = lab.engine.call(Call(contract.address, data))
        calls.append((contract.address, True, data))
        expected.append((out.success, out.data))
    assert lab.read("Multicall3", "aggregate3", calls) == tuple(expected)
    assert lab.read("Multicall3", "aggregate3", []) == ()
    assert lab.read("Multicall3", "aggregate3", [(who("nobody"), False, b"")]) == ((True, b""),)


def test_multicall_pads_odd_answers_with_zeros_only(lab: Lab) -> None:
    fees, reader = lab.contracts[FEES], lab.contracts["Multicall3"]
    data = fees.encode("fee", 9) + b"\xff" * 400  # what follows the arguments is ignored
    refused = lab.engine.call(Call(fees.address, data)).data
    assert len(refused) % 32 == 4
    batch = reader.encode("aggregate3", [(fees.address, True, data)] * 2)
    out = lab.engine.call(Call(reader.address, batch)).data
    assert out == encode(["(bool,bytes)[]"], [[(False, refused)] * 2])


def test_gas_of_the_hot_paths_stays_low(lab: Lab) -> None:
    lab.submit(*[80 * USD8 + i for i in range(7)])
    settled = lab.claimed().send("anyone", BOOK, "settle", DOC)
    assert settled.success
    assert settled.gas_used < 250_000
    lab.at(HOUR)
    assert lab.send("node3", ORACLE, "submit", FEED, 80 * USD8, lab.now).gas_used < 68_000
    lab.do(*swap(lab))
    assert lab.send(*swap(lab)).gas_used < 88_000
