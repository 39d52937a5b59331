"""Every custom error and every event of the contracts, one row each, and the artifacts themselves.

A test compares the tables with the sources, so that neither grows without a row.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from contracts_lab import (
    ARTIFACTS,
    BOOK,
    CONFIG,
    DAY,
    DOC,
    FEED,
    FEES,
    FOLDER,
    FT,
    HOUR,
    MILLION,
    NODE0,
    ORACLE,
    OTHER,
    POOL,
    PT,
    QUANTITY,
    RATE,
    SOURCES,
    SOVEREIGN,
    START,
    TRADER,
    USD8,
    ZERO,
    Lab,
    build,
    crowded,
    empty_pool,
    swap,
    who,
)
from contracts_rows import EVENTS as INSTITUTIONS_ANNOUNCE
from contracts_rows import REFUSALS as INSTITUTIONS_REFUSE
from eth_hash.auto import keccak

Result = TypeVar("Result")


@pytest.fixture(scope="module")
def built() -> Lab:
    return build()


@pytest.fixture
def lab(built: Lab) -> Iterator[Lab]:
    """The same start for every test: what a test did is undone."""
    yield from built.undone()


OWNER = {  # an interface, a base and a library announce for their contract
    "IOracleNetwork": "OracleNetwork",
    "AllocationDisputes": "AllocationBook",
    "ReserveAssets": "Reserve",
    "PriceHistory": "LiquidityPool",
}


def declared(word: str) -> set[str]:
    return {
        f"{OWNER.get(stem, stem)}.{name}"
        for stem, text in SOURCES.items()
        for name in re.findall(rf"^    {word} (\w+)\(", text, flags=re.MULTILINE)
    }


@pytest.mark.parametrize("name", list(ARTIFACTS))
def test_artifact_is_that_of_the_committed_sources(name: str) -> None:
    raw = json.loads((FOLDER / "artifacts" / f"{name}.json").read_text())
    lines = "".join(f"{raw['sources'][path]}  {path}\n" for path in sorted(raw["sources"]))
    assert hashlib.sha256(lines.encode()).hexdigest() == raw["sourceHash"]
    for path, digest in raw["sources"].items():
        file = FOLDER / ("node_modules" if path.startswith("@") else "src") / path
        if path.startswith("@") and not file.exists():
            continue  # the compiler's packages are there where somebody compiles
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest, path


def test_every_contract_has_an_artifact_below_the_size_limit() -> None:
    made = {stem for stem, text in SOURCES.items() if f"\ncontract {stem} " in text}
    assert made == set(ARTIFACTS)
    assert max(len(a.deployed_bytecode) for a in ARTIFACTS.values()) < 24_576  # EIP-170


def test_compiler_and_packages_are_pinned() -> None:
    wanted = json.loads((FOLDER / "package.json").read_text())["devDependencies"]
    lock = (FOLDER / "package-lock.json").read_text()
    packages = json.loads(lock)["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert "http" not in lock, "the lock names versions and hashes, no host"
    for name in ARTIFACTS:
        compiler = json.loads((FOLDER / "artifacts" / f"{name}.json").read_text())["compiler"]
        assert compiler["version"].startswith(wanted["solc"] + "+")
        assert compiler["settings"]["evmVersion"] == "cancun"
        assert compiler["settings"]["metadata"]["bytecodeHash"] == "none"


@pytest.mark.parametrize("name", list(SOURCES))
def test_everything_public_is_described(name: str) -> None:
    lines = SOURCES[name].splitlines()
    public = r"^    (event|error|struct|enum|constructor|function|\w+ public|\w+ external)\b"
    for above, line in pairwise(lines):
        inside = line.startswith("    function ") and re.search(r"\b(private|internal)\b", line)
        if re.match(public, line) and not inside and "function _" not in line:
            assert above.lstrip().startswith(("///", "// solhint")), line


# --- Refusals and events ----------------------------------------------------------------------


def configured(x: Lab, **change: int) -> str:
    names = ("low", "high", "heartbeat", "deviation", "max_age", "quorum")
    config = [change.get(name, value) for name, value in zip(names, CONFIG, strict=True)]
    return x.no("ORACLE_ADMIN", ORACLE, "configureFeed", FEED, config)


def then(_before: object, result: Result) -> Result:
    """Return *result*; Python has evaluated what comes before it first."""
    return result


def stepped(x: Lab, fee: int = 3500) -> Lab:
    x.do("FEE_STEWARD", FEES, "adjust", 0, fee)
    return x


Refusal = Callable[[Lab], str]
REFUSALS: dict[str, Refusal] = {
    "PaymentToken.CapExceeded": lambda x: x.no("ISSUER", PT, "mint", who("a"), 80 * MILLION + 1),
    "PaymentToken.CapOutOfBounds": lambda x: x.no("GOVERNANCE", PT, "setCap", 20 * MILLION - 1),
    "PaymentToken.AccountFrozen": lambda x: then(
        x.do("COMPLIANCE", PT, "freeze", who("a")), x.no("trader", PT, "transfer", who("a"), 1)
    ),
    "PaymentToken.AccountNotFrozen": lambda x: x.no("COMPLIANCE", PT, "unfreeze", who("a")),
    "FoundationToken.NotAuthorised": lambda x: x.no("holder", FT, "transfer", who("trader"), 1),
    "FoundationToken.DocumentAlreadyUsed": lambda x: x.no(
        "ALLOCATOR", FT, "issue", who("holder"), 1, keccak(b"old")
    ),
    "OracleNetwork.NotANode": lambda x: x.no("trader", ORACLE, "submit", FEED, USD8, START),
    "OracleNetwork.AlreadyANode": lambda x: x.no("ORACLE_ADMIN", ORACLE, "addNode", who("node0")),
    "OracleNetwork.ZeroNode": lambda x: x.no("ORACLE_ADMIN", ORACLE, "addNode", ZERO),
    "OracleNetwork.TooManyNodes": lambda x: crowded(x).no(
        "ORACLE_ADMIN", ORACLE, "addNode", who("one more")
    ),
    "OracleNetwork.UnknownFeed": lambda x: x.no("node0", ORACLE, "submit", OTHER, USD8, START),
    "OracleNetwork.FeedExists": lambda x: x.no("ORACLE_ADMIN", ORACLE, "addFeed", FEED, CONFIG),
    "OracleNetwork.InvalidAnswerBounds": lambda x: configured(x, low=500 * USD8),
    "OracleNetwork.HeartbeatOutOfBounds": lambda x: configured(x, heartbeat=59),
    "OracleNetwork.DeviationOutOfBounds": lambda x: configured(x, deviation=99),
    "OracleNetwork.MaxAgeOutOfBounds": lambda x: configured(x, max_age=HOUR - 1),
    "OracleNetwork.QuorumOutOfBounds": lambda x: configured(x, quorum=3),  # of seven nodes
    "OracleNetwork.AnswerOutOfBounds": lambda x: x.no(
        "node0", ORACLE, "submit", FEED, 80_000 * USD8, START
    ),
    "OracleNetwork.ObservedInFuture": lambda x: x.no(
        "node0", ORACLE, "submit", FEED, USD8, START + 1
    ),
    "OracleNetwork.ObservationTooOld": lambda x: x.no(
        "node0", ORACLE, "submit", FEED, USD8, START - 2 * HOUR - 1
    ),
    "OracleNetwork.NotNewer": lambda x: x.priced().no(
        "node0", ORACLE, "submit", FEED, 90 * USD8, START
    ),
    "OracleNetwork.NotDue": lambda x: x.priced().later(60).no(
        "node0", ORACLE, "submit", FEED, 80 * USD8, START + 60
    ),
    "OracleNetwork.StaleFeed": lambda x: x.claimed().no("anyone", BOOK, "settle", DOC),
    "OracleNetwork.QuantityOutOfBounds": lambda x: x.no("node0", ORACLE, "attest", DOC, 0),
    "OracleNetwork.AlreadyAttested": lambda x: x.claimed().no(
        "node0", ORACLE, "attest", DOC, QUANTITY + 1
    ),
    "AllocationBook.NotASovereign": lambda x: x.no("holder", BOOK, "claim", DOC, FEED, 1),
    "AllocationBook.ZeroDocument": lambda x: x.no("sovereign", BOOK, "claim", bytes(32), FEED, 1),
    "AllocationBook.DuplicateDocument": lambda x: x.claimed().no(
        "sovereign", BOOK, "claim", DOC, FEED, 1
    ),
    "AllocationBook.QuantityOutOfBounds": lambda x: x.no(
        "sovereign", BOOK, "claim", DOC, FEED, 10**10 + 1
    ),
    "AllocationBook.UnknownDocument": lambda x: x.no("anyone", BOOK, "settle", DOC),
    "AllocationBook.AlreadySettled": lambda x: then(
        x.priced().claimed().do("anyone", BOOK, "settle", DOC),
        x.no("anyone", BOOK, "settle", DOC),
    ),
    "AllocationBook.NotVerified": lambda x: x.priced().claimed(attesters=3).no(
        "anyone", BOOK, "settle", DOC
    ),
    "AllocationBook.NoEntitlement": lambda x: x.priced(-37).claimed().no(
        "anyone", BOOK, "settle", DOC
    ),
    "AllocationBook.SettlementCapExceeded": lambda x: then(
        x.do("GOVERNANCE", BOOK, "setSettlementCap", 10**23),
        x.priced().claimed().no("anyone", BOOK, "settle", DOC),
    ),
    "AllocationBook.DailyCapExceeded": lambda x: then(
        x.do("GOVERNANCE", BOOK, "setDailyCap", 10**23),
        x.priced().claimed().no("anyone", BOOK, "settle", DOC),
    ),
    "AllocationBook.ParameterOutOfBounds": lambda x: x.no(
        "GOVERNANCE", BOOK, "setRatePerUsd", 10**24 + 1
    ),
    "FeeSchedule.UnknownKind": lambda x: x.no("FEE_STEWARD", FEES, "adjust", 4, 3000),
    "FeeSchedule.FeeOutOfBounds": lambda x: x.no("GOVERNANCE", FEES, "setFee", 0, 10_001),
    "FeeSchedule.ZeroFee": lambda x: x.no("FEE_STEWARD", FEES, "adjust", 0, 0),
    "FeeSchedule.StepTooLarge": lambda x: x.no("FEE_STEWARD", FEES, "adjust", 0, 4001),
    "FeeSchedule.TooSoon": lambda x: stepped(x).later(DAY - 1).no(
        "FEE_STEWARD", FEES, "adjust", 0, 3400
    ),
    "FeeSchedule.StewardExpired": lambda x: then(
        x.do("GOVERNANCE", FEES, "setExpiry", 0, START + HOUR),
        x.later(HOUR).no("FEE_STEWARD", FEES, "adjust", 0, 3100),
    ),
    "FeeSchedule.InvalidBounds": lambda x: x.no(
        "GOVERNANCE", FEES, "setBounds", 0, 500, 100_001, 1000, DAY
    ),
    "FeeSchedule.ExpiryInPast": lambda x: x.no("GOVERNANCE", FEES, "setExpiry", 0, START - 1),
    "LiquidityPool.UnknownToken": lambda x: x.no(*swap(x, token=who("coin"))),
    "LiquidityPool.InvalidPair": lambda x: x.no_deploy(
        POOL, *[x.contracts[name].address for name in ("Authority", PT, PT, FEES)]
    ),
    "LiquidityPool.InvalidRecipient": lambda x: x.no(*swap(x, to=x.contracts[POOL].address)),
    "LiquidityPool.InsufficientInput": lambda x: x.no(*swap(x, 1)),
    "LiquidityPool.NoLiquidity": lambda x: empty_pool(x).no(
        "trader", "Empty", *swap(x)[2:]
    ),
    "LiquidityPool.SlippageExceeded": lambda x: x.no(*swap(x, least=MILLION)),
    "LiquidityPool.InsufficientShares": lambda x: x.no(
        "trader", POOL, "addLiquidity", MILLION, MILLION, MILLION, who("trader")
    ),
    "LiquidityPool.ReserveOverflow": lambda x: x.no(*swap(x, 2**112)),
    "Multicall3.CallFailed": lambda x: x.no(
        "anyone", "Multicall3", "aggregate3",
        [(x.contracts[FEES].address, False, x.contracts[FEES].encode("fee", 9))],
    ),
}  # fmt: skip
REFUSALS |= INSTITUTIONS_REFUSE


@pytest.mark.parametrize("error", REFUSALS)
def test_refusal(lab: Lab, error: str) -> None:
    assert REFUSALS[error](lab).startswith(error.partition(".")[2] + "(")


def test_every_declared_error_has_a_row() -> None:
    assert declared("error") == set(REFUSALS)


Row = tuple[Callable[[Lab], dict[str, Any]], dict[str, Any]]


def parameter(name: str, old: int) -> Row:
    """Return the row of a parameter of the book that is set from *old* to 11."""
    return (
        lambda x: x.do("GOVERNANCE", BOOK, f"set{name}", 11),
        {"oldValue": old, "newValue": 11},
    )


EVENTS: dict[str, Row] = {
    "PaymentToken.CapSet": (
        lambda x: x.do("GOVERNANCE", PT, "setCap", 20 * MILLION),
        {"oldCap": 100 * MILLION, "newCap": 20 * MILLION}),
    "PaymentToken.Minted": (
        lambda x: x.do("ISSUER", PT, "mint", TRADER, 7),
        {"to": TRADER, "amount": 7, "by": who("ISSUER")}),
    "PaymentToken.Burned": (
        lambda x: x.do("RESERVE_MANAGER", PT, "burn", TRADER, 7),
        {"from": TRADER, "amount": 7, "by": who("RESERVE_MANAGER")}),
    "PaymentToken.Frozen": (
        lambda x: x.do("COMPLIANCE", PT, "freeze", TRADER),
        {"account": TRADER, "by": who("COMPLIANCE")}),
    "PaymentToken.Unfrozen": (
        lambda x: then(
            x.do("COMPLIANCE", PT, "freeze", TRADER), x.do("COMPLIANCE", PT, "unfreeze", TRADER)),
        {"account": TRADER, "by": who("COMPLIANCE")}),
    "FoundationToken.Issued": (
        lambda x: x.do("ALLOCATOR", FT, "issue", SOVEREIGN, 5, DOC),
        {"to": SOVEREIGN, "documentHash": DOC, "amount": 5}),
    "OracleNetwork.NodeAdded": (
        lambda x: x.do("ORACLE_ADMIN", ORACLE, "addNode", TRADER), {"node": TRADER, "count": 8}),
    "OracleNetwork.NodeRemoved": (
        lambda x: x.do("ORACLE_ADMIN", ORACLE, "removeNode", NODE0), {"node": NODE0, "count": 6}),
    "OracleNetwork.FeedConfigured": (
        lambda x: x.do("ORACLE_ADMIN", ORACLE, "addFeed", OTHER, CONFIG),
        {"feed": OTHER, "config": CONFIG}),
    "OracleNetwork.AttestationQuorumSet": (
        lambda x: x.do("ORACLE_ADMIN", ORACLE, "setAttestationQuorum", 5),
        {"oldQuorum": 4, "newQuorum": 5}),
    "OracleNetwork.AnswerSubmitted": (
        lambda x: x.submit(-USD8),
        {"feed": FEED, "node": NODE0, "answer": -USD8, "observedAt": START}),
    "OracleNetwork.AnswerUpdated": (
        lambda x: x.submit(1, 2, 3, 4),
        {"feed": FEED, "answer": 3, "roundId": 1, "reporters": 4, "updatedAt": START}),
    "OracleNetwork.ExportAttested": (
        lambda x: x.do("node0", ORACLE, "attest", DOC, 9),
        {"documentHash": DOC, "node": NODE0, "quantity": 9, "count": 1}),
    "OracleNetwork.ExportVerified": (
        lambda x: x.claimed(9, attesters=3).do("node3", ORACLE, "attest", DOC, 9),
        {"documentHash": DOC, "quantity": 9}),
    "AllocationBook.ExportClaimed": (
        lambda x: x.do("sovereign", BOOK, "claim", DOC, FEED, 9),
        {"documentHash": DOC, "sovereign": SOVEREIGN, "feed": FEED, "quantity": 9}),
    "AllocationBook.EntitlementIssued": (
        lambda x: x.priced().claimed().do("anyone", BOOK, "settle", DOC),
        {"documentHash": DOC, "sovereign": SOVEREIGN, "feed": FEED, "quantity": QUANTITY,
         "answer": 80 * USD8, "amount": 600_000 * 80 * 10**16}),
    "AllocationBook.RatePerUsdSet": parameter("RatePerUsd", RATE),
    "AllocationBook.MaxQuantitySet": parameter("MaxQuantity", 10**10),
    "AllocationBook.SettlementCapSet": parameter("SettlementCap", 10**24),
    "AllocationBook.DailyCapSet": parameter("DailyCap", 15 * 10**23),
    "FeeSchedule.FeeAdjusted": (
        lambda x: x.do("FEE_STEWARD", FEES, "adjust", 0, 2000),
        {"kind": 0, "oldFee": 3000, "newFee": 2000, "by": who("FEE_STEWARD")}),
    "FeeSchedule.BoundsSet": (
        lambda x: x.do("GOVERNANCE", FEES, "setBounds", 1, 0, 9000, 900, HOUR),
        {"kind": 1, "min": 0, "max": 9000, "maxStep": 900, "minDelay": HOUR}),
    "FeeSchedule.ExpirySet": (
        lambda x: x.do("GOVERNANCE", FEES, "setExpiry", 2, START + DAY),
        {"kind": 2, "expiry": START + DAY}),
    "LiquidityPool.Swapped": (
        lambda x: x.do(*swap(x, 1000)),
        {"sender": TRADER, "amountIn": 1000, "amountOut": 797, "fee": 3, "to": TRADER}),
    "LiquidityPool.LiquidityAdded": (
        lambda x: x.do("trader", POOL, "addLiquidity", 5000, 9000, 0, TRADER),
        {"sender": TRADER, "to": TRADER, "ptAmount": 5000, "stableAmount": 4000, "shares": 4472}),
    "LiquidityPool.LiquidityRemoved": (
        lambda x: x.do("trader", POOL, "removeLiquidity", 4473, 0, 0, TRADER),
        {"sender": TRADER, "to": TRADER, "ptAmount": 5000, "stableAmount": 4000, "shares": 4473}),
    "LiquidityPool.Synced": (
        lambda x: x.do(*swap(x, 1000)), {"pt": 5 * MILLION + 1000, "stable": 4 * MILLION - 797}),
}  # fmt: skip
EVENTS |= INSTITUTIONS_ANNOUNCE


@pytest.mark.parametrize("event", EVENTS)
def test_event(lab: Lab, event: str) -> None:
    act, expected = EVENTS[event]
    found = act(lab)[event]
    assert {name: found[name] for name in expected} == expected


def test_every_declared_event_has_a_row() -> None:
    assert declared("event") == set(EVENTS)
