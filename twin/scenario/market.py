"""The markets around the protocol: commodities, data sources, the index, external venues."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from twin.scenario.outside import BankSpec, CustodianSpec, ExportsSpec
from twin.scenario.shown import show_input
from twin.scenario.spec import Spec, disagree
from twin.scenario.values import Label, Pips, Price6, Price8, Seconds, Share, Tokens6

__all__ = [
    "CommoditySpec",
    "GarchSpec",
    "IndexSpec",
    "MarketSpec",
    "ReplaySpec",
    "SchwartzSmithSpec",
    "SourceSpec",
    "VenueSpec",
]


def _data_file(value: object, info: ValidationInfo) -> object:
    """Return the path of the file called *value*: in the first folder of the context that has it.

    Without a context (a model made by hand) the path is taken as it stands.
    """
    if not isinstance(value, str) or not value or info.context is None:
        return value
    folders: tuple[Path, ...] = info.context["folders"]
    for folder in folders:
        try:
            if not value.startswith("/") and (folder / value).is_file():
                return folder / value
        except (OSError, ValueError):  # a name that no file system takes: it is not there either
            continue
    where = "beside the scenario or among the bundled ones"
    raise ValueError(f"{show_input(value)} is no file {where}: name a CSV that is")


DataFile = Annotated[
    Path, BeforeValidator(_data_file), WithJsonSchema({"type": "string", "minLength": 1})
]
"""A file named relative to the scenario, or to the bundled scenarios; found when loading."""


class ReplaySpec(Spec):
    """Prices of *file*, a CSV with a date and a price a row, bridged in between.

    The bridge has *volatility* (s.d. of the log price a day); prices stand on a grid of *step*
    seconds, rounded to *tick* (8 decimals).
    """

    model: Literal["replay"]
    file: DataFile
    date_column: str = "date"
    price_column: str = "price"
    volatility: Share
    tick: Price8 = Field(default=1_000_000, ge=1)
    step: Seconds = Field(default=60, ge=1)


class GarchSpec(Spec):
    """Volatility that clusters from day to day, with Student's t: GARCH(1,1), Bollerslev 1987.

    *omega* is in squared percent a day, *nu* the degrees of freedom. Defaults: daily WTI, 1986-2019.
    """

    omega: float = Field(default=0.050, gt=0, le=1_000)
    alpha: float = Field(default=0.0655, ge=0, lt=1)
    beta: float = Field(default=0.9272, ge=0, lt=1)
    nu: float = Field(default=6.08, gt=2, le=1_000)

    @model_validator(mode="after")
    def _is_stationary(self) -> Self:
        if self.alpha + self.beta >= 1:
            raise disagree("alpha", "and beta add up to 1 or more: volatility would grow for ever")
        return self


class SchwartzSmithSpec(Spec):
    """Two factors: a short-term one that reverts, and a long-term one that drifts.

    Figures are per year, from Schwartz and Smith (2000), Management Science 46(7), crude oil.
    *jumps_per_year* of log size N(*jump_mean*, *jump_sd*) come on top (Merton 1976); *season*
    holds pairs of cosine and sine coefficients of the log price over the year. With *garch* (write
    `{}` for WTI's) the sigmas give the proportions of a shock alone and the tails its size. *initial*
    and *tick* have 8 decimals, *step* is the grid in seconds.
    """

    model: Literal["schwartz-smith"]
    initial: Price8 = Field(ge=1)
    kappa: float = Field(default=1.49, gt=0, le=1_000)
    sigma_chi: float = Field(default=0.286, ge=0, le=10)
    sigma_xi: float = Field(default=0.145, ge=0, le=10)
    rho: float = Field(default=0.30, ge=-1, le=1)
    mu_xi: float = Field(default=-0.0125, ge=-10, le=10)
    jumps_per_year: float = Field(default=0, ge=0, le=10_000)
    jump_mean: float = Field(default=0, ge=-5, le=5)
    jump_sd: float = Field(default=0, ge=0, le=5)
    season: tuple[float, ...] = ()
    garch: GarchSpec | None = None
    tick: Price8 = Field(default=1_000_000, ge=1)
    step: Seconds = Field(default=60, ge=1)

    @model_validator(mode="after")
    def _season_is_paired(self) -> Self:
        if len(self.season) % 2:
            raise disagree("season", "has an odd length: write pairs of cosine and sine")
        return self


def _model_of(value: Any) -> str | None:
    model = value.get("model") if isinstance(value, dict) else getattr(value, "model", None)
    return model if isinstance(model, str) else None


CommoditySpec = Annotated[
    Annotated[ReplaySpec, Tag("replay")] | Annotated[SchwartzSmithSpec, Tag("schwartz-smith")],
    Discriminator(_model_of),
]
"""How a commodity's price moves; `model` says by which of the two."""


class SourceSpec(Spec):
    """A data vendor: quotes *commodity* with *noise* (pips, s.d.), *latency* seconds late."""

    commodity: Label
    noise: Pips = 0
    latency: Seconds = 0


class IndexSpec(Spec):
    """The independent index that the desk checks oracles against: *noise* pips, *latency* s."""

    noise: Pips = 200
    latency: Seconds = 60


class VenueSpec(Spec):
    """An external venue for PT against the stable asset.

    Its reference value reverts to *mid* (1e-6 stable per PT) with *half_life* seconds and a
    *volatility* (s.d. of the log value over a day). Makers quote *levels* a side of *depth* PT
    units each, *spread* apart in the middle and *level_step* between levels, again every
    *requote* seconds on average, when the share *refill* of what was taken comes back. Takers pay
    *fee*; ratios are pips. What is paid in counts after *deposit_time*, what is taken out is on
    chain after *withdrawal_time*; both are usual waits of public exchanges.
    """

    mid: Price6 = Field(default=1_000_000, ge=1)
    half_life: Seconds = Field(default=6 * 3_600, ge=1)
    volatility: Share = 0.002
    spread: Pips = Field(default=1_000, ge=1)
    depth: Tokens6 = 50_000 * 10**6
    levels: int = Field(default=10, ge=1, le=200, strict=True)
    level_step: Pips = Field(default=500, ge=1)
    fee: Pips = 1_000
    requote: Seconds = Field(default=60, ge=1)
    refill: Share = 0.5
    deposit_time: Seconds = Field(default=600, ge=1)
    withdrawal_time: Seconds = Field(default=1_800, ge=1)


class MarketSpec(Spec):
    """Everything that trades outside the protocol, each by its name.

    *elasticity_ppm* is that of trading volume to the fee, in millionths: trades arrive as
    (fee / first fee) ^ -elasticity. None is published, so it is a scenario parameter. *fx* holds
    what one unit of a currency is worth in USD, by its code.
    """

    commodities: Mapping[Label, CommoditySpec] = Field(default_factory=dict)
    sources: Mapping[Label, SourceSpec] = Field(default_factory=dict)
    index: IndexSpec = IndexSpec()
    venues: Mapping[Label, VenueSpec] = Field(default_factory=dict)
    fx: Mapping[Label, CommoditySpec] = Field(default_factory=dict)
    banks: Mapping[Label, BankSpec] = Field(default_factory=dict)
    custodians: Mapping[Label, CustodianSpec] = Field(default_factory=dict)
    exports: ExportsSpec = ExportsSpec()
    elasticity_ppm: int = Field(default=0, ge=0, le=10_000_000, strict=True)
