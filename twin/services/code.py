"""The code that stands on chain, and upgrades of it that went wrong.

An upgrade puts a shell in a contract's place which hands every call on to the old code by
DELEGATECALL: storage, sender and immutables are as before, as behind a proxy. The shell may refuse
one function (cETH, 2022-08-30), waste gas on each call, or count double. Anybody sees it: the code's hash is
another, and the gas is on the receipts.
"""

from __future__ import annotations

from dataclasses import replace

from twin.chain.chain import Chain
from twin.chain.codec import keccak
from twin.protocol.deployment import Deployment

__all__ = ["LOOP_GAS", "CodeOnChain", "shell"]

LOOP_GAS = 26
"""Gas of one turn of the shell's loop: JUMPDEST, PUSH1, SWAP1, SUB, DUP1, PUSH2, JUMPI."""

MOST_TURNS = 0xFFFF


def shell(
    old: bytes, *, refused: bytes | None = None, doubled: bytes | None = None, turns: int = 0
) -> bytes:
    """Return code that delegates to *old* (an address), but for the selector *refused*.

    The number that the selector *doubled* returns is twice what it was. Each call takes *turns*
    times `LOOP_GAS` more gas, beside some 3,000 for the delegation.
    """
    code = bytearray()
    if refused is not None:
        # PUSH0 CALLDATALOAD PUSH1 e0 SHR PUSH4 selector EQ ISZERO PUSH1 on JUMPI, refuse; on:
        code += bytes.fromhex("5f3560e01c63") + refused + bytes.fromhex("1415")
        on = len(code) + 6
        code += bytes([0x60, on, 0x57]) + bytes.fromhex("5f5ffd") + b"\x5b"
    if turns:
        # PUSH2 turns; loop: JUMPDEST PUSH1 1 SWAP1 SUB DUP1 PUSH2 loop JUMPI POP
        code += b"\x61" + min(turns, MOST_TURNS).to_bytes(2, "big")
        loop = len(code)
        code += bytes.fromhex("5b600190038061") + loop.to_bytes(2, "big") + bytes.fromhex("5750")
    # Copy the calldata in, delegate all of it, copy out what came back.
    code += bytes.fromhex("365f5f375f5f365f73") + old + bytes.fromhex("5af43d5f5f3e")
    done = len(code) + 6
    # PUSH1 done JUMPI RETURNDATASIZE PUSH0 REVERT; done:
    code += bytes([0x60, done, 0x57]) + bytes.fromhex("3d5ffd5b")
    if doubled is not None:
        # PUSH0 CALLDATALOAD PUSH1 e0 SHR PUSH4 selector EQ ISZERO PUSH1 out JUMPI
        code += bytes.fromhex("5f3560e01c63") + doubled + bytes.fromhex("1415")
        out = len(code) + 10
        # PUSH0 MLOAD PUSH1 1 SHL PUSH0 MSTORE; out: JUMPDEST
        code += bytes([0x60, out, 0x57]) + bytes.fromhex("5f5160011b5f525b")
    return bytes(code) + bytes.fromhex("3d5ff3")  # RETURNDATASIZE PUSH0 RETURN


class CodeOnChain:
    """Puts code in the place of a contract of *deployment* on *chain*: the injector's alone."""

    def __init__(self, chain: Chain, deployment: Deployment) -> None:
        """Keep the two."""
        self._chain, self._deployment = chain, deployment
        self._old: dict[str, bytes] = {}

    def require(self, contract: str, function: str | None = None) -> None:
        """Raise UnknownName where there is no such contract, or ChainError no such function."""
        target = self._deployment.contract(contract)
        if function is not None:
            target.fn(function)

    def upgrade(
        self,
        contract: str,
        *,
        refuse: str | None = None,
        double: str | None = None,
        turns: int = 0,
    ) -> None:
        """Put a shell before *contract*."""
        target = self._deployment.contract(contract)
        self._chain.header(self._chain.head)  # settles what is due
        old = self._chain.account(target.address).code
        self._old.setdefault(contract, old)
        beside = keccak(b"old code of " + target.address)[12:]
        self._write(beside, old)
        refused, doubled = (target.fn(name).selector if name else None for name in (refuse, double))
        self._write(target.address, shell(beside, refused=refused, doubled=doubled, turns=turns))

    def roll_back(self, contract: str) -> None:
        """Put the old code back."""
        target = self._deployment.contract(contract)
        self._chain.header(self._chain.head)
        self._write(target.address, self._old.pop(contract))

    def _write(self, address: bytes, code: bytes) -> None:
        engine = self._chain.engine
        engine.set_account(address, replace(engine.account(address), code=code))
        self._chain.touch()
