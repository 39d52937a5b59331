from __future__ import annotations

from typing import Any

import pytest

from twin.clock import DAY, HOUR, MINUTE, Clock, Process
from twin.errors import CrashError

START = 1_700_000_000


def test_it_stands_at_its_start_until_it_is_run() -> None:
    clock = Clock(START)
    assert (clock.now, clock.elapsed, clock.start) == (START, 0, START)
    clock.run(START)
    clock.run(START - 5)
    assert clock.now == START


def test_run_leaves_what_is_due_at_the_end_for_the_next_run() -> None:
    clock, log = Clock(START), []
    for when in (3, 10, 11):
        clock.call_at(START + when, lambda: log.append(clock.elapsed))
    clock.run(START + 10)
    assert (log, clock.elapsed) == ([3], 10)
    clock.run(START + 11)
    assert log == [3, 10]


def test_things_due_at_one_second_happen_in_the_order_they_were_asked_for() -> None:
    clock, log = Clock(START), []
    for name in "abc":
        clock.call_at(START + 7, lambda name=name: log.append(name))  # type: ignore[misc]
    clock.call_at(START, lambda: log.append("now"))
    clock.call_at(START - 100, lambda: log.append("overdue"))
    clock.run(START + 8)
    assert log == ["now", "overdue", "a", "b", "c"]


def test_a_process_waits_and_hands_its_value_on() -> None:
    clock, log = Clock(START), []

    def inner() -> Process:
        value = yield clock.after(5, "tea")
        return value

    def outer() -> Process:
        log.append((yield clock.spawn(inner())))
        yield clock.after(0)
        log.append(clock.elapsed)

    clock.spawn(outer())
    clock.run(START + 6)
    assert log == ["tea", 5]


def test_an_event_waits_for_somebody_to_trigger_it() -> None:
    clock, log = Clock(START), []
    bell = clock.event()

    def guest() -> Process:
        log.append((yield bell))

    clock.spawn(guest())
    clock.call_at(START + 9, lambda: bell.succeed("ding"))
    clock.run(START + 9)
    assert log == []
    clock.run(START + 10)
    assert log == ["ding"]


@pytest.mark.parametrize("seconds", [-1, 0.5, 1.0, "3", None])
def test_time_is_whole_seconds(seconds: Any) -> None:
    with pytest.raises(CrashError, match="whole seconds"):
        Clock(START).after(seconds)


def test_a_run_to_a_fraction_is_refused_before_anything_happens() -> None:
    clock, log = Clock(START), []
    clock.call_at(START, lambda: log.append("happened"))
    with pytest.raises(CrashError, match="whole seconds"):
        clock.run(START + 0.5)  # type: ignore[arg-type]
    assert (log, clock.now) == ([], START)


def test_what_breaks_in_a_process_breaks_the_run() -> None:
    clock = Clock(START)

    def broken() -> Process:
        yield clock.after(1)
        raise CrashError("a wheel came off")

    clock.spawn(broken())
    with pytest.raises(CrashError, match="a wheel came off"):
        clock.run(START + 5)


def test_units() -> None:
    assert (MINUTE, HOUR, DAY) == (60, 60 * 60, 24 * 60 * 60)
