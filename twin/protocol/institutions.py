"""Parameters of the institutions around the tokens: who takes part, staking, sales, reserve, votes.

With those of `parameters` they make up a deployment; units and bounds are told there. The defaults
leave a network that uses none of it as it was: exports are final at once, nodes need no stake,
nothing is convertible, the reserve is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "ASSETS",
    "KINDS",
    "ConversionParameters",
    "GovernanceParameters",
    "OracleParameters",
    "RegistryParameters",
    "ReserveParameters",
    "SettlementParameters",
    "TierParameters",
]

_HOUR, _DAY = 3600, 86400

KINDS = {"sovereign": 1, "trader": 2, "venue": 4, "custodian": 8, "redeemer": 16}
"""The kinds of participants, by the bits of `ParticipantRegistry`."""

ASSETS = ("stable", "bills", "gold")
"""What the reserve consists of, in the order of `ReserveAssets.Asset`."""


@dataclass(frozen=True, slots=True)
class RegistryParameters:
    """How long (*term*, seconds) an examination at genesis holds, and the *jurisdiction* entered.

    `ZZ` is of the codes that ISO 3166-1 leaves to its users: the twin's participants have none.
    """

    term: int = 365 * _DAY
    jurisdiction: str = "ZZ"


@dataclass(frozen=True, slots=True)
class OracleParameters:
    """Challenge, stake, reward and shadow of the oracle network.

    An accepted export can be challenged for *challenge_window* seconds (0: it is final at once)
    with *challenge_bond* PT units, which doubles (A11 of UMA and Tellor: 12 h). A node needs
    *min_stake* PT units, free *unbonding* seconds after notice, earns *reward_per_report* out of
    the *reward_fund*, loses *slash* pips for a wrong attestation, and joins *shadow_period*
    seconds before it counts.
    """

    challenge_window: int = 0
    challenge_bond: int = 1_000 * 10**6
    min_stake: int = 0
    unbonding: int = 7 * _DAY
    reward_per_report: int = 0
    reward_fund: int = 0
    slash: int = 100_000
    shadow_period: int = 0


@dataclass(frozen=True, slots=True)
class SettlementParameters:
    """Cargo sales: the highest price of one, PT units; two million barrels at 250 USD."""

    max_amount: int = 500_000_000 * 10**6


@dataclass(frozen=True, slots=True)
class ConversionParameters:
    """FT to PT at a policy rate: *units_per_ft* by commodity, thousandths of its unit.

    Prices are not older than *max_age* seconds; PT units have limits, for a day (*daily_limit*)
    and for one sovereign of it.
    """

    units_per_ft: Mapping[str, int] = field(default_factory=dict)
    max_age: int = 2 * _HOUR
    daily_limit: int = 5_000_000 * 10**6
    sovereign_limit: int = 1_000_000 * 10**6


@dataclass(frozen=True, slots=True)
class TierParameters:
    """*haircut* (pips) from *above* (pips of the supply, redeemed on the day) on."""

    above: int
    haircut: int


@dataclass(frozen=True, slots=True)
class ReserveParameters:
    """What the reserve holds at genesis, and its policy.

    *stable* in its units, *bills* in 1e-6 USD, *gold* in 1e-6 ounces, attested for
    *attestation_term* seconds; *weight_...* in pips, a million together; *feeds* are commodities by
    asset, an asset without one counts as 1.00. Redemptions in PT units a day and redeemer,
    *tiers* of haircuts; slices in pips of an asset, *slippage* pips, *spacing* seconds; *cash* are
    bank accounts (`bank/account`) that the contract counts among the bills.
    """

    stable: int = 0
    bills: int = 0
    gold: int = 0
    attestation_term: int = 35 * _DAY
    weight_stable: int = 1_000_000
    weight_bills: int = 0
    weight_gold: int = 0
    feeds: Mapping[str, str] = field(default_factory=dict)
    daily_limit: int = 10_000_000 * 10**6
    redeemer_limit: int = 5_000_000 * 10**6
    tiers: tuple[TierParameters, ...] = ()
    slice_limit: int = 50_000
    slippage: int = 10_000
    spacing: int = _HOUR
    cash: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GovernanceParameters:
    """Votes of FT: seconds before and of a vote, and in the timelock.

    A proposal takes *proposal_threshold* votes (FT wei), a decision *quorum* percent of the supply.
    12 h / 36 h / 1 d are those of HAI (A14); 4 % is OpenZeppelin's example and a scenario figure.
    """

    voting_delay: int = 12 * _HOUR
    voting_period: int = 36 * _HOUR
    timelock_delay: int = _DAY
    proposal_threshold: int = 1_000 * 10**18
    quorum: int = 4
