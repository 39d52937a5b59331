"""One peer at its three operations, in the process that measures it.

Each operation is first done a few times unmeasured, so that caches and translations are there,
and then as often as fills the asked processor time. As in Python's own `timeit`, the collector of
cycles rests meanwhile, so that nobody pays for the heap that another left. Afterwards the peer is
asked how much the receiver holds and how many swaps the pool counted: who left something out is
found out.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

from twin.bench import anvil, others, own
from twin.bench.workload import KINDS, Network, amount
from twin.errors import CrashError, UnknownName

__all__ = ["LEAVES_OUT", "installed", "missing", "timed"]

WARM = 24  # operations before any is measured

Go = Callable[[], float | None]


class Peer(Protocol):
    """Somebody who can do the work."""

    def prepare(self, kind: str, first: int, count: int) -> Go:
        """Return what does operations *first* to *first* + *count* - 1 of *kind* when called.

        It may say itself how many seconds of processor time it took.
        """

    def seen(self) -> tuple[int, int] | None:
        """Return what the receiver holds and how many swaps were made, None if it keeps neither."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A peer: what must be installed (a module, or what says so), its maker, what it leaves out."""

    needs: str | Callable[[], object]
    make: Callable[[Network], Peer]
    leaves_out: str

    @property
    def here(self) -> bool:
        """Whether it can be measured here."""
        return bool(find_spec(self.needs) if isinstance(self.needs, str) else self.needs())


RUST = "fictra_twin_engine"

_PEERS: Mapping[str, Entry] = {
    "twin-revm": Entry(RUST, own.Single.revm, "hashes, mempool and blocks, which are the chain's"),
    "twin-revm encoded": Entry(RUST, own.Encoded.revm, "argument encoding; else as twin-revm"),
    "twin-revm batch": Entry(RUST, own.Batch, "argument encoding and reading; else as twin-revm"),
    "raw loop": Entry(RUST, own.Raw, "Python, undo, logs, receipts: gas alone is kept"),
    "twin-pyevm": Entry("eth", own.Single.pyevm, "hashes, mempool and blocks, which are the chain's"),
    "chain on revm": Entry(RUST, own.Whole.revm, "nothing: mempool, blocks, hashes, log index"),
    "chain on pyevm": Entry("eth", own.Whole.pyevm, "nothing: mempool, blocks, hashes, log index"),
    "py-evm message": Entry("eth", others.PyEvmMessage, "nonce, intrinsic gas, fees, refunds, receipts"),
    "web3 + eth-tester": Entry("eth_tester", others.Web3, "nothing: it signs, estimates gas, mines a block each"),
    "simular-evm": Entry("simular", others.Simular, "fees, topics; same-named events overwrite each other"),
    "verbs": Entry("verbs", others.Verbs, "argument encoding, fees, topics; dies of a checked revert"),
    "pyrevm": Entry("pyrevm", others.PyRevm, "argument encoding, nonce, fees, true gas; leaks memory"),
    "anvil over IPC": Entry(anvil.program, anvil.Anvil, "argument encoding, signing (impersonated)"),
    "anvil, batches": Entry(anvil.program, anvil.AnvilBatch, "the same; a receipt is not awaited each"),
}  # fmt: skip

LEAVES_OUT: Mapping[str, str] = {name: peer.leaves_out for name, peer in _PEERS.items()}
"""What each peer does not do, by its name."""


def installed() -> list[str]:
    """Return the names of the peers that are here."""
    return [name for name, peer in _PEERS.items() if peer.here]


def missing() -> list[str]:
    """Return the names of the peers that are not."""
    here = installed()
    return [name for name in _PEERS if name not in here]


def timed(peer: str, *, ops: float) -> dict[str, Any]:
    """Return the operations a second of processor time of *peer*, by kind."""
    if peer not in _PEERS:
        raise UnknownName("peer", peer, _PEERS)
    network = Network.on("pyevm")
    racer = _PEERS[peer].make(network)
    totals = dict.fromkeys(KINDS, 0)
    rates = {kind: _rate(racer, kind, ops, totals) for kind in KINDS}
    _check(peer, racer.seen(), totals)
    return {"rates": rates, "counts": totals}


def _rate(racer: Peer, kind: str, ops: float, totals: dict[str, int]) -> float:
    """Return operations a second, measured over at least *ops* seconds."""
    count = WARM
    _seconds(racer, kind, count, totals)
    while True:
        spent = _seconds(racer, kind, count, totals)
        if spent >= ops:
            return count / spent
        wanted = math.ceil(count * 1.25 * ops / max(spent, 1e-6))
        count = max(count + 1, min(wanted, count * 16))


def _seconds(racer: Peer, kind: str, count: int, totals: dict[str, int]) -> float:
    go = racer.prepare(kind, totals[kind], count)
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        own_account = go()
        spent = time.process_time() - began
    finally:
        gc.enable()
    totals[kind] += count
    return spent if own_account is None else own_account


def _check(peer: str, seen: tuple[int, int] | None, totals: Mapping[str, int]) -> None:
    """Raise CrashError where *peer* did not do what it was timed for."""
    owed = sum(amount(number) for number in range(totals["transfer"])), totals["swap"]
    if seen is not None and seen != owed:
        raise CrashError(f"{peer}: (received, swaps) are {seen}; {owed} were timed")
