"""Export feeds: late, sometimes missing, wrong as often as declared, and wrong together."""

from __future__ import annotations

from math import sqrt

import pytest

from twin.clock import Clock
from twin.market.customs import Customs
from twin.market.exports import ExportFeed, make_export_feeds
from twin.random import Streams
from twin.scenario.outside import ExportFeedSpec

NOW, COUNT, QUANTITY = 1_700_006_400, 4_000, 600_000_000


def made(
    spec: ExportFeedSpec, *, common_mode: int = 0
) -> tuple[Clock, dict[str, ExportFeed], list[bytes]]:
    clock, customs = Clock(NOW), Customs(Streams(1))
    hashes = [customs.declare("norland", "WTI", QUANTITY, NOW).hash for _ in range(COUNT)]
    feeds = make_export_feeds(
        {"carrier": spec, "inspector": spec},
        clock,
        customs=customs,
        seed=1,
        common_mode=common_mode,
    )
    return clock, feeds, hashes


def wrong(feed: ExportFeed, hashes: list[bytes]) -> set[tuple[bytes, int]]:
    records = [(name, feed.record(name)) for name in hashes]
    return {
        (name, record.quantity)
        for name, record in records
        if record and record.quantity != QUANTITY
    }


def test_a_feed_publishes_after_its_latency_and_the_same_ever_after() -> None:
    clock, feeds, hashes = made(ExportFeedSpec(latency=3600))
    assert feeds["carrier"].record(hashes[0]) is None
    clock.run(NOW + 3600)
    record = feeds["carrier"].record(hashes[0])
    assert record is not None
    assert (record.feed, record.quantity, record.published) == ("carrier", QUANTITY, NOW + 3600)
    clock.run(NOW + 7200)
    assert feeds["carrier"].record(hashes[0]) == record
    assert feeds["carrier"].record(b"\1" * 32) is None


@pytest.mark.parametrize("common_mode", [0, 300_000, 1_000_000])
def test_errors_come_as_often_as_declared_and_together_as_often_as_declared(
    common_mode: int,
) -> None:
    error = 100_000
    _, feeds, hashes = made(
        ExportFeedSpec.model_validate({"error": f"{error} pips", "latency": 0}),
        common_mode=common_mode,
    )
    one, two = (wrong(feed, hashes) for feed in feeds.values())
    share, beta = error / 10**6, common_mode / 10**6
    slack = 4 * sqrt(share * (1 - share) / COUNT)
    assert len(one) / COUNT == pytest.approx(share, abs=slack)
    assert len(two) / COUNT == pytest.approx(share, abs=slack)
    both = len(one & two) / COUNT  # the same wrong quantity: what no count of witnesses reveals
    assert both == pytest.approx(share * beta, abs=slack)


def test_a_wrong_quantity_stays_within_its_size() -> None:
    _, feeds, hashes = made(
        ExportFeedSpec.model_validate({"error": "100%", "size": "5%", "latency": 0})
    )
    quantities = [quantity for _, quantity in wrong(feeds["carrier"], hashes)]
    assert len(quantities) == COUNT
    assert max(abs(quantity - QUANTITY) for quantity in quantities) <= QUANTITY // 20
    assert min(quantities) < QUANTITY < max(quantities)


def test_a_share_of_the_documents_is_never_published() -> None:
    _, feeds, hashes = made(ExportFeedSpec(missing=0.25, latency=0))
    there = sum(feeds["carrier"].record(name) is not None for name in hashes)
    assert there / COUNT == pytest.approx(0.75, abs=4 * sqrt(0.25 * 0.75 / COUNT))


def test_a_dead_feed_says_nothing() -> None:
    _, feeds, hashes = made(ExportFeedSpec(latency=0))
    feeds["carrier"].die()
    assert feeds["carrier"].record(hashes[0]) is None
    feeds["carrier"].revive()
    assert feeds["carrier"].record(hashes[0]) is not None
