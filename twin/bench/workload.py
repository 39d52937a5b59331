"""The work that every peer does: one small network, and the same three operations on it.

An ERC-20 transfer (OpenZeppelin's, one log), a swap on the pool (its own two logs and those of two
transfers), and a view call (a balance). Arguments vary from one to the next, and the swaps go back
and forth, so that the pool stays where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.chain.chain import Chain
from twin.chain.config import ChainConfig
from twin.chain.engines import make_engine
from twin.clock import Clock
from twin.protocol.contract import Contract
from twin.protocol.deployment import DeploymentSpec, deploy
from twin.protocol.parameters import Endowment
from twin.protocol.roles import account_of

__all__ = ["CHAIN_ID", "KEY", "KINDS", "RECEIVER", "START", "TRADER", "Network"]

KINDS = ("transfer", "swap", "view")
"""The operations."""

CHAIN_ID = 131277322940537
"""What eth-tester's chain calls itself, so that all sign for the same one."""

START = 1_700_000_000
KEY = (1).to_bytes(32, "big")
"""The trader's private key, for the peers that insist on signing. Everybody knows it."""

TRADER = bytes.fromhex("7e5f4552091a69125d5dfcb7b8c2659029395bdf")
RECEIVER = account_of("receiver")

Step = tuple[bytes, bytes | None, bytes, bytes | None]


@dataclass(frozen=True, slots=True)
class Network:
    """The contracts on *chain*, whose genesis is over, and who trades there.

    *genesis* are the transactions that made it, as (sender, to, data, created address).
    """

    chain: Chain
    clock: Clock
    token: Contract
    other: Contract
    pool: Contract
    genesis: tuple[Step, ...]

    @classmethod
    def on(cls, engine: str, *, start: int = START) -> Network:
        """Deploy the network on *engine* at unix second *start*."""
        clock = Clock(start)
        chain = Chain(make_engine(engine, chain_id=CHAIN_ID), ChainConfig(CHAIN_ID), clock)
        rich = Endowment(
            pt=5 * 10**14, stable=5 * 10**14, wei=10**27,
            approvals=(("PaymentToken", "LiquidityPool"), ("StableAsset", "LiquidityPool")),
        )  # fmt: skip
        made = deploy(chain, DeploymentSpec(feeds={}, balances={TRADER: rich}))
        chain.header(0)  # which ends the genesis
        steps = tuple((tx.sender, tx.to, tx.data, done.created) for tx, done in chain.content(0))
        named = [made.contract(name) for name in ("StableAsset", "PaymentToken", "LiquidityPool")]
        return cls(chain, clock, named[0], named[1], named[2], steps)

    @property
    def alloc(self) -> Mapping[str, Mapping[str, Any]]:
        """The state in genesis-alloc JSON form."""
        return self.chain.engine.dump()

    def step(self, kind: str, number: int) -> tuple[Contract, str, tuple[Any, ...]]:
        """Return contract, function and arguments of operation *number* of *kind*."""
        if kind == "transfer":
            return self.token, "transfer", (RECEIVER, amount(number))
        if kind == "swap":
            given = self.token if number % 2 else self.other
            return self.pool, "swap", (given.address, 10**6 + number % 1000, 0, TRADER)
        return self.token, "balanceOf", (TRADER,)

    def encoded(self, kind: str, number: int) -> tuple[bytes, bytes]:
        """Return address and calldata of the same."""
        contract, function, arguments = self.step(kind, number)
        return contract.address, contract.encode(function, *arguments)


def amount(number: int) -> int:
    """Return how much transfer *number* sends."""
    return 1 + number % 7
