"""The deployment: one function that puts the whole network on a fresh chain, at genesis.

Contracts are created and set up by the deployer, who is AccessManager's first administrator:
until a function is given to a role, only an administrator may call it. Roles are wired last, in
one batch; its last two calls make governance's timelock the administrator and take the deployer
out. After that nobody can change anything but through a role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from twin.bundled import folder
from twin.chain.chain import Chain
from twin.chain.codec import keccak
from twin.errors import UnknownName, UsageError
from twin.protocol.artifacts import Artifact, Artifacts
from twin.protocol.institutions import ASSETS, KINDS
from twin.protocol.manifest import Deployment, reverts_of
from twin.protocol.parameters import FEE_KINDS, DeploymentSpec, Grant, feed_id, parameters_of
from twin.protocol.roles import HELD_BY, OF_CONTRACTS, Role, role_named
from twin.protocol.site import Site
from twin.protocol.wiring import WIRING

__all__ = ["CONTRACTS", "Deployment", "DeploymentSpec", "Grant", "deploy", "parameters_of"]

CONTRACTS = (
    "Authority",
    "Multicall3",
    "StableAsset",
    "PaymentToken",
    "ParticipantRegistry",
    "FoundationToken",
    "OracleNetwork",
    "AllocationBook",
    "FeeSchedule",
    "LiquidityPool",
    "Settlement",
    "Conversion",
    "Reserve",
    "FictraTimelock",
    "FictraGovernor",
)
"""The contracts of a deployment, in the order in which they are created."""

KEEPERS = ("LiquidityPool", "Settlement", "OracleNetwork", "AllocationBook", "Reserve")
"""The contracts whose payment tokens are others': nobody freezes them or burns them away."""

_FOR_EVER = 5 * 365 * 86400  # of ParticipantRegistry: what a contract of ours is approved for


def deploy(
    chain: Chain, spec: DeploymentSpec, *, artifacts: Mapping[str, Artifact] | None = None
) -> Deployment:
    """Put the network that *spec* describes on *chain* at genesis, and return its manifest.

    *artifacts* are those of the contracts folder where none are given. A step that the contracts
    refuse, since *spec* lies outside their hard bounds, raises UsageError with their reason.
    """
    _check(spec)
    work = _Work(spec, Site(chain, spec.deployer, artifacts=artifacts or _bundled()))
    work.fund()
    work.create()
    work.admit()
    work.endow()
    work.fill()
    work.set_up()
    holders = work.hand_over()
    return work.manifest(holders)


def _bundled() -> Mapping[str, Artifact]:
    return Artifacts(folder("contracts_abi"))


def _check(spec: DeploymentSpec) -> None:
    """Refuse what no contract would notice."""
    for name in spec.roles:
        if role_named(name) in OF_CONTRACTS:
            raise UsageError(f"the role {name} is held by contracts; no account can be given it")
    missing = [kind for kind in FEE_KINDS if kind not in spec.fees]
    if missing or len(spec.fees) != len(FEE_KINDS):
        raise UsageError(f"fees are declared for {sorted(spec.fees)}; they are {list(FEE_KINDS)}")
    if Role.GOVERNANCE.label not in spec.roles:
        raise UsageError("no account holds the role governance: nobody could set a parameter")
    for commodity in (*spec.conversion.units_per_ft, *spec.reserve.feeds.values()):
        if commodity not in spec.feeds:
            raise UnknownName("feed", commodity, spec.feeds)
    for asset in spec.reserve.feeds:
        if asset not in ASSETS:
            raise UnknownName("asset of the reserve", asset, ASSETS)


class _Work:
    """A deployment under way: what *spec* says, on *site*."""

    def __init__(self, spec: DeploymentSpec, site: Site) -> None:
        self._spec, self._site = spec, site

    # -- the parts, in order --------------------------------------------------------------------

    def fund(self) -> None:
        """Give gas to the accounts that act for the network."""
        spec = self._spec
        accounts = {grant.account for grant in spec.roles.values()}
        accounts |= {spec.deployer, spec.treasury, spec.stable_issuer}
        accounts |= {grant.account for grants in spec.strays.values() for grant in grants}
        accounts |= set(spec.stray_cancellers)
        for address in sorted(accounts | set(spec.balances)):
            endowed = spec.balances[address].wei if address in spec.balances else 0
            own = spec.gas_funds if address in accounts else 0
            self._site.chain.fund(address, endowed + own)

    def create(self) -> None:
        """Create the contracts, each with the addresses of those before it."""
        spec, new, votes = self._spec, self._site.new, self._spec.governance
        book, court = spec.allocation, spec.oracle
        authority = new("Authority", spec.deployer)
        new("Multicall3")
        usd = new("StableAsset", spec.stable_issuer)
        pt = new("PaymentToken", authority, spec.pt_cap)
        registry = new("ParticipantRegistry", authority)
        ft = new("FoundationToken", authority, registry, book.lockup)
        oracle = new(
            "OracleNetwork", authority, pt, book.attestation_quorum,
            court.challenge_window, court.challenge_bond,
        )  # fmt: skip
        new(
            "AllocationBook", authority, oracle, ft, registry, pt, book.rate_per_usd,
            book.max_quantity, book.settlement_cap, book.daily_cap, book.two_person,
            book.dispute_bond,
        )  # fmt: skip
        fees = new("FeeSchedule", authority, [astuple(spec.fees[kind]) for kind in FEE_KINDS])
        new("LiquidityPool", authority, pt, usd, fees)
        limit, treasury = spec.settlement.max_amount, spec.treasury
        new("Settlement", authority, oracle, pt, registry, fees, treasury, limit)
        limits = spec.conversion.daily_limit, spec.conversion.sovereign_limit
        new("Conversion", authority, oracle, ft, pt, registry, fees, treasury, *limits)
        new("Reserve", authority, pt, usd, oracle, registry, fees, treasury)
        timelock = new("FictraTimelock", votes.timelock_delay, [bytes(20)], spec.deployer)
        new(
            "FictraGovernor", ft, timelock, votes.voting_delay, votes.voting_period,
            votes.proposal_threshold, votes.quorum,
        )  # fmt: skip

    def admit(self) -> None:
        """Examine participants, admit nodes, then add feeds: a quorum is held against the nodes."""
        spec, call, court = self._spec, self._site.call, self._spec.oracle
        for account, kinds in _bits(spec).items():
            self._register(account, kinds, spec.registry.term)
        self._register(self._site.at("Conversion"), KINDS["custodian"], _FOR_EVER)
        for node in spec.nodes.values():
            self._pay("stake", node, court.min_stake)
        self._pay("fund", court.reward_fund)
        terms = court.min_stake, court.unbonding, court.reward_per_report, court.slash
        call("OracleNetwork", "setStaking", *terms)
        for node in spec.nodes.values():
            call("OracleNetwork", "addNode", node)
        call("OracleNetwork", "setShadowPeriod", court.shadow_period)
        for commodity, feed in spec.feeds.items():
            config = (
                feed.min_answer, feed.max_answer, feed.heartbeat,
                feed.deviation, feed.max_age, feed.quorum,
            )  # fmt: skip
            call("OracleNetwork", "addFeed", feed_id(commodity), config)

    def endow(self) -> None:
        """Mint what each address starts with, and make its approvals, in order of address."""
        for address, has in sorted(self._spec.balances.items()):
            self._mint(address, has.pt, has.stable)
            for token, spender in has.approvals:
                self._site.approve(address, token, spender)

    def fill(self) -> None:
        """Let the treasury fill pool and reserve: its deposit sets the pool's price."""
        pool, treasury, site = self._spec.pool, self._spec.treasury, self._site
        if pool.pt or pool.stable:
            self._mint(treasury, pool.pt, pool.stable)
            site.approve(treasury, "PaymentToken", "LiquidityPool", amount=pool.pt)
            site.approve(treasury, "StableAsset", "LiquidityPool", amount=pool.stable)
            amounts = pool.pt, pool.stable
            site.call("LiquidityPool", "addLiquidity", *amounts, 0, treasury, sender=treasury)
        reserve = self._spec.reserve
        if reserve.stable:
            self._mint(treasury, 0, reserve.stable)
            site.approve(treasury, "StableAsset", "Reserve", amount=reserve.stable)
            site.call("Reserve", "deposit", reserve.stable, sender=treasury)
        for index, amount in ((1, reserve.bills), (2, reserve.gold)):
            if amount:
                statement = keccak(f"genesis {ASSETS[index]} {amount}".encode())
                expiry = site.now + reserve.attestation_term
                site.call("Reserve", "attest", index, amount, statement, expiry)

    def set_up(self) -> None:
        """Set the policies that no constructor takes."""
        call, reserve, conversion = self._site.call, self._spec.reserve, self._spec.conversion
        for name in KEEPERS:
            call("PaymentToken", "addKeeper", self._site.at(name))
        for commodity, units in conversion.units_per_ft.items():
            call("Conversion", "setPolicy", feed_id(commodity), units, conversion.max_age)
        weights = [reserve.weight_stable, reserve.weight_bills, reserve.weight_gold]
        call("Reserve", "setWeights", weights)
        limits = reserve.slice_limit, reserve.slippage, reserve.spacing
        call("Reserve", "setSliceLimits", *limits)
        call("Reserve", "setRedemptionLimits", reserve.daily_limit, reserve.redeemer_limit)
        call("Reserve", "setTiers", [astuple(tier) for tier in reserve.tiers])
        for asset, commodity in reserve.feeds.items():
            call("Reserve", "setAssetFeed", ASSETS.index(asset), feed_id(commodity))

    def hand_over(self) -> dict[str, tuple[Grant, ...]]:
        """Wire the roles, hand administration to governance, take the deployer out of everything.

        Return who holds each role from then on: the register.
        """
        site, spec = self._site, self._spec
        authority = site.contracts["Authority"]
        calls = [
            authority.encode(
                "setTargetFunctionRole",
                site.at(wire.contract),
                [site.contracts[wire.contract].fn(name).selector for name in wire.functions],
                int(wire.role),
            )
            for wire in WIRING
        ]
        holders: dict[Role, list[Grant]] = {}
        for name, grant in spec.roles.items():
            holders.setdefault(role_named(name), []).append(grant)
        for role, names in HELD_BY.items():
            holders.setdefault(role, []).extend(Grant(site.at(name), 0) for name in names)
        for role, grants in sorted(holders.items()):
            if role is not Role.ADMIN:  # whose label is AccessManager's own
                calls.append(authority.encode("labelRole", int(role), role.label))
            calls += [
                authority.encode("grantRole", int(role), grant.account, grant.delay)
                for grant in grants
            ]
        calls += [
            authority.encode("grantRole", int(role_named(name)), grant.account, grant.delay)
            for name, grants in spec.strays.items()
            for grant in grants
        ]
        calls.append(authority.encode("renounceRole", int(Role.ADMIN), spec.deployer))
        self._hand_over_timelock()
        site.call("Authority", "multicall", calls)
        return {role.label: tuple(grants) for role, grants in sorted(holders.items())}

    def manifest(self, holders: Mapping[str, tuple[Grant, ...]]) -> Deployment:
        """Return what was deployed."""
        spec, site = self._spec, self._site
        engine = site.chain.engine
        accounts = {
            "deployer": spec.deployer, "stable_issuer": spec.stable_issuer,
            "treasury": spec.treasury,
        }  # fmt: skip
        for kind, group in spec.kinds.items():
            accounts |= {} if kind == "sovereign" else group
        return Deployment(
            block=0, chain_id=site.chain.config.chain_id, contracts=dict(site.contracts),
            roles=dict(spec.roles), holders=holders, accounts=accounts,
            feeds={commodity: feed_id(commodity) for commodity in spec.feeds},
            nodes=dict(spec.nodes), sovereigns=dict(spec.sovereigns),
            code_hashes={
                name: keccak(engine.account(contract.address).code)
                for name, contract in site.contracts.items()
            },
            parameters=parameters_of(spec), reverts=reverts_of(site.contracts),
        )  # fmt: skip

    # -- one step -------------------------------------------------------------------------------

    def _register(self, account: bytes, kinds: int, term: int) -> None:
        code = self._spec.registry.jurisdiction.encode()
        self._site.call("ParticipantRegistry", "register", account, kinds, code)
        self._site.call("ParticipantRegistry", "approve", account, self._site.now + term)

    def _pay(self, function: str, *args: Any) -> None:
        """Let the treasury pay the last of *args*, PT, into the oracle network; nothing for 0."""
        amount, treasury = args[-1], self._spec.treasury
        if amount:
            self._mint(treasury, amount, 0)
            self._site.approve(treasury, "PaymentToken", "OracleNetwork", amount=amount)
            self._site.call("OracleNetwork", function, *args, sender=treasury)

    def _mint(self, address: bytes, pt: int, stable: int) -> None:
        if pt:
            self._site.call("PaymentToken", "mint", address, pt)
        if stable:
            issuer = self._spec.stable_issuer
            self._site.call("StableAsset", "mint", address, stable, sender=issuer)

    def _hand_over_timelock(self) -> None:
        """Let the governor propose and cancel, anybody execute, and nobody else anything."""
        governor = self._site.at("FictraGovernor")
        for role in ("PROPOSER_ROLE", "CANCELLER_ROLE"):
            self._site.call("FictraTimelock", "grantRole", keccak(role.encode()), governor)
        for stray in self._spec.stray_cancellers:
            role_id = keccak(b"CANCELLER_ROLE")
            self._site.call("FictraTimelock", "grantRole", role_id, stray)
        self._site.call("FictraTimelock", "renounceRole", bytes(32), self._spec.deployer)


def _bits(spec: DeploymentSpec) -> dict[bytes, int]:
    """Return the kinds of each participant of *spec*, as the registry's bits, in declared order."""
    found: dict[bytes, int] = {}
    for kind, group in spec.kinds.items():
        for account in group.values():
            found[account] = found.get(account, 0) | KINDS[kind]
    return found
