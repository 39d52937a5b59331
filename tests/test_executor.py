from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import pytest
from paper_desk import NOW
from team_lab import NIGHT_CAPS, TeamLab, person, procedure, quorum

from twin.catalog import Procedure, Settings
from twin.clock import DAY
from twin.desk.steps import (
    Act,
    Case,
    Decide,
    File,
    Finding,
    Look,
    Notify,
    Runbook,
    Trigger,
    Update,
    Wait,
    Work,
)
from twin.errors import CrashError, NoData, Reverted
from twin.events import EvidenceFiled, HandedOver, ProcedureEnded, StepTaken
from twin.scenario.team import ShiftSpec
from twin.team.executor import HANDOVER
from twin.team.policies import Observation

DONE = Finding("done", "done")
CASE = Case("test")


def steps(*made: Any, end: Any = DONE) -> Procedure:
    """Return a runbook that yields *made* and returns *end*."""

    def runbook(case: Case, settings: Settings) -> Runbook:
        del case, settings
        for step in made:
            _ = yield step  # `yield from` a tuple cannot be sent an answer
        return end  # type: ignore[no-any-return]

    return procedure("XX1", runbook)


def echo(*made: Any) -> Procedure:
    """Return a runbook whose finding holds the answers to *made*."""

    def runbook(case: Case, settings: Settings) -> Runbook:
        del case, settings
        answers: dict[int, Any] = {}
        for number, step in enumerate(made):
            answers[number] = yield step
        return Finding("done", "heard", {"answers": list(answers.values())})

    return procedure("XX1", runbook)


def answers(lab: TeamLab, *made: Any, case: Case = CASE, seconds: int = 100_000) -> Any:
    lab.drive(echo(*made), case)
    lab.run(seconds)
    (finding,) = lab.results
    return finding.data["answers"]


# -- checks ---------------------------------------------------------------------------------------


def checking(function: Callable[..., Any]) -> tuple[TeamLab, list[Any], Procedure]:
    lab, heard = TeamLab(), list[Any]()
    lab.executor.on_check = lambda name, finding, now, *, interval=None: heard.append(
        (name, finding.verdict, dict(finding.problems), now, interval)
    )
    return lab, heard, procedure("CC1", function, seconds=300, kind="check")


def raising(error: Exception) -> Callable[..., Finding]:
    def function(desk: Any, settings: Settings) -> Finding:
        del desk, settings
        raise error

    return function


CHECKED: list[tuple[Callable[..., Any], str, dict[str, int]]] = [
    (lambda _desk, _settings: Finding("ok", "fine", problems={"spread": 0}), "ok", {"spread": 0}),
    (raising(NoData("the index")), "no-data", {"no-data": 1}),
    (raising(Reverted(b"\x01", "Panic(17)")), "failed", {"reverted": 1}),
]


@pytest.mark.parametrize(("function", "verdict", "problems"), CHECKED)
def test_a_check_is_called_filed_and_heard(
    function: Callable[..., Any], verdict: str, problems: dict[str, int]
) -> None:
    lab, heard, check = checking(function)
    assert lab.executor.check(check).verdict == verdict
    assert heard == [("CC1", verdict, problems, NOW, 300)]
    (filed,) = lab.seen
    assert isinstance(filed, EvidenceFiled)
    assert (filed.ref, filed.verdict) == ("CC1-00001", verdict)
    assert [(item.ref, item.verdict) for item in lab.records.filed] == [("CC1-00001", verdict)]


@pytest.mark.parametrize("wrong", [None, True, {"verdict": "ok"}])
def test_a_check_that_returns_no_finding_breaks_the_run(wrong: Any) -> None:
    lab, heard, check = checking(lambda _desk, _settings: wrong)
    with pytest.raises(CrashError, match=r"check CC1 returned .*, not a Finding"):
        lab.executor.check(check)
    assert heard == []


def test_what_is_no_missing_data_is_not_swallowed() -> None:
    lab, _heard, check = checking(raising(ZeroDivisionError("by zero")))
    with pytest.raises(ZeroDivisionError):
        lab.executor.check(check)


def test_settings_of_the_scenario_reach_the_procedure() -> None:
    class Limits(Settings):
        most: int = 3

    seen: list[Any] = []

    def function(desk: Any, settings: Limits) -> Finding:
        seen.append((desk, settings.most))
        return DONE

    lab = TeamLab(settings={"CC1": Limits(most=9)})
    lab.executor.check(procedure("CC1", function, kind="check"))
    assert seen == [(lab.desk, 9)]


# -- steps ----------------------------------------------------------------------------------------


def test_every_kind_of_step_is_carried_out_and_answered() -> None:
    lab = TeamLab()
    lab.executor.on_trigger = lambda event, case, owner: [event, case.cause, str(owner)]
    found = answers(
        lab,
        Look("what?", lambda desk, n: {"now": desk.now, "n": n}, (3,)),
        Work("operator", 120, "verify"),
        Decide("operator", "Real?", ("real", "false"), "real"),
        Update(state="open", severity="P1", family="pool", summary="s", alerts=("High{}",)),
        Update(incident="INC-001", state="contained"),
        Notify("market", "paused", "text"),
        File(Finding("finding", "so far", {"n": 1})),
        Trigger("contained", Case("x")),
        Wait(30, "tea"),
        Act("pauser", "Pool", "pause", (), "test"),
    )  # fmt: skip
    start = NOW + 60
    assert found[:3] == [
        {"now": NOW, "n": 3}, {"who": "amara", "started": start, "ended": start + 120}, "real"
    ]  # fmt: skip
    assert found[3:5] == ["INC-001", "INC-001"]
    assert found[5] == start + 180
    assert found[6:8] == ["XX1-00001", ["contained", "x", found[7][2]]]
    assert found[8] == start + 210
    assert found[9]["signers"] == ["amara", "bruno"]
    assert (found[9]["success"], found[9]["transaction"]) == (True, "0x01")
    assert lab.desk.store.get("INC-001").state == "contained"
    assert [line for _, line in lab.log] == [
        "desk: look: what?",
        "page amara", "ack amara", "amara: work: verify", "amara: decide: Real?",
        "INC-001 open", "desk: update: new incident open",
        "INC-001 contained", "desk: update: INC-001 contained",
        "notice: paused", "comms: notify market: paused",
        "records: file: so far", "dispatcher: trigger: contained", "clock: wait 30 s: tea",
        "page bruno", "page chen", "ack bruno", "ack chen", "amara+bruno: act: Pool.pause as pauser",
        "XX1 done",
    ]  # fmt: skip


def test_a_new_incident_takes_what_the_step_leaves_out_from_the_case() -> None:
    lab = TeamLab()
    answers(lab, Update(), case=Case("a thing happened"))
    item = lab.desk.store.get("INC-001")
    assert (item.summary, item.severity, item.family, item.state) == (
        "a thing happened", "P3", "unknown", "open"
    )  # fmt: skip


def test_answers_are_json_whatever_the_desk_said() -> None:
    lab = TeamLab()
    (answer,) = answers(lab, Look("what?", lambda _desk: {"hash": b"\x01", "pair": (1, None)}))
    assert answer == {"hash": "0x01", "pair": [1, None]}
    (taken,) = [event for event in lab.seen if isinstance(event, StepTaken)]
    assert json.loads(taken.result) == answer


@pytest.mark.parametrize(
    "value", [float("nan"), {1, 2}, pytest.param(object(), id="object")], ids=repr
)
def test_an_answer_that_is_no_json_breaks_the_run(value: Any) -> None:
    lab = TeamLab()
    with pytest.raises(CrashError, match="evidence holds"):
        answers(lab, Look("what?", lambda _desk: value))


@pytest.mark.parametrize("nonsense", ["pause it", None, DONE, Look, Case("x")], ids=repr)
def test_a_runbook_that_yields_nonsense_breaks_the_run(nonsense: Any) -> None:
    lab = TeamLab()
    lab.drive(steps(nonsense), CASE)
    with pytest.raises(CrashError, match=r"runbook XX1 yielded .*, which is no step"):
        lab.run(10)


@pytest.mark.parametrize("end", [None, "done", {"verdict": "done"}])
def test_a_runbook_that_returns_no_finding_breaks_the_run(end: Any) -> None:
    lab = TeamLab()
    lab.drive(steps(end=end), CASE)
    with pytest.raises(CrashError, match=r"runbook XX1 returned .*, not a Finding"):
        lab.run(10)


@pytest.mark.parametrize(
    ("error", "verdict"), [(NoData("the index"), "no-data"), (Reverted(b"", "why"), "failed")]
)
def test_a_question_without_an_answer_ends_the_run_and_is_filed(
    error: Exception, verdict: str
) -> None:
    def ask(_desk: Any) -> None:
        raise error

    lab = TeamLab()
    lab.drive(steps(Look("what?", ask), Wait(60, "never reached")), CASE)
    lab.run(100)
    (finding,) = lab.results
    assert (finding.verdict, lab.log) == (verdict, [(0, f"XX1 {verdict}")])
    assert [(item.ref, item.verdict) for item in lab.records.filed] == [("XX1-00001", verdict)]


def test_runs_are_numbered_and_an_event_driven_end_is_no_check() -> None:
    lab, heard = TeamLab(), list[str]()
    lab.executor.on_check = lambda procedure, *_, **__: heard.append(procedure)
    by_event = procedure("XX1", steps().function, event="alert")
    by_calendar = procedure("YY1", steps().function, seconds=60)
    for item in (by_event, by_event, by_calendar):
        lab.spawn(lab.executor.start(item, CASE))
    lab.run(1)
    ended = [(e.procedure, e.run, e.evidence) for e in lab.seen if isinstance(e, ProcedureEnded)]
    assert ended == [("XX1", 1, "XX1-00001"), ("XX1", 2, "XX1-00002"), ("YY1", 1, "YY1-00001")]
    assert heard == ["YY1"]


@pytest.mark.parametrize(
    ("level", "seconds", "promised"),
    [("A", 1800, 1800), ("B", 3600, DAY), ("C", 3600, DAY), ("B", 7 * DAY, 7 * DAY)],
)
def test_what_waits_for_people_promises_a_day_at_best(
    level: Literal["A", "B", "C"], seconds: int, promised: int
) -> None:
    """Nobody is on shift at night, and a run that waits for the morning is not late."""
    lab, heard = TeamLab(), list[int | None]()
    lab.executor.on_check = lambda *_, interval=None: heard.append(interval)
    made = replace(procedure("XX1", steps().function, seconds=seconds), level=level)
    lab.spawn(lab.executor.start(made, CASE))
    lab.run(1)
    assert heard == [promised]


def test_what_a_runbook_saw_still_holds_when_it_answers() -> None:
    """Steps that take no time are one moment: nobody closes the incident in between."""
    lab = TeamLab()
    lab.desk.store.create(NOW, summary="x", severity="P1", family="pool", alerts=[])
    attach = steps(
        Look("open?", lambda desk: [item.id for item in desk.incidents.open()]),
        Update(incident="INC-001", alerts=("High{}",)),
    )
    close = steps(Look("gone?", lambda _desk: True), Update(incident="INC-001", state="closed"))
    for item in (attach, close):
        lab.drive(item, CASE)
    lab.run(1)
    assert lab.desk.store.get("INC-001").alerts == ["High{}"]


# -- people ---------------------------------------------------------------------------------------


def test_a_busy_person_makes_the_next_run_wait() -> None:
    lab = TeamLab()
    amara = lab.roster["amara"]
    for _ in range(2):
        lab.drive(echo(Work("operator", 600, "dig")), CASE, owner=amara)
    lab.run(5000)
    spans = [finding.data["answers"][0] for finding in lab.results]
    assert [(item["started"] - NOW, item["ended"] - NOW) for item in spans] == [
        (0, 600),
        (600, 1200),
    ]


def test_the_owner_works_without_being_called() -> None:
    lab = TeamLab()
    lab.drive(echo(Work("operator", 60, "dig")), CASE, owner=lab.roster["chen"])
    lab.run(100)
    assert lab.log == [(60, "chen: work: dig"), (60, "XX1 done")]


def test_nobody_decides_before_they_were_reached() -> None:
    lab = TeamLab()
    lab.drive(
        echo(Decide("commander", "Pause?", ("yes", "no"), "yes")), CASE, owner=lab.roster["amara"]
    )
    lab.run(1000)
    assert lab.log[:3] == [(0, "page bruno"), (60, "ack bruno"), (120, "bruno: decide: Pause?")]


def test_whoever_took_part_stays_with_the_run() -> None:
    """The second on call answered; the first, who never did, does not decide in their place."""
    lab = TeamLab(people=[
        person("amara", "operator"), person("deaf", "commander", unreachable=1),
        person("bruno", "commander"),
    ])  # fmt: skip
    lab.drive(
        steps(Work("commander", 60, "choose"), Decide("commander", "Pause?", ("y", "n"), "y")),
        CASE, owner=lab.roster["amara"],
    )  # fmt: skip
    lab.run(5000)
    assert [line for _, line in lab.log] == [
        "page deaf", "page bruno", "ack bruno", "bruno: work: choose", "bruno: decide: Pause?", "XX1 done"
    ]  # fmt: skip


@pytest.mark.parametrize(("pause", "calls"), [(HANDOVER, 1), (HANDOVER + 1, 2)])
def test_off_shift_somebody_stays_a_while_and_is_then_called_anew(pause: int, calls: int) -> None:
    lab = TeamLab(people=[person("amara", "operator", shift=NIGHT_CAPS)])
    lab.drive(steps(Work("operator", 60, "a"), Wait(pause, "x"), Work("operator", 60, "b")), CASE)
    lab.run(40_000)
    assert sum(line == "page amara" for _, line in lab.log) == calls
    assert lab.results


def test_on_shift_somebody_stays_as_long_as_it_takes() -> None:
    lab = TeamLab(people=[person("amara", "operator")])
    lab.drive(steps(Work("operator", 60, "a"), Wait(10**6, "x"), Work("operator", 60, "b")), CASE)
    lab.run(2 * 10**6)
    assert sum(line == "page amara" for _, line in lab.log) == 1


class Contrarian:
    """A policy that chooses what was not offered."""

    name = "contrarian"

    def begins(self, procedure: str, case: Case) -> bool:
        del procedure, case
        return True

    def act(self, seen: Observation) -> str:
        del seen
        return "neither"


def test_a_policy_chooses_among_the_options() -> None:
    lab = TeamLab(policy=Contrarian())
    lab.drive(steps(Decide("operator", "Real?", ("real", "false"), "real")), CASE)
    with pytest.raises(CrashError, match="policy contrarian chose 'neither' of"):
        lab.run(1000)


# -- acts -----------------------------------------------------------------------------------------

PAUSE = Act("pauser", "Pool", "pause", (), "test")


def test_an_act_without_its_signatures_is_not_sent() -> None:
    people = [
        person("amara", "x"),
        *(person(name, "x", unreachable=1) for name in ("bruno", "chen")),
    ]
    lab = TeamLab(people=people)
    (result,) = answers(lab, PAUSE)
    assert result == {"success": False, "reason": "1 of 2 signatures of pauser", "block": None}
    assert lab.chain.sent == []
    assert (6 * 3600, "amara: act: Pool.pause as pauser") in lab.log


def test_an_act_that_nobody_signs_names_nobody() -> None:
    lab = TeamLab(people=[person(name, "x", unreachable=1) for name in ("amara", "bruno", "chen")])
    (result,) = answers(lab, PAUSE)
    assert result["reason"] == "0 of 2 signatures of pauser"
    assert (6 * 3600, "nobody: act: Pool.pause as pauser") in lab.log


def test_those_who_are_with_the_run_sign_without_being_called() -> None:
    lab = TeamLab()
    lab.drive(steps(Work("commander", 60, "choose"), PAUSE), CASE, owner=lab.roster["amara"])
    lab.run(2000)
    assert [line for _, line in lab.log if line.startswith("page")] == ["page bruno", "page chen"]
    assert (60 + 60 + 90 + 10, "amara+bruno: act: Pool.pause as pauser") in lab.log


def test_an_act_takes_its_signatures_and_its_block() -> None:
    lab = TeamLab(keys={"pauser": quorum(1, "amara", signing=300)})
    (result,) = answers(lab, PAUSE)
    assert (result["success"], result["signers"]) == (True, ["amara"])
    assert (60 + 300 + 10, "amara: act: Pool.pause as pauser") in lab.log


def test_whoever_takes_a_run_over_reads_in_first() -> None:
    early = ShiftSpec(start="00:00", end="08:00")
    late = ShiftSpec(start="08:00", end="24:00")
    lab = TeamLab(
        people=[person("amara", "operator", shift=early), person("bruno", "operator", shift=late)]
    )
    lab.executor.handover = 600
    lab.run(-NOW % DAY)  # to midnight
    run = lab.drive(
        steps(Work("operator", 60, "look"), Wait(13 * 3600, "x"), Work("operator", 60, "look")),
        CASE,
    )
    lab.run(DAY)
    handed = [event for event in lab.seen if isinstance(event, HandedOver)]
    assert [(event.gone, event.person) for event in handed] == [("amara", "bruno")]
    first, last = run.journal[0], run.journal[2]
    assert (first["who"], last["who"]) == ("amara", "bruno")
    paged = next(lab.clock.start + when for when, said in lab.log if said == "ack bruno")
    assert last["started"] == paged + 600
    assert run.owner is lab.roster["bruno"]


def test_somebody_of_another_role_joins_without_reading_in() -> None:
    lab = TeamLab()
    lab.executor.handover = 600
    lab.drive(steps(Work("operator", 60, "look"), Work("fee-steward", 60, "look")), CASE)
    lab.run(3000)
    assert [event for event in lab.seen if isinstance(event, HandedOver)] == []
