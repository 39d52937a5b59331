"""The lab: a copy of the public chain state on which a procedure tries something out.

A fork starts from the state of the latest block, which anybody can read, on an engine and a clock
of its own. It holds no agents and no sealed faults, and what happens on it stays there. Forks are
counted against a budget: exercises cost time, and are told apart from the run they serve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twin.chain.chain import Chain
from twin.chain.codec import keccak
from twin.chain.config import ChainConfig
from twin.chain.port import AccountState, Engine
from twin.clock import Clock
from twin.desk.port import Recorded, Restored, Simulation
from twin.desk.sender import arguments
from twin.errors import InvalidTransaction, NoData
from twin.protocol.deployment import Deployment
from twin.protocol.operations import operation_of
from twin.protocol.reader import Reader
from twin.protocol.roles import address_of, key_of

__all__ = ["BUDGET", "ChainFork", "ChainLab", "Judge"]

Judge = Callable[[str, int, Sequence[Recorded]], list[int]]
"""Tries a rule on series; the monitoring has it."""

BUDGET = 5_000
"""Forks that one run may make: 90 days of daily work, with room for incidents."""

GAS = 10_000_000
"""The gas limit of a call on a fork."""


def _copy(chain: Chain, engine: Engine) -> tuple[Chain, Clock]:
    """Return the latest state of *chain* as block 0 of a chain on *engine*, and its clock."""
    clock = Clock(chain.timestamp(chain.head))
    for text, account in chain.engine.dump().items():
        address = bytes.fromhex(text.removeprefix("0x"))
        storage: Any = account.get("storage", {})
        found = chain.engine.account(address)
        engine.set_account(address, AccountState(found.nonce, found.balance, found.code))
        if storage:
            engine.set_storage(
                address, {int(slot, 16): int(value, 16) for slot, value in storage.items()}
            )
    config = ChainConfig(
        chain_id=chain.config.chain_id,
        block_interval=chain.config.block_interval,
        gas_limit=chain.config.gas_limit,
        base_fee=0,
        coinbase=chain.config.coinbase,
    )
    return Chain(engine, config, clock), clock


def _account(text: str, entry: Any) -> tuple[bytes, AccountState, dict[int, int]]:
    """Read one entry of a genesis allocation: hex text throughout."""
    address = bytes.fromhex(text.removeprefix("0x"))
    if len(address) != 20:
        raise ValueError(f"{len(address)} bytes of address")
    code = bytes.fromhex(entry.get("code", "0x").removeprefix("0x"))
    state = AccountState(int(entry.get("nonce", "0x0"), 16), int(entry["balance"], 16), code)
    storage = {int(slot, 16): int(value, 16) for slot, value in entry.get("storage", {}).items()}
    return address, state, storage


class TestWallet:
    """A wallet of the lab: it signs what an exercise asks it to, and holds nothing outside."""

    __slots__ = ("_key", "address")

    def __init__(self, label: str) -> None:
        """Derive the key from the *label*: play money, no secret."""
        self._key = key_of(f"lab:{label}")
        self.address = address_of(self._key)

    def sign(self, digest: bytes) -> tuple[int, bytes, bytes]:
        """Return v, r and s of the signature over *digest* (32 bytes)."""
        from coincurve import PrivateKey

        raw = PrivateKey(self._key).sign_recoverable(digest, hasher=None)
        return 27 + raw[64], raw[:32], raw[32:64]

    def hash(self, data: bytes) -> bytes:
        """Return the Keccak-256 of *data*."""
        return keccak(data)


class ChainFork:
    """A copy of the chain; each call is in a block of its own, and pays no fee."""

    __slots__ = ("_chain", "_clock", "_deployment", "_reader")

    def __init__(self, chain: Chain, deployment: Deployment, engine: Engine) -> None:
        """Copy the latest state of *chain* onto *engine*, which is empty."""
        self._deployment = deployment
        self._chain, self._clock = _copy(chain, engine)
        self._reader = Reader(self._chain, deployment)

    @property
    def now(self) -> int:
        """The copy's present, in unix seconds."""
        return self._clock.now

    def wait(self, seconds: int) -> None:
        """Let *seconds* pass on the copy."""
        self._clock.run(self._clock.now + seconds)

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function of the copy."""
        return self._reader.read(contract, function, *args)

    def wallet(self, label: str) -> TestWallet:
        """Return the test wallet called *label*."""
        return TestWallet(label)

    def send(self, sender: bytes, to: bytes, data: bytes, *, value: int = 0) -> Simulation:
        """Send exact calldata from *sender* and mine it.

        A contract may be the sender too: its code is set aside while the transaction is mined.
        """
        chain, engine = self._chain, self._chain.engine
        before = engine.account(sender)
        if before.code:
            engine.set_account(sender, AccountState(before.nonce, before.balance, b""))
            chain.touch()
        try:
            return self._mine(sender, to, data, value=value)
        finally:
            if before.code:
                after = engine.account(sender)
                engine.set_account(sender, AccountState(after.nonce, after.balance, before.code))
                chain.touch()

    def _mine(self, sender: bytes, to: bytes, data: bytes, *, value: int) -> Simulation:
        chain = self._chain
        try:
            tx = chain.send(sender, to, data, gas=GAS, tip=0, max_fee=0, value=value)
        except InvalidTransaction as error:
            return Simulation(success=False, gas_used=0, reason=str(error))
        self.wait(chain.config.block_interval + 1)
        receipt = chain.receipt(tx)
        if receipt is None:
            return Simulation(success=False, gas_used=0, reason=chain.dropped(tx) or "not included")
        reason = "" if receipt.success else self._deployment.reverts.decode_revert(receipt.output)
        return Simulation(success=receipt.success, gas_used=receipt.gas_used, reason=reason)

    def call(self, sender: bytes, contract: str, function: str, args: Sequence[Any]) -> Simulation:
        """Send a call by name from *sender* and mine it."""
        target = self._deployment.contract(contract)
        return self.send(sender, target.address, target.encode(function, *arguments(args)))

    def act(self, authority: str, contract: str, function: str, args: Sequence[Any]) -> Simulation:
        """Send the call in the name of *authority*; a delayed one is scheduled and waited for."""
        operation = operation_of(
            self._deployment, authority, contract=contract, function=function, args=arguments(args)
        )
        first, *rest = operation.messages
        result = self.send(operation.caller, *first)
        for message in rest:
            if not result.success:
                return result
            self.wait(operation.delay)
            result = self.send(operation.caller, *message)
        return result


class ChainLab:
    """Makes forks of *chain* on engines from *make*, at most *budget* of them."""

    __slots__ = ("_budget", "_chain", "_deployment", "_judge", "_made", "_make")

    def __init__(
        self,
        chain: Chain,
        deployment: Deployment,
        make: Callable[[], Engine],
        *,
        budget: int = BUDGET,
        judge: Judge | None = None,
    ) -> None:
        """Make nothing yet; *judge* tries alert rules."""
        self._judge = judge
        self._chain, self._deployment, self._make = chain, deployment, make
        self._budget = budget
        self._made: dict[str, int] = {}

    def _spend(self, purpose: str) -> None:
        """Count one exercise for *purpose*; NoData once the budget is used up."""
        if sum(self._made.values()) >= self._budget:
            raise NoData(f"the lab's budget of {self._budget} forks is used up: {self._made}")
        self._made[purpose] = self._made.get(purpose, 0) + 1

    def fork(self, purpose: str) -> ChainFork:
        """Return a copy of the latest state for *purpose*; NoData once the budget is used up."""
        self._spend(purpose)
        return ChainFork(self._chain, self._deployment, self._make())

    def restore(self, purpose: str, alloc: Mapping[str, Any]) -> Restored:
        """Load *alloc* into an engine that is empty, account by account.

        NoData where an entry is no account, and once the budget is used up.
        """
        self._spend(purpose)
        engine, slots = self._make(), 0
        for text, account in alloc.items():
            try:
                address, state, storage = _account(text, account)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise NoData(f"the dump's entry {text!r} is no account: {error!r}") from error
            engine.set_account(address, state)
            if storage:
                engine.set_storage(address, storage)
                slots += len(storage)
        return Restored(engine.state_root(), len(alloc), slots)

    def backtest(self, expression: str, hold: int, series: Sequence[Recorded]) -> list[int]:
        """Return when a rule would have begun to fire on *series*; NoData where none can be tried."""
        if self._judge is None:
            raise NoData("the lab has no rule engine")
        return self._judge(expression, hold, series)
