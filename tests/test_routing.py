"""Routing: who hears of which alert, and that amtool says the same."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from twin.errors import JudgesDisagree, UsageError
from twin.monitoring.amtool import judge_routing
from twin.monitoring.intervals import TimeInterval
from twin.monitoring.routing import Routing, default_routing, load_routing
from twin.monitoring.rules import default_rules

needs_amtool = pytest.mark.skipif(
    shutil.which("amtool") is None, reason="amtool is not installed (prometheus-alertmanager)"
)

TREE = """\
route:
  receiver: all
  group_by: [domain]
  routes:
    - receiver: first
      matchers: [severity = P1]
      continue: true
      group_wait: 0s
    - receiver: pool
      matchers: ['domain =~ "pool|venue"', severity != P5]
      group_by: ['...']
      routes:
        - receiver: depth
          matchers: [alertname = PoolDepthLow]
          repeat_interval: 2d
inhibit_rules:
  - {source_matchers: [severity = P1], target_matchers: ['severity =~ "P[2-5]"'], equal: [domain]}
time_intervals:
  - {name: night, time_intervals: [{times: [{start_time: "00:00", end_time: "06:00"}]}]}
receivers: [{name: all}, {name: first}, {name: pool}, {name: depth}]
"""


def routing(tmp_path: Path, text: str = TREE) -> Routing:
    path = tmp_path / "routing.yml"
    path.write_text(text, "utf-8")
    return load_routing(path)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"severity": "P3"}, ["all"]),
        ({"severity": "P1"}, ["first"]),
        ({"severity": "P1", "domain": "pool"}, ["first", "pool"]),
        ({"severity": "P5", "domain": "pool"}, ["all"]),
        ({"domain": "venue", "alertname": "PoolDepthLow"}, ["depth"]),
        ({"domain": "venues"}, ["all"]),
    ],
)
def test_the_deepest_routes_take_an_alert(
    tmp_path: Path, labels: dict[str, str], receivers: list[str]
) -> None:
    assert routing(tmp_path).receivers_of(labels) == receivers


def test_what_a_route_leaves_out_it_has_from_its_parent(tmp_path: Path) -> None:
    root = routing(tmp_path).root
    first, pool = root.routes
    (depth,) = pool.routes
    assert (root.group_wait, root.group_interval, root.repeat_interval) == (30, 300, 14_400)
    assert (first.group_wait, first.group_by) == (0, ("domain",))
    assert (pool.group_by, depth.group_by, depth.repeat_interval) == (None, None, 172_800)
    assert depth.group({"b": "2", "a": "1"}) == (("a", "1"), ("b", "2"))
    assert root.group({"severity": "P1"}) == ()


@pytest.mark.parametrize(
    ("target", "others", "muted"),
    [
        ({"severity": "P3", "domain": "pool"}, [{"severity": "P1", "domain": "pool"}], True),
        ({"severity": "P3", "domain": "pool"}, [{"severity": "P1", "domain": "fees"}], False),
        ({"severity": "P1", "domain": "pool"}, [{"severity": "P1", "domain": "pool"}], False),
        ({"severity": "P3"}, [{"severity": "P1"}], True),
        ({"severity": "P3"}, [{"severity": "P2"}], False),
        ({"severity": "P3"}, [], False),
    ],
)
def test_inhibition(
    tmp_path: Path, target: dict[str, str], others: list[dict[str, str]], muted: bool
) -> None:
    (rule,) = routing(tmp_path).inhibitions
    assert rule.mutes(target, others) == muted


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("receiver: depth", "receiver: dept", "no receiver is called 'dept'"),
        ("group_wait: 0s", "group_wait: soon", "group_wait: 'soon' is no duration"),
        ("repeat_interval: 2d", "repeat_interval: 0s", "no duration above 0"),
        ("continue: true", "contine: true", "did you mean 'continue'"),
        ("severity = P1]\n      cont", "severity P1]\n      cont", "'severity P1' is no matcher"),
        ("pool|venue", "pool(venue", "missing \\)"),
        ("  group_by: [domain]", "  matchers: [a = b]", "it has no matchers"),
        ("equal: [domain]", "equals: [domain]", "did you mean 'equal'"),
        ('"06:00"', "6", "is no time of day"),
        ("  receiver: all\n", "", "names a receiver"),
        (TREE, "[]", "routing is a mapping"),
        (TREE, "{", "cannot be read"),
    ],
)
def test_what_alertmanager_would_refuse_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in TREE
    with pytest.raises(UsageError, match=message):
        routing(tmp_path, TREE.replace(old, new, 1))


def stamp(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("tree", "inside", "outside"),
    [
        ({"weekdays": ["saturday", "sunday"]}, "2008-10-04T12:00", "2008-10-06T12:00"),
        ({"weekdays": ["monday:friday"]}, "2008-10-06T00:00", "2008-10-05T23:59"),
        ({"times": [{"start_time": "09:00", "end_time": "17:00"}]},
         "2008-10-06T09:00", "2008-10-06T17:00"),
        ({"times": [{"start_time": "22:00", "end_time": "24:00"}]},
         "2008-10-06T23:59", "2008-10-06T00:00"),
        ({"days_of_month": ["-1"]}, "2008-02-29T12:00", "2008-02-28T12:00"),
        ({"days_of_month": ["1:7"], "months": ["october"]}, "2008-10-07T01:00", "2008-11-07T01:00"),
        ({"months": ["1:3"]}, "2008-03-31T01:00", "2008-04-01T01:00"),
        ({"years": ["2008:2009"]}, "2009-01-01T00:00", "2010-01-01T00:00"),
        ({"times": [{"start_time": "09:00", "end_time": "10:00"}], "location": "Asia/Singapore"},
         "2008-10-06T01:30", "2008-10-06T09:30"),
    ],
)  # fmt: skip
def test_time_intervals(tree: dict[str, object], inside: str, outside: str) -> None:
    interval = TimeInterval.read(tree)
    assert (interval.covers(stamp(inside)), interval.covers(stamp(outside))) == (True, False)


@pytest.mark.parametrize(
    ("tree", "message"),
    [({"week": []}, "did you mean 'weekdays'"), ({"weekdays": ["sonday"]}, "did you mean 'sunday'"),
     ({"location": "Mars/Base"}, "no IANA time zone")],
)  # fmt: skip
def test_time_intervals_that_are_none(tree: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TimeInterval.read(tree)


def test_the_shipped_routing_pages_what_is_bad_and_queues_the_rest() -> None:
    shipped = default_routing()
    for rule in default_rules().rules:
        if rule.kind == "alert":
            (receiver,) = shipped.receivers_of({**rule.labels, "alertname": rule.name})
            paged = receiver.startswith("page-")
            assert paged == (rule.severity in {"P1", "P2", "P3"}), rule.name
            assert paged or receiver.startswith("ticket-")


@needs_amtool
def test_amtool_names_the_same_receivers() -> None:
    rules = default_rules().only(["ChainHalted", "NotificationsFailing", "ProposalOpen"])
    assert judge_routing(default_routing(), rules) == 3


@needs_amtool
def test_amtool_catches_another_receiver_and_a_file_that_it_refuses(tmp_path: Path) -> None:
    rules = default_rules().only(["ChainHalted"])
    shipped = default_routing()
    wrong = replace(shipped, root=replace(shipped.root, routes=()))
    with pytest.raises(
        JudgesDisagree, match=r"ChainHalted: ours .'ticket-operations'.*page-operator"
    ):
        judge_routing(wrong, rules)
    broken = tmp_path / "routing.yml"
    broken.write_text("route: {}\n", "utf-8")
    with pytest.raises(JudgesDisagree, match="amtool refuses"):
        judge_routing(replace(shipped, path=broken), rules)
