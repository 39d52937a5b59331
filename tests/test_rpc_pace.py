"""Virtual time at a pace: as far as wall time says, and no further than it can."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import pytest

from twin.console import pace
from twin.console.pace import Pace


class Wall:
    """A wall clock that tests set; it goes on by *cost* for each advance of the world."""

    def __init__(self, cost: float = 0.0) -> None:
        self.now, self.cost, self.log = 0.0, cost, list[int]()

    def run(self, until: int) -> None:
        self.log.append(until)
        self.now += self.cost

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


Make = Callable[..., tuple[Wall, Pace, list[int]]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    def made(
        *, cost: float = 0.0, speed: float, end: int, step: int
    ) -> tuple[Wall, Pace, list[int]]:
        wall, moved = Wall(cost), list[int]()
        monkeypatch.setattr(pace, "asyncio", wall)
        monkeypatch.setattr(pace, "time", wall)
        found = Pace(wall.run, start=100, end=end, speed=speed, step=step,
                     after=lambda: moved.append(found.now))  # fmt: skip
        return wall, found, moved

    return made


def test_time_goes_on_with_the_wall(make: Make) -> None:
    wall, found, moved = make(speed=60, end=110, step=12)
    asyncio.run(found.live())
    assert found.now == 110
    assert wall.log == [103, 106, 109, 110]
    assert moved == wall.log


def test_a_long_stretch_goes_by_steps(make: Make) -> None:
    wall, found, _ = make(speed=1_000, end=200, step=12)
    assert found.advance(150)
    assert wall.log == [112, 124, 136, 148, 150]
    assert not found.advance(150)


def test_a_world_that_is_too_slow_loses_pace_and_lets_requests_in(make: Make) -> None:
    # Each step costs 40 ms, so two fit into a turn; wanted are 5,000 s every 50 ms.
    wall, found, moved = make(cost=0.04, speed=100_000, end=100 + 12 * 10, step=12)
    asyncio.run(found.live())
    assert len(wall.log) == 10
    assert [now - 100 for now in moved] == [24, 48, 72, 96, 120]


def test_a_slow_pace_waits_for_whole_seconds(make: Make) -> None:
    wall, found, moved = make(speed=1, end=102, step=12)
    asyncio.run(found.live())
    assert wall.log == moved == [101, 102]
    assert wall.now >= 2 - 0.06


def test_at_no_pace_it_goes_as_fast_as_it_can_and_takes_breath(make: Make) -> None:
    # Each step costs 40 ms of wall time, so requests get a turn after every two.
    wall, found, moved = make(cost=0.04, speed=math.inf, end=100 + 12 * 10, step=12)
    asyncio.run(found.live())
    assert [now - 100 for now in moved] == [24, 48, 72, 96, 120]
    assert wall.now < 10 * 0.04 + 6 * 0.002
