"""What the institutions around the tokens do over several calls: averages, disputes, tiers, votes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contracts_lab import (
    BOND,
    BOOK,
    CONV,
    DAY,
    DEALS,
    DOC,
    FEED,
    FT,
    GOV,
    HOUR,
    KYC,
    LOCKED,
    MILLION,
    NODE0,
    ORACLE,
    POOL,
    PT,
    QUANTITY,
    START,
    TRADER,
    USD8,
    VAULT,
    Lab,
    build,
    swap,
    who,
)
from contracts_rows import DUE, FT1, RIVAL, SOVEREIGN, WHY, Scene
from eth_hash.auto import keccak

USD = "StableAsset"


@pytest.fixture(scope="module")
def built() -> Lab:
    return build()


@pytest.fixture
def lab(built: Lab) -> Iterator[Lab]:
    """The same start for every test: what a test did is undone."""
    yield from built.undone()


def balance(lab: Lab, token: str, *labels: str) -> list[int]:
    return [lab.read(token, "balanceOf", who(label)) for label in labels]


# --- Time-weighted price ----------------------------------------------------------------------


def test_the_average_price_weighs_by_time(lab: Lab) -> None:
    prices = []
    for wait in (1000, 3000, 500):  # the price before each wait holds for all of it
        pt, stable, _ = lab.read(POOL, "reserves")
        prices.append((wait, stable * 2**32 // pt))
        lab.later(wait).do(*swap(lab))
    lab.later(700)
    pt, stable, _ = lab.read(POOL, "reserves")
    prices.append((700, stable * 2**32 // pt))
    for first, window in ((0, 5200), (1, 4200), (2, 1200)):  # no observation within 15 minutes
        part = prices[first:]
        average = sum(wait * price for wait, price in part) * 10**8 // sum(wait for wait, _ in part)
        found, since = lab.read(POOL, "consult", window)
        assert (found, since) == (average >> 32, lab.now - window)
    assert lab.read(POOL, "consult", 4000) == lab.read(POOL, "consult", 4200)
    assert lab.no("anyone", POOL, "consult", 5201) == "NoObservation(window=5201)"


def test_two_readings_give_the_average_between_them(lab: Lab) -> None:
    before, other, then = lab.read(POOL, "cumulativePrices")
    lab.later(600)
    after, another, now = lab.read(POOL, "cumulativePrices")
    assert (after - before) // (now - then) == 4 * 2**32 // 5
    assert (another - other) // (now - then) == 5 * 2**32 // 4


def test_the_ring_of_observations_turns_over(lab: Lab) -> None:
    for _ in range(140):  # 128 are kept, one each quarter of an hour
        lab.later(900).do(*swap(lab, 1000))
    assert lab.read(POOL, "consult", 127 * 900)[1] == lab.now - 127 * 900
    assert lab.no("anyone", POOL, "consult", 128 * 900).startswith("NoObservation(")


# --- Foundation token -------------------------------------------------------------------------


def test_grants_unlock_in_their_order(lab: Lab) -> None:
    lab.do("GOVERNANCE", FT, "setLockup", DAY)
    lab.do("ALLOCATOR", FT, "issue", SOVEREIGN, 10, DOC)
    lab.do("GOVERNANCE", FT, "setLockup", HOUR)  # a later grant never unlocks before an earlier one
    lab.do("ALLOCATOR", FT, "issue", SOVEREIGN, 5, WHY)
    lab.do("holder", FT, "transfer", SOVEREIGN, 3)
    assert lab.read(FT, "locked", SOVEREIGN) == 15
    refused = lab.no("sovereign", FT, "transfer", who("holder"), 4)
    assert refused.endswith("free=3, value=4)")
    lab.do("sovereign", FT, "transfer", who("holder"), 3)
    lab.later(DAY)
    assert lab.read(FT, "locked", SOVEREIGN) == 0
    lab.do("sovereign", FT, "transfer", who("holder"), 15)


def test_who_is_no_longer_examined_holds_still(lab: Lab) -> None:
    for function, args in (("suspend", (who("holder"),)), ("setJurisdiction", (b"CH", True))):
        lab.do("COMPLIANCE", KYC, function, *args)
        assert lab.no("holder", FT, "transfer", SOVEREIGN, 1).startswith("NotAuthorised(")
        if function == "suspend":
            lab.do("COMPLIANCE", KYC, "approve", who("holder"), START + HOUR)
    lab.do("COMPLIANCE", KYC, "setJurisdiction", b"CH", False)
    lab.do("holder", FT, "transfer", SOVEREIGN, 1)
    lab.later(HOUR)
    assert lab.no("holder", FT, "transfer", SOVEREIGN, 1).startswith("NotAuthorised(")


# --- Oracle network ---------------------------------------------------------------------------


def test_a_shadow_reports_and_counts_for_nothing_until_it_is_promoted(lab: Lab) -> None:
    lab.do("ORACLE_ADMIN", ORACLE, "setShadowPeriod", HOUR)
    lab.do("ORACLE_ADMIN", ORACLE, "addShadow", TRADER)
    lab.submit(1, 2, 3, 4)
    events = lab.do("trader", ORACLE, "submit", FEED, 9, lab.now)
    assert set(events) == {"OracleNetwork.AnswerSubmitted"}
    assert lab.read(ORACLE, "latest", FEED)[0] == 3
    assert lab.read(ORACLE, "report", FEED, TRADER) == (9, START)
    assert lab.read(ORACLE, "shadow", TRADER) == (START, 1)
    assert lab.no("trader", ORACLE, "attest", DOC, 1).startswith("NotANode(")
    assert len(lab.read(ORACLE, "nodes")) == 7
    lab.later(HOUR).do("ORACLE_ADMIN", ORACLE, "promote", TRADER)
    events = lab.do("trader", ORACLE, "submit", FEED, 10, lab.now)
    assert events["OracleNetwork.AnswerUpdated"]["answer"] == 3  # 1 2 3 4 10: the median of five
    assert events["OracleNetwork.AnswerUpdated"]["reporters"] == 5


@pytest.mark.parametrize(
    ("rounds", "overturned", "paid"),
    [(1, True, {"rival": BOND}), (2, False, {"node0": 3 * BOND}), (3, True, {"rival": 7 * BOND})],
)
def test_whoever_is_left_unanswered_wins_all_bonds(
    lab: Lab, rounds: int, overturned: bool, paid: dict[str, int]
) -> None:
    Scene(lab).challenged(rounds)
    assert lab.read(ORACLE, "exportOf", DOC)[6] == 2**rounds * BOND
    lab.later(HOUR).do("anyone", ORACLE, "finalise", DOC)
    assert lab.read(ORACLE, "verified", DOC) == (not overturned, 0 if overturned else QUANTITY)
    for label, amount in paid.items():
        found = lab.do(label, ORACLE, "collect", DOC)
        assert found["OracleNetwork.BondCollected"]["amount"] == amount
        assert lab.no(label, ORACLE, "collect", DOC).startswith("NothingToPay(")
    loser = "node0" if overturned else "rival"
    assert lab.no(loser, ORACLE, "collect", DOC).startswith("NothingToPay(")
    assert lab.read(ORACLE, "accounted")[2] == 0


def test_an_export_is_final_after_the_window_only(lab: Lab) -> None:
    Scene(lab).accepted().priced()
    assert lab.read(ORACLE, "verified", DOC) == (False, 0)
    assert lab.no("anyone", BOOK, "settle", DOC).startswith("NotVerified(")
    lab.later(HOUR)
    found = lab.do("anyone", ORACLE, "finalise", DOC)
    assert found["OracleNetwork.ExportVerified"] == {"documentHash": DOC, "quantity": QUANTITY}
    lab.do("anyone", BOOK, "settle", DOC)


def test_a_wrong_attestation_is_slashed_once_into_the_reward_fund(lab: Lab) -> None:
    Scene(lab).overturned()
    lab.do("anyone", ORACLE, "slashFor", DOC, NODE0)
    assert lab.read(ORACLE, "accounted")[:2] == (900, 100)
    assert lab.no("anyone", ORACLE, "slashFor", DOC, NODE0).startswith("NotSlashable(")


def test_rewards_count_reports_of_this_stay_only(lab: Lab) -> None:
    Scene(lab.priced()).staked(5)
    lab.do("buyer", ORACLE, "fund", 1000)
    lab.later(HOUR).do("node0", ORACLE, "submit", FEED, 80 * USD8, lab.now)
    assert lab.do("node0", ORACLE, "claimReward", FEED)["OracleNetwork.RewardPaid"]["reports"] == 2
    lab.do("ORACLE_ADMIN", ORACLE, "removeNode", NODE0)
    lab.do("ORACLE_ADMIN", ORACLE, "addNode", NODE0)
    assert lab.no("node0", ORACLE, "claimReward", FEED).startswith("NothingToPay(")
    lab.do("node0", ORACLE, "submit", FEED, 80 * USD8, lab.now)
    assert lab.do("node0", ORACLE, "claimReward", FEED)["OracleNetwork.RewardPaid"]["reports"] == 1


# --- Allocation book --------------------------------------------------------------------------


def test_two_persons_issue(lab: Lab) -> None:
    lab.do("GOVERNANCE", BOOK, "setTwoPerson", True)
    lab.priced().claimed()
    assert lab.no("COMPLIANCE", BOOK, "confirm", DOC).startswith("NotApproved(")
    lab.do("ISSUER", BOOK, "propose", DOC)
    assert lab.no("anyone", BOOK, "settle", DOC).startswith("NotApproved(")
    lab.do("COMPLIANCE", BOOK, "confirm", DOC)
    lab.do("anyone", BOOK, "settle", DOC)


@pytest.mark.parametrize(
    ("upheld", "quantity", "left", "bond_to"),
    [
        (True, QUANTITY // 2, DUE // 2, "rival"),
        (True, QUANTITY, DUE, "rival"),
        (True, 0, 0, "rival"),
        (False, 1, DUE, "sovereign"),
    ],
)
def test_a_ruling_thaws_corrects_and_pays_the_bond(
    lab: Lab, upheld: bool, quantity: int, left: int, bond_to: str
) -> None:
    Scene(lab).disputed()
    (before,) = balance(lab, PT, bond_to)
    assert lab.read(FT, "held", SOVEREIGN) == DUE
    lab.do("ARBITER", BOOK, "rule", DOC, upheld, quantity)
    assert balance(lab, PT, bond_to) == [before + BOND]
    assert balance(lab, FT, "sovereign") == [left]
    assert lab.read(FT, "held", SOVEREIGN) == lab.read(BOOK, "totalBonds") == 0
    assert lab.read(FT, "totalReversed") == DUE - left


def test_what_moved_on_becomes_a_debt_that_the_next_entitlement_pays(lab: Lab) -> None:
    Scene(lab).owing()
    assert lab.read(BOOK, "debtOf", SOVEREIGN) == DUE
    half = QUANTITY * 3 // 2
    lab.claimed(half, doc=WHY).do("anyone", BOOK, "settle", WHY)
    assert balance(lab, FT, "sovereign") == [DUE // 2]
    assert lab.read(BOOK, "debtOf", SOVEREIGN) == 0


def test_a_disputed_claim_is_not_settled(lab: Lab) -> None:
    lab.priced().claimed().do("rival", BOOK, "dispute", DOC, WHY)
    assert lab.no("anyone", BOOK, "settle", DOC).startswith("Disputed(")
    lab.do("ARBITER", BOOK, "rule", DOC, True, 5)
    refused = lab.no("anyone", BOOK, "settle", DOC)
    assert refused.endswith(f"claimed=5, verified={QUANTITY})")
    lab.do("rival", BOOK, "dispute", DOC, WHY)
    lab.do("ARBITER", BOOK, "rule", DOC, True, 0)
    assert lab.no("anyone", BOOK, "settle", DOC).startswith("Rejected(")
    assert RIVAL != SOVEREIGN


# --- Settlement and conversion ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "seller", "buyer", "treasury"),
    [("release", 997, 0, 3), ("refund", 0, 1000, 0), ("cancel", 0, 1000, 0), ("rule", 399, 600, 1)],
)
def test_an_escrow_goes_where_it_belongs(
    lab: Lab, end: str, seller: int, buyer: int, treasury: int
) -> None:
    Scene(lab).opened()
    before = balance(lab, PT, "seller", "buyer", "treasury")
    if end == "release":
        lab.claimed().do("anyone", DEALS, "release", 1)
    elif end == "refund":
        lab.later(DAY).do("anyone", DEALS, "refund", 1)
    elif end == "cancel":
        lab.do("seller", DEALS, "cancel", 1)
        lab.do("buyer", DEALS, "cancel", 1)
    else:
        lab.do("seller", DEALS, "dispute", 1, WHY)
        assert lab.claimed().no("anyone", DEALS, "release", 1).startswith("WrongPhase(")
        lab.do("ARBITER", DEALS, "rule", 1, 400)
    after = balance(lab, PT, "seller", "buyer", "treasury")
    moved = [now - then for now, then in zip(after, before, strict=True)]
    assert moved == [seller, buyer, treasury]
    assert lab.read(DEALS, "totalEscrow") == 0


def test_a_dispute_that_nobody_rules_on_is_refunded(lab: Lab) -> None:
    Scene(lab).opened()
    lab.do("buyer", DEALS, "dispute", 1, WHY)
    assert lab.later(30 * DAY - 1).no("anyone", DEALS, "refund", 1).startswith("NotExpired(")
    lab.later(1).do("anyone", DEALS, "refund", 1)


def test_a_conversion_retires_ft_and_its_limits_are_of_the_day(lab: Lab) -> None:
    Scene(lab).settled()
    supply, pt = lab.read(FT, "totalSupply"), lab.read(PT, "totalSupply")
    lab.do("sovereign", CONV, "convert", FEED, 30_000 * FT1, 0)  # three million at 100 PT
    assert lab.read(FT, "totalSupply") == supply - 30_000 * FT1
    assert lab.read(PT, "totalSupply") == pt + 3 * MILLION
    refused = lab.no("sovereign", CONV, "convert", FEED, FT1, 0)
    assert refused.startswith("SovereignLimitExceeded(")
    lab.later(DAY).priced().do("sovereign", CONV, "convert", FEED, FT1, 0)
    assert lab.read(CONV, "convertedTodayBy", SOVEREIGN) == 10**8


# --- Reserve ----------------------------------------------------------------------------------


def test_haircuts_grow_with_what_was_redeemed_today(lab: Lab) -> None:
    Scene(lab).stocked()  # the supply is 21 million
    lab.do("GOVERNANCE", VAULT, "setTiers", [(5_000, 10_000), (10_000, 50_000)])
    lab.do("GOVERNANCE", "FeeSchedule", "setBounds", 3, 0, 3000, 1000, DAY)
    lab.do("GOVERNANCE", "FeeSchedule", "setFee", 3, 0)
    paid = []
    for _ in range(3):
        done = lab.do("redeemer", VAULT, "redeem", MILLION // 10, 0)
        paid.append(done["Reserve.Redeemed"]["stableAmount"])
    # 100,000 are .48 % of 21 million, 200,000 are .95 %, 300,000 are 1.4 %
    assert paid == [10**11, 99 * 10**9, 95 * 10**9]
    lab.later(DAY)
    assert lab.read(VAULT, "haircutNow") == 0


def test_a_stable_asset_below_par_mints_less_and_redeems_more(lab: Lab) -> None:
    lab.submit(*[95 * USD8 // 100] * 4)
    lab.do("GOVERNANCE", VAULT, "setAssetFeed", 0, FEED)
    minted = lab.do("redeemer", VAULT, "mint", 10**6, 0)["Reserve.MintedAgainst"]["ptAmount"]
    assert minted == 950_000
    assert lab.read(VAULT, "valueOf", 0) == 950_000
    paid = lab.do("redeemer", VAULT, "redeem", 95_000, 0)["Reserve.Redeemed"]
    assert paid["stableAmount"] + paid["fee"] == 100_000


def test_only_what_is_attested_counts(lab: Lab) -> None:
    Scene(lab).stocked()
    lab.do("ATTESTOR", VAULT, "attest", 1, 2 * MILLION, WHY, lab.now + DAY)
    assert lab.read(VAULT, "totalValue") == 3 * MILLION
    assert lab.read(VAULT, "coverage") == 3 * 10**6 // 21
    lab.later(DAY)
    assert lab.read(VAULT, "totalValue") == MILLION


def test_a_slice_goes_out_and_comes_back_as_another_asset(lab: Lab) -> None:
    Scene(lab).sliced()
    assert lab.read(VAULT, "inTransit", 0) == 10**9
    assert balance(lab, USD, "custodian") == [10**9]
    assert lab.no("ATTESTOR", VAULT, "bookSlice", 1, 10**9 - 1).startswith("SliceOutOfBounds(")
    lab.do("ATTESTOR", VAULT, "bookSlice", 1, 10**9)
    assert lab.read(VAULT, "holding", 1)[0] == 10**9
    assert lab.read(VAULT, "inTransit", 0) == 0
    assert lab.no("ATTESTOR", VAULT, "bookSlice", 1, 10**9).startswith("UnknownSlice(")


# --- Governance -------------------------------------------------------------------------------


def test_votes_decide_and_the_timelock_acts(lab: Lab) -> None:
    cap = lab.contracts[PT].encode("setCap", 99 * MILLION)
    action = ([lab.contracts[PT].address], [0], [cap])
    lab.do("holder", FT, "delegate", who("holder"))
    lab.later(1)
    lab.do("holder", GOV, "propose", *action, "a lower cap")
    title = keccak(b"a lower cap")
    proposal = lab.read(GOV, "hashProposal", *action, title)
    lab.later(HOUR + 1).do("holder", GOV, "castVote", proposal, 1)
    lab.later(DAY).do("anyone", GOV, "queue", *action, title)
    early = lab.no("anyone", GOV, "execute", *action, title)
    assert early.startswith("TimelockUnexpectedOperationState(")
    lab.later(DAY).do("anyone", GOV, "execute", *action, title)
    assert lab.read(PT, "cap") == 99 * MILLION


@pytest.mark.parametrize(
    ("contract", "function", "value"),
    [(GOV, "setVotingPeriod", HOUR - 1), (GOV, "updateQuorumNumerator", 51)],
)
def test_settings_of_governance_have_hard_bounds(
    lab: Lab, contract: str, function: str, value: int
) -> None:
    action: tuple[Any, ...] = (
        [lab.contracts[contract].address], [0], [lab.contracts[contract].encode(function, value)],
    )  # fmt: skip
    lab.do("holder", FT, "delegate", who("holder"))
    lab.later(1).do("holder", GOV, "propose", *action, "too far")
    proposal = lab.read(GOV, "hashProposal", *action, keccak(b"too far"))
    lab.later(HOUR + 1).do("holder", GOV, "castVote", proposal, 1)
    lab.later(DAY).do("anyone", GOV, "queue", *action, keccak(b"too far"))
    refused = lab.later(DAY).no("anyone", GOV, "execute", *action, keccak(b"too far"))
    assert refused.startswith("SettingOutOfBounds(")


def test_the_timelock_never_waits_less_than_an_hour(lab: Lab) -> None:
    lab.deploy(LOCKED, 0, [], who("deployer"), alias="Hasty")
    lab.deploy(LOCKED, 31 * DAY, [], who("deployer"), alias="Slow")
    assert lab.read("Hasty", "getMinDelay") == HOUR
    assert lab.read("Slow", "getMinDelay") == 30 * DAY
