"""What the methods share: the chain, accounts with keys, names of blocks, and old state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from twin.chain.chain import Chain
from twin.chain.headers import Header
from twin.chain.port import AccountState, BlockEnv
from twin.chain.rpc.bare import BareChain
from twin.chain.rpc.errors import Refused
from twin.chain.rpc.forms import block_form, header_form
from twin.chain.rpc.params import BlockId, Params
from twin.chain.rpc.views import Views, views_of
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
        self.accounts = {account.address: account for account in accounts}
        self.impersonated: set[bytes] = set()
        self.views: Views = views_of(chain.engine)
        self._numbers: dict[bytes, int] = {}
        self._roots: dict[bytes, bytes] = {}

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
        """Return the state root of the latest block, and of one that was asked for as such."""
        key = header.hash
        if header.number == self.chain.head and key not in self._roots:
            if len(self._roots) >= _KEPT:
                del self._roots[next(iter(self._roots))]
            self._roots[key] = self.chain.state_root()
        return self._roots.get(key)

    # -- state

    def snapshot(self, number: int) -> int | None:
        """Return the engine's snapshot of the state after block *number*; None for the present."""
        if number == self.chain.head:
            return None
        try:
            return self.chain.state_handle(number)
        except UnknownBlock as error:
            raise Refused(
                f"missing trie node: historical state of block {number} is not available ({error})"
            ) from None

    def env(self, number: int) -> BlockEnv:
        """Return the environment of block *number*."""
        return self.chain.env(number)

    def account(self, address: bytes, block: BlockId) -> AccountState:
        """Return an account after *block*."""
        number = self.state_number(block)
        return self.views.account(address, self.snapshot(number))

    def storage(self, address: bytes, slot: int, block: BlockId) -> int:
        """Return a storage slot after *block*."""
        number = self.state_number(block)
        return self.views.storage(address, slot, self.snapshot(number))
