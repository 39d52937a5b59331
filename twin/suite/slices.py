"""Slices: the stretch of a scenario that the reference engine repeats in everyday checks.

A whole week takes the reference minutes. So the fast engine runs to the slice, the two go through
it transaction by transaction, and the digest at its end must be that of the fast engine alone.
"""

from __future__ import annotations

from dataclasses import replace

from twin.errors import JudgesDisagree
from twin.runner import Request, Simulation, simulate
from twin.scenario import Scenario
from twin.world import Parts

__all__ = ["agreed"]


def agreed(scenario: Scenario, parts: Parts, *, since: int, until: int) -> str:
    """Return the digest of *scenario* at *until*, on which both engines agree.

    Times are seconds after the start. JudgesDisagree is raised at the first transaction between
    *since* and *until* on which the engines differ, or where the digests do.
    """
    alone = simulate(Request(scenario, replace(parts, engine="revm"), until=until)).digest
    pair = Simulation(scenario, replace(parts, engine="both"))
    try:
        _through(pair, since, until)
    except BaseException:
        pair.abandon()
        raise
    if pair.digest != alone:
        raise JudgesDisagree(
            f"{scenario.name} until {until} s: both engines together give {pair.digest}, "
            f"revm alone {alone}"
        )
    return alone


def _through(pair: Simulation, since: int, until: int) -> None:
    """Run *pair*, whose reference rests until *since*, to *until*."""
    from twin.chain.relay import Relay  # which imports py-evm: a second that no other run needs

    engine, scenario = pair.world.chain.engine, pair.scenario
    assert isinstance(engine, Relay)  # noqa: S101 - both engines are one
    if since:
        engine.rest()
        pair.run(scenario.start + since, scenario.name)
        engine.wake()
    pair.run(scenario.start + until, scenario.name)
    pair.finish()
