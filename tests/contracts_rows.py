"""Rows of the institutions: each custom error and event of the contracts around the tokens, once.

`REFUSALS` are what makes a contract refuse with an error, `EVENTS` what makes it announce, and what
is then said; `tests/test_contracts.py` runs them with those of tokens, pool, fees and feeds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    MILLION,
    NODE0,
    ORACLE,
    OTHER,
    POOL,
    PT,
    QUANTITY,
    START,
    TRADER,
    USD8,
    VAULT,
    YEAR,
    ZERO,
    Lab,
    who,
)
from eth_hash.auto import keccak

DUE = 600_000 * 80 * 10**16  # what `DOC` brings at 80 USD
WHY = keccak(b"why")
FT1 = 10**18
BUYER, SELLER, RIVAL, REDEEMER = who("buyer"), who("seller"), who("rival"), who("redeemer")
CUSTODIAN, SOVEREIGN, TREASURY = who("custodian"), who("sovereign"), who("treasury")


class Scene:
    """A lab in a situation: every method acts and returns the lab."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.do = lab, lab.do

    def settled(self) -> Lab:
        """`DOC` brought the sovereign its foundation tokens."""
        self.lab.priced().claimed().do("anyone", BOOK, "settle", DOC)
        return self.lab

    def disputed(self) -> Lab:
        """The rival disputes what `DOC` brought."""
        self.settled()
        self.do("rival", BOOK, "dispute", DOC, WHY)
        return self.lab

    def owing(self) -> Lab:
        """The sovereign moved on what a ruling takes back."""
        self.settled()
        self.do("sovereign", FT, "transfer", who("holder"), DUE)
        self.do("rival", BOOK, "dispute", DOC, WHY)
        self.do("ARBITER", BOOK, "rule", DOC, True, 0)
        return self.lab

    def accepted(self) -> Lab:
        """`DOC` is attested, and can be challenged for an hour."""
        self.do("ORACLE_ADMIN", ORACLE, "setChallenge", HOUR, BOND)
        return self.lab.claimed()

    def challenged(self, rounds: int = 1) -> Lab:
        """The rival says there was nothing; node 0 and the rival outbid each other."""
        self.accepted()
        self.do("rival", ORACLE, "challenge", DOC, 0)
        for number in range(1, rounds):
            self.do("node0" if number % 2 else "rival", ORACLE, "escalate", DOC)
        return self.lab

    def overturned(self) -> Lab:
        """Nobody answered the rival, so that there was no export."""
        self.staked()
        self.challenged().later(HOUR)
        self.do("anyone", ORACLE, "finalise", DOC)
        return self.lab

    def staked(self, amount: int = 1000) -> Lab:
        """Node 0 has a stake, a tenth of which a wrong word costs, and a day's notice."""
        self.do("ORACLE_ADMIN", ORACLE, "setStaking", 0, DAY, 10, 100_000)
        self.do("node0", ORACLE, "stake", NODE0, amount)
        return self.lab

    def opened(self, amount: int = 1000) -> Lab:
        """The buyer's money is in escrow for `DOC`."""
        args = DOC, SELLER, amount, QUANTITY, self.lab.now + DAY
        self.do("buyer", DEALS, "open", *args)
        return self.lab

    def stocked(self, amount: int = MILLION) -> Lab:
        """The redeemer minted, so that the reserve holds *amount* of the stable asset."""
        self.do("redeemer", VAULT, "mint", amount, 0)
        return self.lab

    def sliced(self) -> Lab:
        """A twentieth of the stable asset is on its way into bills."""
        self.stocked()
        self.do("RESERVE_MANAGER", VAULT, "openSlice", 0, 1, 10**9, 10**9, CUSTODIAN)
        return self.lab


def convert(x: Lab, amount: int = FT1, least: int = 0) -> tuple[Any, ...]:
    return "sovereign", CONV, "convert", FEED, amount, least


def after(_before: object, result: Any) -> Any:
    """Return *result*; Python has evaluated what comes before it first."""
    return result


Refusal = Callable[[Lab], str]
REFUSALS: dict[str, Refusal] = {
    "ParticipantRegistry.ZeroParticipant": lambda x: x.no(
        "COMPLIANCE", KYC, "register", ZERO, 1, b"CH"),
    "ParticipantRegistry.InvalidKinds": lambda x: x.no(
        "COMPLIANCE", KYC, "register", TRADER, 32, b"CH"),
    "ParticipantRegistry.InvalidJurisdiction": lambda x: x.no(
        "COMPLIANCE", KYC, "register", TRADER, 1, b"c1"),
    "ParticipantRegistry.JurisdictionBlocked": lambda x: after(
        x.do("COMPLIANCE", KYC, "setJurisdiction", b"CH", True),
        x.no("COMPLIANCE", KYC, "approve", BUYER, START + DAY)),
    "ParticipantRegistry.ExpiryOutOfBounds": lambda x: x.no(
        "COMPLIANCE", KYC, "approve", BUYER, START + 5 * YEAR + 1),
    "ParticipantRegistry.WrongState": lambda x: x.no(
        "COMPLIANCE", KYC, "approve", TRADER, START + DAY),
    "PaymentToken.KeptForOthers": lambda x: Scene(x).opened().no(
        "RESERVE_MANAGER", PT, "burn", x.contracts[DEALS].address, 1),
    "FoundationToken.TokensLocked": lambda x: Scene(x).disputed().no(
        "sovereign", FT, "transfer", who("holder"), 1),
    "FoundationToken.LockupOutOfBounds": lambda x: x.no(
        "GOVERNANCE", FT, "setLockup", 4 * YEAR + 1),
    "LiquidityPool.NoObservation": lambda x: x.no("anyone", POOL, "consult", 60),
    "OracleNetwork.ShadowFirst": lambda x: after(
        x.do("ORACLE_ADMIN", ORACLE, "setShadowPeriod", DAY),
        x.no("ORACLE_ADMIN", ORACLE, "addNode", TRADER)),
    "OracleNetwork.NotAShadow": lambda x: x.no("ORACLE_ADMIN", ORACLE, "promote", NODE0),
    "OracleNetwork.ShadowTooShort": lambda x: after(
        (x.do("ORACLE_ADMIN", ORACLE, "setShadowPeriod", DAY),
         x.do("ORACLE_ADMIN", ORACLE, "addShadow", TRADER)),
        x.later(DAY - 1).no("ORACLE_ADMIN", ORACLE, "promote", TRADER)),
    "OracleNetwork.PeriodOutOfBounds": lambda x: x.no(
        "ORACLE_ADMIN", ORACLE, "setShadowPeriod", 90 * DAY + 1),
    "OracleNetwork.AmountOutOfBounds": lambda x: x.no(
        "ORACLE_ADMIN", ORACLE, "setStaking", 0, 0, 0, 500_001),
    "OracleNetwork.BondOutOfBounds": lambda x: x.no(
        "ORACLE_ADMIN", ORACLE, "setChallenge", 0, 10**6 - 1),
    "OracleNetwork.StakeTooSmall": lambda x: after(
        x.do("ORACLE_ADMIN", ORACLE, "setStaking", 1, 0, 0, 0),
        x.no("ORACLE_ADMIN", ORACLE, "addNode", TRADER)),
    "OracleNetwork.NotWithdrawable": lambda x: after(
        Scene(x).staked().do("node0", ORACLE, "giveNotice", 5),
        x.later(DAY - 1).no("node0", ORACLE, "withdraw")),
    "OracleNetwork.NothingToPay": lambda x: Scene(x.priced()).staked().no(
        "node0", ORACLE, "claimReward", FEED),  # the fund is empty
    "OracleNetwork.WrongPhase": lambda x: x.no("rival", ORACLE, "challenge", DOC, 1),
    "OracleNetwork.WindowClosed": lambda x: Scene(x).accepted().later(HOUR).no(
        "rival", ORACLE, "challenge", DOC, 1),
    "OracleNetwork.WindowOpen": lambda x: Scene(x).accepted().later(HOUR - 1).no(
        "anyone", ORACLE, "finalise", DOC),
    "OracleNetwork.NothingContested": lambda x: Scene(x).accepted().no(
        "rival", ORACLE, "challenge", DOC, QUANTITY),
    "OracleNetwork.OnlyTheArbiter": lambda x: Scene(x).challenged(8).no(
        "rival", ORACLE, "escalate", DOC),
    "OracleNetwork.NotSlashable": lambda x: Scene(x).overturned().no(
        "anyone", ORACLE, "slashFor", DOC, who("node6")),  # who attested nothing
    "AllocationBook.NotApproved": lambda x: after(
        x.do("GOVERNANCE", BOOK, "setTwoPerson", True),
        x.priced().claimed().no("anyone", BOOK, "settle", DOC)),
    "AllocationBook.SamePerson": lambda x: after(
        (x.claimed().do("deployer", "Authority", "grantRole", 6, who("ISSUER"), 0),
         x.do("ISSUER", BOOK, "propose", DOC)),
        x.no("ISSUER", BOOK, "confirm", DOC)),
    "AllocationBook.Disputed": lambda x: Scene(x).disputed().no(
        "rival", BOOK, "dispute", DOC, WHY),
    "AllocationBook.NotDisputed": lambda x: x.claimed().no("ARBITER", BOOK, "rule", DOC, True, 1),
    "AllocationBook.Rejected": lambda x: Scene(x).owing().no("rival", BOOK, "dispute", DOC, WHY),
    "AllocationBook.TooLateToDispute": lambda x: x.claimed().later(180 * DAY).no(
        "rival", BOOK, "dispute", DOC, WHY),
    "AllocationBook.NotLapsed": lambda x: Scene(x).disputed().later(30 * DAY - 1).no(
        "anyone", BOOK, "lapse", DOC),
    "AllocationBook.CorrectionRaises": lambda x: Scene(x).disputed().no(
        "ARBITER", BOOK, "rule", DOC, True, QUANTITY + 1),
    "Settlement.NotAParty": lambda x: x.no(
        "buyer", DEALS, "open", DOC, TRADER, 1, 1, START + DAY),
    "Settlement.SelfDeal": lambda x: x.no("buyer", DEALS, "open", DOC, BUYER, 1, 1, START + DAY),
    "Settlement.ZeroDocument": lambda x: x.no(
        "buyer", DEALS, "open", bytes(32), SELLER, 1, 1, START + DAY),
    "Settlement.AmountOutOfBounds": lambda x: x.no(
        "buyer", DEALS, "open", DOC, SELLER, 10 * MILLION + 1, 1, START + DAY),
    "Settlement.QuantityOutOfBounds": lambda x: x.no(
        "buyer", DEALS, "open", DOC, SELLER, 1, 0, START + DAY),
    "Settlement.ExpiryOutOfBounds": lambda x: x.no(
        "buyer", DEALS, "open", DOC, SELLER, 1, 1, START + HOUR - 1),
    "Settlement.WrongPhase": lambda x: x.no("anyone", DEALS, "release", 1),
    "Settlement.NotOfTheDeal": lambda x: Scene(x).opened().no("rival", DEALS, "cancel", 1),
    "Settlement.NotVerified": lambda x: Scene(x).opened().no("anyone", DEALS, "release", 1),
    "Settlement.NotExpired": lambda x: Scene(x).opened().later(DAY - 1).no(
        "anyone", DEALS, "refund", 1),
    "Settlement.InvalidTreasury": lambda x: x.no("GOVERNANCE", DEALS, "setTreasury", ZERO),
    "Conversion.NotASovereign": lambda x: x.no("holder", CONV, "convert", FEED, FT1, 0),
    "Conversion.NotConvertible": lambda x: Scene(x).settled().no(
        "sovereign", CONV, "convert", OTHER, FT1, 0),
    "Conversion.PriceTooOld": lambda x: Scene(x).settled().later(HOUR + 1).no(*convert(x)),
    "Conversion.NonPositivePrice": lambda x: x.priced(-37).no(*convert(x)),
    "Conversion.AmountOutOfBounds": lambda x: x.priced().no(*convert(x, 1)),
    "Conversion.SlippageExceeded": lambda x: Scene(x).settled().no(*convert(x, least=10**9)),
    "Conversion.SovereignLimitExceeded": lambda x: Scene(x).settled().no(
        *convert(x, 30_001 * FT1)),  # at 100 PT each, of three million
    "Conversion.DailyLimitExceeded": lambda x: Scene(x).settled().no(*convert(x, 40_001 * FT1)),
    "Conversion.ParameterOutOfBounds": lambda x: x.no("GOVERNANCE", CONV, "setLimits", 1, 2),
    "Conversion.InvalidTreasury": lambda x: x.no("GOVERNANCE", CONV, "setTreasury", ZERO),
    "Reserve.NotARedeemer": lambda x: x.no("trader", VAULT, "redeem", 1000, 0),
    "Reserve.Closed": lambda x: after(
        x.do("RESERVE_MANAGER", VAULT, "setOpen", False), x.no("redeemer", VAULT, "redeem", 1000, 0)),
    "Reserve.AmountTooSmall": lambda x: x.no("anyone", VAULT, "deposit", 0),
    "Reserve.SlippageExceeded": lambda x: Scene(x).stocked().no(
        "redeemer", VAULT, "redeem", 1000, 1000),
    "Reserve.DailyLimitExceeded": lambda x: Scene(x).stocked().no(
        "redeemer", VAULT, "redeem", MILLION + 1, 0),
    "Reserve.RedeemerLimitExceeded": lambda x: Scene(x).stocked().no(
        "redeemer", VAULT, "redeem", MILLION // 2 + 1, 0),
    "Reserve.HoldingTooSmall": lambda x: x.no("redeemer", VAULT, "redeem", 1000, 0),
    "Reserve.InvalidTiers": lambda x: x.no(
        "GOVERNANCE", VAULT, "setTiers", [(1000, 10), (1000, 20)]),
    "Reserve.InvalidTreasury": lambda x: x.no("GOVERNANCE", VAULT, "setTreasury", ZERO),
    "Reserve.UnknownAsset": lambda x: x.no("ATTESTOR", VAULT, "attest", 0, 1, WHY, START + DAY),
    "Reserve.ParameterOutOfBounds": lambda x: x.no(
        "ATTESTOR", VAULT, "attest", 1, 1, WHY, START + 100 * DAY + 1),
    "Reserve.WeightsDoNotAddUp": lambda x: x.no("GOVERNANCE", VAULT, "setWeights", [1, 2, 3]),
    "Reserve.AttestationExpired": lambda x: x.no(
        "RESERVE_MANAGER", VAULT, "openSlice", 1, 0, 1, 1, CUSTODIAN),
    "Reserve.NonPositivePrice": lambda x: after(
        x.priced(-37).do("GOVERNANCE", VAULT, "setAssetFeed", 0, FEED),
        x.no("redeemer", VAULT, "mint", 1000, 0)),
    "Reserve.NotACustodian": lambda x: x.no(
        "RESERVE_MANAGER", VAULT, "openSlice", 0, 1, 1, 1, TRADER),
    "Reserve.SliceTooSoon": lambda x: Scene(x).sliced().later(HOUR - 1).no(
        "RESERVE_MANAGER", VAULT, "openSlice", 0, 1, 1, 1, CUSTODIAN),
    "Reserve.SliceOutOfBounds": lambda x: Scene(x).stocked().no(
        "RESERVE_MANAGER", VAULT, "openSlice", 0, 1, MILLION // 20 + 1, MILLION, CUSTODIAN),
    "Reserve.UnknownSlice": lambda x: x.no("ATTESTOR", VAULT, "bookSlice", 1, 1),
    "FictraGovernor.SettingOutOfBounds": lambda x: x.no_deploy(
        GOV, x.contracts[FT].address, x.contracts["FictraTimelock"].address, 59, DAY, 0, 4),
}  # fmt: skip

Row = tuple[Callable[[Lab], dict[str, Any]], dict[str, Any]]
EVENTS: dict[str, Row] = {
    "ParticipantRegistry.ParticipantRegistered": (
        lambda x: x.do("COMPLIANCE", KYC, "register", TRADER, 3, b"NO"),
        {"account": TRADER, "kinds": 3, "jurisdiction": b"NO", "by": who("COMPLIANCE")}),
    "ParticipantRegistry.ParticipantApproved": (
        lambda x: x.do("COMPLIANCE", KYC, "approve", BUYER, START + DAY),
        {"account": BUYER, "expiry": START + DAY, "by": who("COMPLIANCE")}),
    "ParticipantRegistry.ParticipantSuspended": (
        lambda x: x.do("COMPLIANCE", KYC, "suspend", BUYER),
        {"account": BUYER, "by": who("COMPLIANCE")}),
    "ParticipantRegistry.ParticipantRevoked": (
        lambda x: x.do("COMPLIANCE", KYC, "revoke", BUYER),
        {"account": BUYER, "by": who("COMPLIANCE")}),
    "ParticipantRegistry.JurisdictionSet": (
        lambda x: x.do("COMPLIANCE", KYC, "setJurisdiction", b"CH", True),
        {"jurisdiction": b"CH", "blocked": True, "by": who("COMPLIANCE")}),
    "PaymentToken.KeeperAdded": (
        lambda x: x.do("GOVERNANCE", PT, "addKeeper", TRADER),
        {"account": TRADER, "by": who("GOVERNANCE")}),
    "FoundationToken.GrantLocked": (
        lambda x: after(
            x.do("GOVERNANCE", FT, "setLockup", DAY),
            x.do("ALLOCATOR", FT, "issue", SOVEREIGN, 5, DOC)),
        {"to": SOVEREIGN, "amount": 5, "unlockAt": START + DAY}),
    "FoundationToken.LockupSet": (
        lambda x: x.do("GOVERNANCE", FT, "setLockup", DAY), {"oldLockup": 0, "newLockup": DAY}),
    "FoundationToken.Retired": (
        lambda x: x.do("holder", FT, "retire", 5), {"from": who("holder"), "amount": 5}),
    "FoundationToken.Reversed": (
        lambda x: x.do("ALLOCATOR", FT, "reverse", who("holder"), 2 * FT1),
        {"from": who("holder"), "amount": FT1, "by": who("ALLOCATOR")}),
    "FoundationToken.HeldSet": (
        lambda x: x.do("ALLOCATOR", FT, "setHeld", TRADER, 5), {"account": TRADER, "amount": 5}),
    "OracleNetwork.ShadowAdded": (
        lambda x: x.do("ORACLE_ADMIN", ORACLE, "addShadow", TRADER), {"node": TRADER}),
    "OracleNetwork.ShadowPeriodSet": (
        lambda x: x.do("ORACLE_ADMIN", ORACLE, "setShadowPeriod", DAY),
        {"oldPeriod": 0, "newPeriod": DAY}),
    "OracleNetwork.StakingSet": (
        lambda x: x.do("ORACLE_ADMIN", ORACLE, "setStaking", 1, 2, 3, 4),
        {"minStake": 1, "unbonding": 2, "rewardPerReport": 3, "slashPips": 4}),
    "OracleNetwork.Staked": (
        lambda x: x.do("node0", ORACLE, "stake", TRADER, 7),
        {"node": TRADER, "by": NODE0, "amount": 7, "total": 7}),
    "OracleNetwork.NoticeGiven": (
        lambda x: Scene(x).staked().do("node0", ORACLE, "giveNotice", 5),
        {"node": NODE0, "amount": 5, "freeAt": START + DAY}),
    "OracleNetwork.Withdrawn": (
        lambda x: after(
            Scene(x).staked().do("node0", ORACLE, "giveNotice", 5),
            x.later(DAY).do("node0", ORACLE, "withdraw")),
        {"node": NODE0, "amount": 5}),
    "OracleNetwork.Slashed": (
        lambda x: Scene(x).staked().do("ARBITER", ORACLE, "slash", NODE0, WHY),
        {"node": NODE0, "amount": 100, "reason": WHY}),
    "OracleNetwork.RewardsFunded": (
        lambda x: x.do("buyer", ORACLE, "fund", 9), {"by": BUYER, "amount": 9}),
    "OracleNetwork.RewardPaid": (
        lambda x: after(
            Scene(x.priced()).staked().do("buyer", ORACLE, "fund", 10),
            x.do("node0", ORACLE, "claimReward", FEED)),
        {"feed": FEED, "node": NODE0, "reports": 1, "amount": 10}),
    "OracleNetwork.ChallengeSet": (
        lambda x: x.do("ORACLE_ADMIN", ORACLE, "setChallenge", HOUR, 2 * BOND),
        {"window": HOUR, "bond": 2 * BOND}),
    "OracleNetwork.ExportAccepted": (
        lambda x: after(
            (x.do("ORACLE_ADMIN", ORACLE, "setChallenge", HOUR, BOND), x.claimed(9, attesters=3)),
            x.do("node3", ORACLE, "attest", DOC, 9)),
        {"documentHash": DOC, "quantity": 9, "finalAt": START + HOUR}),
    "OracleNetwork.ExportChallenged": (
        lambda x: Scene(x).accepted().do("rival", ORACLE, "challenge", DOC, 5),
        {"documentHash": DOC, "challenger": RIVAL, "accepted": QUANTITY, "contested": 5}),
    "OracleNetwork.BondPosted": (
        lambda x: Scene(x).challenged().later(60).do("node0", ORACLE, "escalate", DOC),
        {"documentHash": DOC, "who": NODE0, "side": 0, "bond": 2 * BOND, "round": 2,
         "finalAt": START + 60 + HOUR}),
    "OracleNetwork.DisputeDecided": (
        lambda x: Scene(x).challenged(8).do("ARBITER", ORACLE, "rule", DOC, False),
        {"documentHash": DOC, "overturned": False, "quantity": QUANTITY}),
    "OracleNetwork.BondCollected": (
        lambda x: Scene(x).overturned().do("rival", ORACLE, "collect", DOC),
        {"documentHash": DOC, "who": RIVAL, "amount": BOND}),
    "AllocationBook.IssuanceProposed": (
        lambda x: x.claimed().do("ISSUER", BOOK, "propose", DOC),
        {"documentHash": DOC, "by": who("ISSUER")}),
    "AllocationBook.IssuanceConfirmed": (
        lambda x: after(
            x.claimed().do("ISSUER", BOOK, "propose", DOC),
            x.do("COMPLIANCE", BOOK, "confirm", DOC)),
        {"documentHash": DOC, "by": who("COMPLIANCE")}),
    "AllocationBook.TwoPersonSet": (
        lambda x: x.do("GOVERNANCE", BOOK, "setTwoPerson", True), {"required": True}),
    "AllocationBook.DisputeBondSet": (
        lambda x: x.do("GOVERNANCE", BOOK, "setDisputeBond", 11),
        {"oldValue": BOND, "newValue": 11}),
    "AllocationBook.ClaimDisputed": (
        lambda x: Scene(x).settled().do("rival", BOOK, "dispute", DOC, WHY),
        {"documentHash": DOC, "by": RIVAL, "reason": WHY, "bond": BOND, "frozen": DUE}),
    "AllocationBook.DisputeRuled": (
        lambda x: Scene(x).disputed().do("ARBITER", BOOK, "rule", DOC, True, 5),
        {"documentHash": DOC, "upheld": True, "quantity": 5}),
    "AllocationBook.DisputeLapsed": (
        lambda x: Scene(x).disputed().later(30 * DAY).do("anyone", BOOK, "lapse", DOC),
        {"documentHash": DOC}),
    "AllocationBook.EntitlementCorrected": (
        lambda x: Scene(x).disputed().do("ARBITER", BOOK, "rule", DOC, True, QUANTITY // 4),
        {"documentHash": DOC, "sovereign": SOVEREIGN, "amount": DUE // 4,
         "reversed": DUE - DUE // 4, "owed": 0}),
    "AllocationBook.DebtOffset": (
        lambda x: Scene(x).owing().claimed(doc=WHY).do("anyone", BOOK, "settle", WHY),
        {"documentHash": WHY, "sovereign": SOVEREIGN, "offset": DUE, "left": 0}),
    "Settlement.DealOpened": (
        lambda x: x.do("buyer", DEALS, "open", DOC, SELLER, 1000, 9, START + DAY),
        {"id": 1, "documentHash": DOC, "buyer": BUYER, "seller": SELLER, "amount": 1000,
         "quantity": 9, "expiry": START + DAY}),
    "Settlement.DealReleased": (
        lambda x: Scene(x).opened().claimed().do("anyone", DEALS, "release", 1),
        {"id": 1, "documentHash": DOC, "paid": 997, "fee": 3}),
    "Settlement.DealRefunded": (
        lambda x: Scene(x).opened().later(DAY).do("anyone", DEALS, "refund", 1),
        {"id": 1, "documentHash": DOC, "amount": 1000}),
    "Settlement.CancelAsked": (
        lambda x: Scene(x).opened().do("seller", DEALS, "cancel", 1), {"id": 1, "by": SELLER}),
    "Settlement.DealDisputed": (
        lambda x: Scene(x).opened().do("seller", DEALS, "dispute", 1, WHY),
        {"id": 1, "by": SELLER, "reason": WHY}),
    "Settlement.DealSplit": (
        lambda x: after(
            Scene(x).opened().do("buyer", DEALS, "dispute", 1, WHY),
            x.do("ARBITER", DEALS, "rule", 1, 400)),
        {"id": 1, "toSeller": 399, "toBuyer": 600, "fee": 1}),
    "Settlement.TreasurySet": (
        lambda x: x.do("GOVERNANCE", DEALS, "setTreasury", TRADER),
        {"oldTreasury": TREASURY, "newTreasury": TRADER}),
    "Settlement.MaxAmountSet": (
        lambda x: x.do("GOVERNANCE", DEALS, "setMaxAmount", 5),
        {"oldValue": 10 * MILLION, "newValue": 5}),
    "Conversion.Converted": (
        lambda x: Scene(x).settled().do(*convert(x)),
        {"sovereign": SOVEREIGN, "feed": FEED, "ftAmount": FT1, "answer": 80 * USD8,
         "ptAmount": 99_700_000, "fee": 300_000}),
    "Conversion.PolicySet": (
        lambda x: x.do("GOVERNANCE", CONV, "setPolicy", FEED, 7, 60),
        {"feed": FEED, "unitsPerFt": 7, "maxAge": 60}),
    "Conversion.LimitsSet": (
        lambda x: x.do("GOVERNANCE", CONV, "setLimits", 2, 1),
        {"dailyLimit": 2, "sovereignLimit": 1}),
    "Conversion.TreasurySet": (
        lambda x: x.do("GOVERNANCE", CONV, "setTreasury", TRADER),
        {"oldTreasury": TREASURY, "newTreasury": TRADER}),
    "Reserve.Redeemed": (
        lambda x: after(
            Scene(x).stocked().do("GOVERNANCE", VAULT, "setTiers", [(0, 10_000)]),
            x.do("redeemer", VAULT, "redeem", 10_000, 0)),
        {"redeemer": REDEEMER, "ptAmount": 10_000, "stableAmount": 9871, "haircut": 100,
         "fee": 29}),
    "Reserve.MintedAgainst": (
        lambda x: x.do("redeemer", VAULT, "mint", 9, 9),
        {"redeemer": REDEEMER, "stableAmount": 9, "ptAmount": 9}),
    "Reserve.Deposited": (
        lambda x: x.do("redeemer", VAULT, "deposit", 9), {"by": REDEEMER, "stableAmount": 9}),
    "Reserve.OpenSet": (
        lambda x: x.do("RESERVE_MANAGER", VAULT, "setOpen", False),
        {"open": False, "by": who("RESERVE_MANAGER")}),
    "Reserve.RedemptionLimitsSet": (
        lambda x: x.do("GOVERNANCE", VAULT, "setRedemptionLimits", 2, 1),
        {"dailyLimit": 2, "redeemerLimit": 1}),
    "Reserve.TiersSet": (
        lambda x: x.do("GOVERNANCE", VAULT, "setTiers", [(0, 1), (5, 9)]),
        {"tiers": ((0, 1), (5, 9))}),
    "Reserve.TreasurySet": (
        lambda x: x.do("GOVERNANCE", VAULT, "setTreasury", TRADER),
        {"oldTreasury": TREASURY, "newTreasury": TRADER}),
    "Reserve.HoldingAttested": (
        lambda x: x.do("ATTESTOR", VAULT, "attest", 1, 9, WHY, START + DAY),
        {"asset": 1, "amount": 9, "document": WHY, "expiry": START + DAY, "by": who("ATTESTOR")}),
    "Reserve.HoldingChanged": (
        lambda x: x.do("ATTESTOR", VAULT, "attest", 2, 9, WHY, START + DAY),
        {"asset": 2, "oldAmount": 0, "amount": 9}),
    "Reserve.WeightsSet": (
        lambda x: x.do("GOVERNANCE", VAULT, "setWeights", [500_000, 300_000, 200_000]),
        {"stable": 500_000, "bills": 300_000, "gold": 200_000}),
    "Reserve.AssetFeedSet": (
        lambda x: x.do("GOVERNANCE", VAULT, "setAssetFeed", 2, FEED), {"asset": 2, "feed": FEED}),
    "Reserve.SliceLimitsSet": (
        lambda x: x.do("GOVERNANCE", VAULT, "setSliceLimits", 1, 2, 3),
        {"sliceLimit": 1, "slippageLimit": 2, "spacing": 3}),
    "Reserve.SliceOpened": (
        lambda x: Scene(x).stocked().do(
            "RESERVE_MANAGER", VAULT, "openSlice", 0, 1, 1000, 990, CUSTODIAN),
        {"id": 1, "from": 0, "to": 1, "custodian": CUSTODIAN, "amountIn": 1000, "minOut": 990}),
    "Reserve.SliceBooked": (
        lambda x: Scene(x).sliced().do("ATTESTOR", VAULT, "bookSlice", 1, 10**9),
        {"id": 1, "amountOut": 10**9, "by": who("ATTESTOR")}),
    "Reserve.SliceReturned": (
        lambda x: after(
            Scene(x).sliced().do("custodian", "StableAsset", "approve", x.contracts[VAULT].address, 10**9),
            x.do("ATTESTOR", VAULT, "returnSlice", 1)),
        {"id": 1, "amountIn": 10**9, "by": who("ATTESTOR")}),
}  # fmt: skip
