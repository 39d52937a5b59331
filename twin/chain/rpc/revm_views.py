"""Looking inside the Rust engine: its traces, and old accounts by asking the EVM itself.

The crate traces a transaction on the state of a snapshot, but applies none before it, and reads
accounts and storage of the present only. An old account is told by calls on the old state: what
BALANCE and EXTCODECOPY give, and the nonce by the address that a creation would get.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.chain.codec import contract_address
from twin.chain.port import AccountState, BlockEnv, Call, Output, Transaction
from twin.chain.revm import Revm
from twin.chain.rpc.errors import Refused
from twin.chain.rpc.views import Accessed, listed
from twin.errors import InvalidTransaction

__all__ = ["RevmViews"]

_ADDRESS = bytes.fromhex("305f5260205ffd")  # revert with ADDRESS


def _balance(address: bytes) -> bytes:
    """Return code that reverts with the balance of *address*."""
    return b"\x73" + address + bytes.fromhex("315f5260205ffd")


def _code(address: bytes) -> bytes:
    """Return code that reverts with the code of *address*: a return could not hold all codes."""
    push = b"\x73" + address
    return push + bytes.fromhex("3b805f5f") + push + bytes.fromhex("3c5ffd")


class RevmViews:
    """The views of one `Revm`."""

    def __init__(self, engine: Revm) -> None:
        """Look at *engine*."""
        self._engine = engine

    def account(self, address: bytes, snapshot: int | None) -> AccountState:
        """Return an account as it was at *snapshot*."""
        now = self._engine.account(address)
        if snapshot is None or address not in self._engine.changes_since(snapshot):
            return now
        created = self._told(_ADDRESS, snapshot, sender=address)[12:]
        # A nonce never falls, but for one that was written past the blocks.
        found = (n for n in range(now.nonce, -1, -1) if contract_address(address, n) == created)
        nonce = next(found, None)
        if nonce is None:
            raise _lack("reading an account whose nonce was set back")
        balance = int.from_bytes(self._told(_balance(address), snapshot), "big")
        return AccountState(nonce, balance, self._told(_code(address), snapshot))

    def _told(self, code: bytes, snapshot: int, *, sender: bytes = bytes(20)) -> bytes:
        return self._engine.call(Call(None, code, sender), snapshot=snapshot).data

    def storage(self, address: bytes, slot: int, snapshot: int | None) -> int:
        """Return a storage slot as it was at *snapshot*, if it has not changed since."""
        if snapshot is not None:
            change = self._engine.changes_since(snapshot).get(address)
            if change is not None and (change.deleted or slot in change.storage):
                raise _lack("reading a storage slot of an older block that has changed since")
        return self._engine.storage(address, slot)

    def accessed(
        self, call: Call, *, env: BlockEnv, snapshot: int | None
    ) -> tuple[Output, Accessed]:
        """Execute *call* and return what it touched."""
        if snapshot is not None:
            raise _lack("access lists on older blocks")
        output = self._engine.call(call, env=env)
        seen = self._engine.seen(call, env=env)
        to = call.to
        if to is None:
            to = contract_address(call.sender, self._engine.account(call.sender).nonce)
        return output, listed(seen, sender=call.sender, to=to, coinbase=env.coinbase)

    def trace(
        self,
        transactions: Sequence[Transaction],
        *,
        env: BlockEnv,
        snapshot: int | None,
        steps: bool = False,
    ) -> dict[str, Any]:
        """Execute the one of *transactions*, and return its call tree, or its *steps*."""
        if len(transactions) > 1:
            raise _lack("tracing a transaction that is not the first of its block")
        (tx,) = transactions
        try:
            if steps:
                return self._engine.struct_logs(tx, env=env, snapshot=snapshot)
            return _without_logs(self._engine.call_trace(tx, env=env, snapshot=snapshot))
        except InvalidTransaction as refused:
            raise Refused(f"tracing failed: {refused.reason}") from None


def _without_logs(frame: dict[str, Any]) -> dict[str, Any]:
    """Return *frame* as `callTracer` gives it where no logs are asked for."""
    kept = {key: value for key, value in frame.items() if key != "logs"}
    if "calls" in kept:
        kept["calls"] = [_without_logs(child) for child in kept["calls"]]
    return kept


def _lack(what: str) -> Refused:
    return Refused(f"{what}: not supported by engine revm")
