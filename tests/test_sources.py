"""Data vendors: noise that is fixed to its second, latency, death and a wrong unit."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.clock import DAY
from twin.errors import UsageError
from twin.market.chance import Noise, settle
from twin.market.commodity import ONE, PricePath
from twin.market.schwartz_smith import SchwartzSmithPath, TwoFactors
from twin.market.sources import Source, make_sources
from twin.random import Streams
from twin.scenario.market import SourceSpec

START = 1_700_006_400
"""A midnight."""


class StillPath(PricePath):
    """A price of 80 dollars, for ever."""

    def _make(self, day: int) -> list[int]:
        del day
        return [80 * ONE] * (DAY // self.step)


def still() -> StillPath:
    return StillPath("WTI", first=START, step=60, tick=1)


def moving(seed: int = 7) -> SchwartzSmithPath:
    return SchwartzSmithPath(
        "WTI", Streams(seed).stream("market", "WTI"), initial=80 * ONE, start=START,
        factors=TwoFactors(sigma_chi=1.0), step=60,
    )  # fmt: skip


def test_a_quote_is_the_price_of_latency_seconds_ago() -> None:
    path = moving()
    source = Source("alpha", path, Streams(1), latency=600)
    quote = source.quote(START + DAY)
    assert quote is not None
    assert (quote.price, quote.at) == (path.price(START + DAY - 600), START + DAY - 600)


def test_noise_is_the_same_whoever_asks_first() -> None:
    seconds = [START + 3601 * index for index in range(300)]
    one, two = (Source("alpha", still(), Streams(1), noise=500) for _ in range(2))
    ahead = [one.quote(at) for at in seconds]
    assert [two.quote(at) for at in reversed(seconds)] == ahead[::-1]


def test_noise_has_the_declared_size_and_differs_between_vendors() -> None:
    seconds = range(START, START + 5 * DAY, 60)
    noises = {name: Noise(1, ("source", name), pips=500, step=60) for name in ("a", "b")}
    drawn = {name: [noise.at(at) for at in seconds] for name, noise in noises.items()}
    assert statistics.pstdev(drawn["a"]) == pytest.approx(500, rel=0.05)
    assert abs(statistics.fmean(drawn["a"])) < 4 * 500 / len(seconds) ** 0.5
    assert max(map(abs, drawn["a"])) <= 2000
    assert abs(statistics.correlation(drawn["a"], drawn["b"])) < 0.05


def test_a_dead_source_answers_none_and_its_listeners_hear() -> None:
    log: list[str] = []
    source = Source("alpha", still(), Streams(1))
    source.on_change(lambda: log.append(f"alive={source.alive} scale={source.scale}"))
    source.die()
    assert source.quote(START) is None
    assert source.first_crossing(START, 0, 0, DAY) is None
    source.revive()
    source.rescale(1000, 1)
    quote = source.quote(START)
    assert quote is not None
    assert quote.price == 80_000 * ONE
    source.rescale(1, 1)
    assert log == [
        "alive=False scale=(1, 1)", "alive=True scale=(1, 1)",
        "alive=True scale=(1000, 1)", "alive=True scale=(1, 1)",
    ]  # fmt: skip


@pytest.mark.parametrize(("numerator", "denominator"), [(0, 1), (1, 0), (-1, 1)])
def test_a_scale_of_nothing_is_refused(numerator: int, denominator: int) -> None:
    with pytest.raises(UsageError, match="both must be 1 or more"):
        Source("alpha", still(), Streams(1)).rescale(numerator, denominator)


@given(
    now=st.integers(0, 2 * DAY),
    width=st.integers(-5, 2000),
    shift=st.integers(-200, 200),
    noise=st.sampled_from([0, 50, 900, 200_000]),
    latency=st.sampled_from([0, 1, 59, 61, 900]),
    scale=st.sampled_from([(1, 1), (1000, 1), (1, 1000), (7, 3)]),
)
def test_the_first_crossing_is_what_asking_at_every_second_finds(
    *, now: int, width: int, shift: int, noise: int, latency: int, scale: tuple[int, int]
) -> None:
    now += START
    source = Source("alpha", PATH, Streams(3), noise=noise, latency=latency)
    source.rescale(*scale)
    quote = source.quote(now)
    assert quote is not None
    unit = 80 * ONE * scale[0] // scale[1] // 10_000
    low, high = quote.price + (shift - width) * unit // 4, quote.price + (shift + width) * unit // 4
    horizon = 12 * 3600
    first = now - latency
    first += path_step(first) + latency
    slow = None
    for at in range(first, now + horizon + 1, 60):
        seen = source.quote(at)
        assert seen is not None
        if not low <= seen.price <= high:
            slow = at
            break
    assert source.first_crossing(now, low, high, horizon) == slow


PATH = moving()


def path_step(second: int) -> int:
    """Return the seconds from *second* to the next of the grid."""
    return 60 - second % 60


def test_a_quiet_path_is_not_looked_at_second_by_second(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source("alpha", still(), Streams(1), noise=50)
    looks: list[int] = []
    seen = Source._seen

    def counted(self: Source, at: int) -> int:
        looks.append(at)
        return seen(self, at)

    monkeypatch.setattr(Source, "_seen", counted)
    assert source.first_crossing(START, 79 * ONE, 81 * ONE, 30 * DAY) is None
    assert looks == []


def test_sources_come_from_a_scenario_by_name() -> None:
    specs = {
        "alpha": SourceSpec.model_validate({"commodity": "WTI", "noise": "50pips", "latency": "5s"})
    }
    made = make_sources(specs, {"WTI": still()}, Streams(1))
    assert (made["alpha"].name, made["alpha"].commodity, made["alpha"].latency) == (
        "alpha",
        "WTI",
        5,
    )


@pytest.mark.parametrize(
    ("value", "settled"),
    [(0.1 + 0.2, 0.3), (1 / 3, 0.333333333333), (-2.0e-20, -2.0e-20), (0.0, 0.0)],
)
def test_settled_floats_forget_their_last_bits(value: float, settled: float) -> None:
    assert settle(value) == settled
