"""Looking inside the py-evm engine: old accounts, touched slots, the tree of calls.

py-evm keeps each message's computation with its children, so a call tree needs no instruction
hooks. What it does not keep is the instruction that made a child: that is told from the message
(a DELEGATECALL has its parent's sender, a STATICCALL is static where its parent is not; within a
static call, a plain CALL is shown as STATICCALL).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from eth.exceptions import OutOfGas, Revert

from twin.chain.codec import contract_address, hex0x
from twin.chain.port import AccountState, BlockEnv, Call, Output, Transaction
from twin.chain.pyevm import PyEvm
from twin.chain.rpc.errors import Refused, revert_reason
from twin.chain.rpc.views import Accessed, listed
from twin.chain.validity import check, check_call

__all__ = ["PyEvmViews"]


class PyEvmViews:
    """The views of one `PyEvm`."""

    def __init__(self, engine: PyEvm) -> None:
        """Look at *engine*."""
        self._engine = engine
        self._accounts = engine._accounts  # noqa: SLF001 - this module is the engine's own window

    @contextmanager
    def _at(self, snapshot: int | None, env: BlockEnv | None = None) -> Iterator[None]:
        """Stand on the state of *snapshot*, and leave no trace behind."""
        engine, accounts = self._engine, self._accounts
        outside = engine._env  # noqa: SLF001
        redo = None
        if snapshot is not None:
            redo = accounts.rewind(engine._position(snapshot))  # noqa: SLF001
        if env is not None:
            engine.begin_block(env)
        start = accounts.record()
        try:
            yield
        finally:
            accounts.discard(start)
            accounts.lock_changes()
            if redo is not None:
                accounts.replay(redo)
            if env is not None and outside is not None:
                engine.begin_block(outside)

    def account(self, address: bytes, snapshot: int | None) -> AccountState:
        """Return an account as it was at *snapshot*."""
        with self._at(snapshot):
            return self._engine.account(address)

    def storage(self, address: bytes, slot: int, snapshot: int | None) -> int:
        """Return a storage slot as it was at *snapshot*."""
        with self._at(snapshot):
            return self._engine.storage(address, slot)

    def accessed(
        self, call: Call, *, env: BlockEnv, snapshot: int | None
    ) -> tuple[Output, Accessed]:
        """Execute *call* and return what it touched, sender, recipient and precompiles left out."""
        tx = Transaction(call.sender, 0, call.to, call.value, call.data, call.gas, 0, 0, b"")
        with self._at(snapshot, env):
            check_call(tx, self._accounts.get_balance(call.sender))
            done = self._engine._execute(tx, env, 0)  # noqa: SLF001
            warm = set(self._accounts.warm)
            created = done.msg.storage_address
        output = Output(done.is_success, done.output, call.gas - done.get_gas_remaining())
        slots: dict[bytes, set[int]] = {}
        for key in warm:
            address, *slot = (key,) if isinstance(key, bytes) else key
            slots.setdefault(address, set()).update(slot)
        return output, listed(slots, sender=call.sender, to=created, coinbase=env.coinbase)

    def trace(
        self,
        transactions: Sequence[Transaction],
        *,
        env: BlockEnv,
        snapshot: int | None,
        steps: bool = False,
    ) -> dict[str, Any]:
        """Execute *transactions* and return the last one's call tree; refuse *steps*."""
        if steps:
            raise Refused(
                "the default struct logger: not supported by engine pyevm; "
                'ask with {"tracer": "callTracer"}'
            )
        *before, tx = transactions
        engine, accounts = self._engine, self._accounts
        with self._at(snapshot, env):
            for earlier in before:
                engine.transact(earlier)
            check(tx, env, engine.account(tx.sender))
            price = min(tx.max_fee, env.base_fee + tx.tip)
            accounts.delta_balance(tx.sender, -tx.gas * price)
            accounts.set_nonce(tx.sender, tx.nonce + 1)
            done = engine._execute(tx, env, price)  # noqa: SLF001
            tree = self._frame(done, None)
        used = tx.gas - done.get_gas_remaining()
        refund = min(done.get_gas_refund(), used // 5)  # EIP-3529
        return {**tree, "gas": hex(tx.gas), "gasUsed": hex(used - refund)}

    def _frame(self, done: Any, parent: Any) -> dict[str, Any]:
        """Return the frame of one computation and all below it."""
        message = done.msg
        kind = self._kind(message, parent)
        frame: dict[str, Any] = {
            "type": kind,
            "from": hex0x(parent.msg.storage_address if parent is not None else message.sender),
            "to": hex0x(message.storage_address if message.is_create else message.code_address),
            "gas": hex(message.gas),
            "gasUsed": hex(done.get_gas_used()),
            "input": hex0x(bytes(message.code if message.is_create else message.data)),
        }
        if done.output:
            frame["output"] = hex0x(bytes(done.output))
        if done.is_error:
            frame["error"] = _text(done.error)
            if reason := revert_reason(bytes(done.output)):
                frame["revertReason"] = reason
        if done.children:
            frame["calls"] = [self._frame(child, done) for child in done.children]
        if kind != "STATICCALL":
            frame["value"] = hex(message.value)
        return frame

    def _kind(self, message: Any, parent: Any) -> str:
        if message.is_create:
            return "CREATE" if parent is None or self._plain(message) else "CREATE2"
        if parent is None:
            return "CALL"
        if message.code_address != message.storage_address:
            return "DELEGATECALL" if message.sender == parent.msg.sender else "CALLCODE"
        return "STATICCALL" if message.is_static else "CALL"

    def _plain(self, message: Any) -> bool:
        """Return whether the created address is one that CREATE gives its sender."""
        nonce = self._accounts.get_nonce(message.sender)
        address = message.storage_address
        return any(contract_address(message.sender, n) == address for n in range(nonce, -1, -1))


def _text(error: Exception) -> str:
    """Return go-ethereum's words for what ended a message."""
    if isinstance(error, Revert):
        return "execution reverted"
    if isinstance(error, OutOfGas):
        return "out of gas"
    return {
        "InvalidInstruction": _invalid(str(error)),
        "InvalidJumpDestination": "invalid jump destination",
        "InsufficientStack": "stack underflow",
        "FullStack": "stack limit reached 1024 (1023)",
        "WriteProtection": "write protection",
        "InsufficientFunds": "insufficient balance for transfer",
        "StackDepthLimit": "max call depth exceeded",
        "ContractCreationCollision": "contract address collision",
    }.get(type(error).__name__, str(error) or type(error).__name__)


def _invalid(text: str) -> str:
    """Return go-ethereum's words for an instruction that is not there, which *text* names."""
    found = re.search(r"0x[0-9a-f]+", text)
    opcode = int(found[0], 16) if found else 0xFE
    return f"invalid opcode: {'INVALID' if opcode == 0xFE else f'opcode {opcode:#x} not defined'}"
