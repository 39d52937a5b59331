"""The habitat: what an agent can see and do in the world.

Agents trade, report and export through it: chain sends and reads from their own account, the
external venues, banks and custodians, data sources, customs and the demand. It shows no fault and
no team; an agent that wakes on a contract's event registers for it here and is called once per
event. At a reorg it is told first that the last blocks never happened, and then of the events in
those that replace them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from twin.chain.blocks import Block
from twin.chain.chain import Chain
from twin.chain.port import Call, Log
from twin.clock import MINUTE, Clock
from twin.errors import Reverted
from twin.market.bank import Bank
from twin.market.chance import Noise
from twin.market.commodity import PricePath
from twin.market.custody import Custodian
from twin.market.customs import Customs
from twin.market.demand import Demand
from twin.market.reports import ReportBoard
from twin.market.sources import Source
from twin.market.venue import Venue
from twin.protocol.deployment import Deployment
from twin.protocol.reader import Reader, Request
from twin.protocol.roles import account_of
from twin.random import Streams, derive

__all__ = ["DROPPED", "GWEI", "Dropped", "Habitat", "LogCallback"]

GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Dropped:
    """What became of a transaction that no block will hold: it did nothing."""

    success: bool = False
    logs: tuple[Log, ...] = ()


DROPPED = Dropped()

_RESERVES: Request = ("LiquidityPool", "reserves", ())
_SWAP_FEE: Request = ("FeeSchedule", "fee", (0,))
_POOL: tuple[Request, ...] = (_RESERVES, _SWAP_FEE, ("LiquidityPool", "paused", ()))

LogCallback = Callable[[int, Mapping[str, Any]], object]
"""Called with (block number, decoded arguments)."""


def _told(answer: Any) -> Any:
    """Return *answer*, or raise it where the view reverted."""
    if isinstance(answer, Reverted):
        raise answer
    return answer


class Habitat:
    """The world as its agents see it."""

    def __init__(
        self,
        clock: Clock,
        chain: Chain,
        *,
        deployment: Deployment,
        venues: Mapping[str, Venue],
        sources: Mapping[str, Source],
        paths: Mapping[str, PricePath],
        customs: Customs,
        demand: Demand,
        reports: ReportBoard,
        streams: Streams,
        banks: Mapping[str, Bank] | None = None,
        custodians: Mapping[str, Custodian] | None = None,
    ) -> None:
        """Keep the parts and listen to the chain; without banks and custodians there are none."""
        self.clock, self.chain, self.deployment = clock, chain, deployment
        self.venues, self.sources, self.paths = venues, sources, paths
        self.customs, self.demand, self.reports = customs, demand, reports
        self.banks, self.custodians = banks or {}, custodians or {}
        self.commons: dict[str, Any] = {}  # what agents know of one another, by a name of theirs
        self._streams = streams
        self._reader = Reader(chain, deployment)
        self._listeners: dict[tuple[bytes, bytes], list[LogCallback]] = {}
        self._accounts: dict[str, bytes] = {}
        self._views: dict[Request, Any] = {}  # of one state
        self._version = -1
        self._by_address = {item.address: item for item in deployment.contracts.values()}
        self._undone: list[Callable[[], object]] = [demand.stir]
        chain.on_block(self._hear)
        chain.on_reorg(lambda _reorg: self._tell_undone())
        self.on_log("FeeSchedule", "FeeAdjusted", lambda _block, _args: demand.stir())

    def stream(self, family: str, name: str) -> np.random.Generator:
        """Return the stream of chance of the agent *name*."""
        return self._streams.stream(f"agents/{family}", name)

    def once(self, family: str, name: str, occasion: str) -> np.random.Generator:
        """Return a fresh stream of the agent *name* for one *occasion*, such as a document.

        It depends on the three names alone: how often the agent drew before moves nothing here.
        """
        seed = derive(self._streams.seed, f"agents/{family}", name, occasion)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))

    def noise(self, family: str, name: str, pips: int) -> Noise:
        """Return the reading error of the agent *name*: a fixed function of the minute."""
        return Noise(self._streams.seed, (f"agents/{family}", name), pips=pips, step=MINUTE)

    def send(
        self,
        label: str,
        contract: str,
        function: str,
        *args: Any,
        gas: int,
        tip: int = GWEI,
    ) -> simpy.Event:
        """Send a call of *contract* from the account of *label*; return the event of its fate.

        *tip* is in wei; the fee cap leaves room for the base fee to double. The event's value is
        the receipt, or `DROPPED` for a transaction that no block will hold.
        """
        return self.fate(self.post(label, contract, function, *args, gas=gas, tip=tip))

    def post(
        self, label: str, contract: str, function: str, *args: Any, gas: int, tip: int = GWEI
    ) -> bytes:
        """Send as `send` does and wait for nothing; return the transaction's hash."""
        target = self.deployment.contract(contract)
        data = target.encode(function, *args)
        return self.chain.send(self.account(label), target.address, data, gas=gas, tip=tip)

    def fate(self, tx: bytes) -> simpy.Event:
        """Return the event of what becomes of the transaction *tx*, which was just sent."""
        fate = self.clock.event()

        def settle(included: simpy.Event) -> None:
            included.defused = True  # a dropped transaction is an answer, not a crash
            fate.succeed(included.value if included.ok else DROPPED)

        included = self.chain.included(tx)
        assert included.callbacks is not None  # noqa: S101 - it has not happened yet
        included.callbacks.append(settle)
        return fate

    def account(self, label: str) -> bytes:
        """Return the address of the participant called *label*."""
        known = self._accounts.get(label)
        if known is None:
            known = self._accounts[label] = account_of(label)
        return known

    def balances(self, account: bytes) -> tuple[int, int]:
        """Return what *account* holds of PT and of the stable asset, 6 decimals each."""
        own: list[Request] = [
            ("PaymentToken", "balanceOf", (account,)), ("StableAsset", "balanceOf", (account,))
        ]  # fmt: skip
        views = self._present()
        if _RESERVES in views:
            pt, stable = self._reader.several(own)
        else:  # whoever looks at its balances looks at the pool next
            pt, stable, *pool = self._reader.several([*own, *_POOL])
            views.update(zip(_POOL, pool, strict=True))
        return _told(pt), _told(stable)

    def works(self, label: str, contract: str, function: str, *args: Any) -> bool:
        """Say whether a call from *label* would go through now, as a wallet tries before it signs."""
        target = self.deployment.contract(contract)
        data = target.encode(function, *args)
        call = Call(to=target.address, data=data, sender=self.account(label))
        return self.chain.call(call).success

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function on the present state."""
        return self._reader.read(contract, function, *args)

    def _kept(self, request: Request) -> Any:
        """Return what a view gives that depends on state alone, read once for each state."""
        views = self._present()
        found = views.get(request)
        if found is None:  # who asks one thing of the pool asks the others next
            asked = _POOL if request in _POOL else (request,)
            views.update(zip(asked, self._reader.several(asked), strict=True))
            found = views[request]
        if isinstance(found, Reverted):
            raise found
        return found

    def _present(self) -> dict[Request, Any]:
        """Return the views that were read of the present state."""
        version = self.chain.state_version
        if version != self._version:
            self._views.clear()
            self._version = version
        return self._views

    def reserves(self) -> tuple[int, int]:
        """Return the pool's reserves of PT and stable, 6 decimals each."""
        pt, stable, _updated = self._kept(_RESERVES)
        return pt, stable

    def swap_fee(self) -> int:
        """Return the pool's fee in pips."""
        fee: int = self._kept(_SWAP_FEE)
        return fee

    def paused(self, contract: str) -> bool:
        """Say whether *contract* is paused."""
        state: bool = self._kept((contract, "paused", ()))
        return state

    def on_log(self, contract: str, event: str, callback: LogCallback) -> None:
        """Call *callback* for every *event* of *contract* from now on, right after its block."""
        target = self.deployment.contracts[contract]
        key = (target.address, target.event(event).topic0)
        self._listeners.setdefault(key, []).append(callback)

    def on_reorg(self, callback: Callable[[], object]) -> None:
        """Call *callback* at a reorg, on the state before the blocks that were undone."""
        self._undone.append(callback)

    def _tell_undone(self) -> None:
        for listener in tuple(self._undone):
            listener()

    def _hear(self, block: Block) -> None:
        """Decode each log that somebody registered for once, and call them in their order."""
        for receipt in block.content.receipts:
            for record in receipt.logs:
                if not record.topics:  # an anonymous event of a contract that a user added
                    continue
                listeners = self._listeners.get((record.address, record.topics[0]))
                if not listeners:
                    continue
                target = self._by_address[record.address]
                decoded = target.decode_log(record)
                if decoded is not None:
                    self._tell(listeners, block.header.number, decoded[1])

    @staticmethod
    def _tell(listeners: Iterable[LogCallback], number: int, args: Mapping[str, Any]) -> None:
        for listener in tuple(listeners):
            listener(number, args)
