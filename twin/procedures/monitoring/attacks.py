"""The stage of the attack library: a fork of the chain, a thief, and what each attempt came to.

An attack either tries what must be refused, or does something allowed and then proves a property
that it would break. It runs on a copy of the public state and reaches nothing else. That none of
the attempts succeeds proves nothing about those that nobody thought of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.desk.port import Desk, Fork, Simulation
from twin.errors import DeskError, TwinError

__all__ = ["MILLION", "Attack", "Attempt", "Scene", "assault"]

MILLION = 10**12
"""A million tokens of 6 decimals."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What *attack* of a *family* came to: stopped, succeeded, or not-run; *detail* says why."""

    family: str
    attack: str
    outcome: str
    detail: str

    def record(self) -> dict[str, str]:
        """Return it as a row of the matrix."""
        return {"family": self.family, "attack": self.attack, "outcome": self.outcome,
                "detail": self.detail[:200]}  # fmt: skip


@dataclass
class Scene:
    """A *fork* of what *desk* shows, and the attempts made on it."""

    desk: Desk
    fork: Fork
    family: str
    made: list[Attempt] = field(default_factory=list)

    @property
    def thief(self) -> bytes:
        """The attacker's address."""
        return self.fork.wallet("thief").address

    def at(self, name: str) -> bytes:
        """Return the address of a contract or role account."""
        return self.desk.register.address(name)

    def hash(self, data: bytes) -> bytes:
        """Return the Keccak-256 of *data*."""
        return self.fork.wallet("thief").hash(data)

    def selector(self, signature: str) -> bytes:
        """Return the four bytes that call `name(types)`."""
        return self.hash(signature.encode())[:4]

    # -- what happens on the fork ----------------------------------------------------------------

    def steal(self, contract: str, function: str, *args: Any) -> Simulation:
        """Call as the thief."""
        return self.fork.call(self.thief, contract, function, args)

    def govern(self, contract: str, function: str, *args: Any) -> Simulation:
        """Call as governance's timelock, which holds the roles of governance and administrator."""
        return self.need(self.fork.call(self.at("FictraTimelock"), contract, function, args))

    def as_role(self, role: str, contract: str, function: str, *args: Any) -> Simulation:
        """Call in the name of *role*, waiting out its delay; DeskError where it is refused."""
        return self.need(self.fork.act(role, contract, function, args))

    def call(self, sender: bytes, contract: str, function: str, *args: Any) -> Simulation:
        """Call as *sender* what has to go through for the attempt to mean anything."""
        return self.need(self.fork.call(sender, contract, function, args))

    def need(self, done: Simulation) -> Simulation:
        """Return *done*; DeskError where it did not go through: the attempt means nothing then."""
        if not done.success:
            raise DeskError(f"the attempt could not be prepared: {done.reason}")
        return done

    def fund(self, account: bytes, *, pt: int = 0, stable: int = 0) -> None:
        """Give *account* tokens, as their issuers could."""
        if pt:
            self.as_role("issuer", "PaymentToken", "mint", account, pt)
        if stable:
            owner = self.fork.read("StableAsset", "owner")
            self.call(owner, "StableAsset", "mint", account, stable)

    def approve(self, account: bytes, token: str, spender: str) -> None:
        """Let the contract *spender* take any amount of *token* from *account*."""
        self.call(account, token, "approve", self.at(spender), 2**256 - 1)

    def admit(self, account: bytes, kinds: int) -> None:
        """Let compliance examine *account* as a participant of *kinds* (the registry's bits)."""
        self.as_role("compliance", "ParticipantRegistry", "register", account, kinds, b"ZZ")
        until = self.fork.now + 30 * 86_400
        self.as_role("compliance", "ParticipantRegistry", "approve", account, until)

    # -- what is judged --------------------------------------------------------------------------

    def refused(self, attack: str, done: Simulation, *, because: str = "") -> None:
        """Judge an attempt that has to be refused, with a reason in which *because* stands."""
        if done.success:
            self.note(attack, "succeeded", "it went through")
        elif because and because not in done.reason:
            self.note(attack, "succeeded", f"refused for another reason: {done.reason}")
        else:
            self.note(attack, "stopped", done.reason)

    def holds(self, attack: str, truth: bool, detail: str) -> None:
        """Judge a property that the attempt tried to break."""
        self.note(attack, "stopped" if truth else "succeeded", detail)

    def skip(self, attack: str, why: str) -> None:
        """Note an attempt that could not be made here."""
        self.note(attack, "not-run", why)

    def note(self, attack: str, outcome: str, detail: str) -> None:
        """Note an attempt and what it came to."""
        self.made.append(Attempt(self.family, attack, outcome, detail))


Attack = Callable[[Scene], None]


def assault(
    desk: Desk, library: Sequence[tuple[str, Sequence[tuple[str, Attack]]]]
) -> list[Attempt]:
    """Make every attack of *library*, each family on a fork of its own."""
    made: list[Attempt] = []
    for family, attacks in library:
        scene = Scene(desk, desk.lab.fork(f"MS4 {family}"), family)
        for name, attack in attacks:
            before = len(scene.made)
            try:
                attack(scene)
            except TwinError as error:
                scene.skip(name, str(error))
            if len(scene.made) == before:
                scene.skip(name, "it came to nothing")
        made += scene.made
    return made
