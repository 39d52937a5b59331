"""The alarm rings first in its second, once, and the earlier of two."""

from __future__ import annotations

from twin.chain.ticks import Alarm
from twin.clock import Clock


def ringing(log: list[object]) -> tuple[Clock, Alarm]:
    clock = Clock(100)
    return clock, Alarm(clock, lambda when: log.append((when, clock.now)))


def test_it_rings_before_all_else_in_its_second() -> None:
    log: list[object] = []
    clock, alarm = ringing(log)
    clock.call_at(105, lambda: log.append("other"))
    alarm.set(105)
    clock.run(110)
    assert log == [(105, 105), "other"]
    assert alarm.when is None


def test_an_earlier_time_replaces_a_later_one_and_not_the_reverse() -> None:
    log: list[object] = []
    clock, alarm = ringing(log)
    for when in (109, 104, 107):
        alarm.set(when)
    clock.run(120)
    assert log == [(104, 104)]


def test_a_cleared_alarm_is_silent() -> None:
    log: list[object] = []
    clock, alarm = ringing(log)
    alarm.set(105)
    alarm.clear()
    clock.run(120)
    assert log == []


def test_a_clock_that_stops_at_the_second_can_catch_up_once() -> None:
    log: list[object] = []
    clock, alarm = ringing(log)
    clock.call_at(103, lambda: alarm.set(105))
    clock.run(105)
    assert log == []
    alarm.catch_up()
    alarm.catch_up()
    clock.run(110)
    assert log == [(105, 105)]
