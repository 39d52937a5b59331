"""The notifier: when somebody is told of what, and what keeps it from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from twin.clock import Clock
from twin.desk.port import Alert
from twin.monitoring.notifier import BACKOFF, Notification, Notifier, Silence
from twin.monitoring.registry import Registry
from twin.monitoring.routing import load_routing
from twin.monitoring.series import Matcher, SeriesStore

START = 1_223_251_200  # a Monday
CONFIG = """\
route:
  receiver: page
  group_by: [domain]
  group_wait: {wait}
  group_interval: 5m
  repeat_interval: 1h
  routes:
    - receiver: dozing
      matchers: [domain = night]
      mute_time_intervals: [first-hour]
inhibit_rules:
  - {{source_matchers: [alertname = Cause], target_matchers: [domain = pool]}}
time_intervals:
  - {{name: first-hour, time_intervals: [{{times: [{{start_time: "00:00", end_time: "01:00"}}]}}]}}
receivers: [{{name: page}}, {{name: dozing}}]
"""


class Lab:
    """A notifier whose receivers write down (second, receiver, news, resolved or a reminder)."""

    def __init__(self, tmp_path: Path, wait: str = "30s") -> None:
        path = tmp_path / "routing.yml"
        path.write_text(CONFIG.format(wait=wait), "utf-8")
        self.clock = Clock(START)
        self.registry = Registry(SeriesStore())
        self.down: set[str] = set()
        self.log: list[tuple[int, str, str]] = []
        self.notifier = Notifier(
            self.clock, load_routing(path), registry=self.registry, deliver=self._take,
            unreachable=self.down,
        )  # fmt: skip

    def _take(self, made: Notification) -> None:
        news = "+".join(alert.rule for alert in made.news)
        ended = "".join(f" -{key.partition('{')[0]}" for key in made.resolved)
        said = "reminder" if made.repeat else f"{news}{ended}".strip()
        self.log.append((self.clock.elapsed, made.receiver, said))

    def at(self, second: int, action: Callable[[], object]) -> None:
        self.clock.call_at(START + second, action)

    def fire(self, second: int, rule: str, domain: str = "oracle") -> Alert:
        alert = Alert(rule, {"domain": domain, "severity": "P2"}, {}, "firing", START + second, 1.0)
        self.at(second, lambda: self.notifier.fire(alert))
        return alert

    def resolve(self, second: int, alert: Alert) -> None:
        self.at(second, lambda: self.notifier.resolve(alert))

    def run(self, until: int) -> list[tuple[int, str, str]]:
        self.clock.run(START + until)
        return self.log

    def counts(self, receiver: str) -> tuple[float | None, float | None]:
        names = ("fictra_notifications_total", "fictra_notifications_failed_total")
        told, failed = (self.registry.held(name, {"receiver": receiver}) for name in names)
        return told.value, failed.value


def test_a_group_waits_then_tells_what_came_by_intervals(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    one = lab.fire(10, "One")
    lab.fire(20, "Two")
    lab.fire(100, "Three")
    lab.fire(50, "Else", "fees")
    lab.resolve(400, one)
    assert lab.run(2000) == [
        (40, "page", "One+Two"), (80, "page", "Else"), (340, "page", "Three"), (640, "page", "-One"),
    ]  # fmt: skip


def test_without_a_wait_the_first_is_told_at_once(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "0s")
    lab.fire(10, "One")
    lab.fire(11, "Two")
    assert lab.run(400) == [(10, "page", "One"), (310, "page", "Two")]


def test_what_goes_on_is_brought_to_mind_and_what_ended_is_forgotten(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    one = lab.fire(0, "One")
    lab.resolve(8000, one)
    lab.fire(20_000, "One")
    assert lab.run(21_000) == [
        (30, "page", "One"), (3630, "page", "reminder"), (7230, "page", "reminder"),
        (8130, "page", "-One"), (20_030, "page", "One"),
    ]  # fmt: skip


def test_an_alert_that_ends_within_the_wait_disturbs_nobody(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.resolve(20, lab.fire(0, "One"))
    assert lab.run(10_000) == []


def test_an_inhibited_alert_is_told_when_its_cause_is_gone(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    cause = lab.fire(0, "Cause")
    lab.fire(5, "Effect", "pool")
    lab.resolve(1000, cause)
    assert lab.run(3000) == [
        (30, "page", "Cause"), (1230, "page", "-Cause"), (1235, "page", "Effect"),
    ]  # fmt: skip


def test_a_silence_holds_back_for_its_time(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.notifier.silences.append(
        Silence((Matcher("alertname", "=", "One"),), START, START + 600, "amara", "maintenance")
    )
    lab.fire(0, "One")
    lab.fire(0, "Two", "fees")
    assert lab.run(2000) == [(30, "page", "Two"), (630, "page", "One")]


def test_a_route_that_is_mute_tells_afterwards(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.fire(1000, "Late", "night")
    assert lab.run(5000) == [(3730, "dozing", "Late")]


def test_a_delivery_that_fails_is_tried_again_later_each_time(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "0s")
    lab.down.add("page")
    lab.fire(0, "One")
    lab.at(600, lab.down.clear)
    tries = 1 + next(n for n in range(9) if sum(BACKOFF[: n + 1]) > 600)
    assert lab.run(2000) == [(sum(BACKOFF[:tries]), "page", "One")]
    assert lab.counts("page") == (1, tries)
    assert lab.counts("dozing") == (0, 0)


def test_what_ends_while_the_pager_is_down_is_never_told(tmp_path: Path) -> None:
    lab = Lab(tmp_path, "0s")
    lab.down.add("page")
    lab.resolve(100, lab.fire(0, "One"))
    lab.at(600, lab.down.clear)
    assert lab.run(10_000) == []


@pytest.mark.parametrize("size", [1, 5])
def test_groups_that_are_over_leave_nothing_behind(tmp_path: Path, size: int) -> None:
    lab = Lab(tmp_path)
    for number in range(size):
        lab.resolve(500, lab.fire(number, f"Rule{number}", f"domain{number}"))
    lab.run(5000)
    assert lab.notifier._groups == {}
