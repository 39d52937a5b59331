"""The chain and the protocol on it, as a scenario declares them.

The defaults of the protocol are those of `twin.protocol.parameters`, which names their sources; a
test holds the two against each other, since this side may not import that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from twin.scenario.institutions import (
    ConversionSpec,
    GovernanceSpec,
    OracleSpec,
    RegistrySpec,
    ReserveSpec,
    SettlementSpec,
)
from twin.scenario.spec import Spec, disagree
from twin.scenario.values import Gwei, Label, Pips, Price8, Quantity3, Seconds, Tokens6, Tokens18

__all__ = [
    "AllocationSpec",
    "ChainSpec",
    "DemandSpec",
    "FeeKind",
    "FeeSpec",
    "FeedSpec",
    "PoolSpec",
    "ProtocolSpec",
]

FeeKind = Literal["swap", "settlement", "conversion", "redemption"]


class DemandSpec(Spec):
    """Background demand for block space: *gas* a block from senders who pay up to *max_fee*.

    Present from *since* to *until* (seconds after the start; without *until* to the end), with a
    *tip* in wei. It takes space and moves the base fee, but nothing of it is executed.
    """

    gas: int = Field(ge=0, le=1_000_000_000, strict=True)
    max_fee: Gwei
    tip: Gwei
    since: Seconds = 0
    until: Seconds | None = None

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.until is not None and self.until <= self.since:
            raise disagree("until", "is not after since: demand ends later than it begins")
        if self.tip > self.max_fee:
            raise disagree("tip", "is above max_fee, which covers the tip too (EIP-1559)")
        return self


class ChainSpec(Spec):
    """Blocks every *block_interval* seconds of at most *gas_limit*, first at *base_fee* (wei)."""

    block_interval: Seconds = Field(default=12, ge=1)
    gas_limit: int = Field(default=30_000_000, ge=5_000, le=1_000_000_000, strict=True)
    base_fee: Gwei = 10 * 10**9
    chain_id: int = Field(default=170_017, ge=1, lt=2**53, strict=True)
    background: tuple[DemandSpec, ...] = ()


class FeedSpec(Spec):
    """A price feed: what answers it takes, when nodes report, how many must.

    Answers (8 decimals) outside *min_answer*..*max_answer* are refused on chain. A node reports
    every *heartbeat* seconds or when the price moved by *deviation* (pips); a report counts for
    *max_age* seconds, and *quorum* of them make an answer.
    """

    min_answer: Price8
    max_answer: Price8
    heartbeat: Seconds = Field(default=3_600, ge=1)
    deviation: Pips = Field(default=5_000, ge=1)
    max_age: Seconds = 7_200
    quorum: int = Field(default=4, ge=1, le=31, strict=True)

    @model_validator(mode="after")
    def _bounds_hold(self) -> Self:
        if self.max_answer <= self.min_answer:
            raise disagree("max_answer", "is not above min_answer: the feed would refuse all")
        if self.max_age < self.heartbeat:
            raise disagree("max_age", "is shorter than heartbeat: every answer would go stale")
        return self


class FeeSpec(Spec):
    """A fee within *min*..*max*, moved by *max_step* at most (all pips), every *min_delay* s."""

    fee: Pips
    min: Pips
    max: Pips
    max_step: Pips = 5_000
    min_delay: Seconds = 3 * 86_400

    @model_validator(mode="after")
    def _within(self) -> Self:
        if self.max < self.min:
            raise disagree("max", "is below min: write min <= fee <= max")
        if not self.min <= self.fee <= self.max:
            raise disagree("fee", "is outside min..max: write min <= fee <= max")
        return self


def _every_kind(given: Mapping[FeeKind, FeeSpec]) -> Mapping[FeeKind, FeeSpec]:
    """Add the fees that a scenario leaves out, in the order of the contract."""

    def fee(now: int, low: int, high: int, step: int) -> FeeSpec:
        return FeeSpec.model_construct(fee=now, min=low, max=high, max_step=step)

    defaults: dict[FeeKind, FeeSpec] = {
        "swap": fee(3_000, 500, 10_000, 1_000),
        "settlement": fee(1_000, 100, 10_000, 1_000),
        "conversion": fee(2_500, 100, 20_000, 2_500),
        "redemption": fee(1_000, 100, 20_000, 2_500),
    }
    return {kind: given.get(kind, default) for kind, default in defaults.items()}


def _default_fees() -> Mapping[FeeKind, FeeSpec]:
    return _every_kind({})


class PoolSpec(Spec):
    """What the pool is seeded with; equal amounts put PT at 1.00."""

    pt: Tokens6 = 5_000_000 * 10**6
    stable: Tokens6 = 5_000_000 * 10**6


class AllocationSpec(Spec):
    """Entitlements: FT wei *rate_per_usd*, and the caps (FT wei) of one settlement and one day.

    *max_quantity* is in thousandths of the commodity's unit; *attestation_quorum* nodes must
    have read the same document. Where *two_person*, an issue takes a proposal and a confirmation;
    a dispute takes *dispute_bond* PT; what is issued is locked for *lockup*.
    """

    rate_per_usd: Tokens18 = 10**16
    max_quantity: Quantity3 = 2_500_000 * 1_000
    settlement_cap: Tokens18 = 5_000_000 * 10**18
    daily_cap: Tokens18 = 20_000_000 * 10**18
    attestation_quorum: int = Field(default=4, ge=1, le=31, strict=True)
    two_person: bool = Field(default=False, strict=True)
    dispute_bond: Tokens6 = Field(default=1_000 * 10**6, ge=1, le=10**12)
    lockup: Seconds = Field(default=0, le=4 * 365 * 86_400)


class ProtocolSpec(Spec):
    """The parameters that are deployed: *feeds* by commodity, *fees* by kind, all four of them.

    What the rest leaves out makes a network that does not use it: exports final at once, nodes
    without a stake, nothing convertible, an empty reserve.
    """

    feeds: Mapping[Label, FeedSpec] = Field(default_factory=dict)
    fees: Annotated[Mapping[FeeKind, FeeSpec], AfterValidator(_every_kind)] = Field(
        default_factory=_default_fees
    )
    pool: PoolSpec = PoolSpec()
    allocation: AllocationSpec = AllocationSpec()
    registry: RegistrySpec = RegistrySpec()
    oracle: OracleSpec = OracleSpec()
    settlement: SettlementSpec = SettlementSpec()
    conversion: ConversionSpec = ConversionSpec()
    reserve: ReserveSpec = ReserveSpec()
    governance: GovernanceSpec = GovernanceSpec()

    @model_validator(mode="after")
    def _feeds_are_there(self) -> Self:
        for commodity in self.conversion.units_per_ft:
            if commodity not in self.feeds:
                raise disagree(
                    "conversion", "converts at {commodity}, which has no feed", commodity=commodity
                )
        for asset, commodity in self.reserve.feeds.items():
            if commodity not in self.feeds:
                raise disagree(
                    "reserve", "prices {asset} by {commodity}, which has no feed",
                    asset=asset, commodity=commodity,
                )  # fmt: skip
        return self
