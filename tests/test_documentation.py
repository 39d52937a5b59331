"""DO1 to DO5 on paper: quiet, each finding, no data."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from paper_desk import NOW, PaperDesk, Stage, log_of

from twin.catalog import Settings
from twin.desk.port import (
    Component,
    DecodedCall,
    Document,
    DrillResult,
    ManualPage,
    OperatorStatus,
    PreparedCall,
    Simulation,
    TrainingMaterial,
)
from twin.desk.port.identities import Person, Quorum
from twin.desk.records import canonical
from twin.desk.steps import Case, Finding
from twin.errors import NoData, Reverted
from twin.procedures.documentation import snapshot as configuration
from twin.procedures.documentation.operational import (
    AdminRecords,
    ManualUpkeep,
    Training,
    document_configuration,
    keep_change_records,
    maintain_manual,
    rehearse_playbooks,
    update_training,
)

DAY, HOUR = 86_400, 3600
PAUSER, UNPAUSER, POOL, BOOK = (bytes([number]) * 20 for number in (1, 2, 3, 4))


def met(finding: Finding) -> dict[str, int]:
    canonical(finding.data)
    return {name: count for name, count in finding.problems.items() if count}


# -- DO1 ------------------------------------------------------------------------------------------


def page(procedure: str, **changes: Any) -> ManualPage:
    made = ManualPage(procedure, "A title", "Area / Group / Bullet", "check", "A", "every 1h", HOUR,
                      "monitor", ("chain",), "a note", None)  # fmt: skip
    return replace(made, **changes)


def library(*pages: ManualPage, ran: dict[str, list[tuple[int, str]]] | None = None) -> PaperDesk:
    """Return a desk with these *pages*; *ran* holds (age, verdict) of the runs of each."""
    desk = PaperDesk(services=SimpleNamespace(manual=SimpleNamespace(pages=lambda: list(pages))))
    rows = [(age, name, verdict) for name, runs in (ran or {}).items() for age, verdict in runs]
    for age, name, verdict in sorted(rows, reverse=True):
        desk.evidence.file(name, NOW - age, Finding(verdict, "it ran"))  # type: ignore[arg-type]
    return desk


WEEK_AGO = {"ZZ9": [(7 * DAY, "ok")]}
MANUALS = [
    # page, runs, what is met
    (page("AA1"), {"AA1": [(600, "ok")]}, {}),
    (page("AA1"), {"AA1": [(3 * DAY, "ok")]}, {"stale": 1}),
    (page("AA1"), {}, {"stale": 1}),
    (page("AA1", idle="no reserve is declared"), {}, {}),
    (page("AA1", longest=None), {}, {}),
    (page("AA1"), {"AA1": [(age, "failed") for age in (60, 120, 180)]}, {"broken": 1}),
    (page("AA1"), {"AA1": [(60, "ok"), (120, "failed"), (180, "failed")]}, {}),
    (page("AA1", owner=""), {"AA1": [(600, "ok")]}, {"lint": 1}),
    (page("AA1", seed="Area / Group"), {"AA1": [(600, "ok")]}, {"lint": 1}),
    (page("AA1"), {"AA1": [(600, "ok")], "AA2": [(600, "ok")]}, {"undocumented": 1}),
]


@pytest.mark.parametrize(("made", "ran", "expected"), MANUALS)
def test_the_manual(made: ManualPage, ran: dict[str, Any], expected: dict[str, int]) -> None:
    desk = library(made, page("ZZ9", longest=30 * DAY), ran={**WEEK_AGO, **ran})
    finding = maintain_manual(desk, ManualUpkeep())
    assert met(finding) == expected
    assert finding.verdict == ("finding" if expected else "ok")


def test_a_manual_without_pages_is_no_data() -> None:
    assert maintain_manual(library(), ManualUpkeep()).verdict == "no-data"


# -- DO2 ------------------------------------------------------------------------------------------


def configured(monkeypatch: pytest.MonkeyPatch, **live: int) -> PaperDesk:
    """Return a desk whose contracts are set to *live*, and whose papers are right."""
    monkeypatch.setattr(configuration, "live_parameters", lambda _desk: dict(live))
    nothing: dict[str, Any] = {name: lambda _desk: [] for name in ("roles", "parameters", "code")}
    monkeypatch.setattr(configuration, "CONTROLS", nothing)
    address = "0x" + POOL.hex()
    guide = Document(
        "guide", "Guide", "liaison", NOW, DAY, {"contract.LiquidityPool.address": address}
    )
    status = OperatorStatus("node-1", "op", "2.0", NOW, 100, 10**18, NOW)
    services = SimpleNamespace(
        inventory=SimpleNamespace(
            components=lambda: [Component("geth", "client", "1.14", "alder", "public", None)]),
        operators=SimpleNamespace(nodes=lambda: ["node-1"], status=lambda _node: status),
        documents=SimpleNamespace(all=lambda: [guide]),
    )  # fmt: skip
    return PaperDesk(services=services, addresses={"LiquidityPool": POOL},
                     registered={"contracts": {"LiquidityPool": b"\0" * 32}})  # fmt: skip


def test_a_configuration_as_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = document_configuration(configured(monkeypatch, x=1), Settings())
    assert (finding.verdict, met(finding)) == ("ok", {})
    assert finding.data["snapshot"]["versions"] == {
        "geth@alder": "1.14",
        "oracle-node@node-1": "2.0",
    }


@pytest.mark.parametrize("recorded", [False, True])
def test_what_moved_since_the_last_snapshot_is_in_a_change(
    monkeypatch: pytest.MonkeyPatch, recorded: bool
) -> None:
    desk = configured(monkeypatch, x=1)
    first = document_configuration(desk, Settings())
    desk.evidence.file("DO2", NOW - DAY, first)
    monkeypatch.setattr(configuration, "live_parameters", lambda _desk: {"x": 2})
    if recorded:
        desk.stores.create("change", NOW - HOUR, subject="x", data={"intended": {"x": 2}})
    finding = document_configuration(desk, Settings())
    assert met(finding) == ({} if recorded else {"undocumented": 1})
    assert finding.data["hash"] != first.data["hash"]


@pytest.mark.parametrize(("fact", "value"), [
    ("contract.LiquidityPool.address", "0x" + "99" * 20), ("role.ghost.account", "0x" + "99" * 20),
])  # fmt: skip
def test_a_wrong_address_in_a_runbook(
    monkeypatch: pytest.MonkeyPatch, fact: str, value: str
) -> None:
    desk = configured(monkeypatch, x=1)
    wrong = Document("runbook", "Runbook", "operator", NOW, DAY, {fact: value})
    desk.services.documents.all = lambda: [wrong]
    assert met(document_configuration(desk, Settings())) == {"document": 1}


def test_what_does_not_answer_is_no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = configured(monkeypatch, x=1)

    def silent(_node: str) -> OperatorStatus:
        raise NoData("it does not answer")

    desk.services.operators.status = silent
    assert document_configuration(desk, Settings()).verdict == "no-data"


# -- DO3 ------------------------------------------------------------------------------------------

CAP = ("PaymentToken", "CapSet")


def administered(contract: str, event: str) -> PaperDesk:
    desk = PaperDesk()
    desk.logs[contract, event] = [log_of(contract, event, age=HOUR)]
    return desk


def recorded(desk: PaperDesk, state: str, age: int, **data: Any) -> None:
    desk.stores.create("change", NOW - age, subject="a change", state=state, data=data)


RECORDS = [
    # state, age, data, mapped how
    ("approved", 2 * HOUR, {"intended": {"pt.cap": 5}}, "change"),
    ("approved", 2 * HOUR, {"intended": {"reserve.spacing": 5}}, "orphan"),
    (
        "approved",
        2 * HOUR,
        {"calls": [{"contract": "PaymentToken", "function": "setCap"}]},
        "change",
    ),
    ("open", 60, {"intended": {"pt.cap": 5}}, "afterwards"),
    ("done", 3 * DAY, {"intended": {"pt.cap": 5}}, "orphan"),
    ("implemented", 3 * DAY, {"intended": {"pt.cap": 5}, "executed": {"at": NOW - HOUR}}, "change"),
    ("implemented", 3 * DAY, {"intended": {"pt.cap": 5}, "executed": {"at": NOW - DAY}}, "orphan"),
]


@pytest.mark.parametrize(("state", "age", "data", "how"), RECORDS)
def test_an_event_is_mapped_to_the_change_that_is_about_it(
    state: str, age: int, data: dict[str, Any], how: str
) -> None:
    desk = administered(*CAP)
    recorded(desk, state, age, **data)
    finding = keep_change_records(desk, AdminRecords())
    assert [row["how"] for row in finding.data["events"]] == [how]
    assert met(finding) == ({"orphan": 1} if how == "orphan" else {})


def test_a_signed_act_of_a_procedure_is_a_record() -> None:
    desk = administered("LiquidityPool", "Paused")
    assert met(keep_change_records(desk, AdminRecords())) == {"emergency": 1}
    act = {"log": [{"result": {"success": True, "block": 290}}]}
    desk.evidence.file("NR1", NOW - HOUR, Finding("done", "paused", act))
    assert met(keep_change_records(desk, AdminRecords())) == {}


@pytest.mark.parametrize("known", [False, True])
def test_a_proposal_has_to_be_announced(known: bool) -> None:
    desk = administered(*CAP)
    desk.logs["FictraGovernor", "ProposalExecuted"] = [
        log_of("FictraGovernor", "ProposalExecuted", age=HOUR, proposalId=7)
    ]
    recorded(desk, "queued", DAY, proposal="7" if known else "8")
    assert met(keep_change_records(desk, AdminRecords())) == ({} if known else {"orphan": 1})


def test_a_day_without_administration_is_quiet() -> None:
    assert keep_change_records(PaperDesk(), AdminRecords()).verdict == "ok"


# -- DO4 ------------------------------------------------------------------------------------------


class PaperFork:
    """A copy on which each prepared call does what *answers* says, and pauses what it should."""

    def __init__(self, answers: dict[bytes, str], *, idle: bool = False) -> None:
        self.stopped: set[str] = set()
        self.answers, self.idle = answers, idle

    def read(self, contract: str, _function: str) -> bool:
        return contract in self.stopped

    def send(self, _sender: bytes, to: bytes, data: bytes) -> Simulation:
        reason = self.answers.get(data, "")
        if not reason and not self.idle:
            name = "LiquidityPool" if to == POOL else "AllocationBook"
            (self.stopped.add if data.startswith(b"p") else self.stopped.discard)(name)
        return Simulation(not reason, 40_000, reason)

    def act(self, _role: str, contract: str, function: str, _args: Any) -> Simulation:
        (self.stopped.add if function == "pause" else self.stopped.discard)(contract)
        return Simulation(True, 40_000, "")


def prepared(contract: str, to: bytes, function: str, **changes: Any) -> PreparedCall:
    role, sender = ("pauser", PAUSER) if function == "pause" else ("unpauser", UNPAUSER)
    made = PreparedCall(f"{function}-{contract}", "stop", role, contract, function, sender, to,
                        function.encode(), NOW - DAY, function == "pause")  # fmt: skip
    return replace(made, **changes)


def rehearsing(*calls: PreparedCall, fork: PaperFork | None = None) -> PaperDesk:
    desk = PaperDesk(addresses={"pauser": PAUSER, "unpauser": UNPAUSER},
                     services=SimpleNamespace(playbooks=SimpleNamespace(prepared=lambda: list(calls))),
                     lab=SimpleNamespace(fork=lambda _purpose: fork or PaperFork({})))  # fmt: skip
    for name, to in (("LiquidityPool", POOL), ("AllocationBook", BOOK)):
        for function in ("pause", "unpause"):
            desk.decoded[to, function.encode()] = DecodedCall(name, function, ())
    return desk


BOTH = tuple(
    prepared(name, to, function)
    for name, to in (("LiquidityPool", POOL), ("AllocationBook", BOOK))
    for function in ("pause", "unpause")
)
REHEARSALS = [
    (BOTH, None, {}),
    ((replace(BOTH[0], to=b"\x09" * 20), *BOTH[1:]), None, {"stale-calldata": 1}),
    ((replace(BOTH[0], data=b"unpause"), *BOTH[1:]), None, {"stale-calldata": 1}),
    ((replace(BOTH[0], sender=UNPAUSER), *BOTH[1:]), None, {"stale-calldata": 1}),
    (BOTH, PaperFork({b"unpause": "AccessManagedUnauthorizedCall(0x02)"}), {"missing-role": 2}),
    (BOTH, PaperFork({b"pause": "EnforcedPause"}), {"fails": 2}),
    (BOTH[1:], None, {"unprepared": 1}),
    (BOTH, PaperFork({}, idle=True), {"no-effect": 4}),
]


@pytest.mark.parametrize(("calls", "fork", "expected"), REHEARSALS)
def test_prepared_calls(calls: Any, fork: PaperFork | None, expected: dict[str, int]) -> None:
    assert met(rehearse_playbooks(rehearsing(*calls, fork=fork), Settings())) == expected


def test_an_empty_safe_is_no_data() -> None:
    assert rehearse_playbooks(rehearsing(), Settings()).verdict == "no-data"


def test_what_cannot_be_brought_about_is_blocked() -> None:
    class Stuck(PaperFork):
        def act(self, *_args: Any) -> Simulation:
            raise Reverted(b"", "stuck")

    assert met(
        rehearse_playbooks(rehearsing(*BOTH[1:2], BOTH[0], BOTH[2], fork=Stuck({})), Settings())
    ) == {"blocked": 1}


# -- DO5 ------------------------------------------------------------------------------------------


def person(name: str, *roles: str, status: str = "active") -> Person:
    return Person(name, "staff", roles, status, None, True, NOW, "net", b"\x07" * 20)


def drilled(name: str, scenario: str, *, age: int = 10 * DAY, score: int = 900_000) -> DrillResult:
    return DrillResult(f"{name}-{scenario}", NOW - age, name, scenario, score, 90)


COURSES = [
    TrainingMaterial(f"course-{one}", one, one, NOW - 60 * DAY)
    for one in ("oracle-failure", "key-compromise", "parameter-error", "signing")
]


def school(*results: DrillResult, material: list[TrainingMaterial] | None = None) -> PaperDesk:
    """Return a desk of an operator who signs, and of somebody who left."""
    return PaperDesk(services=SimpleNamespace(
        identities=SimpleNamespace(
            people=lambda: [person("amara", "operator"), person("pavel", "operator", status="left")],
            quorums=lambda: [Quorum("pauser", 1, ("amara",))]),
        drills=SimpleNamespace(results=lambda: list(results),
                               material=lambda: COURSES if material is None else material)))  # fmt: skip


GOOD = (drilled("amara", "oracle-failure"), drilled("amara", "signing"))
SCHOOLS = [
    (GOOD, None, {}),
    ((), None, {"never-drilled": 1}),
    ((GOOD[0],), None, {"overdue": 1}),
    ((drilled("amara", "oracle-failure", age=300 * DAY), GOOD[1]), None, {"overdue": 1}),
    ((drilled("amara", "oracle-failure", score=100_000), GOOD[1]), None, {"weak": 1}),
    (GOOD, COURSES[1:], {"material": 1}),
    (GOOD, [replace(COURSES[0], revised=0), *COURSES[1:]], {"material": 1}),
]


@pytest.mark.parametrize(("results", "material", "expected"), SCHOOLS)
def test_the_syllabus(results: Any, material: Any, expected: dict[str, int]) -> None:
    desk = school(*results, material=material)
    stage = Stage(desk)
    finding = stage.play(update_training(Case("monthly"), Training()))
    assert met(finding) == expected
    assert len(desk.stores.entries("action")) == sum(expected.values())


def test_a_gap_is_planned_once_and_a_waiver_has_a_name() -> None:
    desk = school()
    stage = Stage(desk, choices={"Put on the plan": "waive"})
    assert met(stage.play(update_training(Case("monthly"), Training()))) == {
        "never-drilled": 1,
        "waived": 1,
    }
    assert [entry.kind for entry in desk.stores.entries("risk")] == ["risk"]
    Stage(desk).play(update_training(Case("monthly"), Training()))
    Stage(desk).play(update_training(Case("monthly"), Training()))
    assert len(desk.stores.entries("action")) == 1


def test_a_staff_of_nobody_is_no_data() -> None:
    desk = school()
    desk.services.identities.people = list
    desk.services.identities.quorums = list
    assert Stage(desk).play(update_training(Case("monthly"), Training())).verdict == "no-data"
