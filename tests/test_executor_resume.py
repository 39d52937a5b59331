"""A runbook that is killed goes on from its journal: it ends the same, and does nothing twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from paper_desk import USD, PaperDesk, alarm, classified, quoting, report
from team_lab import TeamLab

from twin import procedures
from twin.catalog import Catalog, Procedure
from twin.desk.steps import Act, Case
from twin.events import Event, StepTaken
from twin.team.executor import Run


class Killed(Exception):
    """The program was killed; it is nobody's to catch."""


class Killer:
    """A listener that kills the program right after the step that it counts to."""

    def __init__(self, lab: TeamLab, after: int) -> None:
        self.left = after
        lab.events.listen(self.hear)

    def hear(self, _now: int, event: Event) -> None:
        if isinstance(event, StepTaken):
            self.left -= 1
            if self.left == 0:
                raise Killed


LOOSE = (-100 * USD, 10_000_000 * USD, 3600, 5000, 7200, 4)


def incident(name: str) -> tuple[TeamLab, Procedure, Case]:
    """Return a lab in which *name* has an incident to work on: NR1 a firing one, NR3 a healed one."""
    desk = PaperDesk(signed=[report(n, age=-(10**7)) for n in range(3)])
    lab = TeamLab(desk=desk)
    healed = name == "NR3"
    desk.answers = quoting((80 if healed else 80_000) * USD)
    desk.answers["OracleNetwork", "latest"] = lambda _feed: (80 * USD, desk.now - 600, 12, 7)
    desk.answers["AllocationBook", "paused"] = healed
    if healed:
        desk.answers["OracleNetwork", "feedConfig"] = LOOSE
    else:
        desk.alarms = [alarm()]

    def effect(act: Act) -> None:
        if act.function == "configureFeed":
            desk.answers["OracleNetwork", "feedConfig"] = tuple(act.args[1])
        else:
            desk.answers["AllocationBook", "paused"] = act.function == "pause"

    lab.chain.effect = effect
    case = classified(desk, **({"contract": "AllocationBook"} if healed else {}))
    return lab, Catalog.below(procedures)[name], case


LENGTH = {"NR1": 8, "NR3": 36}
CUTS = [(name, cut) for name, length in LENGTH.items() for cut in range(1, length + 1)]


def effects(lab: TeamLab) -> Any:
    """Return what the run did to the world: acts, notices, incidents, and its evidence."""
    notices = [line for _, line in lab.log if line.startswith(("notice", "INC-"))]
    triggers = [line for _, line in lab.log if "trigger" in line]
    state = [(item.id, item.state) for item in lab.desk.store.all()]
    filed = [(item.ref, item.verdict) for item in lab.records.filed]
    return [act.function for act in lab.chain.sent], notices, triggers, state, filed


def whole(name: str) -> tuple[TeamLab, Run]:
    lab, runbook, case = incident(name)
    run = lab.drive(runbook, case)
    lab.run(100_000)
    return lab, run


@pytest.mark.parametrize("name", LENGTH)
def test_the_recorded_runs_are_what_the_cuts_assume(name: str) -> None:
    lab, run = whole(name)
    assert lab.results[0].verdict == "done"
    assert len(run.journal) == LENGTH[name]
    assert [act.function for act in lab.chain.sent] == {
        "NR1": ["pause"], "NR3": ["configureFeed", "unpause"]
    }[name]  # fmt: skip


@pytest.mark.parametrize(("name", "cut"), CUTS)
def test_a_killed_runbook_resumes_from_its_journal_and_does_nothing_twice(
    name: str, cut: int
) -> None:
    untouched, complete = whole(name)
    lab, runbook, case = incident(name)
    Killer(lab, cut)
    first = lab.drive(runbook, case)
    with pytest.raises(Killed):
        lab.run(100_000)
    assert len(first.journal) == cut
    saved = json.loads(json.dumps(first.journal))  # as it lies on disk
    second = lab.drive(runbook, case, journal=saved)
    lab.run(100_000)
    (finding,) = lab.results
    assert finding.verdict == "done"
    assert len(second.journal) == len(complete.journal)
    assert effects(lab) == effects(untouched)
    taken = [event.step for event in lab.seen if isinstance(event, StepTaken)]
    assert taken == list(range(1, LENGTH[name] + 1))


def test_a_journal_that_is_complete_only_files_the_end() -> None:
    lab, run = whole("NR1")
    again, runbook, case = incident("NR1")
    again.drive(runbook, case, journal=list(run.journal))
    again.run(10)
    assert again.log == [(0, "NR1 done")]
    assert again.results[0].summary == lab.results[0].summary
    assert again.chain.sent == []
