"""Roles, brakes, tokens, allocation and fees: the rules that a single refusal does not show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from coincurve import PrivateKey
from contracts_lab import (
    ARTIFACTS,
    BOOK,
    CONV,
    DAY,
    DEALS,
    DOC,
    FEED,
    FEES,
    FT,
    HOUR,
    KYC,
    MILLION,
    NODE0,
    NODES,
    ORACLE,
    POOL,
    PT,
    QUANTITY,
    REVERTS,
    SOURCES,
    SOVEREIGN,
    START,
    TERMS,
    TRADER,
    USD8,
    VAULT,
    Lab,
    build,
    swap,
    who,
)
from eth_hash.auto import keccak

from twin.protocol.wiring import STOPPABLE, WIRING


@pytest.fixture(scope="module")
def built() -> Lab:
    return build()


@pytest.fixture
def lab(built: Lab) -> Iterator[Lab]:
    """The same start for every test: what a test did is undone."""
    yield from built.undone()


# --- Roles and brakes -------------------------------------------------------------------------


BASES = {
    "Stoppable": STOPPABLE,
    "OracleRoster": (ORACLE,),
    "OracleStaking": (ORACLE,),
    "OracleExports": (ORACLE,),
    "AllocationDisputes": (BOOK,),
    "ReserveAssets": (VAULT,),
}


def test_every_restricted_function_is_wired_and_refuses_strangers(lab: Lab) -> None:
    found = set()
    for name, text in SOURCES.items():
        for function in re.findall(r"function (\w+)\([^)]*\) external restricted", text):
            for target in BASES.get(name, (name,)):
                contract = lab.contracts[target]
                call = contract.fn(function).selector + bytes(384)
                done = lab.transact("stranger", contract.address, call)
                assert REVERTS.name(done.output) == "AccessManagedUnauthorized", function
                found.add((target, function))
    assert found == {(wire.contract, name) for wire in WIRING for name in wire.functions}


def test_roles_have_the_ids_of_the_wiring(lab: Lab) -> None:
    for wire in WIRING:
        assert lab.read("Authority", wire.role.name) == wire.role


ENTRIES: tuple[tuple[str, Callable[[Lab], tuple[Any, ...]]], ...] = (
    (PT, lambda x: ("trader", PT, "transfer", who("a"), 1)),
    (PT, lambda x: ("LiquidityPool", PT, "transferFrom", TRADER, who("a"), 0)),
    (PT, lambda x: ("ISSUER", PT, "mint", who("a"), 1)),
    (FT, lambda x: ("holder", FT, "transfer", SOVEREIGN, 1)),
    (FT, lambda x: ("holder", FT, "transferFrom", who("holder"), SOVEREIGN, 0)),
    (FT, lambda x: ("ALLOCATOR", FT, "issue", SOVEREIGN, 1, DOC)),
    (ORACLE, lambda x: ("node6", ORACLE, "submit", FEED, USD8, START)),
    (ORACLE, lambda x: ("node6", ORACLE, "attest", DOC, 1)),
    (BOOK, lambda x: ("sovereign", BOOK, "claim", keccak(b"2"), FEED, 1)),
    (BOOK, lambda x: ("anyone", BOOK, "settle", DOC)),
    (POOL, swap),
    (POOL, lambda x: ("trader", POOL, "addLiquidity", 5000, 4000, 0, TRADER)),
    (POOL, lambda x: ("trader", POOL, "removeLiquidity", 5000, 0, 0, TRADER)),
    (POOL, lambda x: ("trader", POOL, "transfer", who("a"), 1)),
    (POOL, lambda x: ("anyone", POOL, "transferFrom", TRADER, who("a"), 0)),
    (PT, lambda x: ("trader", PT, "retire", 1)),
    (PT, lambda x: ("MINTER", PT, "issue", who("a"), 1)),
    (FT, lambda x: ("holder", FT, "retire", 1)),
    (FT, lambda x: ("anyone", FT, "unlock", SOVEREIGN, 1)),
    (ORACLE, lambda x: ("node0", ORACLE, "stake", NODE0, 1)),
    (ORACLE, lambda x: ("node0", ORACLE, "giveNotice", 0)),
    (ORACLE, lambda x: ("node0", ORACLE, "fund", 1)),
    (BOOK, lambda x: ("rival", BOOK, "dispute", DOC, DOC)),
    (DEALS, lambda x: ("buyer", DEALS, "open", DOC, who("seller"), 1, 1, START + DAY)),
    (CONV, lambda x: ("sovereign", CONV, "convert", FEED, 10**18, 0)),
    (VAULT, lambda x: ("redeemer", VAULT, "mint", 1000, 0)),
    (VAULT, lambda x: ("redeemer", VAULT, "deposit", 1)),
)

STOPPED = {  # public and changing, stopped too: their going through is in the rows and the machine
    ORACLE: ("withdraw", "claimReward", "challenge", "escalate", "finalise", "collect", "slashFor"),
    BOOK: ("lapse",),
    DEALS: ("release", "refund", "cancel", "dispute"),
    VAULT: ("redeem",),
}
OPEN = {  # what a stopped contract still lets a holder do
    PT: {"approve", "permit"},
    FT: {"approve", "permit", "delegate", "delegateBySig"},
    POOL: {"approve"},
}


def public_changing(name: str) -> set[str]:
    """Return the functions of a contract that change state and belong to no role."""
    restricted = {function for row in WIRING if row.contract == name for function in row.functions}
    restricted |= {"setAuthority"}  # the AccessManager's own
    entries = [entry for entry in ARTIFACTS[name].abi if entry["type"] == "function"]
    changing = {item["name"] for item in entries if item["stateMutability"] == "nonpayable"}
    return changing - restricted


@pytest.mark.parametrize("name", STOPPABLE)
def test_every_public_entry_point_is_stopped_by_a_pause(lab: Lab, name: str) -> None:
    known = {call(lab)[2] for target, call in ENTRIES if target == name}
    known |= set(STOPPED.get(name, ())) | OPEN.get(name, set())
    roles = {function for row in WIRING if row.contract == name for function in row.functions}
    assert public_changing(name) == known - roles
    contract = lab.paused(name).contracts[name]
    for function in STOPPED.get(name, ()):
        codec = contract.fn(function)
        done = lab.transact("buyer", contract.address, codec.selector + bytes(32 * 6))
        assert REVERTS.name(done.output) == "EnforcedPause", function


@pytest.mark.parametrize("index", range(len(ENTRIES)))
def test_pause_stops_a_public_entry_point_and_unpause_starts_it(lab: Lab, index: int) -> None:
    name, call = ENTRIES[index]
    lab.priced().claimed()
    lab.do("ALLOCATOR", FT, "issue", SOVEREIGN, 10**18, keccak(b"older"))
    lab.do("PAUSER", name, "pause")
    assert lab.no(*call(lab)) == "EnforcedPause()"
    lab.do("UNPAUSER", name, "unpause")
    lab.do(*call(lab))


def test_recovery_works_while_paused(lab: Lab) -> None:
    for name in (PT, FT, ORACLE, BOOK, POOL):
        lab.paused(name)
    lab.do("COMPLIANCE", PT, "freeze", TRADER)
    lab.do("RESERVE_MANAGER", PT, "burn", TRADER, 1)  # frozen and paused
    lab.do("trader", PT, "approve", who("a"), 0)
    lab.do("COMPLIANCE", KYC, "suspend", who("holder"))
    lab.do("ALLOCATOR", FT, "reverse", who("holder"), 1)
    lab.do("holder", FT, "delegate", who("holder"))
    lab.do("ORACLE_ADMIN", ORACLE, "removeNode", NODE0)
    lab.do("GOVERNANCE", BOOK, "setDailyCap", 1)


# --- Tokens -----------------------------------------------------------------------------------


def test_payment_token_counts_what_it_minted_and_burned(lab: Lab) -> None:
    lab.do("ISSUER", PT, "mint", who("a"), 80 * MILLION)  # to the cap
    lab.do("RESERVE_MANAGER", PT, "burn", who("a"), 30)
    assert lab.read(PT, "totalMinted") == 100 * MILLION
    assert lab.read(PT, "totalBurned") == 30
    assert lab.read(PT, "totalSupply") == 100 * MILLION - 30


def test_frozen_account_neither_sends_nor_receives(lab: Lab) -> None:
    lab.do("trader", PT, "transfer", who("a"), 5)
    lab.do("COMPLIANCE", PT, "freeze", who("a"))
    assert lab.no("a", PT, "transfer", TRADER, 1).startswith("AccountFrozen(")
    assert lab.no("trader", PT, "transfer", who("a"), 1).startswith("AccountFrozen(")
    assert lab.no("ISSUER", PT, "mint", who("a"), 1).startswith("AccountFrozen(")
    lab.do("COMPLIANCE", PT, "unfreeze", who("a"))
    lab.do("a", PT, "transfer", TRADER, 5)


def test_foundation_token_moves_between_authorised_participants_only(lab: Lab) -> None:
    assert lab.no("ALLOCATOR", FT, "issue", TRADER, 1, DOC).startswith("NotAuthorised(")
    lab.do("holder", FT, "transfer", SOVEREIGN, 1)
    lab.do("COMPLIANCE", KYC, "suspend", who("holder"))
    assert lab.no("holder", FT, "transfer", SOVEREIGN, 1).startswith("NotAuthorised(")
    assert lab.no("sovereign", FT, "transfer", who("holder"), 1).startswith("NotAuthorised(")


def test_permit_approves_by_signature_once(lab: Lab) -> None:
    key = PrivateKey(bytes(31) + b"\1")
    owner = keccak(key.public_key.format(compressed=False)[1:])[12:]
    kind = keccak(b"Permit(address owner,address spender,uint256 value,uint256 nonce,"
                  b"uint256 deadline)")  # fmt: skip
    words = [kind, owner, TRADER, (5).to_bytes(32), bytes(32), (START + 60).to_bytes(32)]
    message = keccak(b"".join(word.rjust(32, b"\0") for word in words))
    digest = keccak(b"\x19\x01" + lab.read(PT, "DOMAIN_SEPARATOR") + message)
    signed = key.sign_recoverable(digest, hasher=None)
    permit = (owner, TRADER, 5, START + 60, 27 + signed[64], signed[:32], signed[32:64])
    lab.do("anyone", PT, "permit", *permit)
    assert lab.read(PT, "allowance", owner, TRADER) == 5
    assert lab.no("anyone", PT, "permit", *permit).startswith("ERC2612InvalidSigner(")


def test_votes_follow_the_timestamp_clock(lab: Lab) -> None:
    lab.do("holder", FT, "delegate", who("holder"))
    lab.at(12)
    assert lab.read(FT, "CLOCK_MODE") == "mode=timestamp"
    assert lab.read(FT, "clock") == START + 12
    assert lab.read(FT, "getPastVotes", who("holder"), START) == 10**18
    assert lab.read(FT, "getPastVotes", who("holder"), START - 1) == 0


# --- Allocation book, fees --------------------------------------------------------------------


def test_claim_of_another_quantity_than_verified_is_refused(lab: Lab) -> None:
    lab.priced().claimed(attesters=0)
    for node in NODES[:4]:
        lab.do(node, ORACLE, "attest", DOC, QUANTITY - 1)
    refused = lab.no("anyone", BOOK, "settle", DOC)
    assert refused.endswith(f"claimed={QUANTITY}, verified={QUANTITY - 1})")


def test_daily_cap_is_of_the_day(lab: Lab) -> None:
    lab.priced()
    for i in range(3):  # 480,000 FT each; the cap is 1.5 million
        doc = keccak(b"bl%d" % i)
        lab.claimed(doc=doc).do("anyone", BOOK, "settle", doc)
    lab.claimed()
    assert lab.no("anyone", BOOK, "settle", DOC).startswith("DailyCapExceeded(")
    lab.at(DAY)
    lab.priced().do("anyone", BOOK, "settle", DOC)
    assert lab.read(BOOK, "issuedToday") == 480_000 * 10**18
    assert lab.read(FT, "balanceOf", SOVEREIGN) == 4 * 480_000 * 10**18
    assert lab.read(BOOK, "claims", DOC)[4:] == (True, 480_000 * 10**18)


@pytest.mark.parametrize(
    ("fee", "error"),
    [(4000, ""), (4001, "StepTooLarge"), (2000, ""), (1999, "StepTooLarge"), (0, "ZeroFee")],
)
def test_steward_moves_a_fee_by_a_step(lab: Lab, fee: int, error: str) -> None:
    done = lab.send("FEE_STEWARD", FEES, "adjust", 0, fee)
    assert REVERTS.name(done.output) == error
    assert lab.read(FEES, "fee", 0) == (3000 if error else fee)


def test_steward_waits_after_any_change_and_stays_in_bounds(lab: Lab) -> None:
    lab.do("GOVERNANCE", FEES, "setFee", 0, 9500)
    assert lab.no("FEE_STEWARD", FEES, "adjust", 0, 9000).startswith("TooSoon(")
    lab.at(DAY)
    assert lab.no("FEE_STEWARD", FEES, "adjust", 0, 10_001).startswith("FeeOutOfBounds(")
    lab.do("FEE_STEWARD", FEES, "adjust", 0, 9000)


@pytest.mark.parametrize(
    ("bounds", "error"),
    [
        ((3000, 3000, 1, HOUR), ""), ((0, 100_000, 10_000, 90 * DAY), ""),
        ((3001, 9000, 1, HOUR), "FeeOutOfBounds"), ((1, 2999, 1, HOUR), "FeeOutOfBounds"),
        ((4000, 2000, 1, HOUR), "InvalidBounds"), ((1, 9000, 0, HOUR), "InvalidBounds"),
        ((1, 9000, 10_001, HOUR), "InvalidBounds"), ((1, 9000, 1, HOUR - 1), "InvalidBounds"),
        ((1, 9000, 1, 90 * DAY + 1), "InvalidBounds"),
    ],
)  # fmt: skip
def test_bounds_of_a_fee_have_hard_bounds(lab: Lab, bounds: tuple[int, ...], error: str) -> None:
    done = lab.send("GOVERNANCE", FEES, "setBounds", 0, *bounds)
    assert REVERTS.name(done.output) == error
    assert lab.read(FEES, "schedule", 0)[:5] == (3000, *(TERMS[1:] if error else bounds))
