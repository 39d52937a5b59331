"""Other people's engines at the same work. Each is imported only when it is asked for.

All but verbs start from the state of the twin's network; verbs fails on reads of slots that a
given state leaves empty, so it is given the genesis transactions.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable

from twin.bench.workload import CHAIN_ID, KEY, RECEIVER, START, TRADER, Network
from twin.errors import CrashError

__all__ = ["PyEvmMessage", "PyRevm", "Simular", "Verbs", "Web3"]

GAS = 500_000
VERBS_START = 15
"""Unix seconds early enough for a verbs environment, whose clock begins at 0 and cannot be set."""

Go = Callable[[], float | None]


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _accounts(network: Network) -> list[tuple[bytes, int, int, bytes, dict[int, int]]]:
    """Return (address, nonce, balance, code, storage) of every account."""
    return [
        (
            bytes.fromhex(name[2:]),
            int(str(entry["nonce"]), 16),
            int(str(entry["balance"]), 16),
            bytes.fromhex(str(entry["code"])[2:]),
            {int(slot, 16): int(value, 16) for slot, value in entry["storage"].items()},
        )
        for name, entry in network.alloc.items()
    ]


class _Encoded:
    """A peer that takes calldata: *message* is all that differs."""

    network: Network

    def message(self, to: bytes, data: bytes, *, commit: bool) -> bytes:
        """Send calldata *data* to *to* and return what it answered."""
        raise NotImplementedError

    def prepare(self, kind: str, first: int, count: int) -> Go:
        """Return the loop over *count* operations, encoded before."""
        ready = [self.network.encoded(kind, number) for number in range(first, first + count)]
        commit = kind != "view"

        def go() -> None:
            message = self.message
            for to, data in ready:
                message(to, data, commit=commit)

        return go

    def seen(self) -> tuple[int, int]:
        """Read the receiver's balance and the pool's count of swaps."""
        token, pool = self.network.token, self.network.pool
        held = self.message(token.address, token.encode("balanceOf", RECEIVER), commit=False)
        swaps = self.message(pool.address, pool.encode("swapCount"), commit=False)
        return int.from_bytes(held, "big"), int.from_bytes(swaps, "big")


class PyEvmMessage(_Encoded):
    """py-evm as it is: its own state, one message after another, as its documentation runs code."""

    def __init__(self, network: Network) -> None:
        """Write the state of *network* into py-evm's own database."""
        from eth.constants import BLANK_ROOT_HASH
        from eth.db.atomic import AtomicDB
        from eth.vm.execution_context import ExecutionContext
        from eth.vm.forks.cancun.state import CancunState
        from eth.vm.message import Message
        from eth.vm.transaction_context import BaseTransactionContext

        self.network, self._message, self._context = network, Message, BaseTransactionContext
        context = ExecutionContext(
            coinbase=b"\xcb" * 20, timestamp=START + 12, block_number=1, difficulty=0,
            mix_hash=bytes(32), gas_limit=30_000_000, prev_hashes=(), chain_id=CHAIN_ID,
            base_fee_per_gas=0, excess_blob_gas=0,
        )  # fmt: skip
        self._state = CancunState(AtomicDB(), context, BLANK_ROOT_HASH)
        for address, nonce, balance, code, storage in _accounts(network):
            self._state.set_nonce(address, nonce)
            self._state.set_balance(address, balance)
            self._state.set_code(address, code)
            for slot, value in storage.items():
                self._state.set_storage(address, slot, value)
        self._state.lock_changes()

    def message(self, to: bytes, data: bytes, *, commit: bool) -> bytes:
        """Apply a message, and lock what it changed, as the end of a transaction does."""
        state = self._state
        start = state.snapshot()
        message = self._message(
            gas=GAS, to=to, sender=TRADER, value=0, data=data, code=state.get_code(to)
        )
        done = state.computation_class.apply_message(
            state, message, self._context(gas_price=0, origin=TRADER)
        )
        if done.is_error:
            raise CrashError(f"py-evm: {done.error!r}")
        if commit:
            done.get_log_entries()
            state.commit(start)
        else:
            state.revert(start)
        state.lock_changes()
        output: bytes = done.output
        return output


class Web3:
    """web3 on eth-tester as users call it: contract objects, automatic gas, receipts."""

    def __init__(self, network: Network) -> None:
        """Start eth-tester from the state of *network*."""
        eth_tester = importlib.import_module("eth_tester")
        backend = importlib.import_module("eth_tester.backends.pyevm.main").PyEVMBackend
        web3 = importlib.import_module("web3")
        state = {
            address: {"balance": balance, "nonce": nonce, "code": code, "storage": storage}
            for address, nonce, balance, code, storage in _accounts(network)
            if address != bytes(20)
        }
        tester = eth_tester.EthereumTester(backend(genesis_state=state))
        if _hex(TRADER) not in map(str.lower, tester.get_accounts()):
            tester.add_account(_hex(KEY))
        self._web3 = web3.Web3(web3.EthereumTesterProvider(tester))
        self._network = network
        self._trader = web3.Web3.to_checksum_address(TRADER)
        self._checksum = web3.Web3.to_checksum_address
        self._contracts = {
            contract.address: self._web3.eth.contract(
                address=self._checksum(contract.address), abi=list(contract.artifact.abi)
            )
            for contract in (network.token, network.other, network.pool)
        }

    def prepare(self, kind: str, first: int, count: int) -> Go:
        """Return the loop over *count* operations."""
        steps = []
        for number in range(first, first + count):
            contract, function, arguments = self._network.step(kind, number)
            shown = [self._checksum(x) if isinstance(x, bytes) else x for x in arguments]
            steps.append((self._contracts[contract.address].functions[function], shown))
        eth, trader = self._web3.eth, self._trader

        def send() -> None:
            for function, shown in steps:
                sent = function(*shown).transact({"from": trader})
                if not eth.wait_for_transaction_receipt(sent)["status"]:
                    raise CrashError("web3 + eth-tester: a measured transaction reverted")

        def read() -> None:
            for function, shown in steps:
                function(*shown).call({"from": trader})

        return read if kind == "view" else send

    def seen(self) -> tuple[int, int]:
        """Read the receiver's balance and the pool's count of swaps."""
        network, receiver = self._network, self._checksum(RECEIVER)
        held: int = self._contracts[network.token.address].functions.balanceOf(receiver).call()
        swaps: int = self._contracts[network.pool.address].functions.swapCount().call()
        return held, swaps


class Simular:
    """simular-evm as users call it: contract objects, ABI coding in Rust."""

    def __init__(self, network: Network) -> None:
        """Start from a snapshot in its own form."""
        simular = importlib.import_module("simular")
        accounts = {
            _hex(address): {
                "nonce": nonce, "balance": hex(balance), "code": _hex(code),
                "storage": {hex(slot): hex(value) for slot, value in storage.items()},
            }
            for address, nonce, balance, code, storage in _accounts(network)
        }  # fmt: skip
        snapshot = {"source": "Memory", "block_num": 1, "timestamp": START, "accounts": accounts}
        evm = simular.PyEvm.from_snapshot(json.dumps(snapshot))
        self._network, self._trader = network, _hex(TRADER)
        self._contracts = {
            contract.address: simular.contract_from_raw_abi(
                evm, json.dumps({"abi": list(contract.artifact.abi), "bytecode": ""})
            ).at(_hex(contract.address))
            for contract in (network.token, network.other, network.pool)
        }

    def prepare(self, kind: str, first: int, count: int) -> Go:
        """Return the loop over *count* operations."""
        steps = []
        for number in range(first, first + count):
            contract, function, arguments = self._network.step(kind, number)
            shown = [_hex(x) if isinstance(x, bytes) else x for x in arguments]
            steps.append((getattr(self._contracts[contract.address], function), shown))
        trader = self._trader

        def send() -> None:
            for function, shown in steps:
                function.transact(*shown, caller=trader)

        def read() -> None:
            for function, shown in steps:
                function.call(*shown)

        return read if kind == "view" else send

    def seen(self) -> tuple[int, int]:
        """Read the receiver's balance and the pool's count of swaps."""
        network = self._network
        held: int = self._contracts[network.token.address].balanceOf.call(_hex(RECEIVER))
        swaps: int = self._contracts[network.pool.address].swapCount.call()
        return held, swaps


class Verbs(_Encoded):
    """verbs' environment, given encoded calls."""

    def __init__(self, network: Network) -> None:
        """Make the network anew with the genesis transactions of a chain that is as young."""
        network = Network.on("pyevm", start=VERBS_START)
        envs = importlib.import_module("verbs.envs")
        self.network, self._env = network, envs.EmptyEnvRandom(1)
        self._env.process_block()  # roles count from a block's time on, and it starts at 0
        for sender in sorted({step[0] for step in network.genesis} | {TRADER}):
            self._env.create_account(sender, 10**27)
        for sender, to, data, created in network.genesis:
            if to is not None:
                self._env.execute(sender, to, data, 0)
                continue
            made = bytes(self._env.deploy_contract(sender, "network", data))
            if made != created:
                raise CrashError(f"verbs put a contract at {_hex(made)}, not at {created!r}")

    def message(self, to: bytes, data: bytes, *, commit: bool) -> bytes:
        """Execute or call."""
        do = self._env.execute if commit else self._env.call
        return bytes(do(TRADER, to, data, 0)[0])


class PyRevm(_Encoded):
    """pyrevm's message calls."""

    def __init__(self, network: Network) -> None:
        """Insert the state of *network*."""
        pyrevm = importlib.import_module("pyrevm")
        self.network, self._trader = network, _hex(TRADER)
        self._evm = pyrevm.EVM(gas_limit=30_000_000, spec_id="CANCUN")
        # The pool's price accumulators count from its last swap, so time must have gone on.
        block = pyrevm.BlockEnv(
            number=1, timestamp=START + 12, gas_limit=30_000_000, basefee=0, prevrandao=bytes(32)
        )
        self._evm.set_block_env(block)
        self._names: dict[bytes, str] = {}
        for address, nonce, balance, code, storage in _accounts(network):
            name = self._names[address] = _hex(address)
            self._evm.insert_account_info(name, pyrevm.AccountInfo(balance, nonce, None, code))
            for slot, value in storage.items():
                self._evm.insert_account_storage(name, slot, value)

    def message(self, to: bytes, data: bytes, *, commit: bool) -> bytes:
        """Send a message, and keep its logs as a receipt would."""
        answer: bytes = self._evm.message_call(
            caller=self._trader, to=self._names[to], calldata=data, gas=GAS, is_static=not commit
        )
        if commit:
            _logs = self._evm.result.logs
        return bytes(answer)
