from __future__ import annotations

import pytest
from scenario_lab import HEAD, VOCABULARY, NodeParams, problems

from twin.scenario import loads

MARKET = """\
market:
  commodities: {WTI: {model: schwartz-smith, initial: 50}}
  sources: {alpha: {commodity: WTI}}
"""
"""Lines 8 to 10."""

NODE = MARKET + "agents: [{family: oracle-node, name: n, params: {sources: [alpha]}}]\n"
"""Lines 8 to 11."""

AGENTS = [
    (
        MARKET + "agents: [{family: oracel-node, name: n}]",
        (
            "11:19: agents[0].family: there is no "
            "family of agents 'oracel-node' (did you mean 'oracle-node'?)"
        ),
    ),
    (
        MARKET + "agents: [{family: oracle-node, name: n}]",
        "11:10: agents[0].params needs 'sources'",
    ),
    (
        MARKET + "agents: [{family: oracle-node, name: n, params: {sources: [alfa]}}]",
        ("11:60: agents[0].params.sources[0]: there is no source 'alfa' (did you mean 'alpha'?)"),
    ),
    (
        MARKET + "agents: [{family: oracle-node, name: n, params: {sources: alpha}}]",
        "11:59: agents[0].params.sources: 'alpha' is not a list",
    ),
    (
        MARKET + "agents: [{family: oracle-node, name: n, params: {sources: [alpha], latncy: 1}}]",
        "11:68: agents[0].params has no field 'latncy' (did you mean 'latency'?)",
    ),
    (
        MARKET + "agents: [{family: oracle-node, name: n, params: {sources: [alpha], latency: x}}]",
        (
            "11:77: agents[0].params.latency: 'x' is no length of time: "
            "write a length such as 90s, 5m, 1h30m, 2d, or whole seconds"
        ),
    ),
    (
        MARKET
        + "agents: [{family: oracle-node, name: n, params: {sources: [alpha], readings: on}}]",
        "11:78: agents[0].params.readings: true is not a number",
    ),
    (
        MARKET + "agents: [{family: oracle-node, name: n, params: {sources: []}}]",
        "11:59: agents[0].params.sources: it needs at least 1",
    ),
    (
        NODE + "sealed: {faults: [{name: f, kind: node-misrport, at: 1h}]}",
        (
            "12:35: "
            "sealed.faults[0].kind: there is no kind of fault 'node-misrport' "
            "(did you mean 'node-misreport'?)"
        ),
    ),
    (
        NODE + "sealed: {faults: [{name: f, kind: node-misreport, at: 1h, params: {node: m}}]}",
        "12:74: sealed.faults[0].params.node: there is no agent 'm' (known: n)",
    ),
    (
        NODE + "sealed: {faults: [{name: f, kind: node-misreport, at: 25h, params: {node: n}}]}",
        "12:55: sealed.faults[0].at: '25h' is after the end of the run, 1d",
    ),
    (
        NODE + "sealed: {faults: [{name: f, kind: node-misreport, at: 2h, until: 1h, "
        "params: {node: n}}]}",
        "12:66: sealed.faults[0].until is not after at: a fault ends later than it begins",
    ),
    (
        NODE + "sealed: {faults: [{name: start, kind: node-misreport, at: 2h, params: {node: n}}]}",
        "12:26: sealed.faults[0].name: 'start' is the beginning of the run: rename it",
    ),
    (
        NODE + "controls: [{name: c, title: t, faults: [{name: f, kind: x, at: 1h}]}]",
        (
            "12:57: "
            "controls[0].faults[0].kind: there is no kind of fault 'x' (known: node-misreport)"
        ),
    ),
]

EXPECTED = [
    (
        "expect: [{alert: PoolDepthLo}]",
        ("8:18: expect[0].alert: there is no rule 'PoolDepthLo' (did you mean 'PoolDepthLow'?)"),
    ),
    (
        "monitoring: {rules: [PoolDepthLow]}\nexpect: [{alert: OracleIndexDivergence}]",
        (
            "9:18: expect[0].alert: the rule 'OracleIndexDivergence' does not run in this scenario "
            "(add it to monitoring.rules)"
        ),
    ),
    (
        "expect: [{alert: PoolDepthLow, after: strt}]",
        "8:39: expect[0].after: there is no fault 'strt' (did you mean 'start'?)",
    ),
    (
        "expect: [{within: 5m, alrt: PoolDepthLow}]",
        (
            "8:10: expect[0] expects nothing: it needs "
            "one key that says what (did you mean 'alert'?)"
        ),
    ),
    (
        "expect: [{alert: PoolDepthLow, no_alert: PoolDepthLow}]",
        ("8:32: expect[0] has no field 'no_alert' (did you mean 'alert'?)"),
    ),
    (
        "expect: [{procedure: NR9, verdict: done}]",
        ("8:22: expect[0].procedure: there is no procedure 'NR9' (did you mean 'NR1'?)"),
    ),
    (
        "expect: [{procedure: NR1, verdict: good}]",
        (
            "8:36: expect[0].verdict: 'good' is not one of "
            "its values (known: done, failed, finding, no-data, ok, refused)"
        ),
    ),
    (
        "expect: [{event: incidnt}]",
        "8:18: expect[0].event: there is no event 'incidnt' (did you mean 'incident'?)",
    ),
    (
        "expect: [{event: incident, where: {sate: open}}]",
        "8:36: expect[0].where: the event 'incident' has no 'sate' (did you mean 'state'?)",
    ),
    (
        "expect: [{event: incident, where: {state: [open]}}]",
        (
            "8:43: expect[0].where.state: a list "
            "is no plain value: write text, a whole number, true or false"
        ),
    ),
    (
        "expect: [{event: incident, at_most: 0}]",
        "8:37: expect[0].at_most is below at_least, which is 1 unless it is given",
    ),
    (
        "expect: [{incident: close}]",
        "8:21: expect[0].incident: 'close' is not one of its values (did you mean 'closed'?)",
    ),
    (
        "expect: [{loss_at_most: 5}]",
        "8:10: expect[0] limits a loss, but the scenario declares none (add 'loss')",
    ),
    (
        "thresholds: [{name: t, expr: fictra_index_usd}]",
        "8:14: thresholds[0] has neither min nor max: a threshold limits something",
    ),
    (
        "thresholds: [{name: t, expr: fictra_index_usd, min: 2, max: 1}]",
        "8:61: thresholds[0].max is below min: no value could pass",
    ),
    (
        "thresholds: [{name: t, expr: fictra_index_usd, min: 2, since: 2d}]",
        "8:63: thresholds[0].since: '2d' is after the end of the run, 1d",
    ),
    (
        "thresholds: [{name: t, expr: 'rate(fictra_indx_usd[5m])', max: 1}]",
        (
            "8:30: "
            "thresholds[0].expr: there is no metric 'fictra_indx_usd' (did you mean 'fictra_index_usd'?)"
        ),
    ),
    (
        "thresholds: [{name: t, expr: sum(, max: 1}]",
        "8:30: thresholds[0].expr: this is no PromQL: unclosed left parenthesis",
    ),
    (
        "thresholds: [{name: t, expr: 'fictra_index_usd[5m]', max: 1}]",
        ("8:30: thresholds[0].expr: the expression gives no instant values: take a function of it"),
    ),
    (
        """thresholds: [{name: t, expr: '{job="x"}', max: 1}]""",
        "8:30: thresholds[0].expr: a selector names no metric: write fictra_...{...}",
    ),
    (
        f"thresholds: [{{name: t, expr: '{'(' * 2001}', max: 1}}]",
        "8:30: thresholds[0].expr: the expression is longer than 2000 characters",
    ),
    (
        "thresholds:\n- {name: t, expr: fictra_index_usd, max: 1}\n- {name: t, expr: time(), max: 1}",
        "10:10: thresholds[1].name: the threshold 't' is here twice, first in line 9",
    ),
]


@pytest.mark.parametrize(("text", "problem"), AGENTS + EXPECTED)
def test_a_name_that_nothing_answers_to_is_told(text: str, problem: str) -> None:
    assert problems(f"{HEAD}{text}\n") == [problem]


def test_a_fault_may_name_one_of_a_population() -> None:
    many = NODE.replace("name: n,", "name: n, count: 3,")
    fault = "sealed: {faults: [{name: f, kind: node-misreport, at: 1h, params: {node: NODE}}]}\n"
    made = loads(HEAD + many + fault.replace("NODE", "n-3"), "s.twin.yaml", VOCABULARY)
    assert made.sealed.faults[0].params == NodeParams(node="n-3")
    (problem,) = problems(HEAD + many + fault.replace("NODE", "n"))
    assert "there is no agent 'n'" in problem


def test_a_default_that_names_nothing_is_told_at_the_section() -> None:
    market = "market: {commodities: {X: {model: schwartz-smith, initial: 5}}, sources: {a: {commodity: X}}}\n"
    agent = "agents: [{family: oracle-node, name: n, params: {sources: [a]}}]\n"
    assert problems(HEAD + market + agent) == [
        "9:41: agents[0].params.commodity: there is no commodity 'WTI' (known: X)"
    ]
