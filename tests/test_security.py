"""Security monitoring on paper: each thing that MS1 to MS5 can find, and what they cannot see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from paper_desk import NOW, Stage, log_of
from paper_security import Paper, account, both, key, person, role, scan

from twin.desk.port import Simulation
from twin.desk.port.bulletins import Bulletin
from twin.desk.port.identities import Quorum
from twin.desk.port.scans import ScanFinding
from twin.desk.steps import Case, Finding
from twin.errors import NoData
from twin.procedures.monitoring.anomalies import RATES, flows, round_trips
from twin.procedures.monitoring.security import (
    Access,
    Anomalies,
    Penetration,
    SecurityEvents,
    Threats,
    access_control,
    anomalies,
    penetration_test,
    security_events,
    threat_intelligence,
)
from twin.procedures.monitoring.threats import matches, older

PAUSER, STRANGER = account(50), account(99)


def wrong(finding: Finding) -> dict[str, int]:
    return {name: count for name, count in finding.problems.items() if count}


# -- MS1 ----------------------------------------------------------------------------------------


def granted(paper: Paper, who: bytes = STRANGER, *, block: int = 290, delay: int = 0) -> None:
    paper.happened("Authority", "RoleGranted", block=block, roleId=role("pauser"), account=who,
                   delay=delay, since=0, newMember=True)  # fmt: skip


def scheduled(paper: Paper, who: bytes) -> None:
    paper.happened("Authority", "OperationScheduled", operationId=b"\x01" * 32, nonce=1,
                   schedule=NOW + 600, caller=who, target=account(1), data=b"")  # fmt: skip


def moved(paper: Paper, amount: int, source: int = 90, target: int = 91, age: int = 300) -> None:
    args: dict[str, Any] = {"from": account(source), "to": account(target), "value": amount}
    paper.happened("StableAsset", "Transfer", age=age, **args)


def executed(paper: Paper, *, queued: int | None) -> None:
    about: dict[str, Any] = {"id": b"\x07" * 32, "index": 0, "target": account(1), "data": b""}
    if queued is not None:
        paper.happened("FictraTimelock", "CallScheduled", age=queued, delay=0, **about)
    paper.happened("FictraTimelock", "CallExecuted", age=100, **about)


EVENTS: dict[str, tuple[Callable[[Paper], object], dict[str, int]]] = {
    "a quiet day": (lambda _paper: None, {}),
    "a grant outside the register": (granted, {"grant": 1}),
    "a grant of the register": (lambda paper: granted(paper, PAUSER), {}),
    "a grant at the genesis": (lambda paper: granted(paper, block=0), {}),
    "a grant that was taken back": (
        both(granted, lambda paper: paper.happened(
            "Authority", "RoleRevoked", roleId=role("pauser"), account=STRANGER)), {}),
    "a grant that governance executed": (
        both(granted, lambda paper: executed(paper, queued=90_000)), {}),
    "a registered holder who lost the role": (
        lambda paper: paper.happened("Authority", "RoleRevoked", roleId=role("pauser"),
                                     account=PAUSER), {"revoke": 1}),
    "a role of the timelock": (
        lambda paper: paper.happened("FictraTimelock", "RoleGranted", role=b"\x01" * 32,
                                     account=STRANGER, sender=STRANGER), {"grant": 1}),
    "a function given to another role": (
        lambda paper: paper.happened("Authority", "TargetFunctionRoleUpdated", target=account(1),
                                     selector=b"\x01\x02\x03\x04", roleId=7), {"control": 1}),
    "a new owner": (
        lambda paper: paper.happened("StableAsset", "OwnershipTransferred",
                                     previousOwner=account(1), newOwner=STRANGER), {"control": 1}),
    "an operation of a holder": (lambda paper: scheduled(paper, account(52)), {}),
    "an operation of a stranger": (lambda paper: scheduled(paper, STRANGER), {"operation": 1}),
    "an operation that was cancelled": (
        lambda paper: paper.happened("Authority", "OperationCanceled", operationId=b"\x01" * 32,
                                     nonce=1), {"cancel": 1}),
    "an execution after the delay": (lambda paper: executed(paper, queued=90_000), {}),
    "an execution before the delay": (lambda paper: executed(paper, queued=3_600), {"hasty": 1}),
    "an execution of what nobody queued": (lambda paper: executed(paper, queued=None), {"hasty": 1}),
    "a brake without an incident": (
        lambda paper: paper.happened("LiquidityPool", "Paused", account=PAUSER), {"pause": 1}),
    "a brake by a stranger": (
        lambda paper: paper.happened("LiquidityPool", "Paused", account=STRANGER), {"pause": 1}),
    "a transfer of more than usual": (lambda paper: moved(paper, 20_001), {"transfer": 1}),
    "a transfer as usual": (lambda paper: moved(paper, 20_000), {}),
    "a large deposit with the pool": (lambda paper: moved(paper, 900_000, target=5), {}),
    "a large transfer of yesterday": (lambda paper: moved(paper, 900_000, age=86_400), {}),
}  # fmt: skip


@pytest.mark.parametrize(("happen", "items"), EVENTS.values(), ids=EVENTS.keys())
def test_events_are_explained_or_found(
    happen: Callable[[Paper], object], items: dict[str, int]
) -> None:
    paper = Paper()
    happen(paper)
    finding = security_events(paper.desk, SecurityEvents())
    assert wrong(finding) == items
    assert finding.verdict == ("finding" if items else "ok")


def test_a_brake_within_an_incident_is_explained_by_it() -> None:
    paper = Paper()
    item = paper.desk.store.create(NOW - 900, summary="x", severity="P1", family="pool", alerts=[])
    paper.happened("LiquidityPool", "Paused", account=PAUSER)
    finding = security_events(paper.desk, SecurityEvents())
    assert wrong(finding) == {}
    assert [event["why"] for event in finding.data["events"]] == [f"in {item.id}"]


def test_a_stream_that_stands_still_is_a_problem() -> None:
    paper = Paper()
    view = paper.desk.at()
    paper.desk.at = lambda block=None: _late(view)  # type: ignore[method-assign]
    assert wrong(security_events(paper.desk, SecurityEvents())) == {"stalled": 1}


def _late(view: Any) -> Any:
    view.timestamp = NOW - 181
    return view


# -- MS2 ----------------------------------------------------------------------------------------


def rates(paper: Paper, value: float = 20.0, samples: int = 100) -> Paper:
    for _name, measure, _floor in RATES:
        paper.says(measure, value)
        window = f"({measure})[7d:1h] offset 1h"
        paper.says(f"count_over_time({window})", samples)
        for share, usual in (("0.25", 15.0), ("0.5", 20.0), ("0.75", 25.0)):
            paper.says(f"quantile_over_time({share}, {window})", usual)
    return paper


def test_an_ordinary_hour_and_a_wild_one() -> None:
    assert wrong(anomalies(rates(Paper()).desk, Anomalies())) == {}
    wild = anomalies(rates(Paper(), 200.0).desk, Anomalies())
    assert wild.data["wild"] == ["swaps", "reverts"], "volume and transactions have wider floors"
    assert wild.data["rates"]["swaps"]["score_tenths"] == 150
    assert wrong(anomalies(rates(Paper(), 200.0, samples=23).desk, Anomalies())) == {}, "too early"


def test_a_rate_without_a_value_is_no_data() -> None:
    with pytest.raises(NoData, match="4 of 4 rates"):
        anomalies(Paper().desk, Anomalies())


def drip(paper: Paper, *amounts: int, target: int = 91) -> Paper:
    for number, amount in enumerate(amounts):
        moved(paper, amount * 10**6, target=target, age=3000 - number)
    return rates(paper)


@pytest.mark.parametrize(
    ("amounts", "items"),
    [
        ((20_000,), {"drain": 1}), ((19_999,), {}), ((10_000, 10_000), {"drain": 1}),
        ((1250, 1250, 1250, 1250), {"leak": 1}), ((1250, 1250, 1250, 1249), {}),
        ((2000, 2000, 2000), {}),
    ],
)  # fmt: skip
def test_what_leaves_for_one_who_only_receives(
    amounts: tuple[int, ...], items: dict[str, int]
) -> None:
    assert wrong(anomalies(drip(Paper(), *amounts).desk, Anomalies())) == items


def transfer(source: int, target: int, value: int = 5) -> Any:
    args: dict[str, Any] = {"from": account(source), "to": account(target), "value": value}
    return log_of("PaymentToken", "Transfer", **args)


@pytest.mark.parametrize(
    ("moves", "silent"),
    [
        ([(90, 91)], [91]), ([(90, 91), (91, 92)], [92]), ([(90, 91), (91, 1)], []),
        ([(90, 91), (1, 91)], []), ([(90, 1)], []), ([(1, 91)], []),
        ([(90, 91), (89, 91)], [91, 91]),
    ],
)  # fmt: skip
def test_a_till_is_no_thief(moves: list[tuple[int, int]], silent: list[int]) -> None:
    found = flows("PT", [transfer(*move) for move in moves], ours=frozenset({account(1)}))
    assert [flow.recipient for flow in found] == [account(number) for number in silent]


def swap(who: int, *, sell: bool, given: int, got: int, age: int) -> Any:
    coin = account(1 if sell else 2)
    return log_of("LiquidityPool", "Swapped", age=age, sender=account(who), tokenIn=coin,
                  amountIn=given, amountOut=got, fee=0, to=account(who))  # fmt: skip


@pytest.mark.parametrize(
    ("second", "pairs"),
    [
        (swap(91, sell=False, given=99, got=99, age=900), [(90, 91)]),
        (swap(90, sell=False, given=99, got=99, age=900), [(90, 90)]),
        (swap(91, sell=True, given=99, got=99, age=900), []),
        (swap(91, sell=False, given=50, got=50, age=900), []),
        (swap(91, sell=False, given=99, got=99, age=399), []),
    ],
)
def test_what_undoes_a_swap(second: Any, pairs: list[tuple[int, int]]) -> None:
    first = swap(90, sell=True, given=100, got=99, age=1000)
    found = round_trips([first, second], within=600, tolerance_ppm=20_000)
    assert list(found) == [(account(one), account(two)) for one, two in pairs]


def test_a_ring_is_found_from_its_eighth_trip_on() -> None:
    for trips, items in ((7, {}), (8, {"wash": 1})):
        paper = rates(Paper())
        paper.desk.logs["LiquidityPool", "Swapped"] = [
            swap(90 + side, sell=not side, given=100, got=100, age=9000 - 700 * trip - 30 * side)
            for trip in range(trips) for side in (0, 1)
        ]  # fmt: skip
        assert wrong(anomalies(paper.desk, Anomalies())) == items


# -- MS3 ----------------------------------------------------------------------------------------


class Obedient:
    """A fork on which every role can be taken away, but those in *stubborn*."""

    def __init__(self, stubborn: tuple[bytes, ...] = ()) -> None:
        self.stubborn, self.log = stubborn, list[tuple[int, bytes]]()

    def fork(self, purpose: str) -> Obedient:
        assert purpose == "MS3"
        return self

    def call(self, sender: bytes, contract: str, function: str, args: Any) -> Simulation:
        assert (contract, function) == ("Authority", "revokeRole")
        self.log.append(args)
        return Simulation(success=True, gas_used=1, reason="")

    def read(self, contract: str, function: str, *args: Any) -> Any:
        return args[1] in self.stubborn, 0


def accessible(paper: Paper, *, stubborn: tuple[bytes, ...] = ()) -> Paper:
    """Give every registered holder its role on chain, and the timelock its own."""
    held = {(role("pauser"), account(50)): 0, (role("unpauser"), account(51)): 0,
            (role("oracle_admin"), account(52)): 600}  # fmt: skip
    for (number, who), delay in held.items():
        paper.happened("Authority", "RoleGranted", block=0, roleId=number, account=who, delay=delay,
                       since=0, newMember=True)  # fmt: skip
    answers = paper.desk.answers
    answers["Authority", "hasRole"] = lambda number, who: (
        (True, held[number, who]) if (number, who) in held else (who == STRANGER, 0)
    )
    for n, name in enumerate(("PROPOSER", "CANCELLER", "EXECUTOR", "DEFAULT_ADMIN"), 1):
        answers["FictraTimelock", f"{name}_ROLE"] = bytes([n]) * 32
    answers["FictraTimelock", "hasRole"] = True
    governor = paper.desk.addresses["FictraGovernor"]
    for n in (1, 2):
        paper.happened("FictraTimelock", "RoleGranted", block=0, role=bytes([n]) * 32,
                       account=governor, sender=STRANGER)  # fmt: skip
    paper.desk.lab = Obedient(stubborn)
    return paper


def lost(paper: Paper) -> None:
    paper.desk.answers["Authority", "hasRole"] = (False, 0)


def hasty(paper: Paper) -> None:
    paper.desk.answers["Authority", "hasRole"] = (True, 0)


ACCESS: dict[str, tuple[Callable[[Paper], object], dict[str, int]]] = {
    "as approved": (lambda _paper: None, {}),
    "a role too many": (granted, {"role": 1}),
    "roles that are gone": (lost, {"lost": 3}),
    "a delay that is gone": (hasty, {"delay": 1}),
    "an extra canceller": (
        lambda paper: paper.happened("FictraTimelock", "RoleGranted", block=0, role=b"\x02" * 32,
                                     account=STRANGER, sender=STRANGER), {"timelock": 1}),
    "a person too many": (lambda paper: paper.iam.staff.append(person("chen")), {"person": 1}),
    "no second factor": (
        lambda paper: paper.iam.staff.__setitem__(0, person("amara", mfa=False)), {"mfa": 1}),
    "a leaver with a key and a seat": (
        lambda paper: paper.iam.staff.__setitem__(0, person("amara", status="left", left=NOW - 9)),
        {"leaver": 2}),
    "a key too many": (lambda paper: paper.iam.made.append(key("ci")), {"key": 1}),
    "a revoked key too many": (lambda paper: paper.iam.made.append(key("ci", revoked=True)), {}),
    "a wider key": (
        lambda paper: paper.iam.made.__setitem__(0, key("amara", scopes=("console", "trade"))),
        {"scope": 1}),
    "a smaller quorum": (
        lambda paper: paper.iam.signing.__setitem__(0, Quorum("pauser", 1, ("amara", "bruno"))),
        {"quorum": 1}),
    "a wallet too many": (
        lambda paper: paper.iam.signing.append(Quorum("vault", 1, ("amara",))), {"quorum": 1}),
}  # fmt: skip


@pytest.mark.parametrize(("happen", "items"), ACCESS.values(), ids=ACCESS.keys())
def test_access_is_held_against_the_register(
    happen: Callable[[Paper], object], items: dict[str, int]
) -> None:
    paper = accessible(Paper())
    happen(paper)
    finding = access_control(paper.desk, Access())
    assert wrong(finding) == items
    assert len(finding.data["recertified"]) >= 3


def test_a_role_that_cannot_be_taken_away_is_found() -> None:
    paper = accessible(Paper(), stubborn=(account(51),))
    finding = access_control(paper.desk, Access())
    assert wrong(finding) == {"revoke": 1}
    assert [item["role"] for item in finding.data["differences"]] == ["unpauser"]
    assert wrong(access_control(paper.desk, Access(revoke_test=False))) == {}


def test_who_left_is_named_beside_the_role_that_they_kept() -> None:
    paper = accessible(Paper())
    granted(paper)
    paper.iam.staff.append(person("pavel", account=STRANGER, status="left", left=NOW - 9))
    (item,) = access_control(paper.desk, Access()).data["differences"]
    assert (item["who"], item["role"]) == ("pavel (left)", "pauser")


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


class Listed:
    """An inventory."""

    def components(self) -> list[Any]:
        return [
            type("Component", (), {"component": c, "version": v, "where": w}) for c, v, w in RUNNING
        ]


def test_versions_are_read_from_the_inventory_where_there_is_one() -> None:
    paper = Paper()
    paper.bulletins.published = [vulnerable("geth", "1.10.0")]
    assert informed(paper)[0].verdict == "done"
    stage = Stage(_with_inventory(paper))
    finding = stage.play(threat_intelligence(Case("x"), Threats()))
    assert finding.data["inventory"] == 3
    assert wrong(replace(finding)) == {}, "the bulletin was read before there was an inventory"
    paper.bulletins.published = [replace(vulnerable("geth", "1.10.0"), published=NOW + 3600)]
    paper.desk.now = NOW + 7200
    finding = Stage(_with_inventory(paper)).play(threat_intelligence(Case("x"), Threats()))
    assert wrong(finding) == {"match": 1}
    (entry,) = paper.desk.stores.entries("ticket")
    assert (entry.data["where"], entry.data["fixed"]) == ("node-1", "1.10.0")


def _with_inventory(paper: Paper) -> Any:
    services: Any = type("Services", (), {
        "inventory": Listed(), "bulletins": paper.bulletins, "identities": paper.iam,
    })()  # fmt: skip
    paper.desk.services = services
    return paper.desk
