"""Attempts and bulletins on paper: each thing that MS4 and MS5 can find."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from paper_desk import NOW, Stage
from paper_security import Paper, account, scan

from twin.desk.port import Component
from twin.desk.port.bulletins import Bulletin
from twin.desk.port.scans import ScanFinding
from twin.desk.steps import Case, Finding
from twin.errors import NoData
from twin.procedures.monitoring.security import (
    Penetration,
    Threats,
    penetration_test,
    threat_intelligence,
)
from twin.procedures.monitoring.threats import matches, older

PAUSER, STRANGER = account(50), account(99)


def wrong(finding: Finding) -> dict[str, int]:
    return {name: count for name, count in finding.problems.items() if count}


# -- MS4 ----------------------------------------------------------------------------------------


def attempted(*outcomes: str) -> Any:
    rows = [{"family": "x", "attack": f"attack {n}", "outcome": outcome, "detail": ""}
            for n, outcome in enumerate(outcomes)]  # fmt: skip
    return {"block": 300, "attempts": rows}


class Rehearsed(Stage):
    """A stage on which the attack library was rehearsed: it came to *outcomes*."""

    outcomes: tuple[str, ...] = ("stopped",)

    def _answer(self, step: Any) -> Any:
        if step.describe() == "look: Does any attack get through?":
            return attempted(*self.outcomes)
        return super()._answer(step)


def penetrated(paper: Paper, *outcomes: str) -> tuple[Finding, Rehearsed]:
    stage = Rehearsed(paper.desk)
    stage.outcomes = outcomes
    return stage.play(penetration_test(Case("weekly"), Penetration())), stage


def hole(severity: str, days: int) -> ScanFinding:
    return ScanFinding(f"SCAN-{severity}", severity, "keeper", "a hole", NOW - days * 86_400)


def test_what_gets_through_is_an_incident_at_once() -> None:
    paper = Paper()
    finding, stage = penetrated(paper, "stopped", "succeeded", "not-run")
    assert wrong(finding) == {"attack": 1}
    (incident,) = paper.desk.store.all()
    assert (incident.severity, incident.family) == ("P1", "security")
    assert "attack 1" in incident.summary
    assert [item.event for item in stage.triggers] == ["incident"]
    assert finding.data["not_run"] == 1


@pytest.mark.parametrize(
    ("severity", "days", "old"),
    [("critical", 2, 0), ("critical", 3, 1), ("high", 8, 1), ("high", 7, 0), ("low", 89, 0)],
)
def test_a_scan_finding_has_its_time(severity: str, days: int, old: int) -> None:
    paper = Paper()
    paper.scans.report = scan(hole(severity, days))
    finding, _stage = penetrated(paper, "stopped")
    assert finding.problems["old-finding"] == old
    assert len(paper.desk.stores.entries("ticket")) == old


def test_one_ticket_for_one_finding_and_it_ends_with_it() -> None:
    paper = Paper()
    paper.scans.report = scan(hole("critical", 9))
    for _week in range(2):
        penetrated(paper, "stopped")
    (entry,) = paper.desk.stores.entries("ticket")
    paper.scans.report = scan()
    finding, _stage = penetrated(paper, "stopped")
    assert finding.verdict == "done"
    assert paper.desk.stores.get(entry.id).state == "done"


def test_no_scan_is_no_data() -> None:
    paper = Paper()
    paper.scans.report = None
    with pytest.raises(NoData, match="no scan"):
        penetrated(paper, "stopped")


# -- MS5 ----------------------------------------------------------------------------------------


def listed(address: bytes, *, age: int = 600) -> Bulletin:
    pattern = f"[x-chain-address:value = '0x{address.hex()}']"
    item = {"type": "indicator", "id": f"indicator--{age}", "name": "a list", "pattern": pattern}
    return Bulletin(f"bundle--{age}", "cert", NOW - age, (item,))


def vulnerable(component: str, before: str) -> Bulletin:
    item = {"type": "vulnerability", "id": "vulnerability--1", "name": "CVE-1",
            "x_affected": [{"component": component, "before": before}]}  # fmt: skip
    return Bulletin("bundle--2", "cert", NOW - 600, (item,))


RUNNING = [("geth", "1.9.0", "node-1"), ("geth", "1.10.2", "node-2"), ("solc", "0.8.30", "build")]


@pytest.mark.parametrize(
    ("version", "fixed", "before"),
    [("1.9.0", "1.10", True), ("1.10", "1.9", False), ("1.2", "1.2.0", False),
     ("v1.2.3", "1.2.4-rc1", True), ("2", "1.99", False)],
)  # fmt: skip
def test_versions_are_numbers(version: str, fixed: str, *, before: bool) -> None:
    assert older(version, fixed) is before


def test_a_version_without_a_number_is_no_data() -> None:
    with pytest.raises(NoData, match="'latest' has no number"):
        older("latest", "1.0")


def test_bulletins_are_matched_with_addresses_and_versions() -> None:
    book = {account(50): "pauser"}
    found = list(matches([listed(account(50)), listed(account(77)), vulnerable("geth", "1.10.0"),
                          vulnerable("nginx", "9")], book=book, running=RUNNING))  # fmt: skip
    assert [(item["kind"], item.get("who") or item.get("where")) for item in found] == [
        ("address", "pauser"), ("version", "node-1"),
    ]  # fmt: skip


def informed(paper: Paper) -> tuple[Finding, Stage]:
    stage = Stage(paper.desk)
    finding = stage.play(threat_intelligence(Case("every 4h"), Threats()))
    paper.desk.evidence.file("MS5", paper.desk.now, finding)
    return finding, stage


def test_a_match_is_a_ticket_until_it_is_acted_on() -> None:
    paper = Paper()
    paper.desk.answers["PaymentToken", "frozen"] = False
    paper.bulletins.published = [listed(account(50)), listed(account(77))]
    finding, stage = informed(paper)
    assert wrong(finding) == {"match": 1}
    (entry,) = paper.desk.stores.entries("ticket")
    assert (entry.data["who"], entry.due) == ("pauser", NOW - 600 + 4 * 3600)
    assert [notice.audience for notice in stage.notices] == ["compliance"]
    paper.desk.now += 3 * 3600
    assert wrong(informed(paper)[0]) == {}
    paper.desk.now += 3 * 3600
    assert wrong(informed(paper)[0]) == {"late": 1}
    paper.desk.answers["PaymentToken", "frozen"] = True
    finding, _stage = informed(paper)
    assert finding.verdict == "done"
    assert paper.desk.stores.get(entry.id).state == "done"
    (took,) = finding.data["time_to_act"]
    assert took > 6 * 3600


def test_what_is_judged_to_be_nothing_makes_no_ticket() -> None:
    paper = Paper()
    paper.bulletins.published = [listed(account(50))]
    stage = Stage(paper.desk, choices={"Does a list concern": "ignore"})
    finding = stage.play(threat_intelligence(Case("x"), Threats()))
    assert finding.verdict == "done"
    assert paper.desk.stores.entries("ticket") == []


def test_versions_are_read_from_the_inventory() -> None:
    paper = Paper()
    paper.bulletins.published = [vulnerable("geth", "1.10.0")]
    assert informed(paper)[0].verdict == "done", "it lists nothing"
    stage = Stage(_with_inventory(paper))
    finding = stage.play(threat_intelligence(Case("x"), Threats()))
    assert finding.data["inventory"] == 3
    assert wrong(replace(finding)) == {}, "the bulletin was read while the inventory was empty"
    paper.bulletins.published = [replace(vulnerable("geth", "1.10.0"), published=NOW + 3600)]
    paper.desk.now = NOW + 7200
    finding = Stage(_with_inventory(paper)).play(threat_intelligence(Case("x"), Threats()))
    assert wrong(finding) == {"match": 1}
    (entry,) = paper.desk.stores.entries("ticket")
    assert (entry.data["where"], entry.data["fixed"]) == ("node-1", "1.10.0")


def _with_inventory(paper: Paper) -> Any:
    paper.inventory.listed = [
        Component(component, "client", version, where, "internal", None)
        for component, version, where in RUNNING
    ]
    return paper.desk
