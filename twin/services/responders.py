"""Help from outside, simulated: a contract, a delay, and the advice of their trade."""

from __future__ import annotations

from collections.abc import Mapping

from twin.clock import Clock
from twin.desk.port.responders import RESPONDER, Engagement, Responder
from twin.desk.port.team import Notice
from twin.random import Streams
from twin.scenario.services_incident import ResponderSpec

__all__ = ["ResponderClient", "ResponderPool"]

ADVICE: Mapping[str, str] = {
    "emergency": "stop what can be stopped, warn venues and custodians, keep everything you have",
    "auditor": "compare code and configuration on chain with what was reviewed, then its callers",
    "counsel": "keep a record, say only what is known, mind the deadlines for notice to authorities",
}


class ResponderPool:
    """The responders of *specs*; the fault handle is *silent*, names of those who do not answer."""

    def __init__(
        self, specs: Mapping[str, ResponderSpec], clock: Clock, *, streams: Streams
    ) -> None:
        """Nobody was asked yet."""
        self._specs, self._clock, self._streams = dict(specs), clock, streams
        self.silent: set[str] = set()
        self._answers: list[Engagement] = []

    def all(self) -> list[Responder]:
        """Return who is under contract."""
        return [Responder(name, spec.kind, spec.within) for name, spec in self._specs.items()]

    def hear(self, notice: Notice) -> None:
        """Answer *notice* after a while where it asks one of these."""
        name = notice.audience.removeprefix(RESPONDER)
        spec = self._specs.get(name)
        if spec is None or not notice.audience.startswith(RESPONDER):
            return
        chance = self._streams.stream("responder", name)
        wait = max(1, round(spec.answers * float(chance.standard_exponential())))
        if name in self.silent:
            return
        self._answers.append(
            Engagement(name, notice.subject, notice.at, notice.at + wait, ADVICE[spec.kind])
        )

    def answers(self, *, since: int) -> list[Engagement]:
        """Return what was answered by now of what was asked from unix second *since* on."""
        now = self._clock.now
        return [item for item in self._answers if item.asked >= since and item.answered <= now]


class ResponderClient:
    """The port `Responders`."""

    __slots__ = ("_pool",)

    def __init__(self, pool: ResponderPool) -> None:
        """Ask *pool*."""
        self._pool = pool

    def all(self) -> list[Responder]:
        """Return who is under contract."""
        return self._pool.all()

    def answers(self, *, since: int) -> list[Engagement]:
        """Return the answers so far."""
        return self._pool.answers(since=since)
