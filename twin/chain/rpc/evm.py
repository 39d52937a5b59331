"""`evm_`, `hardhat_` and `anvil_`: changing the twin itself, on a chain without a world.

Names and answers are those of Hardhat and Anvil. In a world these methods are not served:
rewinding the chain or its time under living agents would break the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from twin.chain.rpc.bare import BareChain
from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.errors import Refused
from twin.chain.rpc.filters import Filters
from twin.chain.rpc.params import Params, number, reading, slot

__all__ = ["Evm"]


class Evm:
    """The hands on a bare chain."""

    def __init__(self, context: Context, filters: Filters, chain: BareChain) -> None:
        """Change *chain*; *filters* hear of blocks that are taken back."""
        self._context, self._filters, self._chain = context, filters, chain
        self._snapshots: dict[int, int] = {}  # id to the chain's handle
        self._next = 1

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        both = {
            "setBalance": (self._set_balance, 2),
            "setNonce": (self._set_nonce, 2),
            "setCode": (self._set_code, 2),
            "setStorageAt": (self._set_storage, 3),
            "impersonateAccount": (self._impersonate, 1),
            "stopImpersonatingAccount": (self._stop_impersonating, 1),
            "mine": (self._mine_many, 2),
        }
        aliases = {
            f"{who}_{name}": item for who in ("hardhat", "anvil") for name, item in both.items()
        }
        return {
            "evm_snapshot": (self._snapshot, 0),
            "evm_revert": (self._revert, 1),
            "evm_mine": (self._mine, 1),
            "evm_increaseTime": (self._increase_time, 1),
            "evm_setNextBlockTimestamp": (self._set_next, 1),
            "evm_setAutomine": (self._set_automine, 1),
            "hardhat_getAutomine": (lambda _: self._chain.automine, 0),
            **aliases,
        }

    # -- going back

    def _snapshot(self, _params: Params) -> str:
        found = self._next
        self._next += 1
        self._snapshots[found] = self._chain.snapshot()
        return hex(found)

    def _revert(self, params: Params) -> bool:
        """Go back; as on Hardhat, the snapshot and all later ones are used up."""
        wanted = params.number(0)
        if wanted not in self._snapshots:
            return False
        handle = self._snapshots[wanted]
        self._chain.revert(handle)
        self._chain.discard(handle)
        self._snapshots = {kept: at for kept, at in self._snapshots.items() if kept < wanted}
        self._filters.rewind(self._chain.head + 1, ())
        return True

    # -- time and blocks

    def _mine(self, params: Params) -> str:
        asked = params.raw(0)
        options = asked if isinstance(asked, Mapping) else {"timestamp": asked}
        count, when = options.get("blocks"), options.get("timestamp")
        if when is not None:
            self._chain.set_next_timestamp(reading("invalid argument 0", number, when))
        self._chain.mine(1 if count is None else reading("invalid argument 0", number, count))
        return "0x0"

    def _mine_many(self, params: Params) -> bool:
        interval = params.number(1, 0)
        self._chain.mine(params.number(0, 1), interval=interval or None)
        return True

    def _increase_time(self, params: Params) -> str:
        return str(self._chain.increase_time(params.number(0)))

    def _set_next(self, params: Params) -> str:
        when = params.number(0)
        self._chain.set_next_timestamp(when)
        return str(when)

    def _set_automine(self, params: Params) -> bool:
        self._chain.automine = params.flag(0)
        if self._chain.automine and self._chain.pending_count:
            self._chain.mine()
        return True

    # -- accounts

    def _set_balance(self, params: Params) -> bool:
        address = params.address(0)
        now = self._chain.account(address)
        self._chain.write(address, replace(now, balance=params.number(1)))
        return True

    def _set_nonce(self, params: Params) -> bool:
        address, nonce = params.address(0), params.number(1)
        now = self._chain.account(address)
        if nonce < now.nonce:
            raise Refused(f"new nonce {nonce} is below the current {now.nonce}")
        self._chain.write(address, replace(now, nonce=nonce))
        return True

    def _set_code(self, params: Params) -> bool:
        address = params.address(0)
        self._chain.write(address, replace(self._chain.account(address), code=params.data(1)))
        return True

    def _set_storage(self, params: Params) -> bool:
        self._chain.write_storage(params.address(0), params.read(1, slot), params.read(2, slot))
        return True

    def _impersonate(self, params: Params) -> bool:
        self._context.impersonated.add(params.address(0))
        return True

    def _stop_impersonating(self, params: Params) -> bool:
        address = params.address(0)
        known = address in self._context.impersonated
        self._context.impersonated.discard(address)
        return known
