"""A news feed: ordinary items on every venue, and what a campaign of warnings adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from twin.clock import Clock, Process
from twin.desk.port.news import NewsItem
from twin.random import Streams
from twin.scenario.services_exchanges import NewsSpec

__all__ = ["NewsClient", "NewsFeed"]

ORDINARY = (
    ("{venue} lists another pair", "{venue} adds a stable pair and names its market makers."),
    ("Volumes on {venue} in line with the month", "Turnover was near its average of four weeks."),
    ("{venue} renews its licence", "The supervisor renewed the licence without conditions."),
    ("{venue} publishes its fee table", "Taker fees stay as they are for the coming quarter."),
    ("{venue} names a new head of operations", "The position had been vacant since the spring."),
)

WARNINGS = (
    ("Balance sheet of {venue}'s affiliate leaked",
     "The affiliate's assets consist largely of {venue}'s own token, a document shows."),
    ("Large holder to sell {venue}'s token",
     "A competitor said that it will sell all of its holding over the coming months."),
    ("Users report delayed withdrawals from {venue}",
     "Withdrawal requests of several hours ago are pending, users say; {venue} denies any halt."),
    ("{venue} seeks emergency funding",
     "Three people familiar with the talks speak of a liquidity shortfall."),
)  # fmt: skip
"""After the sequence of November 2022 (FTX): leak, sale, withdrawals, rescue."""


class NewsFeed:
    """The feed on *venues*; items come by Poisson arrivals of *spec*."""

    def __init__(
        self, spec: NewsSpec, venues: Sequence[str], *, clock: Clock, streams: Streams
    ) -> None:
        """Publish nothing yet."""
        self._spec, self.venues, self._clock, self._streams = spec, tuple(venues), clock, streams
        self.published: list[NewsItem] = []
        self._silent = False

    def start(self) -> None:
        """Let the agencies write."""
        for venue in self.venues:
            self._clock.spawn(self._write(venue))

    def _write(self, venue: str) -> Process:
        chance = self._streams.stream("news", venue)
        while True:
            which = int(chance.integers(len(ORDINARY)))
            self.publish("wire", venue, *ORDINARY[which])
            wait = max(60, round(self._spec.every * float(chance.standard_exponential())))
            yield self._clock.after(wait)

    def publish(self, source: str, subject: str, headline: str, text: str) -> None:
        """Publish an item now; `{venue}` stands for the subject."""
        if self._silent:
            return
        said = (line.replace("{venue}", subject) for line in (headline, text))
        self.published.append(NewsItem(self._clock.now, source, subject, *said))

    # -- troubles: the injector's alone ----------------------------------------------------------

    def campaign(self, subject: str, *, spacing: int) -> None:
        """Publish warnings about *subject*, one now and then one every *spacing* seconds."""
        for number, said in enumerate(WARNINGS):
            when = self._clock.now + number * spacing
            self._clock.call_at(when, partial(self.publish, "press", subject, *said))

    def silence(self, *, silent: bool) -> None:
        """Let the feed die, or live again."""
        self._silent = silent


class NewsClient:
    """The port `News`."""

    __slots__ = ("_feed",)

    def __init__(self, feed: NewsFeed) -> None:
        """Show this feed."""
        self._feed = feed

    def items(self, *, since: int = 0) -> list[NewsItem]:
        """Return what was published from unix second *since* on."""
        return [item for item in self._feed.published if item.at >= since]
