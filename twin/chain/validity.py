"""Which transactions a block may hold: the checks made before any instruction runs.

They are the same for every engine and cheap, so the mempool makes them too. The sources are
EIP-1559 (fees), EIP-2930 (access lists), EIP-3607 (senders with code), EIP-3860 (initcode) and
EIP-2681 (nonces).
"""

from __future__ import annotations

from twin.chain.port import AccountState, BlockEnv, Transaction
from twin.errors import InvalidTransaction

__all__ = ["check", "check_alone", "check_call", "intrinsic_gas", "least_gas"]

_TRANSACTION = 21_000
_CREATION = 32_000
_ZERO_BYTE = 4
_BYTE = 16  # EIP-2028
_ACCESS_ADDRESS = 2_400
_ACCESS_SLOT = 1_900
_INITCODE_WORD = 2
_INITCODE_LIMIT = 49_152
_NONCE_LIMIT = 2**64 - 1


def intrinsic_gas(tx: Transaction) -> int:
    """Return the gas charged for *tx* as such: data, creation, access list; not initcode words."""
    data = tx.data
    zeros = data.count(0)
    gas = _TRANSACTION + zeros * _ZERO_BYTE + (len(data) - zeros) * _BYTE
    if tx.to is None:
        gas += _CREATION
    for _, slots in tx.access_list:
        gas += _ACCESS_ADDRESS + len(slots) * _ACCESS_SLOT
    return gas


def least_gas(tx: Transaction) -> int:
    """Return the smallest gas limit with which *tx* is valid, initcode words included."""
    words = (len(tx.data) + 31) // 32 if tx.to is None else 0
    return intrinsic_gas(tx) + words * _INITCODE_WORD


def check(tx: Transaction, env: BlockEnv, sender: AccountState) -> None:
    """Raise InvalidTransaction where a block in *env* may not hold *tx* from *sender*."""
    if tx.nonce > sender.nonce:
        raise InvalidTransaction(f"nonce too high: {tx.nonce}, the account is at {sender.nonce}")
    if tx.max_fee < env.base_fee:
        raise InvalidTransaction(f"fee cap {tx.max_fee} is below the base fee {env.base_fee}")
    check_alone(tx, sender, gas_limit=env.gas_limit)
    cost = tx.value + tx.gas * tx.max_fee
    if sender.balance < cost:
        raise InvalidTransaction(f"insufficient funds: balance {sender.balance}, needed {cost}")


def check_alone(tx: Transaction, sender: AccountState, *, gas_limit: int) -> None:
    """Raise InvalidTransaction where no later block could hold *tx* either."""
    if tx.nonce < sender.nonce:
        raise InvalidTransaction(f"nonce too low: {tx.nonce}, the account is at {sender.nonce}")
    if tx.nonce >= _NONCE_LIMIT:
        raise InvalidTransaction(f"nonce {tx.nonce} has reached the limit of EIP-2681")
    if sender.code:
        raise InvalidTransaction("the sender has code (EIP-3607)")
    if tx.tip > tx.max_fee:
        raise InvalidTransaction(f"tip {tx.tip} is above the fee cap {tx.max_fee}")
    if tx.gas > gas_limit:
        raise InvalidTransaction(f"gas {tx.gas} is above the block's limit {gas_limit}")
    _check_gas(tx)


def check_call(tx: Transaction, balance: int) -> None:
    """Raise InvalidTransaction where *tx*, made for a call, lacks gas or *balance* for its value.

    As in `eth_call`, nonce, sender's code and fees are not looked at.
    """
    _check_gas(tx)
    if balance < tx.value:
        raise InvalidTransaction(f"insufficient funds: balance {balance}, needed {tx.value}")


def _check_gas(tx: Transaction) -> None:
    """Check the size of initcode and the intrinsic gas."""
    if tx.to is None and len(tx.data) > _INITCODE_LIMIT:
        raise InvalidTransaction(f"initcode of {len(tx.data)} bytes: at most {_INITCODE_LIMIT}")
    least = least_gas(tx)
    if tx.gas < least:
        raise InvalidTransaction(f"gas {tx.gas} is below the intrinsic {least}")
