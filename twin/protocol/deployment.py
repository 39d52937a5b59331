"""The deployment: one function that puts the whole network on a fresh chain, at genesis.

Contracts are created and set up by the deployer, who is AccessManager's first administrator:
until a function is given to a role, only an administrator may call it. Roles are wired last, in
one batch; its last two calls make governance the administrator, behind its delay, and take the
deployer out. After that nobody can change anything but through a role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, astuple
from typing import Any

from twin.bundled import folder
from twin.chain.chain import Chain
from twin.errors import UnknownName, UsageError
from twin.protocol.artifacts import Artifact, Artifacts
from twin.protocol.contract import Contract, creation_code
from twin.protocol.manifest import Deployment, reverts_of
from twin.protocol.parameters import FEE_KINDS, DeploymentSpec, Grant, feed_id
from twin.protocol.reverts import Reverts
from twin.protocol.roles import Role, role_named
from twin.protocol.wiring import WIRING

__all__ = ["CONTRACTS", "Deployment", "DeploymentSpec", "Grant", "deploy", "parameters_of"]

CONTRACTS = (
    "Authority",
    "Multicall3",
    "StableAsset",
    "PaymentToken",
    "FoundationToken",
    "OracleNetwork",
    "AllocationBook",
    "FeeSchedule",
    "LiquidityPool",
)
"""The contracts of a deployment, in the order in which they are created."""

_UNLIMITED = 2**256 - 1
_GAS = 30_000_000  # more than any step takes: the largest creation takes 2.1 million


def deploy(
    chain: Chain, spec: DeploymentSpec, *, artifacts: Mapping[str, Artifact] | None = None
) -> Deployment:
    """Put the network that *spec* describes on *chain* at genesis, and return its manifest.

    *artifacts* are those of the contracts folder where none are given. A step that the contracts
    refuse, since *spec* lies outside their hard bounds, raises UsageError with their reason.
    """
    site = _Site(chain, spec, artifacts or Artifacts(folder("contracts_abi")))
    site.fund()
    site.create()
    site.admit()
    site.endow()
    site.seed_pool()
    site.hand_over()
    return site.manifest()


class _Site:
    """A deployment under way."""

    def __init__(
        self, chain: Chain, spec: DeploymentSpec, artifacts: Mapping[str, Artifact]
    ) -> None:
        self._chain, self._spec, self._artifacts = chain, spec, artifacts
        self._contracts: dict[str, Contract] = {}
        self._check()

    def _check(self) -> None:
        """Refuse what no contract would notice."""
        spec = self._spec
        for name in spec.roles:
            role_named(name)
        missing = [kind for kind in FEE_KINDS if kind not in spec.fees]
        if missing or len(spec.fees) != len(FEE_KINDS):
            raise UsageError(
                f"fees are declared for {sorted(spec.fees)}; they are {list(FEE_KINDS)}"
            )
        if Role.GOVERNANCE.label not in spec.roles:
            raise UsageError("no account holds the role governance: nobody could administer")

    # -- the parts, in order --------------------------------------------------------------------

    def fund(self) -> None:
        """Give gas to the accounts that act for the network."""
        spec = self._spec
        accounts = {grant.account for grant in spec.roles.values()}
        accounts |= {spec.deployer, spec.treasury, spec.stable_issuer}
        for address in sorted(accounts | set(spec.balances)):
            endowed = spec.balances[address].wei if address in spec.balances else 0
            self._chain.fund(address, endowed + (spec.gas_funds if address in accounts else 0))

    def create(self) -> None:
        """Create the contracts, each with the addresses of those before it."""
        spec, book = self._spec, self._spec.allocation
        self._new("Authority", spec.deployer)
        authority = self._contracts["Authority"].address
        self._new("Multicall3")
        self._new("StableAsset", spec.stable_issuer)
        self._new("PaymentToken", authority, spec.pt_cap)
        self._new("FoundationToken", authority)
        self._new("OracleNetwork", authority, book.attestation_quorum)
        at = {name: contract.address for name, contract in self._contracts.items()}
        self._new(
            "AllocationBook", authority, at["OracleNetwork"], at["FoundationToken"],
            book.rate_per_usd, book.max_quantity, book.settlement_cap, book.daily_cap,
        )  # fmt: skip
        self._new("FeeSchedule", authority, [astuple(spec.fees[kind]) for kind in FEE_KINDS])
        schedule = self._contracts["FeeSchedule"].address
        self._new("LiquidityPool", authority, at["PaymentToken"], at["StableAsset"], schedule)

    def admit(self) -> None:
        """Admit nodes, then add feeds (a quorum is held against the nodes), then sovereigns."""
        spec = self._spec
        for node in spec.nodes.values():
            self._call("OracleNetwork", "addNode", node)
        for commodity, feed in spec.feeds.items():
            config = (
                feed.min_answer, feed.max_answer, feed.heartbeat,
                feed.deviation, feed.max_age, feed.quorum,
            )  # fmt: skip
            self._call("OracleNetwork", "addFeed", feed_id(commodity), config)
        for sovereign in spec.sovereigns.values():
            self._call("AllocationBook", "registerSovereign", sovereign, True)
        for holder in {**spec.sovereigns, **spec.participants}.values():
            self._call("FoundationToken", "setAuthorised", holder, True)

    def endow(self) -> None:
        """Mint what each address starts with, and make its approvals, in order of address."""
        for address, has in sorted(self._spec.balances.items()):
            self._mint(address, has.pt, has.stable)
            for token, spender in has.approvals:
                self._approve(address, token, spender)

    def seed_pool(self) -> None:
        """Let the treasury make the first deposit, which sets the price."""
        pool, treasury = self._spec.pool, self._spec.treasury
        if pool.pt == pool.stable == 0:
            return
        self._mint(treasury, pool.pt, pool.stable)
        self._approve(treasury, "PaymentToken", "LiquidityPool", amount=pool.pt)
        self._approve(treasury, "StableAsset", "LiquidityPool", amount=pool.stable)
        self._call(
            "LiquidityPool", "addLiquidity", pool.pt, pool.stable, 0, treasury, sender=treasury
        )

    def hand_over(self) -> None:
        """Wire the roles, make governance the administrator, and take the deployer out."""
        authority = self._contracts["Authority"]
        governance = self._spec.roles[Role.GOVERNANCE.label]
        book = self._contracts["AllocationBook"].address
        calls = [
            authority.encode(
                "setTargetFunctionRole",
                self._contracts[wire.contract].address,
                [self._contracts[wire.contract].fn(name).selector for name in wire.functions],
                int(wire.role),
            )
            for wire in WIRING
        ]
        grants = {role_named(name): grant for name, grant in self._spec.roles.items()}
        grants[Role.ALLOCATOR] = Grant(book, 0)
        for role, grant in sorted(grants.items()):
            calls.append(authority.encode("labelRole", int(role), role.label))
            calls.append(authority.encode("grantRole", int(role), grant.account, grant.delay))
        admin = int(Role.ADMIN)
        calls.append(authority.encode("grantRole", admin, governance.account, governance.delay))
        if self._spec.deployer != governance.account:
            calls.append(authority.encode("renounceRole", admin, self._spec.deployer))
        self._call("Authority", "multicall", calls)

    def manifest(self) -> Deployment:
        """Return what was deployed."""
        spec = self._spec
        accounts = {
            "deployer": spec.deployer, "stable_issuer": spec.stable_issuer,
            "treasury": spec.treasury, **spec.participants,
        }  # fmt: skip
        return Deployment(
            block=0, chain_id=self._chain.config.chain_id, contracts=dict(self._contracts),
            roles=dict(spec.roles), accounts=accounts,
            feeds={commodity: feed_id(commodity) for commodity in spec.feeds},
            nodes=dict(spec.nodes), sovereigns=dict(spec.sovereigns),
            parameters=parameters_of(spec), reverts=reverts_of(self._contracts),
        )  # fmt: skip

    # -- one transaction ------------------------------------------------------------------------

    def _new(self, name: str, *args: Any) -> None:
        artifact = self._artifacts[name]
        code = creation_code(artifact, *args)
        done = self._chain.genesis(self._spec.deployer, None, code, gas=_GAS)
        if not done.success or done.created is None:
            reason = Reverts([artifact.codec]).decode_revert(done.output)
            raise UsageError(f"{name} cannot be created with {args}: {reason}")
        self._contracts[name] = Contract(name, done.created, artifact)

    def _call(self, name: str, function: str, *args: Any, sender: bytes | None = None) -> None:
        target = self._contracts[name]
        data = target.encode(function, *args)
        done = self._chain.genesis(sender or self._spec.deployer, target.address, data, gas=_GAS)
        if not done.success:
            reason = reverts_of(self._contracts).decode_revert(done.output)
            raise UsageError(f"the deployment's {name}.{function}{args} is refused: {reason}")

    def _mint(self, address: bytes, pt: int, stable: int) -> None:
        if pt:
            self._call("PaymentToken", "mint", address, pt)
        if stable:
            self._call("StableAsset", "mint", address, stable, sender=self._spec.stable_issuer)

    def _approve(self, owner: bytes, token: str, spender: str, *, amount: int = _UNLIMITED) -> None:
        for name in (token, spender):
            if name not in self._contracts:
                raise UnknownName("contract", name, self._contracts)
        address = self._contracts[spender].address
        self._call(token, "approve", address, amount, sender=owner)


def parameters_of(spec: DeploymentSpec) -> dict[str, int]:
    """Return what *spec* approves, by dotted name: `feed.WTI.quorum`, `fee.swap.max`, `pt.cap`."""
    parts: dict[str, Any] = {"pool": spec.pool, "allocation": spec.allocation}
    parts |= {f"feed.{name}": feed for name, feed in spec.feeds.items()}
    parts |= {f"fee.{kind}": fee for kind, fee in spec.fees.items()}
    flat = {
        f"{name}.{key}": value
        for name, part in parts.items()
        for key, value in asdict(part).items()
    }
    return {**flat, "pt.cap": spec.pt_cap}
