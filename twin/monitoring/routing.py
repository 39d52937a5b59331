"""Routing: which receiver hears of an alert, in Alertmanager's own configuration.

The semantics are those of Alertmanager 0.25 (dispatch/route.go): a tree of routes with matchers,
of which the deepest that match take the alert, the first of its siblings unless it says
`continue`; what a route leaves out it has from its parent. `twin test --judge promtool` has
`amtool` confirm the receiver of every rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from twin.errors import UnknownName, UsageError
from twin.monitoring.intervals import TimeInterval
from twin.monitoring.rulefile import parse_duration
from twin.monitoring.series import Matcher

__all__ = ["Inhibition", "Route", "Routing", "default_routing", "load_routing"]

_ROUTE = ("receiver", "group_by", "group_wait", "group_interval", "repeat_interval", "matchers",
          "continue", "routes", "mute_time_intervals", "active_time_intervals")  # fmt: skip
_TOP = ("route", "receivers", "inhibit_rules", "time_intervals")
_INHIBIT = ("source_matchers", "target_matchers", "equal")
_MATCHER = re.compile(r'\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))\s*')


@dataclass(frozen=True, slots=True)
class Route:
    """One node of the tree, with what it has from its parent; times in seconds.

    *name* is its path from the root. *group_by* of None groups by all labels.
    """

    name: str
    receiver: str
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...] | None
    group_wait: int
    group_interval: int
    repeat_interval: int
    goes_on: bool = False
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()

    def match(self, labels: Mapping[str, str]) -> list[Route]:
        """Return the routes that take an alert with *labels*; none where this one does not match."""
        if not _all(self.matchers, labels):
            return []
        found: list[Route] = []
        for child in self.routes:
            matched = child.match(labels)
            found += matched
            if matched and not child.goes_on:
                break
        return found or [self]

    def group(self, labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return the labels that the alerts of one notification share."""
        names = sorted(labels) if self.group_by is None else self.group_by
        return tuple((name, labels[name]) for name in names if name in labels)


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While a *source* fires, a *target* whose labels are *equal* notifies nobody."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]

    def mutes(self, labels: Mapping[str, str], firing: Iterable[Mapping[str, str]]) -> bool:
        """Say whether one of those *firing* inhibits an alert with *labels*.

        One that is source and target at once is not inhibited by its like, as in Alertmanager.
        """
        if not _all(self.target, labels):
            return False
        both = _all(self.source, labels)
        return any(
            _all(self.source, other)
            and all(labels.get(name, "") == other.get(name, "") for name in self.equal)
            and not (both and _all(self.target, other))
            for other in firing
        )


@dataclass(frozen=True, slots=True)
class Routing:
    """A whole configuration: the *root* of the tree, inhibitions, intervals by name, receivers."""

    root: Route
    inhibitions: tuple[Inhibition, ...]
    intervals: Mapping[str, tuple[TimeInterval, ...]] = field(default_factory=dict)
    receivers: tuple[str, ...] = ()
    path: Path = Path()

    def receivers_of(self, labels: Mapping[str, str]) -> list[str]:
        """Return who hears of an alert with *labels*, in order."""
        return [route.receiver for route in self.root.match(labels)]

    def muted(self, route: Route, now: int) -> bool:
        """Say whether *route* is mute at unix second *now*."""
        if any(self._within(name, now) for name in route.mute):
            return True
        return bool(route.active) and not any(self._within(name, now) for name in route.active)

    def _within(self, name: str, now: int) -> bool:
        return any(interval.covers(now) for interval in self.intervals[name])


def _all(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    return all(matcher.accepts(labels) for matcher in matchers)


def default_routing() -> Routing:
    """Return the routing that the twin ships."""
    return load_routing(Path(__file__).with_name("routing.yml"))


def load_routing(path: Path) -> Routing:
    """Read the configuration at *path*; UsageError for what Alertmanager would refuse."""
    try:
        tree = yaml.safe_load(path.read_text("utf-8"))
        return _read(tree, path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise UsageError(f"{path} cannot be read: {problem}") from None
    except UsageError as problem:
        raise UsageError(f"{path}: {problem}") from None


def _read(tree: Any, path: Path) -> Routing:
    _known(tree, _TOP, "routing")
    receivers = tuple(str(item["name"]) for item in tree.get("receivers") or ())
    intervals = {
        str(item["name"]): tuple(TimeInterval.read(one) for one in item["time_intervals"])
        for item in tree.get("time_intervals") or ()
    }
    root = _route(tree.get("route") or {}, "route", None)
    if root.matchers:
        raise UsageError("the root route takes every alert: it has no matchers")
    _check(root, receivers, intervals)
    inhibitions = tuple(_inhibition(item) for item in tree.get("inhibit_rules") or ())
    return Routing(root, inhibitions, intervals, receivers, path)


def _known(tree: Any, fields: tuple[str, ...], what: str) -> None:
    if not isinstance(tree, Mapping):
        raise UsageError(f"{what} is a mapping of {', '.join(fields)}")
    for name in tree:
        if name not in fields:
            raise UnknownName(f"field of {what}", str(name), fields)


def _route(tree: Any, name: str, parent: Route | None) -> Route:
    _known(tree, _ROUTE, "a route")
    receiver = tree.get("receiver", parent.receiver if parent else None)
    if receiver is None:
        raise UsageError("the root route names a receiver")
    inherited = parent.group_by if parent else ()
    given = tree.get("group_by")
    group_by = inherited if given is None else None if given == ["..."] else tuple(given)

    def seconds(field_: str, default: int) -> int:
        found = parse_duration(str(tree[field_])) if field_ in tree else default
        if found is None or (found == 0 and field_ != "group_wait"):
            raise UsageError(f"{field_}: {tree[field_]!r} is no duration above 0, as in 5m")
        return found

    made = Route(
        name=name,
        receiver=str(receiver),
        matchers=tuple(_matcher(text) for text in tree.get("matchers") or ()),
        group_by=group_by,
        group_wait=seconds("group_wait", parent.group_wait if parent else 30),
        group_interval=seconds("group_interval", parent.group_interval if parent else 300),
        repeat_interval=seconds("repeat_interval", parent.repeat_interval if parent else 14_400),
        goes_on=bool(tree.get("continue", False)),
        mute=tuple(tree.get("mute_time_intervals") or ()),
        active=tuple(tree.get("active_time_intervals") or ()),
    )
    children = tuple(
        _route(item, f"{name}/{place}", made) for place, item in enumerate(tree.get("routes") or ())
    )
    return Route(
        made.name, made.receiver, made.matchers, made.group_by, made.group_wait,
        made.group_interval, made.repeat_interval, made.goes_on, made.mute, made.active, children,
    )  # fmt: skip


def _check(route: Route, receivers: Iterable[str], intervals: Mapping[str, Any]) -> None:
    if route.receiver not in receivers:
        raise UnknownName("receiver", route.receiver, receivers)
    for name in (*route.mute, *route.active):
        if name not in intervals:
            raise UnknownName("time interval", name, intervals)
    for child in route.routes:
        _check(child, receivers, intervals)


def _matcher(text: Any) -> Matcher:
    found = _MATCHER.fullmatch(str(text))
    if found is None:
        raise UsageError(f'{text!r} is no matcher: write severity =~ "P1|P2"')
    quoted = found[3]
    value = found[4] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    if found[2] in {"=~", "!~"}:
        try:
            re.compile(value)
        except re.error as problem:
            raise UsageError(f"{text!r}: {problem}") from None
    return Matcher(found[1], found[2], value)


def _inhibition(tree: Any) -> Inhibition:
    _known(tree, _INHIBIT, "an inhibition")
    return Inhibition(
        source=tuple(_matcher(text) for text in tree.get("source_matchers") or ()),
        target=tuple(_matcher(text) for text in tree.get("target_matchers") or ()),
        equal=tuple(tree.get("equal") or ()),
    )
