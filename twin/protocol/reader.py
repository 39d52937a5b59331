"""Reads: view calls and logs by name, at one block, alone or as one multicall.

A `Reader` belongs to a chain and a deployment. `at(block)` fixes a block, so that everything read
through it is from one state; the reader's own methods read the latest block there is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twin.chain.port import Call
from twin.chain.reads import ChainReads
from twin.errors import ChainError, Reverted
from twin.protocol.contract import Contract
from twin.protocol.manifest import Deployment
from twin.protocol.multicall import aggregate3, results_of

__all__ = ["LogAt", "Reader", "ReaderAt", "Request"]

Request = tuple[str, str, tuple[Any, ...]]
"""A view call: contract name, function name, arguments."""

_KEPT_BATCHES = 64
"""Batches whose calldata is kept: a scrape's, and those of the checks; the oldest goes first."""

_KEPT_VIEWS = 1024
"""Single calls that are kept: a few for each account; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class LogAt:
    """A decoded event: *args* by name, in *block* of unix second *timestamp*, at *index* there."""

    block: int
    timestamp: int
    index: int
    contract: str
    event: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _View:
    """A single call put together, and what decodes its answer."""

    call: Call
    decode: Callable[[bytes], Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A batch put together: its calldata, and what decodes each answer."""

    call: Call
    decoders: tuple[Callable[[bytes], Any], ...]


class Reader:
    """Reads the contracts of *deployment* on *chain*."""

    __slots__ = ("_multicall", "_plans", "_views", "chain", "deployment")

    def __init__(self, chain: ChainReads, deployment: Deployment) -> None:
        """Read nothing yet."""
        self.chain, self.deployment = chain, deployment
        self._multicall = deployment.contract("Multicall3").address
        self._plans: dict[tuple[Request, ...], _Plan] = {}
        self._views: dict[Request, _View] = {}

    def at(self, block: int | None = None) -> ReaderAt:
        """Return the reader of *block*, or of the latest block as of now."""
        return ReaderAt(self, self.chain.head if block is None else block)

    def read(self, contract: str, function: str, *args: Any, block: int | None = None) -> Any:
        """Call a view function; one output comes bare, several as a tuple.

        Reverted carries the decoded reason, and ChainError an answer that is not the function's.
        """
        view = self._view(contract, function, args)
        answer = self.chain.call(view.call, block=block)
        if not answer.success:
            raise self._reverted(contract, function, answer.data)
        return view.decode(answer.data)

    def several(self, requests: Sequence[Request]) -> list[Any]:
        """Read *requests* at the present, each as `read` does, with one crossing to the engine.

        One that reverted is a `Reverted` in the list.
        """
        views = [self._view(*request) for request in requests]
        answers = self.chain.calls([view.call for view in views])
        return [
            view.decode(answer.data) if answer.success
            else self._reverted(contract, function, answer.data)
            for (contract, function, _), view, answer in zip(requests, views, answers, strict=True)
        ]  # fmt: skip

    def _reverted(self, contract: str, function: str, data: bytes) -> Reverted:
        reason = self.deployment.reverts.decode_revert(data)
        return Reverted(data, f"{contract}.{function}: {reason}")

    def batch(self, calls: Sequence[Request], *, block: int | None = None) -> list[Any]:
        """Read *calls* as one multicall, answers in order, as `read` gives them.

        A call that reverted, or answered what its function cannot, is a `Reverted` in the list.
        """
        plan = self._plan(tuple(calls))
        answer = self.chain.call(plan.call, block=block)
        reverts = self.deployment.reverts
        if not answer.success:
            reason = reverts.decode_revert(answer.data)
            raise Reverted(answer.data, f"multicall of {len(calls)}: {reason}")
        found: list[Any] = []
        results = results_of(answer.data, len(plan.decoders))
        for decode, (success, data) in zip(plan.decoders, results, strict=True):
            if not success:
                found.append(Reverted(data, reverts.decode_revert(data)))
                continue
            try:
                found.append(decode(data))
            except ChainError as error:
                found.append(Reverted(data, str(error)))
        return found

    def _view(self, contract: str, function: str, args: tuple[Any, ...]) -> _View:
        key = (contract, function, args)
        try:
            view = self._views.get(key)
        except TypeError:  # a list among the arguments cannot be a key
            return self._prepare_view(*key)
        if view is None:
            if len(self._views) >= _KEPT_VIEWS:
                del self._views[next(iter(self._views))]
            view = self._views[key] = self._prepare_view(*key)
        return view

    def _prepare_view(self, contract: str, function: str, args: tuple[Any, ...]) -> _View:
        target = self.deployment.contract(contract)
        codec = target.fn(function)
        return _View(Call(to=target.address, data=codec.encode(*args)), codec.value)

    def _plan(self, calls: tuple[Request, ...]) -> _Plan:
        try:
            plan = self._plans.get(calls)
        except TypeError:  # a list among the arguments cannot be a key
            return self._prepare(calls)
        if plan is None:
            if len(self._plans) >= _KEPT_BATCHES:
                del self._plans[next(iter(self._plans))]
            plan = self._plans[calls] = self._prepare(calls)
        return plan

    def _prepare(self, calls: tuple[Request, ...]) -> _Plan:
        messages, decoders = [], []
        for name, function, args in calls:
            target: Contract = self.deployment.contract(name)
            codec = target.fn(function)
            messages.append((target.address, codec.encode(*args)))
            decoders.append(codec.value)
        return _Plan(Call(to=self._multicall, data=aggregate3(messages)), tuple(decoders))


class ReaderAt:
    """The contracts as of one *block*; made by `Reader.at`."""

    __slots__ = ("_reader", "block")

    def __init__(self, reader: Reader, block: int) -> None:
        """Fix the block."""
        self._reader, self.block = reader, block

    @property
    def deployment(self) -> Deployment:
        """What is read."""
        return self._reader.deployment

    @property
    def timestamp(self) -> int:
        """The block's unix second."""
        return self._reader.chain.timestamp(self.block)

    def address(self, name: str) -> bytes:
        """Return the address of the contract, role or account called *name*."""
        return self.deployment.address(name)

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function at this block, as `Reader.read` does."""
        return self._reader.read(contract, function, *args, block=self.block)

    def batch(self, calls: Sequence[Request]) -> list[Any]:
        """Read *calls* at this block, as `Reader.batch` does."""
        return self._reader.batch(calls, block=self.block)

    def logs(self, contract: str, event: str, *, since: int = 0) -> list[LogAt]:
        """Return the events called *event* from unix second *since* to this block, oldest first."""
        chain = self._reader.chain
        target = self.deployment.contract(contract)
        codec = target.event(event)
        back = (self.timestamp - since) // chain.interval
        found = chain.logs(
            from_block=max(0, self.block - back),
            to_block=self.block,
            addresses=(target.address,),
            topics=(codec.topic0,),
        )
        return [
            LogAt(
                block=log.block,
                timestamp=chain.timestamp(log.block),
                index=log.log_index,
                contract=contract,
                event=codec.name,
                args=codec.decode(log.topics, log.data),
            )
            for log in found
        ]
