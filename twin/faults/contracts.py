"""Faults on chain: upgrades that break, double or slow a function, a stolen key, a gas war."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.chain.basefee import Demand
from twin.errors import UnknownName, UsageError
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.faults.reach import services_of
from twin.protocol.roles import account_of
from twin.scenario.values import Gwei, Seconds, Tokens6
from twin.services.code import LOOP_GAS, MOST_TURNS

__all__ = ["FunctionBricked", "FunctionDoubles", "GasRegression", "GasWar", "UnbackedMint"]

THIEF = "thief"
"""The label of the account that the stolen key mints to."""


class BrickParams(FaultParams):
    """*function* of *contract* reverts whoever calls it."""

    contract: str = "LiquidityPool"
    function: str = "swap"


class FunctionBricked(Fault):
    """An upgrade of a contract breaks one function of it (cETH, 2022-08-30)."""

    kind: ClassVar[str] = "function-bricked"
    Params: ClassVar[type[FaultParams]] = BrickParams
    params: BrickParams

    def place(self) -> str:
        """The code of the contract."""
        return f"the code of {self.params.contract}"

    def check(self, surfaces: Surfaces) -> None:
        """The contract has the function."""
        code = services_of(surfaces, self.kind).code
        code.require(self.params.contract, self.params.function)

    def begin(self, surfaces: Surfaces) -> str:
        """Upgrade the contract."""
        wrong = self.params
        services_of(surfaces, self.kind).code.upgrade(wrong.contract, refuse=wrong.function)
        return f"{wrong.contract} was upgraded: {wrong.function} reverts"

    def end(self, surfaces: Surfaces) -> str:
        """Roll the upgrade back."""
        services_of(surfaces, self.kind).code.roll_back(self.params.contract)
        return f"the upgrade of {self.params.contract} is rolled back"


class DoubleParams(FaultParams):
    """The number that *function* of *contract* returns is twice what it should be."""

    contract: str = "FoundationToken"
    function: str = "getVotes"


class FunctionDoubles(Fault):
    """An upgrade of a contract counts something twice, such as votes."""

    kind: ClassVar[str] = "function-doubles"
    Params: ClassVar[type[FaultParams]] = DoubleParams
    params: DoubleParams

    def place(self) -> str:
        """The code of the contract."""
        return f"the code of {self.params.contract}"

    def check(self, surfaces: Surfaces) -> None:
        """The contract has the function."""
        code = services_of(surfaces, self.kind).code
        code.require(self.params.contract, self.params.function)

    def begin(self, surfaces: Surfaces) -> str:
        """Upgrade the contract."""
        wrong = self.params
        services_of(surfaces, self.kind).code.upgrade(wrong.contract, double=wrong.function)
        return f"{wrong.contract} was upgraded: {wrong.function} counts double"

    def end(self, surfaces: Surfaces) -> str:
        """Roll the upgrade back."""
        services_of(surfaces, self.kind).code.roll_back(self.params.contract)
        return f"the upgrade of {self.params.contract} is rolled back"


class RegressionParams(FaultParams):
    """Every call of *contract* takes at least *gas* more."""

    contract: str = "LiquidityPool"
    gas: int = Field(default=60_000, ge=LOOP_GAS, le=LOOP_GAS * MOST_TURNS)


class GasRegression(Fault):
    """An upgrade of a contract makes its calls dearer than anybody agreed to."""

    kind: ClassVar[str] = "gas-regression"
    Params: ClassVar[type[FaultParams]] = RegressionParams
    params: RegressionParams

    def place(self) -> str:
        """The code of the contract."""
        return f"the code of {self.params.contract}"

    def check(self, surfaces: Surfaces) -> None:
        """The contract is there."""
        services_of(surfaces, self.kind).code.require(self.params.contract)

    def begin(self, surfaces: Surfaces) -> str:
        """Upgrade the contract."""
        wrong = self.params
        turns = -(-wrong.gas // LOOP_GAS)
        services_of(surfaces, self.kind).code.upgrade(wrong.contract, turns=turns)
        return f"{wrong.contract} was upgraded: {wrong.gas} gas more a call"

    def end(self, surfaces: Surfaces) -> str:
        """Roll the upgrade back."""
        services_of(surfaces, self.kind).code.roll_back(self.params.contract)
        return f"the upgrade of {self.params.contract} is rolled back"


class MintParams(FaultParams):
    """*amount* PT are minted to an outsider by whoever has the issuer's key."""

    amount: Tokens6 = 250_000 * 10**6


class UnbackedMint(Fault):
    """A stolen issuer key mints PT that nothing stands behind."""

    kind: ClassVar[str] = "unbacked-mint"
    Params: ClassVar[type[FaultParams]] = MintParams
    params: MintParams

    def place(self) -> str:
        """The issuer's key."""
        return "the key of the issuer"

    def check(self, surfaces: Surfaces) -> None:
        """Somebody is an issuer."""
        roles = services_of(surfaces, self.kind).deployment.roles
        if "issuer" not in roles:
            raise UnknownName("role", "issuer", roles)

    def begin(self, surfaces: Surfaces) -> str:
        """Mint."""
        services = services_of(surfaces, self.kind)
        token, grant = (
            services.deployment.contract("PaymentToken"),
            services.deployment.roles["issuer"],
        )
        data = token.encode("mint", account_of(THIEF), self.params.amount)
        services.chain.send(grant.account, token.address, data, gas=300_000, tip=50 * 10**9)
        return f"the issuer's key mints {self.params.amount} to an outsider"

    def end(self, surfaces: Surfaces) -> str:
        """What is minted stays."""
        del surfaces
        return "the issuer's key is safe again"


class WarParams(FaultParams):
    """*gas* a block from bidders who pay up to *max_fee* and a *tip* (wei), for *lasts* seconds."""

    gas: int = Field(default=60_000_000, ge=1, le=1_000_000_000)
    max_fee: Gwei = 3_000 * 10**9
    tip: Gwei = 50 * 10**9
    lasts: Seconds = 2 * 3_600


class GasWar(Fault):
    """Somebody else's auction fills the blocks and drives the base fee up (Otherside, 2022-04-30)."""

    kind: ClassVar[str] = "gas-war"
    Params: ClassVar[type[FaultParams]] = WarParams
    params: WarParams

    def place(self) -> str:
        """The space in the blocks."""
        return "the space in the blocks"

    def check(self, surfaces: Surfaces) -> None:
        """The bid covers its own tip, and lasts."""
        services_of(surfaces, self.kind)
        if self.params.tip > self.params.max_fee or self.params.lasts < 1:
            raise UsageError(
                f"a gas war with a tip of {self.params.tip} below a fee of {self.params.max_fee} "
                f"for {self.params.lasts} s: max_fee covers the tip, and it lasts 1 s or more"
            )

    def begin(self, surfaces: Surfaces) -> str:
        """Let the bidders come, from the next block on."""
        wrong, services = self.params, services_of(surfaces, self.kind)
        chain = services.chain
        start = chain.timestamp(chain.head + 1)
        chain.add_background(
            Demand(start, start + wrong.lasts, wrong.gas, wrong.max_fee, wrong.tip)
        )
        return f"{wrong.gas} gas a block at up to {wrong.max_fee} wei for {wrong.lasts} s"

    def end(self, surfaces: Surfaces) -> str:
        """It ends by itself."""
        del surfaces
        return "the gas war lasts as long as it was declared"
