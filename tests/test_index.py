"""The independent index: another noise, another latency, out of reach of the vendors' faults."""

from __future__ import annotations

import pytest

from twin.clock import DAY
from twin.market.commodity import ONE
from twin.market.index import Index, make_indices
from twin.market.schwartz_smith import SchwartzSmithPath, TwoFactors
from twin.market.sources import Source
from twin.random import Streams
from twin.scenario.market import IndexSpec

START = 1_700_006_400


def path() -> SchwartzSmithPath:
    return SchwartzSmithPath(
        "WTI", Streams(7).stream("market", "WTI"), initial=80 * ONE, start=START,
        factors=TwoFactors(),
    )  # fmt: skip


def test_the_index_is_late_and_near_the_market() -> None:
    market = path()
    index = Index(market, Streams(1), noise=200, latency=60)
    for at in range(START, START + DAY, 3571):
        quote = index.quote(at)
        assert quote is not None
        assert quote.at == at - 60
        assert quote.price == pytest.approx(market.price(at - 60), rel=4 * 200 / 1e6)


def test_its_noise_is_its_own_and_a_vendors_fault_is_not_its() -> None:
    market = path()
    index = Index(market, Streams(1), noise=200, latency=0)
    vendor = Source("WTI", market, Streams(1), noise=200)
    seconds = range(START, START + DAY, 600)
    before = [index.quote(at) for at in seconds]
    assert sum(a != vendor.quote(at) for a, at in zip(before, seconds, strict=True)) > 100
    vendor.rescale(1000, 1)
    vendor.die()
    assert [index.quote(at) for at in seconds] == before


def test_an_index_that_is_down_answers_none() -> None:
    index = make_indices(IndexSpec(), {"WTI": path()}, Streams(1))["WTI"]
    index.halt()
    assert index.quote(START) is None
    index.resume()
    assert index.quote(START) is not None
