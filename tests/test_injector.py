"""The injector: faults begin and end at their second, and a mistake in one is found at the start."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import world_lab as lab

from twin.errors import CrashError, FileProblems, UnknownName, UsageError
from twin.events import EventLog, FaultChanged
from twin.faults.injector import Injector, named
from twin.faults.port import Fault, FaultParams


def story(stage: lab.Stage) -> list[tuple[int, str, str]]:
    return [(now, event.fault, event.phase) for now, event in stage.of("fault")]


def test_a_fault_begins_and_ends_in_its_second() -> None:
    faults = [
        lab.fault("late", "source-death", "1h", "90m", source="albion"),
        lab.fault("early", "source-scale", "10s", source="brisa"),
        lab.fault("again", "source-death", "90m", "91m", source="albion"),
    ]
    stage = lab.stage(sealed={"faults": faults})
    albion = stage.world.market.sources["albion"]
    log: list[tuple[int, bool]] = []
    albion.on_change(lambda: log.append((stage.now, albion.alive)))
    stage.run(2 * lab.HOUR)
    assert story(stage) == [
        (10, "early", "begin"),
        (3600, "late", "begin"),
        (5400, "late", "end"),
        (5400, "again", "begin"),
        (5460, "again", "end"),
    ]
    assert log == [(3600, False), (5400, True), (5400, False), (5460, True)]
    assert all(event.sealed for _, event in stage.of("fault"))


def test_a_fault_at_the_very_start_is_there_before_anybody_looks() -> None:
    fault = lab.fault("unit", "source-scale", "0s", source="corvus", numerator=2)
    stage = lab.stage(agents=lab.NODES, sealed={"faults": [fault]}).run(10 * lab.MINUTE)
    assert story(stage) == [(0, "unit", "begin")]
    answers = {report.node: report.answer for report in stage.world.market.reports.newest("WTI")}
    assert {node for node, answer in answers.items() if answer > 159 * 10**8} == {
        "node-c-1", "node-c-2",
    }  # fmt: skip


def test_a_latent_fault_is_on_chain_and_not_in_the_register() -> None:
    fault = lab.fault("open", "feed-bounds-open", "0s", commodity="WTI", max_answer=10_000)
    stage = lab.stage(sealed={"faults": [fault]})
    config = stage.read("OracleNetwork", "feedConfig", stage.feed)
    assert config[1] == 10_000 * 10**8
    assert stage.world.desk.register.parameter("feed.WTI.max_answer") == 500 * 10**8
    assert stage.world.desk.register.parameter("feed.WTI")[1] == 500 * 10**8


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lab.fault("x", "source-deth", "1h", source="albion"), r"\d+:\d+: .*'source-deth'"),
        (lab.fault("x", "source-death", "1h", source="albino"), r"\d+:\d+: .*source 'albino'"),
        (lab.fault("x", "node-misreport", "1h", node="node-9"), r"\d+:\d+: .*agent 'node-9'"),
        (lab.fault("x", "source-death", "99d", source="albion"), r"\d+:\d+: .*after the end"),
    ],
)
def test_a_name_that_a_scenario_gets_wrong_is_located(fault: dict[str, Any], message: str) -> None:
    with pytest.raises(FileProblems, match=message):
        lab.scenario(agents=lab.NODES, sealed={"faults": [fault]})


def test_an_agent_that_is_no_node_is_found_before_the_run() -> None:
    fault = lab.fault("x", "node-misreport", "1d", node="whale")
    with pytest.raises(UsageError, match="whale reports nothing"):
        lab.stage(agents=[lab.agent("noise", "whale")], sealed={"faults": [fault]})


OVERLAPS = [
    (("source-death", "1h", None), ("source-death", "2h", None), {"source": "albion"}),
    (("source-scale", "1h", "3h"), ("source-scale", "2h", "4h"), {"source": "albion"}),
    (("volume-surge", "1h", "3h"), ("volume-surge", "1h", "2h"), {}),
]


@pytest.mark.parametrize(("one", "two", "params"), OVERLAPS)
def test_two_faults_may_not_hold_one_place_at_one_time(
    one: tuple[str, str, str | None], two: tuple[str, str, str | None], params: dict[str, Any]
) -> None:
    faults = [lab.fault(name, *what, **params) for name, what in (("one", one), ("two", two))]
    for given in (faults, faults[::-1]):
        with pytest.raises(UsageError, match=r"the faults (one and two|two and one) both hold the"):
            lab.stage(sealed={"faults": given})


def test_other_places_at_one_time_and_one_place_at_other_times_are_fine() -> None:
    faults = [
        lab.fault("a", "source-death", "1h", "2h", source="albion"),
        lab.fault("b", "source-death", "2h", "3h", source="albion"),
        lab.fault("c", "source-scale", "1h", "3h", source="albion"),
        lab.fault("d", "source-death", "1h", "3h", source="brisa"),
    ]
    assert len(story(lab.stage(sealed={"faults": faults}).run(4 * lab.HOUR))) == 8


@dataclass
class Spec:
    """A fault spec that no scenario loader has seen."""

    kind: str
    name: str = "x"
    at: int = 0
    until: int | None = None
    params: Any = field(default_factory=FaultParams)


def test_a_kind_that_is_not_there_is_refused_without_a_loader_too() -> None:
    with pytest.raises(UnknownName, match="did you mean 'source-death'"):
        Injector([Spec("source-deaht")], log=EventLog())


def test_what_happened_is_sealed() -> None:
    assert FaultChanged.sealed is True


def test_two_faults_of_one_kind_are_refused() -> None:
    first, second = (type(name, (Fault,), {"kind": "flood"}) for name in ("Rain", "Dam"))
    assert named([first, first]) == {"flood": first}
    with pytest.raises(CrashError, match=r"two faults are of the kind flood: .*Rain.*Dam"):
        named([first, second])
