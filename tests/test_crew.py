from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from team_lab import procedure

from twin.catalog import Settings
from twin.console.crew import Crew
from twin.console.turns import Turns
from twin.desk import wire
from twin.desk.steps import Case, Finding, Look, Runbook, Wait
from twin.errors import CrashError, NoData
from twin.team.driver import Ended

CHECK = procedure("CC1", lambda *_: Finding("ok", "x"), seconds=60, kind="check")


def waits(case: Case, settings: Settings) -> Runbook:
    del case, settings
    yield Wait(60, "y")
    return Finding("done", "z")


RUNBOOK = procedure("XX1", waits, event="alert")


class Hand(threading.Thread):
    """A worker with a loop of its own, which gives *answers* one after the other."""

    def __init__(self, crew: Crew, *answers: Any) -> None:
        super().__init__(daemon=True)
        self.crew, self.answers = crew, list(answers)
        self.log: list[Any] = []
        self.start()

    def run(self) -> None:
        asyncio.run(self._work())

    async def _work(self) -> None:
        body = b"{}"
        while True:
            job = wire.loads(await self.crew.work(body))
            self.log.append(job)
            if job["job"] == "end" or not self.answers:
                return
            body = wire.dumps(self.answers.pop(0))


def crew(patience: float = 30.0) -> Crew:
    made = Crew(Turns(), patience=patience)
    made.present = lambda: (1000, 7)
    return made


def test_a_check_is_a_job_with_the_present_of_the_run() -> None:
    made = crew()
    hand = Hand(made, {"finding": Finding("finding", "bad")})
    assert made.check(CHECK, Settings()) == Finding("finding", "bad")
    made.over()
    hand.join(30)
    assert hand.log == [
        {"job": "check", "procedure": "CC1", "settings": {}, "now": 1000, "head": 7},
        {"job": "end"},
    ]


def test_a_runbook_is_driven_step_by_step_and_sees_as_it_comes_to_a_question() -> None:
    made, question = crew(), Look("how much?", len, ("x",))
    hand = Hand(
        made, {"begun": True}, {"step": question, "seen": {"value": 5}}, {"step": Wait(60, "y")},
        {"ended": Finding("done", "z")},
    )  # fmt: skip
    play = made.begin(RUNBOOK, Case("why"), Settings())
    step = play.send(None)
    assert isinstance(step, Look)
    assert play.look(step) == 5
    assert play.send(5) == Wait(60, "y")
    assert play.send(1060) == Ended(Finding("done", "z"))
    made.over()
    hand.join(30)
    assert [job.get("answer") for job in hand.log[1:4]] == [None, 5, 1060]


def test_what_the_desk_lacked_is_raised_where_it_is_here() -> None:
    made = crew()
    lacking = {"error": wire.thrown(NoData("the index"))}
    Hand(made, lacking, {"begun": True}, {"step": Look("x", len), "seen": lacking})
    with pytest.raises(NoData, match="the index"):
        made.check(CHECK, Settings())
    play = made.begin(RUNBOOK, Case("why"), Settings())
    step = play.send(None)
    assert isinstance(step, Look)
    with pytest.raises(NoData, match="the index"):
        play.look(step)


def test_nobody_at_work_breaks_the_run_and_says_what_to_do() -> None:
    with pytest.raises(
        CrashError, match="no worker came within 0 s: start one with `twin live URL`"
    ):
        crew(0.01).check(CHECK, Settings())


def test_a_worker_that_falls_silent_breaks_the_run() -> None:
    made = crew(0.2)
    hand = Hand(made)
    with pytest.raises(CrashError, match="the worker did not answer within"):
        made.check(CHECK, Settings())
    hand.join(30)


def test_a_worker_that_is_gone_is_not_waited_for() -> None:
    made = crew()
    made.lost(9)
    with pytest.raises(CrashError, match="the worker ended with 9"):
        made.check(CHECK, Settings())
