"""`eth_` methods about state: balances, code, storage, proofs, and calls that change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from twin.chain.codec import hex0x
from twin.chain.estimate import estimate
from twin.chain.port import AccountState, BlockEnv, Call, Output
from twin.chain.rpc.arguments import (
    CallObject,
    account_overrides,
    block_overrides,
    call_object,
)
from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.errors import ExecutionReverted, InvalidParams, Refused
from twin.chain.rpc.forms import access_form
from twin.chain.rpc.params import BlockId, Params, slot
from twin.chain.rpc.proof import Proofs
from twin.errors import Reverted

__all__ = ["State", "answered"]


def answered(output: Output, gas: int) -> bytes:
    """Return the data of *output*; an error as go-ethereum's where the call, with *gas*, failed."""
    if output.success:
        return output.data
    if output.data:
        raise ExecutionReverted(output.data)
    if output.gas_used < gas:
        raise Refused("execution reverted")
    raise Refused("out of gas, or an invalid instruction: all of the call's gas is used up")


class State:
    """What the accounts hold, and what contracts answer."""

    def __init__(self, context: Context) -> None:
        """Read the chain of *context*."""
        self._context, self._chain = context, context.chain

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "eth_getBalance": (self._balance, 2),
            "eth_getCode": (self._code, 2),
            "eth_getStorageAt": (self._storage, 3),
            "eth_getTransactionCount": (self._nonce, 2),
            "eth_getProof": (self._proof, 3),
            "eth_call": (self._call, 4),
            "eth_estimateGas": (self._estimate, 3),
            "eth_createAccessList": (self._access_list, 2),
        }

    def _balance(self, params: Params) -> str:
        return hex(self._context.account(params.address(0), params.block(1)).balance)

    def _code(self, params: Params) -> str:
        return hex0x(self._context.account(params.address(0), params.block(1)).code)

    def _storage(self, params: Params) -> str:
        found = self._context.storage(params.address(0), params.read(1, slot), params.block(2))
        return f"0x{found:064x}"

    def _nonce(self, params: Params) -> str:
        address, block = params.address(0), params.block(1)
        if block == "pending":
            return hex(self._chain.pending_nonce(address))
        return hex(self._context.account(address, block).nonce)

    def _proof(self, params: Params) -> dict[str, Any]:
        address, keys, block = params.address(0), params.raw(1) or [], params.block(2)
        if not isinstance(keys, list):
            raise InvalidParams("invalid argument 1: expected an array of storage keys")
        slots = [Params([key], most=1).read(0, slot) for key in keys]
        if self._context.state_number(block) != self._chain.head:
            raise Refused("missing trie node: proofs are made for the latest state only")
        return Proofs(self._chain.engine.dump()).form(address, slots, keys)

    # -- calls

    def _call(self, params: Params) -> str:
        call = params.read(0, call_object)
        number = self._context.state_number(params.block(1))
        env = block_overrides(self._context.env(number), params.object(3, {}))
        made = call.made(self._limit(env))
        accounts = params.object(2, {})
        with self._overridden(accounts, number):
            output = self._run(made, env, self._context.snapshot(number))
        return hex0x(answered(output, made.gas))

    def _run(self, call: Call, env: BlockEnv, snapshot: int | None) -> Output:
        return self._chain.engine.call(call, env=env, snapshot=snapshot)

    @staticmethod
    def _limit(env: BlockEnv) -> int:
        return env.gas_limit

    @contextmanager
    def _overridden(self, accounts: Mapping[str, Any], number: int) -> Iterator[None]:
        """Put *accounts* in place, as `eth_call`'s third argument has them, and take them back."""
        if not accounts:
            yield
            return
        if number != self._chain.head:
            raise Refused("state overrides are supported on the latest block only")
        engine = self._chain.engine
        before = engine.snapshot()
        try:
            for address, account in account_overrides(accounts):
                now = engine.account(address)
                if account.storage is not None:
                    engine.set_account(address, AccountState())
                engine.set_account(address, account.over(now))
                for slots in (account.storage, account.changed):
                    if slots:
                        engine.set_storage(address, slots)
            yield
        finally:
            engine.revert(before)
            engine.forget(before)

    # -- gas

    def _estimate(self, params: Params) -> str:
        call = params.read(0, call_object)
        block: BlockId = params.block(1, "latest")
        with self._overridden(params.object(2, {}), self._context.state_number(block)):
            return hex(self.estimate(call, block))

    def estimate(self, call: CallObject, block: BlockId = "latest") -> int:
        """Return the smallest gas limit with which *call* succeeds after *block*."""
        number = self._context.state_number(block)
        env, snapshot = self._context.env(number), self._context.snapshot(number)
        made = call.made(self._limit(env))
        run: Callable[[int], Output] = lambda gas: self._run(  # noqa: E731
            replace(made, gas=gas), env, snapshot
        )
        try:
            return estimate(run, min(made.gas, env.gas_limit))
        except Reverted as reverted:
            if reverted.data:
                raise ExecutionReverted(reverted.data) from None
            output = run(made.gas)
            if output.gas_used < made.gas:
                raise Refused("execution reverted") from None
            raise Refused(f"gas required exceeds allowance ({made.gas})") from None

    def _access_list(self, params: Params) -> dict[str, Any]:
        call = params.read(0, call_object)
        number = self._context.state_number(params.block(1))
        env, snapshot = self._context.env(number), self._context.snapshot(number)
        made = call.made(self._limit(env))
        output, accessed = self._context.views.accessed(made, env=env, snapshot=snapshot)
        form: dict[str, Any] = {
            "accessList": access_form(accessed),
            "gasUsed": hex(output.gas_used),
        }
        return form if output.success else {**form, "error": "execution reverted"}
