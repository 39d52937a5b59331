"""EELS, the executable specification of Ethereum, as the judge of a transaction or a call.

The package `ethereum-execution` (CC0) states the rules of every fork as plain Python; Cancun's are
run here. It is optional and slow (a transaction takes milliseconds to seconds), written to be
read and not to be fast, which is what one wants of an arbiter. Its own functions decide whatever
can differ; `arbiter_forms` is the way in and out.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

from twin.chain.arbiter import Alloc, Outcome, Subject
from twin.chain.arbiter_forms import Forms, Noted
from twin.chain.codec import contract_address, keccak
from twin.chain.port import BlockEnv, Call, Transaction
from twin.errors import ChainError, UsageError

__all__ = ["REQUIREMENT", "Ruling", "lacking", "rule", "version"]

REQUIREMENT = "ethereum-execution==2.20.*"
"""What to install: the extra `arbiter`. The minor version is fixed, for so is what is used of it."""


def version() -> str:
    """Return the version of EELS that is installed here; nothing where none is."""
    try:
        return metadata.version("ethereum-execution")
    except metadata.PackageNotFoundError:
        return ""


def lacking() -> str:
    """Return what is wrong with the EELS that is installed and what to do; nothing where it is fit."""
    found = version()
    if found.startswith(REQUIREMENT.partition("==")[2].rstrip("*")):
        return ""
    there = f"is here in version {found}" if found else "is not installed"
    return f"EELS, the executable specification, {there}: pip install '{REQUIREMENT}'"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What EELS says, the slots by account that it looked at, and the blocks it asked a hash of."""

    outcome: Outcome
    touched: Mapping[bytes, set[int]]
    ancestors: set[int]


def rule(subject: Subject, *, env: BlockEnv, alloc: Alloc, root: bool = False) -> Ruling:
    """Return what Cancun's rules make of *subject* in *env* on the pre-state *alloc*.

    The root of the state afterwards is worked out where *root* is asked for: its cost grows with
    *alloc*. A call runs as the engine port has it: at gas price 0, without a nonce. UsageError
    says what to install where EELS is not there, ChainError that it broke.
    """
    if missing := lacking():
        raise UsageError(missing)
    try:
        forms, noted = Forms(subject.sender), Noted(env)
    except ImportError as error:
        raise ChainError(f"EELS is not whole ({error}): pip install '{REQUIREMENT}'") from error
    state = forms.state(alloc, noted)
    block = forms.block(env, state, noted)
    refusals = importlib.import_module("ethereum.exceptions").EthereumException
    try:
        with _traced() as end:
            if isinstance(subject, Transaction):
                outcome = _transact(subject, forms, block, end)
            else:
                outcome = _call(subject, forms, block, end)
    except refusals as refusal:
        said = str(refusal)
        outcome = Outcome(refused=type(refusal).__name__ + (f": {said}" if said else ""))
    except Exception as error:
        raise ChainError(f"EELS itself broke: {type(error).__name__}: {error}") from error
    touched, ancestors = noted.touched(), set(noted.ancestors)  # before we look ourselves
    if isinstance(subject, Transaction) and not outcome.refused:
        outcome = replace(outcome, changes=forms.changes(alloc, state))
    if root:
        outcome = replace(outcome, root=forms.root(state))
    return Ruling(outcome, touched, ancestors)


class _End:
    """A tracer that keeps how the outermost message ended, for EELS returns no output."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind, self.output = kind, b""

    def __call__(self, _evm: object, event: object, **_: object) -> None:
        if isinstance(event, self.kind):
            self.output = bytes(event.output)


@contextmanager
def _traced() -> Iterator[_End]:
    """Listen to the end of the outermost message, and leave EELS's tracer as it was."""
    trace = importlib.import_module("ethereum.trace")
    end = _End(trace.TransactionEnd)
    before = trace.set_evm_trace(end)
    try:
        yield end
    finally:
        trace.set_evm_trace(before)


def _transact(tx: Transaction, forms: Forms, block: Any, end: _End) -> Outcome:
    """Run *tx* as the only one of its block."""
    done = forms.fork.vm.BlockOutput()
    sent = forms.sent(tx, chain_id=int(block.chain_id))
    forms.fork.process_transaction(block, done, sent, forms.numbers.Uint(0))
    success = forms.succeeded(done)
    return Outcome(
        success=success,
        gas_used=int(done.block_gas_used),
        output=end.output,
        logs=forms.logs(done.block_logs),
        created=contract_address(tx.sender, tx.nonce) if success and tx.to is None else None,
    )


def _call(call: Call, forms: Forms, block: Any, end: _End) -> Outcome:
    """Run *call* as `eth_call`: its gas is free, the sender's nonce is not looked at."""
    fork, types, state = forms.fork, forms.numbers, block.state
    sender = fork.Address(call.sender)
    before = forms.store.get_account_optional(state, sender)
    nonce, balance = (0, 0) if before is None else (int(before.nonce), int(before.balance))
    listed = call.access_list
    tx = Transaction(
        call.sender, nonce, call.to, call.value, call.data, call.gas, 0, 0, b"", listed
    )
    sent = forms.sent(tx, chain_id=int(block.chain_id))
    intrinsic = fork.validate_transaction(sent)
    if balance < call.value:
        raise fork.InsufficientBalanceError("the balance is below the value")
    context = fork.vm.TransactionEnvironment(
        origin=sender,
        gas_price=types.Uint(0),
        gas=sent.gas - intrinsic,
        access_list_addresses={block.coinbase, *(item.account for item in sent.access_list)},
        access_list_storage_keys={
            (item.account, slot) for item in sent.access_list for slot in item.slots
        },
        transient_storage=fork.TransientStorage(),
        blob_versioned_hashes=(),
        index_in_block=types.Uint(0),
        tx_hash=keccak(call.data),
    )
    fork.increment_nonce(state, sender)  # a new contract's address is that of the nonce before
    message = fork.prepare_message(block, context, sent)
    forms.store.set_account(state, sender, before)
    answer = fork.process_message_call(message)
    used = int(sent.gas - answer.gas_left)
    return Outcome(
        success=answer.error is None,
        gas_used=used - min(used // 5, int(answer.refund_counter)),  # EIP-3529
        output=end.output,
    )
