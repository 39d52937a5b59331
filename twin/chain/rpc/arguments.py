"""The objects that methods take: calls, transactions, state and block overrides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from twin.chain.port import AccountState, BlockEnv, Call
from twin.chain.rpc.errors import Refused
from twin.chain.rpc.params import address, data, number, quantity, reading, slot, small, word

__all__ = ["AccountOverride", "CallObject", "account_overrides", "block_overrides", "call_object"]

T = TypeVar("T")

_KNOWN = {
    "accessList", "blobVersionedHashes", "blobs", "chainId", "data", "from", "gas", "gasPrice",
    "input", "maxFeePerBlobGas", "maxFeePerGas", "maxPriorityFeePerGas", "nonce", "to", "type",
    "value", "authorizationList",
}  # fmt: skip


def _field(body: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> T | None:
    """Return field *name* as *read* has it, None where it is absent or null."""
    value = body.get(name)
    if value is None:
        return None
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"field {name}: {error}") from None


@dataclass(frozen=True, slots=True)
class CallObject:
    """A call or transaction as it was sent: None where a field was left out."""

    sender: bytes | None
    to: bytes | None
    data: bytes
    value: int
    gas: int | None
    gas_price: int | None
    max_fee: int | None
    tip: int | None
    nonce: int | None
    chain_id: int | None
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...] | None
    kind: int | None

    def made(self, limit: int) -> Call:
        """Return the call to execute, with at most *limit* gas."""
        gas = limit if self.gas is None else min(self.gas, limit)
        sender, listed = self.sender or bytes(20), self.access_list or ()
        return Call(self.to, self.data, sender, self.value, gas, listed)

    @property
    def price(self) -> tuple[int, int]:
        """The fee cap and the tip, wei a gas; zeros where it names none."""
        if self.gas_price is not None:
            return self.gas_price, self.gas_price
        return self.max_fee or 0, self.tip or 0

    def listing(self, access_list: tuple[tuple[bytes, tuple[int, ...]], ...]) -> CallObject:
        """Return the same with *access_list*."""
        return replace(self, access_list=access_list)


def call_object(body: Any) -> CallObject:
    """Return the call that *body* describes; ValueError where it is malformed."""
    if not isinstance(body, Mapping):
        raise ValueError("expected a call object")  # noqa: TRY004
    unknown = sorted(set(map(str, body)) - _KNOWN)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}")
    old, new = _field(body, "data", data), _field(body, "input", data)
    if old is not None and new is not None and old != new:
        raise ValueError('both "data" and "input" are set and not equal: use "input"')
    price = _field(body, "gasPrice", quantity)
    cap, tip = (
        _field(body, "maxFeePerGas", quantity),
        _field(body, "maxPriorityFeePerGas", quantity),
    )
    if price is not None and not cap is tip is None:
        raise ValueError("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified")
    if body.get("blobVersionedHashes") or body.get("authorizationList"):
        raise ValueError("transaction type not supported: only types 0, 1 and 2 are")
    return CallObject(
        _field(body, "from", address),
        _field(body, "to", address) if body.get("to") != "" else None,
        (new if new is not None else old) or b"",
        _field(body, "value", quantity) or 0,
        _field(body, "gas", quantity),
        price,
        cap,
        tip,
        _field(body, "nonce", quantity),
        _field(body, "chainId", quantity),
        _field(body, "accessList", _access_list),
        _field(body, "type", quantity),
    )


def _access_list(value: Any) -> tuple[tuple[bytes, tuple[int, ...]], ...]:
    if not isinstance(value, list):
        raise ValueError("expected an array")  # noqa: TRY004
    found = []
    for entry in value:
        if not isinstance(entry, Mapping):
            raise ValueError("expected objects with address and storageKeys")  # noqa: TRY004
        keys = entry.get("storageKeys") or []
        if not isinstance(keys, list):
            raise ValueError("storageKeys are an array")  # noqa: TRY004
        slots = tuple(int.from_bytes(word(key), "big") for key in keys)
        found.append((address(entry.get("address")), slots))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class AccountOverride:
    """What a call sees instead of an account; *storage* replaces all of it, *changed* a part."""

    nonce: int | None
    balance: int | None
    code: bytes | None
    storage: dict[int, int] | None
    changed: dict[int, int] | None

    def over(self, now: AccountState) -> AccountState:
        """Return the account *now* with what is overridden."""
        return AccountState(
            now.nonce if self.nonce is None else self.nonce,
            now.balance if self.balance is None else self.balance,
            now.code if self.code is None else self.code,
        )


def _slots(value: Any) -> dict[int, int]:
    if not isinstance(value, Mapping):
        raise ValueError("expected an object of slots")  # noqa: TRY004
    return {slot(key): slot(item) for key, item in value.items()}


def account_overrides(body: Mapping[str, Any]) -> Iterator[tuple[bytes, AccountOverride]]:
    """Yield address and override of each account in *body*."""
    for key, item in body.items():
        where = f"invalid argument 2: {key}"
        who = reading(where, address, key)
        yield who, reading(where, _account, item)


def _account(item: Any) -> AccountOverride:
    if not isinstance(item, Mapping):
        raise ValueError("expected an object")  # noqa: TRY004
    unknown = sorted(set(map(str, item)) - {"nonce", "balance", "code", "state", "stateDiff"})
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}")
    storage, changed = _field(item, "state", _slots), _field(item, "stateDiff", _slots)
    if storage is not None and changed is not None:
        raise ValueError("account has both 'state' and 'stateDiff'")
    return AccountOverride(
        _field(item, "nonce", small),
        _field(item, "balance", quantity),
        _field(item, "code", data),
        storage,
        changed,
    )


def _blob_fee(value: Any) -> int:
    if number(value) != 1:
        raise ValueError("there are no blobs here: it is always 0x1")
    return 0  # excess blob gas


_BLOCK_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "number": ("number", small),
    "time": ("timestamp", small),
    "gasLimit": ("gas_limit", small),
    "feeRecipient": ("coinbase", address),
    "coinbase": ("coinbase", address),
    "prevRandao": ("prevrandao", word),
    "random": ("prevrandao", word),
    "baseFeePerGas": ("base_fee", small),
    "baseFee": ("base_fee", small),
    "blobBaseFee": ("excess_blob_gas", _blob_fee),
}


def block_overrides(env: BlockEnv, body: Mapping[str, Any]) -> BlockEnv:
    """Return *env* with what *body*, `eth_call`'s fourth argument, says instead."""
    changes = {}
    for key, value in body.items():
        if value is None or key == "difficulty":  # after the merge it does nothing
            continue
        if key in {"beaconRoot", "withdrawals"}:
            raise Refused(f'block override "{key}" is not supported for this RPC method')
        if key not in _BLOCK_FIELDS:
            reading("invalid argument 3", _unknown, key)
        name, read = _BLOCK_FIELDS[key]
        changes[name] = reading(f"invalid argument 3: {key}", read, value)
    return replace(env, **changes) if changes else env


def _unknown(key: str) -> None:
    raise ValueError(f"unknown field {key!r}")
