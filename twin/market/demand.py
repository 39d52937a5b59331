"""How much the network is used: a factor that a scenario can raise, and the answer to the fee.

Trades arrive at base x factor x (fee / fee0)^-elasticity, so that the loop of the fee controller
is closed (no elasticity is published: it is a scenario parameter). The factor stands in parts per
million; only the injector and the run move it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import simpy

from twin.clock import Clock
from twin.errors import UsageError
from twin.market.chance import PIPS, settle

__all__ = ["Demand"]


class Demand:
    """The demand of one run; *elasticity_ppm* is that of volume to the fee, in millionths."""

    __slots__ = ("_clock", "_factor", "_listeners", "_waiting", "elasticity_ppm")

    def __init__(self, clock: Clock, *, elasticity_ppm: int = 0) -> None:
        """Start at a factor of one."""
        self._clock, self.elasticity_ppm = clock, elasticity_ppm
        self._factor = PIPS
        self._listeners: list[Callable[[], object]] = []
        self._waiting: dict[simpy.Event, None] = {}  # in the order in which they came

    @property
    def factor_ppm(self) -> int:
        """The factor on all demand at present, in millionths."""
        return self._factor

    def set_factor(self, ppm: int) -> None:
        """Multiply the ordinary demand by *ppm* millionths (3_000_000 triples it) from now on."""
        if ppm < 1:
            raise UsageError(f"a demand factor of {ppm} ppm: it must be 1 or more")
        self._factor = ppm
        self.stir()

    def level(self, fee: int, fee0: int) -> float:
        """Return the multiple of the base rate at *fee* (pips) where *fee0* was the first fee.

        Settled to 12 digits. A fee of zero counts as one pip: the power has a pole there.
        """
        level = self._factor / PIPS
        if self.elasticity_ppm and fee != fee0:
            level *= math.pow(max(fee, 1) / max(fee0, 1), -self.elasticity_ppm / PIPS)
        return settle(level)

    def rate(self, base: float, fee: int, fee0: int) -> float:
        """Return the arrivals for *base* arrivals (in the same unit of time) at *fee* pips."""
        return settle(base * self.level(fee, fee0))

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call *callback* whenever the level may have changed."""
        self._listeners.append(callback)

    def wait(self, seconds: int) -> simpy.Event:
        """Return an event that happens in *seconds*, or at the next change if that comes before."""
        woken, waiting = self._clock.event(), self._waiting
        waiting[woken] = None

        def ring(_timer: simpy.Event) -> None:
            waiting.pop(woken, None)
            if not woken.triggered:
                woken.succeed()

        self._clock.after(seconds).callbacks.append(ring)
        return woken

    def stir(self) -> None:
        """Tell everybody that the level may have changed: whoever sees the fee move calls this."""
        waiting, self._waiting = self._waiting, {}
        if waiting:
            self._clock.call_at(self._clock.now, lambda: _wake(waiting))
        for listener in tuple(self._listeners):
            listener()


def _wake(waiting: Iterable[simpy.Event]) -> None:
    for woken in waiting:
        if not woken.triggered:
            woken.succeed()
