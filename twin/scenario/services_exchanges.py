"""Services about exchanges: their REST, makers under contract, contacts, news."""

from __future__ import annotations

from pydantic import Field

from twin.scenario.spec import Spec
from twin.scenario.values import Label, Pips, Price6, Seconds, Share, Tokens6

__all__ = ["ContactSpec", "ExchangeSpec", "MakerSpec", "NewsSpec"]

YEAR = 365 * 86_400


class ExchangeSpec(Spec):
    """What an exchange adds to its venue: the agreed pair, our key and account, how it answers.

    *tick* is in stable, *lot* in PT; orders stay in *band_low*..*band_high* stable. Our key lives
    *key_lifetime* seconds. An order and its cancellation take *latency_ms* on average, a withdrawal
    *withdrawal* seconds; the prober orders every *probe_every* seconds and withdraws every
    *withdraw_every*. All are scenario parameters.
    """

    symbol: str = Field(default="PT-USD", min_length=1)
    api: str = Field(default="v1", min_length=1)
    tick: Price6 = Field(default=100, ge=1)
    lot: Tokens6 = Field(default=10 * 10**6, ge=1)
    decimals: int = Field(default=6, ge=0, le=18, strict=True)
    band_low: Price6 = 500_000
    band_high: Price6 = 2_000_000
    scopes: tuple[str, ...] = ("read", "trade", "withdraw-allowlisted")
    key_lifetime: Seconds = Field(default=YEAR, ge=1)
    balance_pt: Tokens6 = 20_000 * 10**6
    balance_stable: Tokens6 = 20_000 * 10**6
    latency_ms: int = Field(default=80, ge=1, le=60_000, strict=True)
    withdrawal: Seconds = Field(default=600, ge=1)
    probe_every: Seconds = Field(default=600, ge=60)
    withdraw_every: Seconds = Field(default=7_200, ge=60)


class MakerSpec(Spec):
    """A contract with *maker* (an agent, or `makers` for a venue's own) to quote on *venue*.

    It keeps its spread at *max_spread* or less and *min_depth* PT on either side within *within*
    of the middle, for the share *uptime* of the time. *replacement* names who is asked next.
    """

    maker: Label
    venue: Label
    max_spread: Pips = 5_000
    min_depth: Tokens6 = 20_000 * 10**6
    within: Pips = 10_000
    uptime: Pips = Field(default=950_000, le=1_000_000)
    replacement: str = ""


class ContactSpec(Spec):
    """Somebody at *party* in *role*, reached by *channel*, who answers after *answers* seconds.

    The mean is exponential; the share *unreachable* of all calls is never answered. *backup* is
    called where nobody answers.
    """

    party: Label
    role: str = Field(min_length=1)
    channel: str = Field(default="phone", min_length=1)
    answers: Seconds = Field(default=600, ge=1)
    unreachable: Share = 0.0
    backup: Label | None = None


class NewsSpec(Spec):
    """The news feed: an ordinary item on each venue every *every* seconds on average."""

    every: Seconds = Field(default=86_400, ge=60)
