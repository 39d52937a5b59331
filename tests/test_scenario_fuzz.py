from __future__ import annotations

import string
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_lab import HEAD, VOCABULARY

from twin.errors import FileProblems, UsageError
from twin.scenario import Scenario, loads

MARKET = """\
market:
  commodities: {WTI: {model: schwartz-smith, initial: 50}}
  sources: {alpha: {commodity: WTI}}
"""

NODE = MARKET + "agents: [{family: oracle-node, name: n, params: {sources: [alpha]}}]\n"

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["1d", "0.3%", "20 gwei", "WTI", "alpha", "n", "x.csv", "start", "replay"]),
)
KEYS = st.sampled_from(
    [
        "name",
        "title",
        "description",
        "start",
        "duration",
        "seed",
        "chain",
        "protocol",
        "market",
        "agents",
        "team",
        "expect",
        "sealed",
        "controls",
        "thresholds",
        "faults",
        "people",
        "shift",
        "params",
        "family",
        "kind",
        "at",
        "until",
        "feeds",
        "fees",
        "swap",
        "WTI",
        "commodities",
        "sources",
        "alert",
        "event",
        "where",
        "expr",
        "min",
        "max",
        "model",
        "file",
        "procedures",
        "NR1",
        "count",
    ]
) | st.text(string.printable, max_size=5)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)


def survives(text: str) -> None:
    try:
        made = loads(text, "s.twin.yaml", VOCABULARY)
    except FileProblems as error:
        places = [(item.line, item.column) for item in error.problems]
    except UsageError:
        return
    else:
        assert isinstance(made, Scenario)
        return
    assert places
    assert min(min(place) for place in places) >= 1


@given(st.dictionaries(KEYS, TREES, max_size=8))
@settings(max_examples=300)
def test_any_tree_gives_a_scenario_or_problems(tree: dict[str, Any]) -> None:
    survives(HEAD + yaml.safe_dump(tree) if tree else HEAD)
    survives(yaml.safe_dump(tree))


@given(st.text(st.characters(codec=None), max_size=60) | st.text(":-{}[]&*!|>'\"%@#?, \n\tab01x."))
@settings(max_examples=500)
def test_any_text_gives_a_scenario_or_problems(text: str) -> None:
    survives(text)
    survives(HEAD + text)


@given(st.data())
@settings(max_examples=200)
def test_a_damaged_scenario_gives_a_scenario_or_problems(data: st.DataObject) -> None:
    good = HEAD + NODE + "team:\n  people: [{name: a, roles: [b], ack_median: 3m, ack_p95: 9m}]\n"
    at = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(at, min(at + 12, len(good))))
    survives(good[:at] + data.draw(st.text(string.printable, max_size=6)) + good[end:])
