"""`eth_` methods about state: balances, code, storage, proofs, and calls that change nothing.

All of them answer for any block of the reorg window.
"""

from __future__ import annotations

from typing import Any

from twin.chain.codec import contract_address, hex0x
from twin.chain.rpc.arguments import CallObject, call_object
from twin.chain.rpc.calls import Place, place
from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.errors import InvalidParams
from twin.chain.rpc.forms import access_form
from twin.chain.rpc.params import Params, slot
from twin.chain.rpc.proof import Proofs
from twin.chain.rpc.views import Accessed, listed

__all__ = ["State"]

_MOST_KEYS = 1024  # as go-ethereum: storage keys of one proof


class State:
    """What the accounts hold, and what contracts answer."""

    def __init__(self, context: Context) -> None:
        """Read the chain of *context*."""
        self._context, self._chain = context, context.chain

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "eth_getBalance": (self._balance, 2),
            "eth_getCode": (self._code, 2),
            "eth_getStorageAt": (self._storage, 3),
            "eth_getTransactionCount": (self._nonce, 2),
            "eth_getProof": (self._proof, 3),
            "eth_call": (self._call, 4),
            "eth_estimateGas": (self._estimate, 4),
            "eth_createAccessList": (self._access_list, 3),
        }

    def _balance(self, params: Params) -> str:
        return hex(self._context.account(params.address(0), params.block(1)).balance)

    def _code(self, params: Params) -> str:
        return hex0x(self._context.account(params.address(0), params.block(1)).code)

    def _storage(self, params: Params) -> str:
        found = self._context.storage(params.address(0), params.read(1, slot), params.block(2))
        return f"0x{found:064x}"

    def _nonce(self, params: Params) -> str:
        address, block = params.address(0), params.block(1)
        if block == "pending":
            return hex(self._chain.pending_nonce(address))
        return hex(self._context.account(address, block).nonce)

    def _proof(self, params: Params) -> dict[str, Any]:
        address, keys, block = params.address(0), params.raw(1) or [], params.block(2)
        if not isinstance(keys, list):
            raise InvalidParams("invalid argument 1: expected an array of storage keys")
        if len(keys) > _MOST_KEYS:
            raise InvalidParams(f"too many keys ({len(keys)} > {_MOST_KEYS})")
        slots = [Params([key], most=1).read(0, slot) for key in keys]
        engine = self._context.engine
        with engine.standing(self._context.snapshot(self._context.state_number(block))):
            state = engine.dump()
        return Proofs(state).form(address, slots, keys)

    # -- calls

    def _call(self, params: Params) -> str:
        call, accounts, fields = (
            params.read(0, call_object),
            params.object(2, {}),
            params.object(3, {}),
        )
        with place(self._context, params.block(1), accounts, fields) as here:
            return hex0x(here.answer(call))

    def _estimate(self, params: Params) -> str:
        call, accounts, fields = (
            params.read(0, call_object),
            params.object(2, {}),
            params.object(3, {}),
        )
        with place(self._context, params.block(1), accounts, fields) as here:
            return hex(here.estimate(call))

    def estimate(self, call: CallObject) -> int:
        """Return the smallest gas limit with which *call* succeeds after the latest block."""
        with place(self._context, "latest", {}, {}) as here:
            return here.estimate(call)

    def _access_list(self, params: Params) -> dict[str, Any]:
        call = params.read(0, call_object)
        with place(self._context, params.block(1), params.object(2, {}), {}) as here:
            return _accessed(here, call)


def _accessed(here: Place, asked: CallObject) -> dict[str, Any]:
    """Return the access list of *asked*, found by running it with the list until that stays."""
    engine = here.engine
    sender = asked.sender or bytes(20)
    to = contract_address(sender, engine.account(sender).nonce) if asked.to is None else asked.to
    named: Accessed = list(asked.access_list or ())
    while True:
        subject = here.subject(asked.listing(tuple(named)))
        with engine.standing(None, env=here.around(subject)):
            done, looks = engine.looks(subject)
            failed = "" if done.success else engine.frames(subject).reason
        touched: dict[bytes, set[int]] = {address: set(slots) for address, slots in named}
        for kind, address, at, fault in looks:
            if fault is None and kind in {"account", "slot"}:
                touched.setdefault(address, set()).update(() if at is None else (at,))
        found = listed(touched, sender=sender, to=to, coinbase=here.env.coinbase)
        if found == named:
            break
        named = found
    form = {"accessList": access_form(found), "gasUsed": hex(done.gas_used)}
    return {**form, "error": failed} if failed else form
