"""Lock-step in which the reference may rest, so that it runs only the slice that is looked at.

While it rests the fast engine answers alone. When it wakes it is given what changed meanwhile and
must come to the same state root; from then on both answer again. A week is checked in minutes that
way, where and when it matters. Nobody who is not asked rests: `--engine both` is lock-step
throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from twin.chain.lockstep import Lockstep
from twin.chain.port import (
    AccountChange,
    AccountState,
    BlockEnv,
    Call,
    Engine,
    Execution,
    Output,
    Transaction,
)
from twin.errors import ChainError

__all__ = ["Relay"]

T = TypeVar("T")


class Relay(Lockstep):
    """Both engines, the reference at work or at rest.

    Snapshots keep their handles over a rest. One that was taken during it means nothing to the
    reference: calls on it are the fast engine's alone, and after a revert to it the reference is
    brought there from where it fell asleep.
    """

    def __init__(self, *, chain_id: int) -> None:
        """Start awake, with no account and no block."""
        super().__init__(chain_id=chain_id)
        self._asleep = False
        self._bed: tuple[int, int] | None = None  # handles of the reference and the fast engine
        self._unseen: set[int] = set()  # snapshots of states that the reference never had
        self._undrained = False

    # -- resting

    def rest(self) -> None:
        """Let the fast engine answer alone from here on; ChainError for a second rest."""
        if self._bed is not None:
            raise ChainError("the reference rests once in a run")
        self._lie_down()
        self._asleep = True

    def wake(self) -> None:
        """Have both answer again, from the present state; ChainError where nobody rests.

        JudgesDisagree where the two do not come to the same state root.
        """
        if not self._asleep:
            raise ChainError("the reference is awake")
        self._asleep = False
        self._catch_up()
        self.state_root()  # which both must agree on
        # What the chain drains next may have begun before, so the fast engine's word stands.
        self._undrained = True
        if self._env is not None:
            self.reference.begin_block(self._env)

    def _lie_down(self) -> None:
        self._bed = self.reference.snapshot(), self.fast.snapshot()

    def _catch_up(self) -> None:
        """Write into the reference what changed on the fast engine since the reference lay down."""
        assert self._bed is not None  # noqa: S101 - who never lay down has nothing to catch up with
        for address, change in self.fast.changes_since(self._bed[1]).items():
            if change.deleted:
                self.reference.set_account(address, AccountState())
            else:
                self.reference.set_account(address, self.fast.account(address))
                self.reference.set_storage(address, change.storage)

    # -- the engine port

    def begin_block(self, env: BlockEnv) -> None:
        """Set the environment for the transactions and calls that follow."""
        if self._asleep:
            self.fast.begin_block(env)
            self._env = env
        else:
            super().begin_block(env)

    def transact(self, tx: Transaction) -> Execution:
        """Execute and commit *tx*; InvalidTransaction where it is refused."""
        return self.fast.transact(tx) if self._asleep else super().transact(tx)

    def call(
        self, call: Call, *, env: BlockEnv | None = None, snapshot: int | None = None
    ) -> Output:
        """Execute *call* and forget its effects."""
        if self._asleep or snapshot in self._unseen:
            theirs = None if snapshot is None else self._handles[snapshot]
            return self.fast.call(call, env=env, snapshot=theirs)
        return super().call(call, env=env, snapshot=snapshot)

    def snapshot(self) -> int:
        """Return a handle on the present state."""
        handle = super().snapshot()
        if self._asleep:
            self._unseen.add(handle)
        return handle

    def revert(self, snapshot: int) -> None:
        """Go back to the state of *snapshot*, which stays valid; later ones are discarded."""
        unseen = snapshot in self._unseen
        super().revert(snapshot)
        self._unseen = {handle for handle in self._unseen if handle <= snapshot}
        if self._bed is not None and snapshot < self._bed[0]:
            # Before it lay down: the reference is there too, and lies down anew.
            self._lie_down()
        elif unseen and not self._asleep:
            self._catch_up()
            self._undrained = True

    def forget(self, snapshot: int) -> None:
        """Discard *snapshot*."""
        super().forget(snapshot)
        self._unseen.discard(snapshot)

    def drain_changes(self) -> Mapping[bytes, AccountChange]:
        """Return what changed since the last drain; start anew."""
        if self._asleep:
            return self.fast.drain_changes()
        if self._undrained:
            self._undrained = False
            self.reference.drain_changes()
            return self.fast.drain_changes()
        return super().drain_changes()

    def set_account(self, address: bytes, state: AccountState) -> None:
        """Write an account outside any transaction."""
        if self._asleep:
            self.fast.set_account(address, state)
        else:
            super().set_account(address, state)

    def set_storage(self, address: bytes, slots: Mapping[int, int]) -> None:
        """Write storage outside any transaction."""
        if self._asleep:
            self.fast.set_storage(address, slots)
        else:
            super().set_storage(address, slots)

    def _same(self, what: str, ask: Callable[[Engine], T]) -> T:
        """Return what both answer, or the one that is awake."""
        return ask(self.fast) if self._asleep else super()._same(what, ask)
