"""From a scenario's commodities to their price paths, each on its own stream of chance."""

from __future__ import annotations

from collections.abc import Mapping

from twin.market.commodity import PricePath
from twin.market.garch import GarchT
from twin.market.replay import ReplayPath
from twin.market.schwartz_smith import SchwartzSmithPath, TwoFactors
from twin.random import Streams
from twin.scenario.market import GarchSpec, ReplaySpec, SchwartzSmithSpec

__all__ = ["make_path", "make_paths"]


def make_path(
    commodity: str,
    spec: ReplaySpec | SchwartzSmithSpec,
    *,
    streams: Streams,
    start: int,
    end: int,
    family: str = "market",
) -> PricePath:
    """Return the path of *commodity* for a run from *start* to *end* (unix seconds).

    It draws from the stream (*family*, *commodity*).

    Raises FileProblems for a replay file that is bad or does not cover the run.
    """
    chance = streams.stream(family, commodity)
    if isinstance(spec, ReplaySpec):
        return ReplayPath(
            commodity, chance, file=spec.file, start=start, end=end, volatility=spec.volatility,
            date_column=spec.date_column, price_column=spec.price_column,
            tick=spec.tick, step=spec.step,
        )  # fmt: skip
    factors = TwoFactors(
        kappa=spec.kappa, sigma_chi=spec.sigma_chi, sigma_xi=spec.sigma_xi, rho=spec.rho,
        mu_xi=spec.mu_xi, jumps_per_year=spec.jumps_per_year, jump_mean=spec.jump_mean,
        jump_sd=spec.jump_sd, season=spec.season,
    )  # fmt: skip
    return SchwartzSmithPath(
        commodity, chance, initial=spec.initial, start=start, factors=factors,
        tick=spec.tick, step=spec.step, tails=None if spec.garch is None else _tails(spec.garch),
    )  # fmt: skip


def _tails(spec: GarchSpec) -> GarchT:
    return GarchT(spec.omega, spec.alpha, spec.beta, spec.nu)


def make_paths(
    specs: Mapping[str, ReplaySpec | SchwartzSmithSpec],
    *,
    streams: Streams,
    start: int,
    end: int,
    family: str = "market",
) -> dict[str, PricePath]:
    """Return the paths of a scenario by commodity, or by currency where *family* is `fx`."""
    return {
        commodity: make_path(commodity, spec, streams=streams, start=start, end=end, family=family)
        for commodity, spec in specs.items()
    }
