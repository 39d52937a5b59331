"""Authority as data: which signers, how many of them, and the account that they move.

An action in the name of an authority takes effect after enough signers have been reached and
have signed; a role with an execution delay is scheduled first and executed after it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import simpy

from twin.clock import Clock, Process
from twin.errors import UnknownName
from twin.team.roster import Person, Roster

__all__ = ["Authorities", "AuthoritySpec"]

PATIENCE = 6 * 3600
"""Seconds after which a signing round without a quorum is given up."""


ROUTINE_PATIENCE = 3 * 86_400
"""Seconds after which a routine round is given up: a long weekend."""


class AuthoritySpec(Protocol):
    """An authority as a scenario declares it: *threshold* of *signers*, *signing* seconds each."""

    @property
    def signers(self) -> tuple[str, ...]:
        """Names of people."""

    @property
    def threshold(self) -> int:
        """How many of them must sign."""

    @property
    def signing(self) -> int:
        """Seconds that each needs to read and sign."""


class Authorities:
    """The authorities of the team by name (the role's name on chain)."""

    def __init__(self, specs: Mapping[str, AuthoritySpec], roster: Roster, *, clock: Clock) -> None:
        """Keep the declared quorums."""
        self._specs, self._roster, self._clock = dict(specs), roster, clock

    def require(self, name: str) -> AuthoritySpec:
        """Return the authority called *name*."""
        if name not in self._specs:
            raise UnknownName("authority", name, self._specs)
        return self._specs[name]

    def collect(
        self, name: str, subject: str, *, knowing: Collection[str] = (), routine: bool = False
    ) -> Process:
        """Collect signatures in the name of *name*; value the signers, short when it failed.

        All signers are asked at once; those *knowing* already are not paged but sign like
        everybody else. The round ends when the threshold is met or after six hours. A *routine*
        round pages nobody: signers sign on their shifts, and it ends after three days.
        """
        spec = self.require(name)
        signed: list[str] = []
        enough = self._clock.event()
        for signer in spec.signers:
            person = self._roster[signer]
            known = person.name in knowing
            self._clock.spawn(
                self._sign(person, subject, spec, signed, enough, known=known, routine=routine)
            )
        limit = self._clock.after(ROUTINE_PATIENCE if routine else PATIENCE)
        yield simpy.AnyOf(self._clock.env, [enough, limit])
        return tuple(signed)

    def _sign(
        self,
        person: Person,
        subject: str,
        spec: AuthoritySpec,
        signed: list[str],
        enough: simpy.Event,
        *,
        known: bool,
        routine: bool,
    ) -> Process:
        """Reach *person*, let them read and sign, unless the round is over by then."""
        if routine:
            yield from person.ask()
        elif not known:
            self._roster.on_page()
            reached = yield from person.answer(f"sign: {subject}")
            if not reached:
                return
        if enough.triggered:
            return
        yield from person.work(spec.signing, priority=1)
        if not enough.triggered:
            signed.append(person.name)
            if len(signed) >= spec.threshold:
                enough.succeed()
