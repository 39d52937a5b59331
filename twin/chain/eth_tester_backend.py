"""An eth-tester backend on the twin's chain, so that existing eth-tester suites run on it.

    tester = EthereumTester(TwinBackend())
    w3 = Web3(EthereumTesterProvider(tester))

Accounts, balances and fees are those of eth-tester's own py-evm backend, so that its suites find
what they expect. Unlike that one, nothing here depends on the wall clock or on chance: block 0
is at *start*, blocks are a second apart, and prevrandao follows from the chain.

eth-tester executes a transaction when it is sent and puts it into a block afterwards; here it
waits in the mempool, and what it will do is found by making the block and taking it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import eth_tester.exceptions as theirs
from eth_tester.backends.base import BaseChainBackend

from twin.chain.chain import ChainConfig
from twin.chain.codec import keccak
from twin.chain.engines import make_engine
from twin.chain.estimate import estimate
from twin.chain.port import AccountState, Call, Output, Transaction
from twin.chain.receipts import Receipt
from twin.chain.rpc import eth_tester_forms as forms
from twin.chain.rpc.bare import BareChain
from twin.chain.rpc.context import Context, DevAccount
from twin.chain.rpc.errors import RpcError, revert_reason
from twin.chain.rpc.signing import Unsigned, sign
from twin.chain.transactions import decode
from twin.chain.validity import check
from twin.clock import Clock
from twin.errors import InvalidTransaction, Reverted

__all__ = ["TwinBackend"]

CHAIN_ID = 131277322940537  # eth-tester's own

_BALANCE = 10**6 * 10**18
_ACCOUNTS = 10
_BASE_FEE = 875_000_000  # what follows an empty genesis block at 1 gwei (EIP-1559)
_GAS_LIMIT = 30_029_122
_FEE = 10**9  # fee cap and tip where a transaction names none
_START = 1_700_000_000
_WINDOW = 1_000_000  # blocks whose state is kept: all that a suite makes

T = TypeVar("T")
Fields = Mapping[str, Any]


class TwinBackend(BaseChainBackend):  # type: ignore[misc]  # eth-tester ships no types
    """eth-tester's backend protocol over a `BareChain` on the engine called *engine*."""

    def __init__(self, engine: str = "pyevm", *, start: int = _START) -> None:
        """Fund ten accounts, whose keys are the numbers from 1 on, and open the chain."""
        self._engine, self._start = engine, start
        self.reset_to_genesis()

    # -- snapshots and time

    def reset_to_genesis(self) -> None:
        """Begin anew."""
        config = ChainConfig(
            chain_id=CHAIN_ID, block_interval=1, gas_limit=_GAS_LIMIT, base_fee=_BASE_FEE,
            coinbase=bytes(20), reorg_window=_WINDOW,
        )  # fmt: skip
        engine = make_engine(self._engine, chain_id=CHAIN_ID)
        self.chain = BareChain(engine, config, Clock(self._start))
        self.chain.automine = False
        self._keys: dict[bytes, bytes] = {}
        for number in range(1, _ACCOUNTS + 1):
            address = self.add_account(number.to_bytes(32, "big"))
            self.chain.fund(address, _BALANCE)
        accounts = [DevAccount("", address, key) for address, key in self._keys.items()]
        self._context = Context(self.chain, accounts)

    def take_snapshot(self) -> int:
        """Return a handle on the present."""
        return self.chain.snapshot()

    def revert_to_snapshot(self, snapshot: int) -> None:
        """Go back to *snapshot*, which stays valid."""
        self.chain.revert(snapshot)

    def time_travel(self, to_timestamp: int) -> int:
        """Make a block such that the pending one is at *to_timestamp*."""
        self.chain.set_next_timestamp(to_timestamp - 1)
        self.mine_blocks()
        return to_timestamp

    def mine_blocks(self, num_blocks: int = 1, coinbase: bytes = bytes(20)) -> tuple[bytes, ...]:
        """Make blocks and return their hashes."""
        found = []
        for _ in range(num_blocks):
            self.chain.mine(coinbase=coinbase)
            found.append(self.chain.header(self.chain.head).hash)
            self._context.remember(found[-1], self.chain.head)
        return tuple(found)

    # -- accounts

    def get_accounts(self) -> tuple[bytes, ...]:
        """Return the addresses whose keys are known."""
        return tuple(self._keys)

    def add_account(self, private_key: bytes) -> bytes:
        """Sign for the account of *private_key* from now on; return its address."""
        from coincurve import PublicKey

        public = PublicKey.from_secret(private_key).format(compressed=False)
        address = keccak(public[1:])[12:]
        self._keys[address] = bytes(private_key)
        return address

    # -- blocks and transactions

    def _number(self, block: Any) -> int:
        """Return the number of *block*, which eth-tester gives as a number or a tag."""
        known = isinstance(block, int) or block in {
            "latest", "pending", "earliest", "safe", "finalized",
        }  # fmt: skip
        number = self._context.number(block) if known else None
        if number is None:
            raise theirs.BlockNotFound(f"No block found for block number: {block}")
        return number

    def get_block_by_number(self, block_number: Any, full_transaction: bool = True) -> Fields:
        """Return a block."""
        return self._block(self._number(block_number), full=full_transaction)

    def get_block_by_hash(self, block_hash: bytes, full_transaction: bool = True) -> Fields:
        """Return a block."""
        number = self._context.number(bytes(block_hash))
        if number is None:
            raise theirs.BlockNotFound(f"No block found for block hash: {block_hash!r}")
        return self._block(number, full=full_transaction)

    def _block(self, number: int, *, full: bool) -> Fields:
        if number > self.chain.head:
            return self._ahead(lambda: forms.block(self.chain, number, full=full))
        return forms.block(self.chain, number, full=full)

    def _ahead(self, read: Callable[[], T]) -> T:
        """Return what *read* finds with the pending block made, which is then taken back."""
        before = self.chain.snapshot()
        upcoming = self.chain.next_timestamp
        try:
            self.chain.mine()
            return read()
        finally:
            self.chain.revert(before)
            self.chain.discard(before)
            if upcoming != self.chain.next_timestamp:
                self.chain.set_next_timestamp(upcoming)

    def _found(self, transaction_hash: bytes) -> Transaction:
        tx = self.chain.transaction(bytes(transaction_hash))
        if tx is None:
            raise theirs.TransactionNotFound(
                f"No transaction found for transaction hash: 0x{bytes(transaction_hash).hex()}"
            )
        return tx

    def get_transaction_by_hash(self, transaction_hash: bytes) -> Fields:
        """Return a transaction, in a block or waiting."""
        tx = self._found(transaction_hash)
        return forms.transaction(tx, self.chain.receipt(tx.hash), chain_id=CHAIN_ID)

    def get_transaction_receipt(self, transaction_hash: bytes) -> Fields:
        """Return a receipt; of a waiting transaction, the one it will have."""
        tx = self._found(transaction_hash)
        receipt = self.chain.receipt(tx.hash)
        if receipt is not None:
            return forms.receipt(tx, receipt)
        upcoming: Receipt | None = self._ahead(lambda: self.chain.receipt(tx.hash))
        if upcoming is None:
            raise theirs.TransactionNotFound(f"0x{tx.hash.hex()} will not be in the next block")
        return forms.receipt(tx, upcoming, pending=True)

    def get_fee_history(
        self, block_count: int = 1, newest_block: Any = "latest", reward_percentiles: Any = ()
    ) -> Fields:
        """Return the fees of the blocks before *newest_block*, latest first, as eth-tester does."""
        del reward_percentiles
        if isinstance(block_count, int) and not 1 <= block_count <= 1024:
            raise theirs.ValidationError("block_count must be between 1 and 1024")
        newest = min(self._number(newest_block), self.chain.head)
        headers = [self.chain.header(n) for n in range(newest - 1, -1, -1)][:block_count]
        return {
            "oldest_block": 1,
            "base_fee_per_gas": [header.base_fee for header in headers],
            "gas_used_ratio": [header.gas_used / header.gas_limit for header in headers],
            "reward": [],
        }

    # -- state

    def _account(self, account: bytes, block: Any) -> AccountState:
        number = self._number(block)
        if number > self.chain.head:
            return self._ahead(lambda: self.chain.account(bytes(account)))
        return self._context.account(bytes(account), number)

    def get_nonce(self, account: bytes, block_number: Any = "latest") -> int:
        """Return an account's nonce."""
        return self._account(account, block_number).nonce

    def get_balance(self, account: bytes, block_number: Any = "latest") -> int:
        """Return an account's balance, wei."""
        return self._account(account, block_number).balance

    def get_code(self, account: bytes, block_number: Any = "latest") -> bytes:
        """Return an account's code."""
        return self._account(account, block_number).code

    def get_storage(self, account: bytes, slot: int, block_number: Any = "latest") -> int:
        """Return a storage slot."""
        number = min(self._number(block_number), self.chain.head)
        return self._context.storage(bytes(account), slot, number)

    def get_base_fee(self, block_number: Any = "latest") -> int:
        """Return a block's base fee, wei."""
        return self.chain.base_fee(self._number(block_number))

    # -- sending

    def send_transaction(self, transaction: Fields) -> bytes:
        """Sign and send *transaction*; return its hash."""
        key = self._keys.get(bytes(transaction["from"]))
        if key is None:
            raise theirs.ValidationError(
                'No valid "from" key was provided in the transaction '
                "which is required for transaction signing."
            )
        return self._submit(sign(self._unsigned(transaction), key))

    def send_signed_transaction(self, transaction: Fields, block_number: Any = "latest") -> bytes:
        """Send *transaction*, whose signature is in its fields; return its hash."""
        del block_number
        unsigned, v = self._unsigned(transaction), transaction["v"]
        parity = v if unsigned.kind else (v + 1) % 2
        raw = unsigned.encode(parity, transaction["r"], transaction["s"])
        return self._submit(decode(raw, chain_id=CHAIN_ID))

    def send_raw_transaction(self, raw_transaction: bytes) -> bytes:
        """Send a signed encoding; return its hash. Malformed ones raise what py-evm raises."""
        raw = bytes(raw_transaction)
        try:
            return self._submit(decode(raw, chain_id=CHAIN_ID))
        except InvalidTransaction as refused:
            if refused.__cause__ is not None:
                raise refused.__cause__ from None  # rlp's own, which callers of eth-tester expect
            if raw[0] < 0xC0 and raw[0] not in {1, 2}:
                from eth.exceptions import UnrecognizedTransactionType

                raise UnrecognizedTransactionType(raw[0], str(refused)) from None
            raise theirs.ValidationError(str(refused)) from None

    def _submit(self, tx: Transaction) -> bytes:
        """Put *tx* into the mempool if the next block can hold it after what waits already."""
        chain = self.chain
        env = chain.env(chain.head + 1)
        now = chain.account(tx.sender)
        waiting = AccountState(chain.pending_nonce(tx.sender), now.balance, now.code)
        try:
            check(tx, env, waiting)
            return chain.submit(tx)
        except InvalidTransaction as refused:
            raise theirs.ValidationError(str(refused)) from None

    def _unsigned(self, fields: Fields) -> Unsigned:
        """Return the transaction in *fields*, what was left out filled in."""
        access = forms.access_list(fields.get("access_list") or ())
        max_fee, tip, kind = self._fees(fields)
        nonce = fields.get("nonce")
        if nonce is None:
            nonce = self.chain.pending_nonce(bytes(fields["from"]))
        # eth-tester takes signatures of legacy transactions as they were before EIP-155 only.
        chain_id = fields.get("chain_id", CHAIN_ID) if kind else 0
        return Unsigned(
            chain_id, nonce, bytes(fields.get("to") or b"") or None,
            fields.get("value", 0), bytes(fields.get("data") or b""), fields["gas"], max_fee, tip,
            access, kind,
        )  # fmt: skip

    def _fees(self, fields: Fields) -> tuple[int, int, int]:
        """Return fee cap, tip and type."""
        price = fields.get("gas_price")
        if price is not None and "max_fee_per_gas" not in fields:
            return price, price, 1 if "access_list" in fields else 0
        cap, tip = fields.get("max_fee_per_gas"), fields.get("max_priority_fee_per_gas")
        if cap is None:
            cap = _FEE if tip is None else tip + 2 * self.get_base_fee()
        return cap, min(_FEE, cap) if tip is None else tip, 2

    # -- calling

    def _run(self, transaction: Fields, block: Any) -> tuple[Callable[[int], Output], int]:
        """Return what runs *transaction* with a gas limit after *block*, and the highest limit."""
        number = min(self._number(block), self.chain.head)
        env, snapshot = self._context.env(number), self._context.snapshot(number)

        def run(gas: int) -> Output:
            call = Call(
                bytes(transaction.get("to") or b"") or None,
                bytes(transaction.get("data") or b""),
                bytes(transaction["from"]),
                transaction.get("value", 0),
                gas,
            )
            return self.chain.engine.call(call, env=env, snapshot=snapshot)

        return run, env.gas_limit

    def call(self, transaction: Fields, block_number: Any = "latest") -> bytes:
        """Return what a contract answers; TransactionFailed with its reason where it reverts."""
        run, limit = self._run(transaction, block_number)
        try:
            output = run(min(transaction.get("gas", limit), limit))
        except (InvalidTransaction, RpcError) as refused:
            raise theirs.ValidationError(str(refused)) from None
        if not output.success:
            raise theirs.TransactionFailed(_reason(output.data))
        return output.data

    def estimate_gas(self, transaction: Fields, block_number: Any = "latest") -> int:
        """Return the smallest gas limit with which *transaction* succeeds."""
        if block_number == "pending":
            raise NotImplementedError('"pending" block identifier is unsupported in eth-tester')
        run, limit = self._run(transaction, block_number)
        try:
            return estimate(run, limit)
        except Reverted as reverted:
            raise theirs.TransactionFailed(_reason(reverted.data)) from None
        except InvalidTransaction as refused:
            raise theirs.ValidationError(str(refused)) from None


def _reason(data: bytes) -> Any:
    """Return what a revert says: its text, or its payload."""
    return revert_reason(data) or data or "execution failed"
