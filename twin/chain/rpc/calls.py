"""Running what a client wants called: at a price or without, on any state of the reorg window.

As in go-ethereum, a call that names no price sees a base fee of 0, so that `tx.gasprice` is never
below it; one that names a price pays it, and its sender must be able to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from twin.chain.estimate import estimate
from twin.chain.port import AccountState, BlockEnv, Call, Output, Transaction
from twin.chain.rpc.arguments import CallObject, account_overrides, block_overrides
from twin.chain.rpc.context import Context
from twin.chain.rpc.errors import ExecutionReverted, Refused
from twin.chain.rpc.params import BlockId
from twin.chain.rpc.views import Inspected
from twin.errors import InvalidTransaction, Reverted

__all__ = ["Place", "overridden", "place"]

Overrides = Mapping[str, Any]


def overridden(engine: Inspected, accounts: Overrides) -> None:
    """Put *accounts* in place, as `eth_call`'s third argument has them."""
    for address, account in account_overrides(accounts):
        now = engine.account(address)
        if account.storage is not None:
            engine.set_account(address, AccountState())
        engine.set_account(address, account.over(now))
        for slots in (account.storage, account.changed):
            if slots:
                engine.set_storage(address, slots)


@contextmanager
def place(
    context: Context, block: BlockId, accounts: Overrides, fields: Overrides
) -> Iterator[Place]:
    """Stand where calls after *block* are executed, with *accounts* and block *fields* overridden.

    *block* `pending` is the latest state in the block to come. Whatever is executed here is
    undone when this ends.
    """
    number = context.state_number(block)
    env = context.env(number + 1 if block == "pending" else number)
    engine = context.engine
    with engine.standing(context.snapshot(number)):
        overridden(engine, accounts)
        yield Place(engine, block_overrides(env, fields))


@dataclass(frozen=True, slots=True)
class Place:
    """A state of *engine* on which calls are executed in *env*."""

    engine: Inspected
    env: BlockEnv

    def subject(self, asked: CallObject, gas: int | None = None) -> Transaction | Call:
        """Return what *asked* is with *gas*, at most the block's limit: at a price or without."""
        limit = self.env.gas_limit
        call = asked.made(limit)
        if gas is not None:
            call = replace(call, gas=gas)
        cap, tip = asked.price
        if not cap and not tip:
            return call
        return Transaction(
            call.sender, self.engine.account(call.sender).nonce, call.to, call.value, call.data,
            call.gas, cap, tip, b"", access_list=call.access_list,
        )  # fmt: skip

    def around(self, subject: Transaction | Call) -> BlockEnv:
        """Return the environment that *subject* sees."""
        return self.env if isinstance(subject, Transaction) else replace(self.env, base_fee=0)

    def run(self, asked: CallObject, gas: int | None = None) -> Output:
        """Execute *asked* and forget its effects; InvalidTransaction where it cannot run."""
        subject = self.subject(asked, gas)
        if isinstance(subject, Call):
            return self.engine.call(subject, env=self.around(subject))
        with self.engine.standing(None, env=self.env):
            done = self.engine.transact(subject)
        return Output(done.success, done.output, done.gas_used)

    def answer(self, asked: CallObject) -> bytes:
        """Return the data that *asked* answers; go-ethereum's error where it fails."""
        output = self.run(asked)
        if output.success:
            return output.data
        if output.data:
            raise ExecutionReverted(output.data)
        raise Refused(self.reason(asked))

    def reason(self, asked: CallObject, gas: int | None = None) -> str:
        """Return why *asked* fails."""
        subject = self.subject(asked, gas)
        with self.engine.standing(None, env=self.around(subject)):
            return self.engine.frames(subject).reason

    def estimate(self, asked: CallObject) -> int:
        """Return the smallest gas limit, to the unit, with which *asked* succeeds."""
        most = min(asked.made(self.env.gas_limit).gas, self.env.gas_limit)
        cap, _ = asked.price
        balance = self.engine.account(asked.sender or bytes(20)).balance
        if asked.value and asked.value > balance:
            raise Refused("insufficient funds for transfer")
        if cap:
            most = min(most, (balance - asked.value) // cap)
        run: Callable[[int], Output] = lambda gas: self.run(asked, gas)  # noqa: E731
        try:
            return estimate(run, most)
        except InvalidTransaction as refused:
            if refused.reason.startswith("gas "):
                raise Refused(f"gas required exceeds allowance ({most})") from None
            raise
        except Reverted as reverted:
            if reverted.data:
                raise ExecutionReverted(reverted.data) from None
            reason = self.reason(asked, most)
            if reason == "out of gas":
                raise Refused(f"gas required exceeds allowance ({most})") from None
            raise Refused(reason) from None
