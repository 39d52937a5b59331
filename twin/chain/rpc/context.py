"""What the methods share: the chain, accounts with keys, names of blocks, and old state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from twin.chain.chain import Chain
from twin.chain.headers import Header
from twin.chain.port import AccountState, BlockEnv, Transaction
from twin.chain.rpc.bare import BareChain
from twin.chain.rpc.errors import Refused
from twin.chain.rpc.forms import block_form, header_form
from twin.chain.rpc.params import BlockId, Params
from twin.chain.rpc.views import inspected
from twin.errors import UnknownBlock

__all__ = ["Context", "DevAccount", "Method", "Namespace"]

Method = tuple[Callable[[Params], Any], int]
"""A method, and the most arguments it takes."""


class Namespace(Protocol):
    """A group of methods."""

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""


_SCAN = 1024  # blocks looked through for a hash that was not given out lately
_KEPT = 65_536  # hashes and roots remembered


@dataclass(frozen=True, slots=True)
class DevAccount:
    """An account that the server may sign for: *label* says whose it is, *key* is 32 bytes."""

    label: str
    address: bytes
    key: bytes


class Context:
    """What all methods of one `Rpc` work on."""

    def __init__(self, chain: Chain, accounts: Iterable[DevAccount]) -> None:
        """Look at *chain*, and sign for *accounts*."""
        self.chain = chain
        self.bare = chain if isinstance(chain, BareChain) else None
        self.submit: Callable[[Transaction], bytes] = chain.submit
        self.accounts = {account.address: account for account in accounts}
        self.impersonated: set[bytes] = set()
        self.engine = inspected(chain.engine)
        self._numbers: dict[bytes, int] = {}
        self._roots: dict[bytes, bytes] = {}
        self._rooted: tuple[int, int, bytes] | None = None  # snapshot, state version, root

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        return self.chain.config.chain_id

    # -- names of blocks

    def number(self, block: BlockId) -> int | None:
        """Return the number of *block*; None where there is none. `pending` counts as one more."""
        head = self.chain.head
        if isinstance(block, bytes):
            return self._by_hash(block, head)
        if isinstance(block, int):
            return block if block <= head else None
        window = 0 if self.bare is not None else self.chain.config.reorg_window
        tags = {
            "latest": head,
            "pending": head + 1,
            "earliest": 0,
            "safe": max(0, head - window // 2),
            "finalized": max(0, head - window),
        }
        return tags[block]

    def state_number(self, block: BlockId) -> int:
        """Return the number of the block after which *block* reads state; Refused if unknown."""
        number = self.number(block)
        if number is None:
            raise Refused("header not found")
        return min(number, self.chain.head)

    def _by_hash(self, found: bytes, head: int) -> int | None:
        number = self._numbers.get(found)
        if number is not None:
            canonical = number <= head and self.chain.header(number).hash == found
            return number if canonical else None
        for at in range(head, max(-1, head - _SCAN), -1):
            if self.chain.header(at).hash == found:
                return at
        return None

    def remember(self, found: bytes, number: int) -> None:
        """Note that the block *number* has the hash *found*, which is being given out."""
        if len(self._numbers) >= _KEPT:
            del self._numbers[next(iter(self._numbers))]
        self._numbers[found] = number

    # -- headers

    def header_form(self, number: int) -> dict[str, Any]:
        """Return the header of block *number* as `newHeads` gives it."""
        header = self.chain.header(number)
        self.remember(header.hash, number)
        logs = [log for _, receipt in self.chain.content(number) for log in receipt.logs]
        return header_form(header, logs, self._root(header))

    def block_form(self, number: int, *, full: bool) -> dict[str, Any]:
        """Return block *number*, its transactions in *full* or as hashes."""
        header = self.chain.header(number)
        self.remember(header.hash, number)
        content = list(self.chain.content(number))
        root = self._root(header)
        return block_form(header, content, chain_id=self.chain_id, full=full, root=root)

    def _root(self, header: Header) -> bytes | None:
        """Return the state root after a block of the reorg window, and what was told of others."""
        key, number = header.hash, header.number
        if key not in self._roots and number >= self._oldest:
            if len(self._roots) >= _KEPT:
                del self._roots[next(iter(self._roots))]
            self._roots[key] = self._state_root(number)
        return self._roots.get(key)

    def _state_root(self, number: int) -> bytes:
        """Return the state root after block *number*; blocks without transactions share one."""
        snapshot = self.chain.state_handle(number)
        if snapshot is None:
            return self.chain.state_root()
        version = self.chain.state_version
        if self._rooted is None or self._rooted[:2] != (snapshot, version):
            with self.engine.standing(snapshot):
                self._rooted = snapshot, version, self.engine.state_root()
        return self._rooted[2]

    # -- state

    @property
    def _oldest(self) -> int:
        """The first block after which the state is kept."""
        return max(0, self.chain.head - self.chain.config.reorg_window)

    def snapshot(self, number: int, *, missing: str | None = None) -> int | None:
        """Return the engine's snapshot of the state after block *number*; None for the present.

        Beyond the reorg window, Refused says *missing*, or what go-ethereum says of a trie.
        """
        try:
            return self.chain.state_handle(number)
        except UnknownBlock:
            kept = f"the states of blocks {self._oldest} to {self.chain.head} are kept"
            if missing is None:
                root = self.chain.header(number).state_hash.hex()
                missing = f"missing trie node {root} (path ) state 0x{root} is not available"
            raise Refused(f"{missing}: block {number} is beyond the reorg window, {kept}") from None

    def env(self, number: int) -> BlockEnv:
        """Return the environment of block *number*."""
        return self.chain.env(number)

    def account(self, address: bytes, block: BlockId) -> AccountState:
        """Return an account after *block*."""
        with self.engine.standing(self.snapshot(self.state_number(block))):
            return self.engine.account(address)

    def storage(self, address: bytes, slot: int, block: BlockId) -> int:
        """Return a storage slot after *block*."""
        with self.engine.standing(self.snapshot(self.state_number(block))):
            return self.engine.storage(address, slot)
