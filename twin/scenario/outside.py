"""Banks, custodians and the papers of exports: the institutions around the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from twin.scenario.shown import show_input
from twin.scenario.spec import Spec, disagree
from twin.scenario.team import WEEK, Day, Hour, TimeZone
from twin.scenario.values import Label, Pips, Price8, Seconds, Share, Tokens6

__all__ = [
    "BankSpec",
    "CustodianSpec",
    "ExportFeedSpec",
    "ExportsSpec",
    "HoldingSpec",
    "HoursSpec",
]


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(
            f'{show_input(text)} is no date: write YYYY-MM-DD in quotes, "2008-12-25"'
        ) from None


Date = Annotated[
    str,
    AfterValidator(_date),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}),
]
"""A calendar day."""


class HoursSpec(Spec):
    """Business hours: local *start*..*end* on *days*, but for *holidays*."""

    timezone: TimeZone = "UTC"
    days: tuple[Day, ...] = Field(default=WEEK[:5], min_length=1)
    start: Hour = "09:00"
    end: Hour = "17:00"
    holidays: tuple[Date, ...] = ()

    @model_validator(mode="after")
    def _within_a_day(self) -> Self:
        if self.start >= self.end:
            raise disagree("end", "is not after start: business hours lie within a day")
        return self


class BankSpec(Spec):
    """A bank: *accounts* hold stable units (6 decimals) at the start.

    A payment settles *settlement* seconds of business hours after it is ordered. The statement
    of a day is as of closing time and comes *statement_lag* seconds later.
    """

    hours: HoursSpec = HoursSpec()
    settlement: Seconds = 7_200
    statement_lag: Seconds = 3_600
    accounts: Mapping[Label, Tokens6] = Field(default_factory=dict)


class HoldingSpec(Spec):
    """*quantity* thousandths of an asset: priced as *commodity*, or at a fixed *price* (USD, 8 decimals).

    A sale costs *haircut*, and *impact* more for each tenth of *daily_volume* (thousandths) by
    the square-root law: impact x sqrt(10 quantity / daily volume). *issuer* owes it, and pays it
    back after *tenor*; a metal has neither.
    """

    quantity: Annotated[int, Field(ge=0, strict=True)]
    commodity: Label | None = None
    price: Price8 | None = None
    haircut: Pips = 0
    impact: Pips = 0
    daily_volume: Annotated[int, Field(ge=1, strict=True)] = 10**12
    issuer: str = ""
    tenor: Seconds = 0

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if (self.commodity is None) == (self.price is None):
            raise disagree("price", "or commodity: a holding is priced by exactly one of them")
        if self.price is not None and self.price < 1:
            raise disagree("price", "is not above 0: what is worth nothing is no holding")
        return self


class CustodianSpec(Spec):
    """A custodian of *holdings* by asset; sales settle into *bank*, *account*.

    A sale settles *settlement* seconds of business hours after it is ordered; the statement of a
    day comes *statement_lag* seconds after closing time.
    """

    hours: HoursSpec = HoursSpec()
    settlement: Seconds = 28_800
    statement_lag: Seconds = 21_600
    holdings: Mapping[Label, HoldingSpec] = Field(default_factory=dict)
    bank: Label
    account: Label


class ExportFeedSpec(Spec):
    """A feed on exports, such as a carrier's bills of lading or an inspector's draft surveys.

    It publishes a document *latency* seconds after loading; with probability *error* the
    quantity is wrong, by at most *size*, and with *missing* it never publishes the document.
    """

    error: Pips = 0
    size: Pips = Field(default=100_000, ge=1)
    latency: Seconds = 21_600
    missing: Share = 0.0


class ExportsSpec(Spec):
    """The *feeds* on exports beside customs; *common_mode* of their errors is one and the same.

    It is the beta factor of common-cause failures (Fleming 1975): the share of each feed's error
    that comes from the record they all copy. The readings of oracle nodes share it too.
    """

    common_mode: Pips = 0
    feeds: Mapping[Label, ExportFeedSpec] = Field(default_factory=dict)
