"""A small real network: the reference engine, a chain, the deployed contracts, and two users.

Four oracle nodes at quorum three, one sovereign, an oracle admin whose calls wait ten minutes, a
pool at 1.00, and `ann` and `ben` with both assets. Nothing acts by itself; `run` lets time pass.
"""

from __future__ import annotations

from typing import Any

from twin.chain.chain import Chain, ChainConfig
from twin.chain.engines import make_engine
from twin.clock import Clock
from twin.protocol.deployment import DeploymentSpec, Grant, deploy
from twin.protocol.parameters import Endowment, FeedParameters, PoolParameters, default_roles
from twin.protocol.roles import account_of

START = 1_700_000_000
USD = 10**8
UNIT = 10**6
NODES = {name: account_of(name) for name in ("one", "two", "three", "four")}
ANN, BEN, NORWAY = account_of("ann"), account_of("ben"), account_of("norway")
APPROVALS = (("PaymentToken", "LiquidityPool"), ("StableAsset", "LiquidityPool"))


class Network:
    """The contracts on a chain of twelve-second blocks, on a clock that stands at `START`."""

    def __init__(self, **config: Any) -> None:
        self.clock = Clock(START)
        self.chain = Chain(
            make_engine("pyevm", chain_id=1), ChainConfig(**{"chain_id": 1, **config}), self.clock
        )
        funds = Endowment(pt=10**6 * UNIT, stable=10**6 * UNIT, wei=10**21, approvals=APPROVALS)
        gas = Endowment(wei=10**21)
        admin = Grant(account_of("oracle_admin"), 600)
        self.deployment = deploy(
            self.chain,
            DeploymentSpec(
                roles={**default_roles(), "oracle_admin": admin},
                feeds={"WTI": FeedParameters(quorum=3)},
                pool=PoolParameters(pt=10**6 * UNIT, stable=10**6 * UNIT),
                nodes=NODES,
                sovereigns={"norway": NORWAY},
                balances={
                    ANN: funds,
                    BEN: funds,
                    NORWAY: gas,
                    **dict.fromkeys(NODES.values(), gas),
                },
            ),
        )

    def send(
        self, sender: bytes, contract: str, function: str, *args: Any, tip: int = 10**9
    ) -> bytes:
        """Send a call and return its hash; a block takes it when time passes."""
        target = self.deployment.contract(contract)
        return self.chain.send(
            sender, target.address, target.encode(function, *args), gas=500_000, tip=tip
        )

    def swap(self, sender: bytes = ANN, amount: int = UNIT) -> bytes:
        """Send a swap of *amount* PT."""
        token = self.deployment.contract("PaymentToken").address
        return self.send(sender, "LiquidityPool", "swap", token, amount, 0, sender)

    def run(self, seconds: int) -> None:
        """Let *seconds* pass."""
        self.clock.run(self.clock.now + seconds)
