"""Patches: versions in order, holes ranked by exposure, what the playbook says."""

from __future__ import annotations

from typing import Any

import pytest

from twin.procedures.routine.patches import (
    PATCH_WITHIN,
    Advisory,
    Component,
    advice_on,
    matches,
    version_key,
)

NOW = 1_700_000_000


def component(version: str = "1.9.24", **changes: Any) -> Component:
    about = {
        "component": "geth",
        "kind": "client",
        "where": "rpc-1",
        "exposure": "public",
    } | changes
    return Component(version=version, **about)


def advisory(severity: str = "high", fixed_in: str | None = "1.9.25", since: str | None = None, name: str = "A-1") -> Advisory:  # fmt: skip
    return Advisory(name, "geth", severity, NOW, fixed_in, since)


def test_versions_are_numbers_and_not_text() -> None:
    ordered = ["v1.9.2", "1.9.10", "1.10", "1.10.1", "2.0-rc1", "2.0.0"]
    keys = [version_key(item) for item in ordered]
    assert keys == sorted(keys)
    assert version_key("v1.2") == version_key("1.2")


@pytest.mark.parametrize(
    ("runs", "hole", "hit"),
    [
        ("1.9.24", advisory(), True),
        ("1.9.25", advisory(), False),
        ("1.10.0", advisory(), False),
        ("1.9.3", advisory(since="1.9.7"), False),
        ("9.9", advisory(fixed_in=None), True),
    ],
)
def test_a_hole_is_matched_by_version(runs: str, hole: Advisory, hit: bool) -> None:
    assert bool(matches([component(runs)], [hole])) is hit
    assert matches([component(runs, component="besu")], [hole]) == []


def test_what_is_exposed_and_severe_comes_first() -> None:
    fleet = [
        component(where="a", exposure="internal"),
        component(where="b"),
        component(where="c", exposure="partner"),
    ]
    found = matches(fleet, [advisory("low", name="L"), advisory("critical", name="C")])
    assert [(one.component.where, one.advisory.id, one.rank) for one in found] == [
        ("b", "C", 12), ("c", "C", 8), ("a", "C", 4), ("b", "L", 3), ("c", "L", 2), ("a", "L", 1),
    ]  # fmt: skip
    assert found[0].due == NOW + PATCH_WITHIN["critical"]
    # A word that nobody knows counts as the worst.
    assert matches([component(exposure="moon")], [advisory("odd")])[0].rank == 12


@pytest.mark.parametrize(
    ("severity", "fixed", "later", "advice"),
    [
        ("critical", "2", 0, "patch-now"),
        ("low", "2", 0, "schedule"),
        ("low", "2", PATCH_WITHIN["low"], "patch-now"),
        ("critical", None, 0, "accept"),
    ],
)
def test_the_playbook(severity: str, fixed: str | None, later: int, advice: str) -> None:
    (one,) = matches([component()], [advisory(severity, fixed)])
    assert advice_on(one, NOW + later) == advice
