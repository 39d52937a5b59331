"""The engine against eth-tester's PyEVMBackend: signed transactions, block after block."""

from __future__ import annotations

from typing import Any

import chain_lab as lab
import pytest
from eth.vm.forks.cancun import CancunVM
from eth_account import Account
from eth_tester.backends.pyevm.main import PyEVMBackend

from twin.chain.codec import contract_address, keccak
from twin.chain.port import AccountState, BlockEnv
from twin.chain.pyevm import PyEvm
from twin.chain.transactions import decode

# py-evm itself warns of the instruction's future.
pytestmark = pytest.mark.filterwarnings("ignore:SELFDESTRUCT:DeprecationWarning")

CHAIN = 131277322940537  # what eth-tester signs for


class Pair:
    """Both, with the same accounts; *send* gives both the same signed transaction in one block."""

    def __init__(self) -> None:
        self.theirs = PyEVMBackend(vm_configuration=((0, CancunVM),))
        self.ours = PyEvm(chain_id=CHAIN)
        self.keys = [key.to_bytes() for key in self.theirs._key_lookup.values()]
        self.accounts = [Account.from_key(key) for key in self.keys]
        for account in self.theirs.get_accounts():
            balance = self.theirs.get_balance(account)
            self.ours.set_account(account, AccountState(balance=balance))
        self.nonces = [0] * len(self.keys)

    def send(self, to: bytes | None, data: bytes = b"", sender: int = 0, **more: Any) -> Any:
        fees = {"type": 2, "maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9}
        fields: dict[str, Any] = {**({} if "gasPrice" in more else fees), **more}
        signed = self.accounts[sender].sign_transaction(
            {
                "chainId": CHAIN,
                "nonce": self.nonces[sender],
                "gas": 500_000,
                "value": 0,
                "to": to if to is not None else b"",
                "data": data,
                **fields,
            }
        )
        self.nonces[sender] += 1
        raw = bytes(signed.raw_transaction)
        self.theirs.send_raw_transaction(raw)
        self.theirs.mine_blocks(1)
        number = self.theirs.chain.get_canonical_head().block_number
        header = self.theirs.chain.get_canonical_block_header_by_number(number)
        self.ours.begin_block(
            BlockEnv(
                header.block_number,
                header.timestamp,
                header.base_fee_per_gas,
                header.gas_limit,
                header.coinbase,
                header.mix_hash,
                CHAIN,
                parent_hashes=(header.parent_hash,),
            )
        )
        tx = decode(raw, chain_id=CHAIN)
        assert tx.sender == bytes.fromhex(self.accounts[sender].address[2:])
        assert tx.hash == keccak(raw)
        done = self.ours.transact(tx)
        receipt = self.theirs.get_transaction_receipt(tx.hash)
        assert done.gas_used == receipt["gas_used"]
        assert int(done.success) == receipt["status"]
        assert [(log.address, log.topics, log.data) for log in done.logs] == [
            (log["address"], tuple(log["topics"]), log["data"]) for log in receipt["logs"]
        ]
        assert self.ours.state_root() == header.state_root
        return done


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_the_genesis_is_the_same(pair: Pair) -> None:
    header = pair.theirs.chain.get_canonical_block_header_by_number(0)
    assert pair.ours.state_root() == header.state_root


def test_a_sequence_has_the_same_gas_logs_balances_and_storage(pair: Pair) -> None:
    pair.send(b"\xca" * 20, value=12345, gas=21_000)
    counter = pair.send(None, lab.creation(lab.COUNTER, "3 7 SSTORE")).created
    assert counter == contract_address(bytes.fromhex(pair.accounts[0].address[2:]), 1)
    for sender in (0, 1, 0):
        assert pair.send(counter, sender=sender).success
    assert pair.ours.storage(counter, 0) == 3
    assert pair.theirs.get_storage(counter, 0) == 3

    # Clears a slot, reads cold and warm, logs, then reverts inside.
    busy = lab.asm(
        f"PUSH0 7 SSTORE 1 7 SSTORE 2 7 SSTORE 1 32 PUSH0 LOG1 0x{counter.hex()} BALANCE POP "
        f"32 PUSH0 PUSH0 PUSH0 PUSH0 0x{counter.hex()} GAS CALL PUSH0 MLOAD 9 SSTORE"
    )
    target = pair.send(None, lab.creation(busy)).created
    assert pair.send(target).success
    assert not pair.send(target, gas=40_000).success
    reverting = pair.send(None, lab.creation(lab.asm("1 PUSH0 SSTORE 1 PUSH0 REVERT"))).created
    assert not pair.send(reverting).success

    # Destroyed in its own transaction, and not.
    pair.send(None, lab.asm("CALLER SELFDESTRUCT"), value=7)
    bomb = pair.send(None, lab.creation(lab.asm("CALLER SELFDESTRUCT")), value=7).created
    assert pair.send(bomb).success
    assert pair.ours.account(bomb).code

    # Warm by an access list; the older types.
    listed = [{"address": "0x" + counter.hex(), "storageKeys": ["0x" + "00" * 32]}]
    assert pair.send(counter, accessList=listed).success
    assert pair.send(counter, type=1, gasPrice=10**10, accessList=listed).success
    assert pair.send(counter, gasPrice=10**10).success


def test_transient_storage_and_create2(pair: Pair) -> None:
    inner = lab.creation(b"\0")
    code = lab.asm(
        f"PUSH0 TLOAD 1 ADD DUP1 PUSH0 TSTORE 1 SSTORE 0x{inner.ljust(32, bytes(1)).hex()} "
        f"PUSH0 MSTORE CALLVALUE {len(inner)} PUSH0 PUSH0 CREATE2 2 SSTORE"
    )
    target = pair.send(None, lab.creation(code)).created
    for value in (1, 2, 1):  # the third address is taken
        assert pair.send(target, value=value).success
    assert pair.ours.storage(target, 1) == 1
    assert pair.ours.storage(target, 2) == 0
