"""`eth_simulateV1`: blocks that are not there, executed one after another and forgotten.

Each has calls, and overrides of its state and fields. Without `validation` a call needs neither
funds for gas nor a nonce; with it, it is checked as a transaction. With `traceTransfers`, wei that
moves is told as a log of the address of ERC-7528.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from twin.chain.basefee import next_base_fee
from twin.chain.codec import hex0x, keccak
from twin.chain.headers import Header, empty_hash, prevrandao, transactions_hash
from twin.chain.port import BlockEnv, Call, Log, Transaction
from twin.chain.receipts import Receipt, entries, receipts_hash
from twin.chain.rpc.arguments import CallObject, block_overrides, call_object
from twin.chain.rpc.calls import overridden
from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.errors import ExecutionReverted, InvalidParams, RpcError, from_twin
from twin.chain.rpc.forms import block_form, log_form
from twin.chain.rpc.params import Params, reading
from twin.chain.rpc.views import kept
from twin.chain.trace import Frame
from twin.chain.transactions import impersonated
from twin.errors import InvalidTransaction

__all__ = ["Simulation"]

_MOST_BLOCKS = 256
_APART = 12  # seconds between blocks whose time is not given
_MOST_GAS = 50_000_000  # of all calls together, as go-ethereum's cap of a call
_TRANSFER = keccak(b"Transfer(address,address,uint256)")
_WEI = b"\xee" * 20  # ERC-7528

# Beginnings of the twin's reasons to the codes of the specification.
_CODES = (
    ("nonce too low", -38010),
    ("nonce too high", -38011),
    ("nonce ", -32603),
    ("fee cap ", -32602),
    ("tip ", -32602),
    ("gas ", -38013),
    ("insufficient funds", -38014),
    ("the sender has code", -38024),
    ("initcode of", -38025),
)


class _Failed(RpcError):
    """A refusal with a code of its own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One block that is to be simulated."""

    accounts: Mapping[str, Any]
    fields: Mapping[str, Any]
    calls: tuple[CallObject, ...]


@dataclass(frozen=True, slots=True)
class _Options:
    """What is wanted of all blocks."""

    transfers: bool
    validate: bool
    full: bool


class Simulation:
    """Blocks on trial."""

    def __init__(self, context: Context) -> None:
        """Simulate on the chain of *context*."""
        self._context = context

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {"eth_simulateV1": (self._simulate, 2)}

    def _simulate(self, params: Params) -> list[dict[str, Any]]:
        body, context = params.object(0), self._context
        wanted = _blocks(body.get("blockStateCalls"))
        options = _Options(
            _flag(body, "traceTransfers"),
            _flag(body, "validation"),
            _flag(body, "returnFullTransactions"),
        )
        number = context.state_number(params.block(1))
        chain = _Trial(context, number, options)
        # Its own block is begun for each; the one that was is entered again afterwards.
        with context.engine.standing(context.snapshot(number), env=context.env(number)):
            return [form for block in wanted for form in chain.add(block)]


class _Trial:
    """The blocks so far, on top of block *base*; the engine stands on their state."""

    def __init__(self, context: Context, base: int, options: _Options) -> None:
        header = context.chain.header(base)
        self._engine, self._options = context.engine, options
        self._chain_id = context.chain_id
        self._base, self._parent = base, header
        self._hashes: list[bytes] = [header.hash, *context.env(base).parent_hashes][:256]
        self._left = _MOST_GAS

    def add(self, wanted: _Wanted) -> Iterator[dict[str, Any]]:
        """Simulate *wanted*, after empty blocks up to its number; yield the form of each."""
        last = self._parent.number
        named = {key: value for key, value in wanted.fields.items() if key == "number"}
        number = block_overrides(self._next(), named).number
        if number <= last:
            raise _Failed(-38020, f"block numbers must be in order: {number} <= {last}")
        if number - self._base > _MOST_BLOCKS:
            raise _Failed(-38026, "too many blocks")
        while self._parent.number + 1 < number:
            yield self._made(self._next(), ())
        env, before = block_overrides(self._next(), wanted.fields), self._parent.timestamp
        if env.timestamp <= before:
            raise _Failed(-38021, f"block timestamps must be in order: {env.timestamp} <= {before}")
        overridden(self._engine, wanted.accounts)
        yield self._made(env, wanted.calls)

    def _next(self) -> BlockEnv:
        """Return the environment of the next block before any override."""
        parent = self._parent
        fee = next_base_fee(parent.base_fee, parent.gas_used, parent.gas_limit)
        return BlockEnv(
            parent.number + 1,
            parent.timestamp + _APART,
            fee if self._options.validate else 0,
            parent.gas_limit,
            parent.coinbase,
            prevrandao(parent.hash, parent.number + 1),
            self._chain_id,
            parent_hashes=tuple(self._hashes),
        )

    def _made(self, env: BlockEnv, calls: Sequence[CallObject]) -> dict[str, Any]:
        """Execute *calls* in *env*; return the block."""
        self._engine.begin_block(env)
        done: list[_Done] = []
        used = 0
        for asked in calls:
            done.append(self._run(asked, env, used))
            used += done[-1].gas_used
            self._left -= done[-1].gas_used
        header = self._header(env, done, used)
        content: list[tuple[Transaction, Receipt]] = []
        cumulative = first = 0
        for index, item in enumerate(done):
            cumulative += item.gas_used
            receipt = item.receipt(header, index=index, cumulative=cumulative, first_log=first)
            content.append((item.tx, receipt))
            first += len(receipt.logs)
        root = self._engine.state_root()
        form = block_form(
            header, content, chain_id=env.chain_id, full=self._options.full, root=root
        )
        self._hashes = [header.hash, *self._hashes][:256]
        self._parent = header
        results = [
            item.form(receipt, env.timestamp)
            for item, (_, receipt) in zip(done, content, strict=True)
        ]
        return {**form, "calls": results}

    def _header(self, env: BlockEnv, done: Sequence[_Done], used: int) -> Header:
        parent = self._parent.hash
        totals = accumulate(item.gas_used for item in done)
        outcomes = [
            (item.success, total, item.logs) for item, total in zip(done, totals, strict=True)
        ]
        return Header(
            env.number, env.timestamp, parent, env.base_fee, used, env.gas_limit, env.coinbase,
            env.prevrandao,
            transactions_hash([item.tx.hash for item in done]),
            receipts_hash(outcomes),
            bytes(32),
            empty_hash(parent, env.number, env.timestamp, env.base_fee, used),
        )  # fmt: skip

    def _run(self, asked: CallObject, env: BlockEnv, used: int) -> _Done:
        """Execute *asked* and keep its effects; *used* is the gas of the calls before it."""
        engine, sender = self._engine, asked.sender or bytes(20)
        gas = env.gas_limit - used if asked.gas is None else asked.gas
        if used + gas > env.gas_limit:
            raise _Failed(-38015, f"block gas limit reached: {used + gas} >= {env.gas_limit}")
        now = engine.account(sender)
        (cap, tip), nonce = asked.price, now.nonce if asked.nonce is None else asked.nonce
        tx = impersonated(
            sender, nonce, asked.to, asked.data, chain_id=env.chain_id,
            gas=min(gas, max(self._left, 0)), max_fee=cap, tip=tip, value=asked.value,
            access_list=asked.access_list or (),
        )  # fmt: skip
        subject: Transaction | Call = tx
        if not (self._options.validate or cap or tip):
            subject = Call(tx.to, tx.data, sender, tx.value, tx.gas, tx.access_list)
        try:
            frame = engine.frames(subject)
            outcome = kept(engine, subject)
        except InvalidTransaction as refused:
            raise _refused(refused) from None
        logs = tuple(_told(frame, transfers=self._options.transfers))
        price = min(cap, env.base_fee + tip)
        return _Done(tx, outcome.success, outcome.gas_used, price, frame, logs)


@dataclass(frozen=True, slots=True)
class _Done:
    """A call that was executed: its *frame*, and the *logs* that are told of it."""

    tx: Transaction
    success: bool
    gas_used: int
    price: int
    frame: Frame
    logs: tuple[Log, ...]

    def receipt(self, header: Header, *, index: int, cumulative: int, first_log: int) -> Receipt:
        """Return its receipt in the block of *header*."""
        tx, made = self.tx, self.frame.to if self.tx.to is None and self.success else None
        return Receipt(
            tx.hash, index, header.number, header.hash, self.success, self.gas_used, cumulative,
            self.price, tx.sender, tx.to, self.logs, first_log, made,
        )  # fmt: skip

    def form(self, receipt: Receipt, timestamp: int) -> dict[str, Any]:
        """Return what it did."""
        form: dict[str, Any] = {
            "returnData": hex0x(self.frame.output if self.success else b""),
            "logs": [log_form(entry, timestamp) for entry in entries(receipt)],
            "gasUsed": hex(self.gas_used),
            "status": hex(int(self.success)),
        }
        reason = self.frame.reason
        if reason == "execution reverted":
            error = ExecutionReverted(self.frame.output)
            form["error"] = {**error.as_json(), "code": -32000}
        elif reason:
            form["error"] = {"code": -32015, "message": reason}
        return form


def _told(frame: Frame, *, transfers: bool) -> Iterator[Log]:
    """Yield the logs of *frame* and all below it, in order, wei that moves among them."""
    if frame.reason:
        return
    if transfers and frame.kind != "DELEGATECALL" and frame.value:
        parties = (frame.sender.rjust(32, b"\0"), (frame.to or b"").rjust(32, b"\0"))
        yield Log(_WEI, (_TRANSFER, *parties), frame.value.to_bytes(32, "big"))
    for place in range(len(frame.calls) + 1):
        for address, topics, data, position in frame.logs:
            if position == place:
                yield Log(address, tuple(topics), data)
        if place < len(frame.calls):
            yield from _told(frame.calls[place], transfers=transfers)


def _refused(error: InvalidTransaction) -> RpcError:
    code = next((code for start, code in _CODES if error.reason.startswith(start)), -32603)
    return _Failed(code, from_twin(error).message)


def _blocks(value: Any) -> list[_Wanted]:
    if not isinstance(value, list) or not value:
        raise InvalidParams("empty input: blockStateCalls is an array of blocks")
    if len(value) > _MOST_BLOCKS:
        raise _Failed(-38026, "too many blocks")
    return [_block(item, f"invalid argument 0: block {at}") for at, item in enumerate(value)]


def _block(value: Any, where: str) -> _Wanted:
    if not isinstance(value, Mapping):
        raise InvalidParams(f"{where}: expected an object")
    calls = value.get("calls") or []
    accounts, fields = value.get("stateOverrides") or {}, value.get("blockOverrides") or {}
    if not (
        isinstance(calls, list) and isinstance(accounts, Mapping) and isinstance(fields, Mapping)
    ):
        raise InvalidParams(
            f"{where}: calls are an array, stateOverrides and blockOverrides objects"
        )
    made = tuple(reading(f"{where}: call {at}", call_object, item) for at, item in enumerate(calls))
    return _Wanted(accounts, fields, made)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidParams(f"invalid argument 0: {name} is a boolean")
    return bool(value)
