"""Between the twin's records and those of EELS: a state, a block, a transaction, and what came of it.

Two things are not as in a client. The sender is given, since an impersonated transaction has no
signature to recover it from. And every read of the pre-state is noted, so that a reproduction can
leave out the accounts that do not matter.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec, module_from_spec
from typing import Any

from twin.chain.arbiter import Alloc, Held
from twin.chain.codec import EMPTY_CODE_HASH, keccak
from twin.chain.port import AccountChange, BlockEnv, Log, Transaction
from twin.errors import ChainError

__all__ = ["Forms", "Noted"]

_FORK = "ethereum.forks.cancun"
_WORD = 32


class Noted:
    """What EELS asks for: accounts, their slots, and the hashes of earlier blocks.

    It stands for the block hashes themselves: EELS asks for the parent's at -1, and one that is
    not known is zero.
    """

    def __init__(self, env: BlockEnv) -> None:
        """Start with nothing asked for."""
        self.number, self.hashes = env.number, env.parent_hashes
        self.ancestors: set[int] = set()
        self.accounts: set[bytes] = set()
        self.slots: dict[bytes, set[bytes]] = {}

    def __getitem__(self, place: Any) -> bytes:
        depth = -int(place)
        self.ancestors.add(self.number - depth)
        return self.hashes[depth - 1] if depth <= len(self.hashes) else bytes(_WORD)

    def touched(self) -> dict[bytes, set[int]]:
        """Return the slots by account, ascending."""
        return {
            address: {int.from_bytes(slot, "big") for slot in self.slots.get(address, ())}
            for address in sorted({*map(bytes, self.accounts), *self.slots})
        }


class _Watched(dict[Any, Any]):
    """A dictionary that notes which keys are looked up; its copies note in the same place."""

    def __init__(self, entries: Mapping[Any, Any], seen: set[Any]) -> None:
        super().__init__(entries)
        self.seen = seen

    def __copy__(self) -> _Watched:
        """Return a copy, which EELS takes before each message."""
        return _Watched(self, self.seen)

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of *key*, and remember that it was asked for."""
        self.seen.add(key)
        return super().get(key, default)


class Forms:
    """EELS's types for Cancun, around a transition function in which *sender* signs everything."""

    def __init__(self, sender: bytes) -> None:
        """Load a copy of the transition function of our own: nobody else's is changed."""
        spec = find_spec(f"{_FORK}.fork")
        if spec is None or spec.loader is None:
            raise ChainError(f"EELS has no {_FORK}: install it anew")
        module: Any = module_from_spec(spec)
        spec.loader.exec_module(module)
        self.fork = module
        self.fork.recover_sender = lambda _chain_id, _tx: self.fork.Address(sender)
        self.numbers: Any = importlib.import_module("ethereum_types.numeric")
        self.store: Any = importlib.import_module(f"{_FORK}.state")

    # -- the way in

    def state(self, alloc: Alloc, noted: Noted) -> Any:
        """Return the pre-state *alloc*, whose readers are noted; EIP-7523: no empty accounts."""
        store, types = self.store, self.numbers
        state = store.State()
        for address, held in alloc.items():
            if not (held.nonce or held.balance or held.code or held.storage):
                continue
            place = self.fork.Address(address)
            made = self.fork.Account(types.Uint(held.nonce), types.U256(held.balance), held.code)
            store.set_account(state, place, made)
            for slot, value in held.storage.items():
                store.set_storage(state, place, _key(slot), types.U256(value))
        state._main_trie._data = _Watched(state._main_trie._data, noted.accounts)  # noqa: SLF001
        for place, trie in state._storage_tries.items():  # noqa: SLF001
            seen = noted.slots.setdefault(bytes(place), set())
            trie._data = _Watched(trie._data, seen)  # noqa: SLF001
        return state

    def block(self, env: BlockEnv, state: Any, noted: Noted) -> Any:
        """Return the block environment over *state*."""
        types = self.numbers
        return self.fork.vm.BlockEnvironment(
            chain_id=types.U64(env.chain_id),
            state=state,
            block_gas_limit=types.Uint(env.gas_limit),
            block_hashes=noted,
            coinbase=self.fork.Address(env.coinbase),
            number=types.Uint(env.number),
            base_fee_per_gas=types.Uint(env.base_fee),
            time=types.U256(env.timestamp),
            prev_randao=_bytes32(env.prevrandao),
            excess_blob_gas=types.U64(env.excess_blob_gas),
            parent_beacon_block_root=_bytes32(bytes(_WORD)),
        )

    def sent(self, tx: Transaction, *, chain_id: int) -> Any:
        """Return *tx*, with a signature that nobody looks at; ChainError for another type."""
        types, kinds = self.numbers, importlib.import_module(f"{_FORK}.transactions")
        nobody = importlib.import_module("ethereum_types.bytes").Bytes0()
        fields: dict[str, Any] = {
            "nonce": types.U256(tx.nonce),
            "gas": types.Uint(tx.gas),
            "to": nobody if tx.to is None else self.fork.Address(tx.to),
            "value": types.U256(tx.value),
            "data": tx.data,
            "r": types.U256(1),
            "s": types.U256(1),
        }
        fee = types.Uint(tx.max_fee)
        if tx.kind == 0:
            return kinds.LegacyTransaction(gas_price=fee, v=types.U256(27), **fields)
        fields |= {
            "chain_id": types.U64(chain_id),
            "y_parity": types.U256(0),
            "access_list": tuple(
                kinds.Access(account=self.fork.Address(address), slots=tuple(map(_key, slots)))
                for address, slots in tx.access_list
            ),
        }
        if tx.kind == 1:
            return kinds.AccessListTransaction(gas_price=fee, **fields)
        if tx.kind != 2:
            raise ChainError(f"a transaction of type {tx.kind}: the arbiter knows 0, 1 and 2")
        tip = types.Uint(tx.tip)
        return kinds.FeeMarketTransaction(
            max_priority_fee_per_gas=tip, max_fee_per_gas=fee, **fields
        )

    # -- the way out

    def succeeded(self, done: Any) -> bool:
        """Return the status of the one receipt of a block's output."""
        blocks, tries = (importlib.import_module(f"{_FORK}.{part}") for part in ("blocks", "trie"))
        receipt = tries.trie_get(done.receipts_trie, done.receipt_keys[0])
        return bool(blocks.decode_receipt(receipt).succeeded)

    def logs(self, logs: Sequence[Any]) -> tuple[Log, ...]:
        """Return *logs* as the twin's."""
        return tuple(
            Log(bytes(log.address), tuple(bytes(topic) for topic in log.topics), bytes(log.data))
            for log in logs
        )

    def root(self, state: Any) -> bytes:
        """Return the Merkle-Patricia root of *state*."""
        return bytes(self.store.state_root(state))

    def changes(self, alloc: Alloc, state: Any) -> dict[bytes, AccountChange]:
        """Return how *state* differs from *alloc*, by ascending address."""
        accounts, tries = state._main_trie._data, state._storage_tries  # noqa: SLF001
        found = {}
        for address in sorted({*alloc, *map(bytes, accounts)}):
            now, trie = accounts.get(self.fork.Address(address)), tries.get(address)
            after = None if now is None else _held(now, {} if trie is None else trie._data)  # noqa: SLF001
            change = _net(alloc.get(address), after)
            if change is not None:
                found[address] = change
        return found


def _held(account: Any, slots: Mapping[Any, Any]) -> Held:
    """Return an account of EELS with its *slots*, in our own types."""
    storage = {int.from_bytes(slot, "big"): int(slots[slot]) for slot in slots}
    return Held(int(account.nonce), int(account.balance), bytes(account.code), storage)


def _net(before: Held | None, after: Held | None) -> AccountChange | None:
    """Return the change from *before* to *after*, or None where there is none."""
    old = before or Held()
    if after is None:
        return None if old == Held() else AccountChange(0, 0, EMPTY_CODE_HASH, {}, deleted=True)
    storage = {
        slot: after.storage.get(slot, 0)
        for slot in sorted({*old.storage, *after.storage})
        if after.storage.get(slot, 0) != old.storage.get(slot, 0)
    }
    if before is not None and not storage and _head(before) == _head(after):
        return None
    code = keccak(after.code) if after.code else EMPTY_CODE_HASH
    return AccountChange(after.nonce, after.balance, code, storage)


def _head(held: Held) -> tuple[int, int, bytes]:
    return held.nonce, held.balance, held.code


def _key(slot: int) -> Any:
    return _bytes32(slot.to_bytes(_WORD, "big"))


def _bytes32(value: bytes) -> Any:
    return importlib.import_module("ethereum_types.bytes").Bytes32(value)
