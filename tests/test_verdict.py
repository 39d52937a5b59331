from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from twin.events import (
    AlertChanged,
    ContractLogged,
    Event,
    EventLog,
    EvidenceFiled,
    FaultChanged,
    IncidentChanged,
    InvariantBroken,
    Paged,
    ProcedureEnded,
    ProcedureStarted,
    TransactionIncluded,
)
from twin.results import Check, Loss
from twin.scenario.expectations import (
    AlertExpected,
    EventExpected,
    Expectation,
    IncidentExpected,
    LossExpected,
    NoAlertExpected,
    PagesExpected,
    ProcedureExpected,
    Threshold,
)
from twin.verdict import Verdict, judge
from twin.witness import Witness

START = 1_700_000_000
NAN = math.nan


@dataclass
class Declared:
    """As much of a scenario as is judged."""

    start: int = START
    thresholds: tuple[Threshold, ...] = ()
    expect: tuple[Expectation, ...] = ()
    invariants: tuple[str, ...] = ()


@dataclass
class Court:
    """A witness and the series of a run, ready to judge one thing."""

    events: list[tuple[int, Event]] = field(default_factory=list)
    values: Mapping[int, list[float]] = field(default_factory=dict)
    examined: int = 0
    loss: Loss | None = None

    def judge(self, **declared: Any) -> Check:
        (check,) = self.checks(**declared)
        return check

    def checks(self, **declared: Any) -> list[Check]:
        log = EventLog()
        witness = Witness(log)
        for second, event in self.events:
            log.emit(START + second, event)
        verdict = judge(
            Declared(**declared), witness, evaluate=self.evaluate, times=range(START, START + 600, 60),
            examined=self.examined, loss=self.loss,
        )  # fmt: skip
        assert verdict.passed == all(check.passed for check in verdict.checks)
        assert verdict.broken == tuple(check for check in verdict.checks if not check.passed)
        return list(verdict.checks)

    def evaluate(self, expression: str, now: int) -> list[tuple[Mapping[str, str], float]]:
        assert expression == "x"
        return [({"n": str(n)}, value) for n, value in enumerate(self.values.get(now - START, []))]


# -- thresholds -----------------------------------------------------------------------------------


def series(*values: float | list[float] | None) -> dict[int, list[float]]:
    """Return one sample a scrape from *values*; None is no sample, a list several series."""
    return {
        60 * number: value if isinstance(value, list) else [value]
        for number, value in enumerate(values)
        if value is not None
    }


def full(*values: float) -> dict[int, list[float]]:
    """Return a sample at every scrape: *values*, and then the last of them."""
    return series(*values, *[values[-1]] * (10 - len(values)))


Row = tuple[str, dict[str, Any], dict[int, list[float]], bool, str, int | None]
JUDGED: list[Row] = [
    ("always inside", {"max": 2}, full(1, 2, 1), True, "2", None),
    ("always, crossed", {"max": 2}, series(1, 3, 5, 4), False, "5", 60),
    ("always, below", {"min": 2}, series(3, 1, 0), False, "0", 60),
    ("always, both limits, the closest is shown", {"min": 0, "max": 10}, full(5, 9, 2), True, "9", None),
    ("always, one series of two", {"max": 2}, series([1, 1], [1, 7]), False, "7", 60),
    ("always, a gap is no pass", {"max": 2}, series(None, *[1] * 9), False, "no data at 1 of 10 scrapes", 0),
    ("always, crossed beside a gap", {"max": 2}, series(None, 3), False, "3", 60),
    ("always, NaN first", {"max": 2}, series(NAN, 1), False, "nan", 0),
    ("always, NaN with a minimum", {"min": 0}, series(1, NAN), False, "nan", 60),
    ("always, NaN alone", {"min": 0, "max": 2}, series(NAN, NAN), False, "nan", 0),
    ("always, infinite", {"max": 2}, series(1, math.inf), False, "inf", 60),
    ("always, no data", {"max": 2}, {}, False, "no data", None),
    ("always, all data before it counts", {"max": 2, "since": 120}, series(1, 1), False, "no data", None),
    ("always, crossed before it counts", {"max": 2, "since": 120}, full(9, 9, 1), True, "1", None),
    ("ever, once inside", {"min": 5, "when": "ever"}, series(1, 6, 2, 7), True, "6", 60),
    ("ever, never", {"min": 5, "when": "ever"}, series(1, 4, 2), False, "4", None),
    ("ever, NaN is not inside", {"min": 5, "when": "ever"}, series(NAN, 4), False, "4", None),
    ("ever, no data", {"min": 5, "when": "ever"}, {}, False, "no data", None),
    ("end, inside", {"max": 2, "when": "end"}, {540: [1.5]}, True, "1.5", None),
    ("end, crossed earlier is well", {"max": 2, "when": "end"}, {0: [9], 540: [2]}, True, "2", None),
    ("end, outside", {"max": 2, "when": "end"}, {540: [3]}, False, "3", 540),
    ("end, no data at the end", {"max": 2, "when": "end"}, {480: [1]}, False, "no data", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "values", "passed", "got", "at"),
    [row[1:] for row in JUDGED],
    ids=[r[0] for r in JUDGED],
)
def test_thresholds(
    limits: dict[str, Any],
    values: dict[int, list[float]],
    got: str,
    at: int | None,
    *,
    passed: bool,
) -> None:
    threshold = Threshold(name="t", expr="x", **limits)
    check = Court(values=values).judge(thresholds=(threshold,))
    assert (check.kind, check.name, check.passed, check.got) == ("threshold", "t", passed, got)
    assert check.at == (None if at is None else START + at)


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"max": 0.05}, "always <= 0.05"),
        ({"min": 0.97, "max": 1.03}, "always >= 0.97 and <= 1.03"),
        ({"min": 1_000_000, "when": "ever"}, "ever >= 1e+06"),
    ],
)
def test_a_limit_is_written_out(limits: dict[str, Any], text: str) -> None:
    check = Court(values=series(1)).judge(thresholds=(Threshold(name="t", expr="x", **limits),))
    assert check.limit == text


# -- expectations ---------------------------------------------------------------------------------


def alert(state: str = "firing", rule: str = "High") -> AlertChanged:
    return AlertChanged(rule=rule, labels={}, state=state, severity="P1")


def fault(name: str = "unit-error", phase: str = "begin") -> FaultChanged:
    return FaultChanged(fault=name, family="source-scale", phase=phase, detail="")


def page() -> Paged:
    return Paged(person="a", subject="x")


def ended(procedure: str = "NR1", verdict: str = "done") -> ProcedureEnded:
    return ProcedureEnded(procedure=procedure, run=1, verdict=verdict, evidence="r")


def begun(procedure: str = "NR1") -> ProcedureStarted:
    return ProcedureStarted(procedure=procedure, run=1, cause="x")


def evidence(procedure: str = "ME4", verdict: str = "finding") -> EvidenceFiled:
    return EvidenceFiled(ref="r", procedure=procedure, verdict=verdict, hash=b"")


def incident(state: str, severity: str = "P1", family: str = "oracle") -> IncidentChanged:
    return IncidentChanged(
        incident="INC-001", state=state, severity=severity, family=family, summary=""
    )


def issued(doc: bytes = b"\xd0", amount: int = 7) -> ContractLogged:
    return ContractLogged(block=1, contract="AllocationBook", event="EntitlementIssued",
                          args={"documentHash": doc, "amount": amount})  # fmt: skip


HIGH = {"alert": "High"}
UNIT = {"after": "unit-error", "within": 600}
Case = tuple[str, Expectation, list[tuple[int, Event]], bool, str, int | None]
EXPECTED: list[Case] = [
    ("alert", AlertExpected(**HIGH), [(5, alert())], True, "after 5 s", 5),
    ("alert never", AlertExpected(**HIGH), [], False, "never", None),
    ("alert pending only", AlertExpected(**HIGH), [(5, alert("pending"))], False, "never", None),
    ("another rule", AlertExpected(**HIGH), [(5, alert(rule="Low"))], False, "never", None),
    ("alert in time", AlertExpected(**HIGH, **UNIT), [(100, fault()), (700, alert())], True, "after 600 s", 700),
    ("alert too late", AlertExpected(**HIGH, **UNIT), [(100, fault()), (701, alert())], False, "after 601 s", 701),
    ("alert before the fault", AlertExpected(**HIGH, **UNIT), [(50, alert()), (100, fault())], False, "never", None),
    ("fired before and after", AlertExpected(**HIGH, **UNIT), [(50, alert()), (100, fault()), (200, alert())],
     True, "after 100 s", 200),
    ("the fault never came", AlertExpected(**HIGH, **UNIT), [(50, alert())], False, "unit-error never happened", None),
    ("a fault that only ended", AlertExpected(**HIGH, **UNIT), [(1, fault(phase="end")), (2, alert())],
     False, "unit-error never happened", None),
    ("the first beginning counts", AlertExpected(**HIGH, **UNIT),
     [(0, fault()), (500, fault()), (601, alert())], False, "after 601 s", 601),
    ("no alert", NoAlertExpected(no_alert="High"), [(1, alert(rule="Low"))], True, "fired 0 times", None),
    ("an alert it should not", NoAlertExpected(no_alert="High"), [(9, alert()), (99, alert())],
     False, "fired 2 times", 9),
    ("pages", PagesExpected(pages_at_most=2), [(1, page()), (2, page())], True, "2", None),
    ("pages: none allowed", PagesExpected(pages_at_most=0), [], True, "0", None),
    ("pages: too many", PagesExpected(pages_at_most=2), [(n, page()) for n in (1, 5, 8, 9)], False, "4", 8),
    ("procedure", ProcedureExpected(procedure="NR1", verdict="done"), [(1, begun()), (3, ended())], True, "after 3 s", 3),
    ("procedure failed", ProcedureExpected(procedure="NR1", verdict="done"),
     [(1, begun()), (3, ended(verdict="failed"))], False, "never", None),
    ("procedure: its first try failed", ProcedureExpected(procedure="NR1", verdict="done"),
     [(1, begun()), (3, ended(verdict="failed")), (9, ended())], True, "after 9 s", 9),
    ("procedure: evidence on the way is no end", ProcedureExpected(procedure="NR1", verdict="finding"),
     [(1, begun()), (3, evidence("NR1"))], False, "never", None),
    ("a check, which has no end but its evidence", ProcedureExpected(procedure="ME4", verdict="finding"),
     [(3, evidence(verdict="ok")), (6, evidence())], True, "after 6 s", 6),
    ("a check that never ran", ProcedureExpected(procedure="ME4", verdict="ok"), [], False, "never", None),
    ("incident", IncidentExpected(incident="contained"), [(4, incident("contained"))], True, "after 4 s", 4),
    ("incident: another severity", IncidentExpected(incident="contained", severity="P1"),
     [(4, incident("contained", "P2"))], False, "never", None),
    ("incident: another family", IncidentExpected(incident="contained", family="pool"),
     [(4, incident("contained"))], False, "never", None),
    ("incident: another state", IncidentExpected(incident="closed"), [(4, incident("contained"))], False, "never", None),
    ("event", EventExpected(event="log"), [(1, issued())], True, "1", None),
    ("event: none", EventExpected(event="log"), [], False, "0", None),
    ("event: none allowed", EventExpected(event="log", at_least=0, at_most=0), [], True, "0", None),
    ("event: by field and argument", EventExpected(event="log", where={"contract": "AllocationBook", "amount": 7}),
     [(1, issued()), (2, issued(amount=8))], True, "1", None),
    ("event: by hash", EventExpected(event="log", where={"documentHash": "0xd0"}),
     [(1, issued()), (2, issued(b"\xd1"))], True, "1", None),
    ("event: an argument it has not", EventExpected(event="log", where={"quantity": 1}), [(1, issued())], False, "0", None),
    ("event: too many", EventExpected(event="log", at_most=2), [(n, issued()) for n in (1, 4, 6)], False, "3", 6),
    ("event: too few", EventExpected(event="log", at_least=3), [(1, issued())], False, "1", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("item", "events", "passed", "got", "at"),
    [row[1:] for row in EXPECTED],
    ids=[r[0] for r in EXPECTED],
)
def test_expectations(
    item: Expectation, events: list[tuple[int, Event]], got: str, at: int | None, *, passed: bool
) -> None:
    check = Court(events=events).judge(expect=(item,))
    assert (check.kind, check.passed, check.got) == ("expect", passed, got)
    assert check.at == (None if at is None else START + at)


@pytest.mark.parametrize("most", [0, 5])
def test_events_that_are_not_kept_are_no_data_and_never_a_pass(most: int) -> None:
    reverted = TransactionIncluded(block=1, hash=b"", sender="a", contract="Pool", function="swap",
                                   success=False, gas_used=1, reason="")  # fmt: skip
    item = EventExpected(event="tx", where={"success": False}, at_least=0, at_most=most)
    check = Court(events=[(1, reverted)]).judge(expect=(item,))
    assert not check.passed
    assert "no data" in str(check.got)


def test_a_check_tells_its_limit_and_why() -> None:
    item = AlertExpected(alert="High", why="or nobody knows", **UNIT)
    check = Court(events=[(0, fault())]).judge(expect=(item,))
    assert (check.name, check.limit, check.why) == (
        "alert High", "within 600 s of unit-error", "or nobody knows"
    )  # fmt: skip
    incident = Court().judge(
        expect=(IncidentExpected(incident="closed", severity="P1", family="oracle"),)
    )
    assert (incident.name, incident.limit) == ("incident P1 oracle closed", "after start")


@pytest.mark.parametrize(
    ("loss", "passed", "got"),
    [
        (None, False, "no data"),
        (Loss(measure="m", unit="cents", value=9), False, "no data"),
        (Loss(measure="m", unit="cents", value=105, without_fault=5, net=100), True, "100 cents"),
        (Loss(measure="m", unit="cents", value=106, without_fault=5, net=101), False, "101 cents"),
        (Loss(measure="m", unit="cents", value=0, without_fault=5, net=-5), True, "-5 cents"),
    ],
)
def test_losses_count_net_of_the_run_without_faults(
    loss: Loss | None, got: str, *, passed: bool
) -> None:
    check = Court(loss=loss).judge(expect=(LossExpected(loss_at_most=100),))
    assert (check.kind, check.passed, check.got) == ("loss", passed, got)


@pytest.mark.parametrize(
    ("examined", "broken", "passed", "got", "at"),
    [
        (24, [], True, "held at 24 blocks", None),
        (0, [], False, "no data", None),
        (24, [7, 9], False, "broke 2 times: detail 7", 7),
        (0, [7], False, "broke 1 times: detail 7", 7),
    ],
)
def test_invariants_are_examined_and_hold(
    examined: int, broken: list[int], got: str, at: int | None, *, passed: bool
) -> None:
    events: list[tuple[int, Event]] = [
        (n, InvariantBroken(invariant="pt-supply", block=n, detail=f"detail {n}")) for n in broken
    ]
    other = (1, InvariantBroken(invariant="ft-supply", block=1, detail="another"))
    court = Court(events=[other, *events], examined=examined)
    check, unnamed = court.checks(invariants=("pt-supply",))
    assert (unnamed.name, unnamed.passed) == ("ft-supply", False)
    assert (check.kind, check.name, check.passed, check.got) == (
        "invariant",
        "pt-supply",
        passed,
        got,
    )
    assert check.at == (None if at is None else START + at)


def test_a_verdict_without_checks_has_not_passed() -> None:
    assert not Verdict(()).passed


def test_one_broken_check_breaks_the_verdict() -> None:
    good = Check(kind="expect", name="a", limit="x", got="x", passed=True)
    bad = Check(kind="expect", name="b", limit="x", got="y", passed=False)
    verdict = Verdict((good, bad))
    assert (verdict.passed, verdict.broken, Verdict((good,)).passed) == (False, (bad,), True)
