"""A building site: contracts created and called on a chain that is still at genesis.

What is refused there is a bad file: the specification lies outside the contracts' hard bounds, and
UsageError gives their reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.chain.chain import Chain
from twin.errors import UnknownName, UsageError
from twin.protocol.artifacts import Artifact
from twin.protocol.contract import Contract, creation_code
from twin.protocol.manifest import reverts_of
from twin.protocol.reverts import Reverts

__all__ = ["Site"]

_UNLIMITED = 2**256 - 1
_GAS = 30_000_000  # more than any step takes: the largest creation takes 4 million


class Site:
    """Contracts by name on *chain*, created and set up by *deployer*."""

    def __init__(self, chain: Chain, deployer: bytes, *, artifacts: Mapping[str, Artifact]) -> None:
        """Stand on an empty chain."""
        self.chain, self.contracts = chain, dict[str, Contract]()
        self.now = chain.clock.now
        self._deployer, self._artifacts = deployer, artifacts

    def at(self, name: str) -> bytes:
        """Return the address of the contract called *name*; UnknownName where there is none."""
        if name not in self.contracts:
            raise UnknownName("contract", name, self.contracts)
        return self.contracts[name].address

    def new(self, name: str, *args: Any) -> bytes:
        """Create the contract called *name*; return its address."""
        artifact = self._artifacts[name]
        done = self.chain.genesis(self._deployer, None, creation_code(artifact, *args), gas=_GAS)
        if not done.success or done.created is None:
            reason = Reverts([artifact.codec]).decode_revert(done.output)
            raise UsageError(f"{name} cannot be created with {args}: {reason}")
        self.contracts[name] = Contract(name, done.created, artifact)
        return done.created

    def call(self, name: str, function: str, *args: Any, sender: bytes | None = None) -> None:
        """Call *function* of the contract called *name*, as the deployer where nobody is named."""
        target = self.contracts[name]
        data = target.encode(function, *args)
        done = self.chain.genesis(sender or self._deployer, target.address, data, gas=_GAS)
        if not done.success:
            reason = reverts_of(self.contracts).decode_revert(done.output)
            raise UsageError(f"the deployment's {name}.{function}{args} is refused: {reason}")

    def approve(self, owner: bytes, token: str, spender: str, *, amount: int = _UNLIMITED) -> None:
        """Let the contract called *spender* take *amount* of *token* from *owner*."""
        self.at(token)
        self.call(token, "approve", self.at(spender), amount, sender=owner)
