"""What a deployment is made from: the tree of parameters, with defaults, units and sources.

Amounts are integers in token units (PT and stable 6 decimals, FT 18, coin wei), fees and
deviations in pips (1e-6), answers with 8 decimals, quantities in thousandths of the commodity's
unit, times in seconds. The contracts hold hard bounds over all of them; a value outside those is
refused when the deployment runs. A field has the name that a scenario file gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from twin.chain.codec import keccak
from twin.protocol.institutions import (
    ConversionParameters,
    GovernanceParameters,
    OracleParameters,
    RegistryParameters,
    ReserveParameters,
    SettlementParameters,
    TierParameters,
)
from twin.protocol.roles import OF_CONTRACTS, ROLES, account_of

__all__ = [
    "FEE_KINDS",
    "AllocationParameters",
    "DeploymentSpec",
    "Endowment",
    "FeeParameters",
    "FeedParameters",
    "Grant",
    "PoolParameters",
    "default_fees",
    "default_roles",
    "feed_id",
    "parameters_of",
]

FEE_KINDS = ("swap", "settlement", "conversion", "redemption")
"""The kinds of fee in the order of `FeeSchedule.Kind`; a kind's index is its uint8 on chain."""

_DAY = 86400


def feed_id(commodity: str) -> bytes:
    """Return the id (32 bytes) of the price feed of *commodity*: keccak of `WTI/USD`."""
    return keccak(f"{commodity}/USD".encode())


@dataclass(frozen=True, slots=True)
class FeedParameters:
    """A price feed: bounds of the answer, when nodes report, how many must, how long it counts.

    Defaults: deviation .5 % or heartbeat 3600 s (as Chainlink's commodity feeds); quorum 4 of 7,
    a majority that two liars (n = 3f+1) cannot make. *min_answer* is negative, since WTI settled
    at -37.63 USD on 2020-04-20; *max_age* is two heartbeats.
    """

    min_answer: int = -100 * 10**8
    max_answer: int = 500 * 10**8
    heartbeat: int = 3600
    deviation: int = 5000
    max_age: int = 7200
    quorum: int = 4


@dataclass(frozen=True, slots=True)
class FeeParameters:
    """One kind of fee, in pips, and the limits of the steward who moves it.

    *min_delay* defaults to three days and *max_step* to half a percent point, the lower end of
    what Aave's risk stewards are given.
    """

    fee: int
    min: int
    max: int
    max_step: int = 5000
    min_delay: int = 3 * _DAY


def default_fees() -> Mapping[str, FeeParameters]:
    """Return the fees of all kinds: swap 30 bp as Uniswap v2; the others are scenario figures."""
    return {
        "swap": FeeParameters(fee=3000, min=500, max=10_000, max_step=1000),
        "settlement": FeeParameters(fee=1000, min=100, max=10_000, max_step=1000),
        "conversion": FeeParameters(fee=2500, min=100, max=20_000, max_step=2500),
        "redemption": FeeParameters(fee=1000, min=100, max=20_000, max_step=2500),
    }


@dataclass(frozen=True, slots=True)
class PoolParameters:
    """What the treasury seeds the pool with; equal amounts put PT at 1.00. Scenario figures."""

    pt: int = 5_000_000 * 10**6
    stable: int = 5_000_000 * 10**6


@dataclass(frozen=True, slots=True)
class AllocationParameters:
    """Entitlements: *rate_per_usd* FT wei per USD of verified export; scenario figures.

    A very large crude carrier lifts two million barrels; *max_quantity* leaves a quarter more.
    The caps are FT wei per settlement and per UTC day; *attestation_quorum* counts nodes. Where
    *two_person*, an issuance is proposed and confirmed; *dispute_bond* is in PT units. What is
    issued is locked for *lockup* seconds.
    """

    rate_per_usd: int = 10**16
    max_quantity: int = 2_500_000 * 1000
    settlement_cap: int = 5_000_000 * 10**18
    daily_cap: int = 20_000_000 * 10**18
    attestation_quorum: int = 4
    two_person: bool = False
    dispute_bond: int = 1_000 * 10**6
    lockup: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """A role's *account* and the seconds its calls wait between scheduling and execution."""

    account: bytes
    delay: int


@dataclass(frozen=True, slots=True)
class Endowment:
    """What an address starts with: *pt* and *stable* units, *wei* for gas.

    *approvals* are (token contract, spender contract) by name, without limit, as
    `("PaymentToken", "LiquidityPool")`.
    """

    pt: int = 0
    stable: int = 0
    wei: int = 0
    approvals: tuple[tuple[str, str], ...] = ()


def default_roles() -> Mapping[str, Grant]:
    """Return every role that a person or a body holds, at the account of its own name."""
    return {
        spec.role.label: Grant(account_of(spec.role.label), spec.delay)
        for spec in ROLES
        if spec.role not in OF_CONTRACTS
    }


@dataclass(frozen=True, slots=True)
class DeploymentSpec:
    """Everything that a deployment puts on chain.

    *roles* by name; *feeds* by commodity; *fees* by kind, all of `FEE_KINDS`. *nodes*, *sovereigns*
    and the other kinds of participants are addresses by the name of the participant; one address
    may be of several kinds, and *participants* are further holders of FT, which are custodians.
    *balances* by address. *deployer* sets everything up and is left with nothing, *treasury* seeds
    the pool and receives fees, *stable_issuer* owns the outside stable coin. *pt_cap* is the
    highest PT supply in units, *gas_funds* the wei that every role's account starts with.

    *strays* are grants by role, and *stray_cancellers* of the timelock, that were made without
    being approved: they are on chain and not in the register.
    """

    roles: Mapping[str, Grant] = field(default_factory=default_roles)
    feeds: Mapping[str, FeedParameters] = field(default_factory=lambda: {"WTI": FeedParameters()})
    fees: Mapping[str, FeeParameters] = field(default_factory=default_fees)
    pool: PoolParameters = PoolParameters()
    allocation: AllocationParameters = AllocationParameters()
    registry: RegistryParameters = field(default_factory=RegistryParameters)
    oracle: OracleParameters = field(default_factory=OracleParameters)
    settlement: SettlementParameters = field(default_factory=SettlementParameters)
    conversion: ConversionParameters = field(default_factory=ConversionParameters)
    reserve: ReserveParameters = field(default_factory=ReserveParameters)
    governance: GovernanceParameters = field(default_factory=GovernanceParameters)
    nodes: Mapping[str, bytes] = field(default_factory=dict)
    sovereigns: Mapping[str, bytes] = field(default_factory=dict)
    participants: Mapping[str, bytes] = field(default_factory=dict)
    traders: Mapping[str, bytes] = field(default_factory=dict)
    venues: Mapping[str, bytes] = field(default_factory=dict)
    custodians: Mapping[str, bytes] = field(default_factory=dict)
    redeemers: Mapping[str, bytes] = field(default_factory=dict)
    balances: Mapping[bytes, Endowment] = field(default_factory=dict)
    deployer: bytes = field(default_factory=lambda: account_of("deployer"))
    treasury: bytes = field(default_factory=lambda: account_of("treasury"))
    stable_issuer: bytes = field(default_factory=lambda: account_of("stable_issuer"))
    pt_cap: int = 10**9 * 10**6
    gas_funds: int = 1000 * 10**18
    strays: Mapping[str, tuple[Grant, ...]] = field(default_factory=dict)
    stray_cancellers: tuple[bytes, ...] = ()

    @property
    def kinds(self) -> Mapping[str, Mapping[str, bytes]]:
        """The participants by their kind, in the order of the registry's bits."""
        return {
            "sovereign": self.sovereigns,
            "trader": self.traders,
            "venue": self.venues,
            "custodian": {**self.participants, **self.custodians},
            "redeemer": self.redeemers,
        }

    @classmethod
    def of(cls, protocol: Any, **rest: Any) -> DeploymentSpec:
        """Return the spec of a scenario's *protocol* section; *rest* are the other fields.

        The section's parts (feeds, fees, pool and so on) are read by attribute, so that any model
        with the same names will do; a part or a kind of fee that it leaves out takes its default.
        """
        fees = {kind: _as(FeeParameters, item) for kind, item in protocol.fees.items()}
        parts: dict[str, Any] = {
            name: _as(kind, getattr(protocol, name))
            for name, kind in PARTS.items()
            if hasattr(protocol, name)
        }
        return cls(
            feeds={name: _as(FeedParameters, item) for name, item in protocol.feeds.items()},
            fees={**default_fees(), **fees},
            **parts,
            **rest,
        )


PARTS: Mapping[str, type] = {
    "pool": PoolParameters,
    "allocation": AllocationParameters,
    "registry": RegistryParameters,
    "oracle": OracleParameters,
    "settlement": SettlementParameters,
    "conversion": ConversionParameters,
    "reserve": ReserveParameters,
    "governance": GovernanceParameters,
}
"""The parts of a protocol that there is one of, by the name of their section."""

Part = TypeVar("Part")


def _as(kind: type[Part], source: object) -> Part:
    """Return *source*, anything with the attributes of the dataclass *kind*, as one.

    An attribute that *source* lacks takes its default.
    """
    assert is_dataclass(kind)  # noqa: S101 - all of PARTS are
    given = {
        item.name: getattr(source, item.name) for item in fields(kind) if hasattr(source, item.name)
    }
    if "tiers" in given:
        given["tiers"] = tuple(_as(TierParameters, tier) for tier in given["tiers"])
    return kind(**given)


def parameters_of(spec: DeploymentSpec) -> dict[str, int]:
    """Return what *spec* approves, by dotted name: `feed.WTI.quorum`, `fee.swap.max`, `pt.cap`.

    Tables are spelled out, `conversion.units_per_ft.WTI`, `reserve.tiers.0.haircut`; what is no
    number (a jurisdiction, a feed's name) is not among them.
    """
    parts: dict[str, Any] = {name: getattr(spec, name) for name in PARTS}
    parts |= {f"feed.{name}": feed for name, feed in spec.feeds.items()}
    parts |= {f"fee.{kind}": fee for kind, fee in spec.fees.items()}
    flat = {key: value for name, part in parts.items() for key, value in _flat(name, part)}
    return {**flat, "pt.cap": spec.pt_cap}


def _flat(name: str, value: Any) -> Iterator[tuple[str, int]]:
    if isinstance(value, int):
        yield name, int(value)
    elif is_dataclass(value):
        for item in fields(value):
            yield from _flat(f"{name}.{item.name}", getattr(value, item.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{name}.{key}", item)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _flat(f"{name}.{index}", item)
