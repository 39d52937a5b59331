"""The institutions around the tokens, as a scenario declares them.

The defaults are those of `twin.protocol.institutions`, which names their sources; a test holds the
two against each other, since this side may not import that one. The bounds are those of the
contracts, so that a bad value is shown at its place before anything is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from twin.scenario.parsing import no_such
from twin.scenario.spec import Spec, disagree
from twin.scenario.values import Label, Pips, Quantity3, Seconds, Tokens6, Tokens18

__all__ = [
    "ConversionSpec",
    "GovernanceSpec",
    "OracleSpec",
    "RegistrySpec",
    "ReserveSpec",
    "SettlementSpec",
    "TierSpec",
]

_HOUR, _DAY, _YEAR = 3_600, 86_400, 365 * 86_400
_PT = 10**6
_LIMIT = 10**12 * _PT
"""No limit of a day and no amount of the reserve can be above this."""

AssetName = Literal["stable", "bills", "gold"]
_WHOLE = 1_000_000


def _country(value: str) -> str:
    if not re.fullmatch("[A-Z]{2}", value):
        raise no_such(value, "country", "two capital letters of ISO 3166-1, such as CH")
    return value


class RegistrySpec(Spec):
    """How long (*term*) an examination at the start holds, and the *jurisdiction* entered.

    `ZZ` is of the codes that ISO 3166-1 leaves to its users.
    """

    term: Seconds = Field(default=_YEAR, ge=1, le=5 * _YEAR)
    jurisdiction: Annotated[str, AfterValidator(_country)] = "ZZ"


class OracleSpec(Spec):
    """Challenge, stake, reward and shadow of the oracle network.

    An accepted export can be challenged for *challenge_window* (0s: it is final at once) with
    *challenge_bond* PT, which doubles. A node needs *min_stake* PT, free *unbonding* after notice,
    earns *reward_per_report* PT out of the *reward_fund*, loses *slash* of its stake for a wrong
    attestation, and joins *shadow_period* before it counts.
    """

    challenge_window: Seconds = Field(default=0, le=7 * _DAY)
    challenge_bond: Tokens6 = Field(default=1_000 * _PT, ge=_PT, le=10**7 * _PT)
    min_stake: Tokens6 = Field(default=0, le=10**8 * _PT)
    unbonding: Seconds = Field(default=7 * _DAY, le=90 * _DAY)
    reward_per_report: Tokens6 = Field(default=0, le=1_000 * _PT)
    reward_fund: Tokens6 = 0
    slash: Pips = Field(default=100_000, le=500_000)
    shadow_period: Seconds = Field(default=0, le=90 * _DAY)


class SettlementSpec(Spec):
    """Cargo sales: the highest price of one, in PT."""

    max_amount: Tokens6 = Field(default=500_000_000 * _PT, ge=1, le=_LIMIT)


class ConversionSpec(Spec):
    """FT to PT: the quantity of a commodity that one FT is worth (*units_per_ft*), by commodity.

    Prices count up to *max_age*; PT within a day and for one sovereign of it have limits.
    """

    units_per_ft: Mapping[Label, Quantity3] = Field(default_factory=dict)
    max_age: Seconds = Field(default=2 * _HOUR, ge=60, le=7 * _DAY)
    daily_limit: Tokens6 = Field(default=5_000_000 * _PT, le=_LIMIT)
    sovereign_limit: Tokens6 = Field(default=1_000_000 * _PT, le=_LIMIT)

    @model_validator(mode="after")
    def _limits_nest(self) -> Self:
        if self.sovereign_limit > self.daily_limit:
            raise disagree("sovereign_limit", "is above daily_limit, which it is a part of")
        for commodity, units in self.units_per_ft.items():
            if not 0 < units <= 10**9:
                raise disagree(
                    "units_per_ft", "of {commodity} is zero or above a million units",
                    commodity=commodity,
                )  # fmt: skip
        return self


class TierSpec(Spec):
    """A *haircut* from the part *above* of the supply on, redeemed on the day."""

    above: Pips = Field(le=_WHOLE)
    haircut: Pips = Field(le=200_000)


class ReserveSpec(Spec):
    """What the reserve holds at the start, and its policy.

    *stable* in its units, *bills* in USD, *gold* in ounces, attested for *attestation_term*;
    weights add up to 100 %; *feeds* are commodities by asset, an asset without one counts as 1.00.
    PT redeemed on a day and by one redeemer have limits, *tiers* of haircuts rise; a slice moves
    *slice_limit* of an asset at most, loses *slippage* at most, every *spacing*. *cash* are bank
    accounts (`bank/account`) that the contract counts among the bills.
    """

    stable: Tokens6 = Field(default=0, le=_LIMIT)
    bills: Tokens6 = Field(default=0, le=_LIMIT)
    gold: Tokens6 = Field(default=0, le=_LIMIT)
    attestation_term: Seconds = Field(default=35 * _DAY, ge=1, le=100 * _DAY)
    weight_stable: Pips = _WHOLE
    weight_bills: Pips = 0
    weight_gold: Pips = 0
    feeds: Mapping[AssetName, Label] = Field(default_factory=dict)
    daily_limit: Tokens6 = Field(default=10_000_000 * _PT, le=_LIMIT)
    redeemer_limit: Tokens6 = Field(default=5_000_000 * _PT, le=_LIMIT)
    tiers: tuple[TierSpec, ...] = Field(default=(), max_length=4)
    slice_limit: Pips = Field(default=50_000, ge=1, le=250_000)
    slippage: Pips = Field(default=10_000, le=50_000)
    spacing: Seconds = Field(default=_HOUR, le=7 * _DAY)
    cash: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        weights = self.weight_stable + self.weight_bills + self.weight_gold
        if weights != _WHOLE:
            raise disagree("weight_stable", "and the other weights add up to {sum} pips, not 100 %",
                           sum=weights)  # fmt: skip
        if self.redeemer_limit > self.daily_limit:
            raise disagree("redeemer_limit", "is above daily_limit, which it is a part of")
        for lower, upper in zip(self.tiers, self.tiers[1:], strict=False):
            if upper.above <= lower.above or upper.haircut < lower.haircut:
                raise disagree("tiers", "do not rise: order them by above, with growing haircuts")
        return self


class GovernanceSpec(Spec):
    """Votes of FT: time before a vote, of it and in the timelock.

    A proposal takes *proposal_threshold* FT, a decision *quorum* percent of the supply.
    """

    voting_delay: Seconds = Field(default=12 * _HOUR, ge=60, le=14 * _DAY)
    voting_period: Seconds = Field(default=36 * _HOUR, ge=_HOUR, le=30 * _DAY)
    timelock_delay: Seconds = Field(default=_DAY, ge=_HOUR, le=30 * _DAY)
    proposal_threshold: Tokens18 = Field(default=1_000 * 10**18, le=10**27)
    quorum: int = Field(default=4, ge=1, le=50, strict=True)
