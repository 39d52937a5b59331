"""What the contracts are set to, by the dotted names of the register, and what they hold.

Audit, proposal review and implementation review compare the same picture: read it once, from a
view or from a fork, and take the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twin.desk.port import Call, Desk, Fork
from twin.procedures.reading import read_all

__all__ = ["FEE_KINDS", "difference", "fork_parameters", "holdings", "live_parameters", "plan"]

FEE_KINDS = ("swap", "settlement", "conversion", "redemption")
_FEED = ("min_answer", "max_answer", "heartbeat", "deviation", "max_age", "quorum")
_FEE = ("fee", "min", "max", "max_step", "min_delay")
KEEPERS = ("LiquidityPool", "Settlement", "OracleNetwork", "AllocationBook", "Reserve")
"""The contracts that hold others' tokens."""

Names = tuple[str | None, ...]
"""The parameters that the outputs of one call are, in order; None for one that is none."""

_PLAIN: tuple[tuple[str, str, Names], ...] = (
    ("PaymentToken", "cap", ("pt.cap",)),
    ("AllocationBook", "ratePerUsd", ("allocation.rate_per_usd",)),
    ("AllocationBook", "maxQuantity", ("allocation.max_quantity",)),
    ("AllocationBook", "settlementCap", ("allocation.settlement_cap",)),
    ("AllocationBook", "dailyCap", ("allocation.daily_cap",)),
    ("AllocationBook", "twoPerson", ("allocation.two_person",)),
    ("AllocationBook", "disputeBond", ("allocation.dispute_bond",)),
    ("FoundationToken", "lockup", ("allocation.lockup",)),
    ("OracleNetwork", "attestationQuorum", ("allocation.attestation_quorum",)),
    ("OracleNetwork", "challengeTerms", ("oracle.challenge_window", "oracle.challenge_bond")),
    ("OracleNetwork", "shadowPeriod", ("oracle.shadow_period",)),
    ("OracleNetwork", "staking",
     ("oracle.min_stake", "oracle.unbonding", "oracle.reward_per_report", "oracle.slash")),
    ("Settlement", "maxAmount", ("settlement.max_amount",)),
    ("Conversion", "dailyLimit", ("conversion.daily_limit",)),
    ("Conversion", "sovereignLimit", ("conversion.sovereign_limit",)),
    ("Reserve", "dailyLimit", ("reserve.daily_limit",)),
    ("Reserve", "redeemerLimit", ("reserve.redeemer_limit",)),
    ("Reserve", "sliceLimit", ("reserve.slice_limit",)),
    ("Reserve", "slippageLimit", ("reserve.slippage",)),
    ("Reserve", "sliceSpacing", ("reserve.spacing",)),
    ("FictraGovernor", "votingDelay", ("governance.voting_delay",)),
    ("FictraGovernor", "votingPeriod", ("governance.voting_period",)),
    ("FictraGovernor", "proposalThreshold", ("governance.proposal_threshold",)),
    ("FictraGovernor", "quorumNumerator()", ("governance.quorum",)),
    ("FictraTimelock", "getMinDelay", ("governance.timelock_delay",)),
)  # fmt: skip


def plan(desk: Desk) -> list[tuple[Call, Names]]:
    """Return the view calls that together give every parameter with a getter, and their names."""
    found: list[tuple[Call, Names]] = [
        ((contract, function, ()), names) for contract, function, names in _PLAIN
    ]
    for commodity in desk.register.commodities():
        names = tuple(f"feed.{commodity}.{part}" for part in _FEED)
        feed = desk.register.feed_id(commodity)
        found.append((("OracleNetwork", "feedConfig", (feed,)), names))
        units = (f"conversion.units_per_ft.{commodity}", None)
        found.append((("Conversion", "policy", (feed,)), units))
    for index, kind in enumerate(FEE_KINDS):
        named = (*(f"fee.{kind}.{part}" for part in _FEE), None, None)
        found.append((("FeeSchedule", "schedule", (index,)), named))
    for index, asset in enumerate(("stable", "bills", "gold")):
        weight = (None, None, None, f"reserve.weight_{asset}", None, None)
        found.append((("Reserve", "holding", (index,)), weight))
    return found


def _named(names: Names, answer: Any) -> dict[str, int]:
    values = answer if isinstance(answer, (list, tuple)) else (answer,)
    return {name: int(value) for name, value in zip(names, values, strict=True) if name is not None}


def live_parameters(desk: Desk) -> dict[str, int]:
    """Return what the contracts are set to now, read at one block."""
    asked = plan(desk)
    answers = read_all(desk.at(), [call for call, _names in asked])
    found: dict[str, int] = {}
    for (_call, names), answer in zip(asked, answers, strict=True):
        found |= _named(names, answer)
    return found


def fork_parameters(desk: Desk, fork: Fork) -> dict[str, int]:
    """Return what the contracts of *fork* are set to."""
    found: dict[str, int] = {}
    for (contract, function, args), names in plan(desk):
        found |= _named(names, fork.read(contract, function, *args))
    return found


def holdings(read: Callable[..., Any], desk: Desk) -> dict[str, int]:
    """Return supplies, and what each contract holds of others' money, by *read* of a view or fork."""
    found = {
        "supply.pt": int(read("PaymentToken", "totalSupply")),
        "supply.ft": int(read("FoundationToken", "totalSupply")),
    }
    for contract in KEEPERS:
        address = desk.register.address(contract)
        for short, token in (("pt", "PaymentToken"), ("stable", "StableAsset")):
            found[f"held.{contract}.{short}"] = int(read(token, "balanceOf", address))
    return found


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return [before, after] of every name whose value differs; None where it is missing."""
    return {
        name: [before.get(name), after.get(name)]
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
