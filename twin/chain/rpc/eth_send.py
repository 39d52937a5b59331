"""`eth_` methods that send: checked as go-ethereum's pool does, with its words.

The chain takes what a later block could still hold; a client expects to hear at once that its
balance is short or its fee cap too low, so that is looked at here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from twin.chain.codec import hex0x
from twin.chain.port import AccountState, Transaction
from twin.chain.rpc.arguments import CallObject, call_object
from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.errors import Refused
from twin.chain.rpc.eth_fees import suggested_tip
from twin.chain.rpc.eth_state import State
from twin.chain.rpc.forms import transaction_form
from twin.chain.rpc.params import Params
from twin.chain.rpc.signing import Unsigned, sign, sign_text
from twin.chain.transactions import decode, impersonated
from twin.chain.validity import least_gas

__all__ = ["Sending"]

_MARGIN = 5  # a fifth more gas than estimated: the next block is not the one estimated in


@dataclass(frozen=True, slots=True)
class _Filled:
    """What *sender* is about to sign."""

    sender: bytes
    unsigned: Unsigned


class Sending:
    """Transactions on their way into a block."""

    def __init__(self, context: Context, state: State) -> None:
        """Send to the chain of *context*; *state* estimates gas."""
        self._context, self._chain, self._state = context, context.chain, state

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "eth_sendTransaction": (self._send, 1),
            "eth_sendRawTransaction": (self._send_raw, 1),
            "eth_signTransaction": (self._sign, 1),
            "eth_fillTransaction": (self._fill, 1),
            "eth_sign": (lambda p: self._sign_text(p.address(0), p.data(1)), 2),
            "personal_sign": (lambda p: self._sign_text(p.address(1), p.data(0)), 3),
            "eth_accounts": (self._accounts, 0),
            "eth_pendingTransactions": (self._pending, 0),
        }

    def _accounts(self, _params: Params) -> list[str]:
        return [hex0x(address) for address in self._context.accounts]

    def _send_raw(self, params: Params) -> str:
        return hex0x(self.submit(decode(params.data(0), chain_id=self._context.chain_id)))

    def _send(self, params: Params) -> str:
        return hex0x(self.submit(self._made(params.read(0, call_object))))

    def _sign(self, params: Params) -> dict[str, Any]:
        tx = self._made(params.read(0, call_object))
        if tx.raw is None:
            raise Refused("unknown account: an impersonated sender cannot sign")
        return {"raw": hex0x(tx.raw), "tx": self._form(tx)}

    def _fill(self, params: Params) -> dict[str, Any]:
        """Return a transaction with all that was left out, for somebody else to sign."""
        filled = self._filled(params.read(0, call_object))
        signed = sign(filled.unsigned, (1).to_bytes(32, "big"))  # for its form alone
        form = {**self._form(signed), "from": hex0x(filled.sender), "v": "0x0", "r": "0x0",
                "s": "0x0", "yParity": "0x0"}  # fmt: skip
        return {"raw": hex0x(filled.unsigned.encode(0, 0, 0)), "tx": form}

    def _sign_text(self, address: bytes, data: bytes) -> str:
        """Return the signature of *address* under *data*, which cannot be a transaction (EIP-191)."""
        account = self._context.accounts.get(address)
        if account is None:
            raise Refused("unknown account")
        return hex0x(sign_text(data, account.key))

    def _form(self, tx: Transaction) -> dict[str, Any]:
        return transaction_form(tx, None, chain_id=self._context.chain_id)

    def _pending(self, _params: Params) -> list[dict[str, Any]]:
        """Return what waits of the accounts that are signed for."""
        mine = self._context.accounts
        return [self._form(tx) for tx in self._chain.pending() if tx.sender in mine]

    # -- making

    def _made(self, asked: CallObject) -> Transaction:
        """Return the transaction *asked* for, what was left out filled in, signed if possible."""
        context, sender = self._context, asked.sender
        if sender not in context.accounts and sender not in context.impersonated:
            raise Refused("unknown account")
        filled = self._filled(asked)
        account, tx = context.accounts.get(filled.sender), filled.unsigned
        if account is not None:
            return sign(tx, account.key)
        return impersonated(
            filled.sender, tx.nonce, tx.to, tx.data, chain_id=context.chain_id, gas=tx.gas,
            max_fee=tx.max_fee, tip=tx.tip, value=tx.value, access_list=tx.access_list,
        )  # fmt: skip

    def _filled(self, asked: CallObject) -> _Filled:
        """Return what *asked* describes, with what was left out."""
        context, chain = self._context, self._chain
        sender = asked.sender or bytes(20)
        if asked.chain_id not in {None, context.chain_id}:
            raise Refused(
                f"chainId does not match node's (have={asked.chain_id}, want={context.chain_id})"
            )
        kind, max_fee, tip = self._fees(asked)
        nonce = chain.pending_nonce(sender) if asked.nonce is None else asked.nonce
        gas = asked.gas
        if gas is None:
            gas = self._gas(replace(asked, gas_price=None, max_fee=max_fee, tip=tip))
        unsigned = Unsigned(
            context.chain_id, nonce, asked.to, asked.value, asked.data, gas, max_fee, tip,
            asked.access_list or (), kind,
        )  # fmt: skip
        return _Filled(sender, unsigned)

    def _fees(self, asked: CallObject) -> tuple[int, int, int]:
        """Return (type, fee cap, tip)."""
        if asked.gas_price is not None:
            kind = 1 if asked.access_list is not None or asked.kind == 1 else 0
            return kind, asked.gas_price, asked.gas_price
        base_fee = self._chain.next_base_fee
        if asked.kind in {0, 1}:
            price = base_fee + suggested_tip(self._chain)
            return asked.kind, price, price
        tip = asked.tip
        if tip is None:
            tip = suggested_tip(self._chain)
            if asked.max_fee is not None:
                tip = min(tip, asked.max_fee)
        return 2, 2 * base_fee + tip if asked.max_fee is None else asked.max_fee, tip

    def _gas(self, asked: CallObject) -> int:
        estimated = self._state.estimate(asked)
        margin = estimated // _MARGIN if asked.data else 0
        return min(estimated + margin, self._chain.config.gas_limit)

    # -- sending

    def submit(self, tx: Transaction) -> bytes:
        """Check and send *tx*; return its hash. In automine mode a block holds it afterwards."""
        chain, bare = self._chain, self._context.bare
        _check(tx, chain.account(tx.sender), chain.config.gas_limit)
        if chain.transaction(tx.hash) is not None:
            raise Refused("already known")
        if bare is None:
            return self._context.submit(tx)
        if bare.automine and tx.max_fee < chain.next_base_fee:
            raise Refused(
                "max fee per gas less than block base fee: "
                f"address {hex0x(tx.sender)}, maxFeePerGas: {tx.max_fee}, "
                f"baseFee: {chain.next_base_fee}"
            )
        found = bare.submit_and_mine(tx)
        reason = chain.dropped(found)
        if reason is not None:
            raise Refused(reason)
        return found


def _check(tx: Transaction, sender: AccountState, gas_limit: int) -> None:
    """Refuse what go-ethereum's pool refuses, in its order and words."""
    if tx.to is None and len(tx.data) > 49_152:
        raise Refused(f"max initcode size exceeded: code size {len(tx.data)} limit 49152")
    if tx.gas > gas_limit:
        raise Refused("exceeds block gas limit")
    if tx.tip > tx.max_fee:
        raise Refused(
            f"max priority fee per gas higher than max fee per gas: address {hex0x(tx.sender)}, "
            f"maxPriorityFeePerGas: {tx.tip}, maxFeePerGas: {tx.max_fee}"
        )
    least = least_gas(tx)
    if tx.gas < least:
        raise Refused(f"intrinsic gas too low: gas {tx.gas}, minimum needed {least}")
    if tx.nonce < sender.nonce:
        raise Refused(f"nonce too low: next nonce {sender.nonce}, tx nonce {tx.nonce}")
    if sender.code:
        raise Refused(f"sender not an eoa: address {hex0x(tx.sender)}")
    cost = tx.value + tx.gas * tx.max_fee
    if sender.balance < cost:
        raise Refused(
            f"insufficient funds for gas * price + value: balance {sender.balance}, "
            f"tx cost {cost}, overshot {cost - sender.balance}"
        )
