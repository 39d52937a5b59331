"""The monthly procedures on paper: what each finds, and what it says without data."""

from __future__ import annotations

from typing import Any

import pytest
from paper_desk import NOW, PaperDesk, Stage, log_of
from paper_operations import DAY, HOUR, services
from test_weekly import answers, series, wrong

from twin.catalog import Settings
from twin.desk.port import AccountRecord, RuleStatus, Simulation
from twin.desk.steps import Case, Finding
from twin.procedures.routine.audit import CONTROLS
from twin.procedures.routine.monthly import (
    Assessment,
    OperationalMetrics,
    TrendAnalysis,
    assess_posture,
    comprehensive_audit,
    report_metrics,
    review_implementation,
    trend_analysis,
)

OURS, ORPHAN, RESERVE = (bytes([number]) * 20 for number in (0xA1, 0xA2, 0xA3))
PAUSABLE = ("FoundationToken", "OracleNetwork", "PaymentToken")


def desk() -> PaperDesk:
    """Return a desk on which an audit finds nothing."""
    made = PaperDesk(services=services(), answers=answers() | {
        ("PaymentToken", "totalSupply"): 700, ("PaymentToken", "totalMinted"): 900,
        ("PaymentToken", "totalBurned"): 200, ("PaymentToken", "cap"): 1000,
        ("FoundationToken", "totalIssued"): 1000, ("FoundationToken", "totalRetired"): 0,
        ("FoundationToken", "totalReversed"): 0,
        ("Authority", "hasRole"): lambda role, account: ((role, account) == (1, OURS), 0),
        **{(name, "paused"): False for name in PAUSABLE},
    })  # fmt: skip
    made.logs["FoundationToken", "Issued"] = [log_of("FoundationToken", "Issued", amount=1000)]
    made.registered = {
        "addresses": {"Reserve": RESERVE, "Authority": OURS}, "holders": {1: [OURS]},
        "contracts": {"Authority": b"\x0c" * 32},
    }  # fmt: skip
    made.accounts[OURS] = AccountRecord(1, 0, b"\x0c" * 32, True)
    made.approved = {"pt.cap": 1000, "feed.WTI.quorum": 4, "fee.swap.fee": 1}
    made.loaded = [
        RuleStatus(f"{domain} off", "P1", domain, "NR1", ("fictra_pool_price_ratio",))
        for domain in ("oracle", "pool", "allocation", "tokens", "chain", "governance")
    ]
    made.answer = lambda expression: [] if ">" in expression else [({}, 1.0)]
    return made


# -- RM1 ------------------------------------------------------------------------------------------


def audited(made: PaperDesk) -> Finding:
    return comprehensive_audit(made, Settings())


def test_an_audit_without_exceptions_ran_every_control() -> None:
    finding = audited(desk())
    assert (finding.verdict, wrong(finding)) == ("ok", set())
    assert set(finding.data["exceptions"]) == set(CONTROLS)


def with_answer(contract: str, function: str, value: Any) -> Any:
    return lambda made: made.answers.update({(contract, function): value})


def steward(made: PaperDesk) -> None:
    made.answers["FeeSchedule", "schedule"] = (30_000, 500, 10_000, 1000, 21_600, 0, 0)


def granted(made: PaperDesk) -> None:
    made.answers["Authority", "hasRole"] = lambda role, account: (
        account in {OURS, ORPHAN} and role == 1,
        0,
    )
    made.logs["Authority", "RoleGranted"] = [
        log_of("Authority", "RoleGranted", roleId=1, account=ORPHAN)
    ]


EXCEPTIONS: list[tuple[Any, str, str]] = [
    (with_answer("PaymentToken", "totalSupply", 701), "supply", "PT: supply 701, minted 900"),
    (with_answer("PaymentToken", "cap", 600), "supply", "above the cap"),
    (with_answer("FoundationToken", "totalIssued", 1001), "supply", "FT: supply 1000, issued 1001"),
    (lambda made: made.logs.clear(), "supply", "events say 0 were issued"),
    (with_answer("Reserve", "holding", (5, 0, NOW - 9, 0, b"", b"")), "reserve", "books 5 stable and holds 0"),
    (granted, "roles", f"orphan role: 0x{ORPHAN.hex()} holds role 1"),
    (with_answer("Authority", "hasRole", (False, 0)), "roles", f"missing role: 0x{OURS.hex()}"),
    (lambda made: made.approved.update({"pt.cap": 999}), "parameters", "pt.cap: approved 999, on chain 1000"),
    (steward, "parameters", "fee.swap: 30000 is outside 500..10000"),
    (lambda made: made.accounts.clear(), "code", "Authority: the code is not the approved one"),
    (lambda made: made.loaded.clear(), "rules", "no alert rule is loaded"),
    (lambda made: setattr(made, "loaded", made.loaded[1:]), "rules", "nothing pages for oracle"),
    (lambda made: setattr(made, "answer", lambda text: [] if "count" in text or ">" in text else [({}, 1.0)]),
     "rules", "of which there is no sample"),
    (lambda made: setattr(made, "answer", lambda text: [({"procedure": "IO1", "item": "no-data"}, 99.0)]),
     "checks", "IO1 last ran 99 s ago"),
]  # fmt: skip


@pytest.mark.parametrize(("prepare", "control", "text"), EXCEPTIONS)
def test_an_exception_is_told_under_its_control(prepare: Any, control: str, text: str) -> None:
    made = desk()
    prepare(made)
    finding = audited(made)
    assert finding.verdict == "finding"
    assert any(text in reason for reason in finding.data["exceptions"][control])


def test_a_control_that_could_not_look_is_no_pass() -> None:
    class Silent(PaperDesk):
        @property
        def banks(self) -> Any:
            return type("Banks", (), {"accounts": lambda _self: [("helvetia", "reserve")],
                                      "statement": lambda _self, *_: (_ for _ in ()).throw(_no())})()  # fmt: skip

    made = desk()
    quiet = Silent(**{name: getattr(made, name) for name in made.__dataclass_fields__})
    assert audited(quiet).data["exceptions"]["custody"] == ["helvetia reserve: no data: nothing"]
    blind = desk()
    blind.rules = lambda: (_ for _ in ()).throw(_no())  # type: ignore[method-assign]
    assert audited(blind).verdict == "no-data"


def _no() -> Exception:
    from twin.errors import NoData

    return NoData("nothing")


# -- RM2 ------------------------------------------------------------------------------------------


def implemented(*entries: dict[str, Any], executed: tuple[int, ...] = ()) -> Finding:
    made = desk()
    for data in entries:
        made.stores.create(
            "change", NOW, subject="x", state=data.pop("state", "executed"), data=data
        )
    made.logs["FictraGovernor", "ProposalExecuted"] = [
        log_of("FictraGovernor", "ProposalExecuted", proposalId=number) for number in executed
    ]
    return review_implementation(made, Settings())


@pytest.mark.parametrize(
    ("entries", "executed", "items"),
    [
        ((), (), set()),
        (({"intended": {"pt.cap": 1000}},), (), set()),
        (({"intended": {"pt.cap": 1}, "state": "proposed"},), (), set()),
        (({"intended": {"pt.cap": 1}},), (), {"not-applied"}),
        (({"intended": {"pt.cap": 1}}, {"intended": {"pt.cap": 1000}}), (), set()),
        (({"intended": {"pt.cap": 1, "feed.WTI.quorum": 4}},), (), {"partly"}),
        (({"intended": {"moon.phase": 1}},), (), {"unverifiable"}),
        (
            ({"intended": {"pt.cap": 1}, "proposal": "7", "state": "approved"},),
            (7,),
            {"not-applied"},
        ),
        ((), (7,), {"unrecorded"}),
        (({"criteria": [{"expr": "up", "min": 0, "max": 2}]},), (), set()),
        (({"criteria": [{"expr": "up", "min": 2}]},), (), {"criteria"}),
        (({"criteria": [{"expr": "up > 9", "min": 2}]},), (), {"criteria"}),
    ],
)
def test_what_was_implemented(entries: tuple[dict[str, Any], ...], executed: tuple[int, ...], items: set[str]) -> None:  # fmt: skip
    finding = implemented(*(dict(entry) for entry in entries), executed=executed)
    assert wrong(finding) == items
    assert finding.verdict == ("finding" if items else "ok")


# -- RM3 ------------------------------------------------------------------------------------------

LOW, HIGH = (
    (100.0, 101.0, 99.0, 100.0, 102.0, 98.0, 100.0),
    (150.0, 151.0, 149.0, 150.0, 152.0, 148.0, 150.0),
)


@pytest.mark.parametrize(
    ("days", "changed", "verdict", "items"),
    [
        (LOW * 4, None, "ok", set()),
        ((*LOW * 2, *HIGH * 2), None, "finding", {"shift"}),
        ((*LOW * 2, *HIGH * 2), 14, "finding", {"shift", "after-change"}),
        ((*LOW * 2, *HIGH * 2), 3, "finding", {"shift"}),
        ((*HIGH * 2, *LOW * 2), None, "ok", set()),
        (LOW, None, "refused", set()),
        ((1.0, None, None, None, None, *LOW * 2), None, "no-data", {"holes"}),
    ],
)
def test_a_level_that_moved(days: Any, changed: int | None, verdict: str, items: set[str]) -> None:
    made = PaperDesk()
    made.answer = series(*days)
    if changed is not None:
        made.stores.create("change", NOW - changed * DAY, subject="x", state="executed")
    finding = trend_analysis(made, TrendAnalysis())
    assert (finding.verdict, wrong(finding)) == (verdict, items)


# -- RM4 ------------------------------------------------------------------------------------------


def assessed(made: PaperDesk) -> tuple[dict[str, int], Finding, Stage]:
    stage = Stage(made)
    finding = stage.play(assess_posture(Case("monthly"), Assessment()))
    return {name: row["points"] for name, row in finding.data["rows"].items()}, finding, stage


def drill(
    made: PaperDesk, procedure: str, *, age: int = DAY, verdict: Any = "done", **data: Any
) -> None:
    made.evidence.file(procedure, NOW - age, Finding(verdict, "x", data))


def test_a_team_that_proves_everything_has_no_gap() -> None:
    made = desk()
    for procedure in ("ND1", "NR1", "RW5", "RW3", "RW2", "RM1"):
        drill(made, procedure)
    points, finding, _stage = assessed(made)
    assert (set(points.values()), finding.verdict) == ({2}, "ok")
    assert made.stores.entries("action") == []


def test_gaps_are_tracked_once_and_can_be_accepted_as_a_risk() -> None:
    made = desk()
    drill(made, "RW5", age=90 * DAY)
    drill(made, "RW3", verdict="failed")
    drill(made, "NR1", log=[{"result": {"reason": "1 of 2 signatures of pauser"}}])
    made.simulations = [Simulation(False, 0, "AccessManagedUnauthorized")]
    made.loaded = made.loaded[:1]
    made.stores.create("action", NOW - 9 * DAY, subject="late", due=NOW - DAY)
    made.store.create(NOW - 40 * DAY, summary="x", severity="P3", family="pool", alerts=[])
    points, finding, stage = assessed(made)
    assert points == {"reach": 1, "brakes": 1, "coverage": 1, "triage": 0, "restore": 1, "playbooks": 2,
                      "governance": 1, "patches": 0, "audit": 0, "followed": 1, "closed": 1}  # fmt: skip
    assert finding.problems == {"absent": 3, "weak": 7}
    assert len(stage.decisions) == 10
    _points, _finding, again = assessed(made)
    assert again.decisions == []
    accepting = Stage(desk(), choices={"What is done about audit": "accept"})
    accepting.play(assess_posture(Case("monthly"), Assessment()))
    assert [entry.data["control"] for entry in accepting.desk.stores.entries("risk")] == ["audit"]


# -- RM5 ------------------------------------------------------------------------------------------


def incident(
    made: PaperDesk, *steps: tuple[str, int], opened: int = 2 * DAY, severity: str = "P1"
) -> str:
    """Open an incident and take it through *steps*: state, seconds after it was opened."""
    item = made.store.create(NOW - opened, summary="x", severity=severity, family="pool", alerts=[])
    for state, after in steps:
        made.store.change(item.id, item.opened + after, state=state)
    return item.id


LIFE = (("classified", 200), ("contained", 900), ("closed", 9000))


def reported(made: PaperDesk) -> Finding:
    return report_metrics(made, OperationalMetrics())


def test_times_are_told_by_phase_from_the_history_and_the_first_sign() -> None:
    made = desk()
    name = incident(made, *LIFE)
    made.evidence.file("ND1", NOW - DAY, Finding("done", "x", {
        "incident": name, "verdict": "real", "facts": {"since": NOW - 2 * DAY - 400},
    }))  # fmt: skip
    finding = reported(made)
    times = finding.data["times"]
    assert {phase: times[phase]["median"]["seconds"] for phase in times} == {
        "detect": 400, "acknowledge": 200, "contain": 900, "restore": 9000,
    }  # fmt: skip
    assert (finding.verdict, finding.data["by_severity"]["P1"]) == ("ok", 1)


def test_a_tail_that_still_runs_is_found() -> None:
    made = desk()
    for _number in range(6):
        incident(made, *LIFE)
    incident(made, ("classified", 200), opened=20 * DAY)
    finding = reported(made)
    assert {"tail"} <= wrong(finding)
    assert finding.data["times"]["contain"]["worst"] == {"seconds": 20 * DAY, "at_least": True}
    assert finding.data["times"]["contain"]["median"]["at_least"] is False


def test_a_dismissed_incident_had_nothing_to_contain() -> None:
    made = desk()
    incident(made, ("dismissed", 300))
    times = reported(made).data["times"]
    assert (times["acknowledge"]["count"], times["contain"]["count"]) == (1, 0)


def test_slow_responses_false_alerts_and_failed_changes_are_found() -> None:
    made = desk()
    incident(made, ("classified", 2 * HOUR), ("contained", 3 * HOUR), ("closed", 4 * HOUR))
    for number in range(20):
        made.evidence.file(
            "ND1", NOW - DAY, Finding("done", "x", {"verdict": "false" if number else "real"})
        )
        made.stores.create(
            "change", NOW - DAY, subject="x", state="failed" if number % 3 else "done"
        )
    assert wrong(reported(made)) == {"slow", "alerts", "changes"}


def test_few_failures_are_no_finding_since_their_interval_is_wide() -> None:
    made = desk()
    made.stores.create("change", NOW - DAY, subject="x", state="failed")
    made.stores.create("change", NOW - DAY, subject="x", state="done")
    assert reported(made).verdict == "ok"


def test_a_month_without_anything_has_nothing_to_report() -> None:
    assert reported(desk()).verdict == "refused"
