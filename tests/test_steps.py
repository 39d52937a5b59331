from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from twin.desk.steps import (
    Act,
    Case,
    Decide,
    File,
    Finding,
    Keep,
    Look,
    Notify,
    Step,
    Trigger,
    Update,
    Wait,
    Work,
)

SAID: list[tuple[Step, str]] = [
    (Look("Is it paused?", bool), "look: Is it paused?"),
    (Work("operator", 60, "verify"), "work: verify"),
    (Decide("operator", "Real?", ("real", "false"), "real"), "decide: Real?"),
    (Act("pauser", "Pool", "pause", (), "why"), "act: Pool.pause as pauser"),
    (Wait(60, "tea"), "wait 60 s: tea"),
    (Update(state="open"), "update: new incident open"),
    (Update(incident="INC-001", alerts=("High{}",)), "update: INC-001"),
    (Update(incident="INC-001", state="closed"), "update: INC-001 closed"),
    (Keep("change", state="open"), "keep: new change open"),
    (Notify("market", "paused", "text"), "notify market: paused"),
    (File(Finding("ok", "so far")), "file: so far"),
    (Trigger("incident", Case("x")), "trigger: incident"),
]


@pytest.mark.parametrize(("step", "text"), SAID)
def test_a_step_says_itself_in_one_line(step: Step, text: str) -> None:
    assert step.describe() == text


def test_every_kind_of_step_is_here_and_frozen() -> None:
    assert {type(step) for step, _ in SAID} == set(get_args(Step))
    for step, _ in SAID:
        with pytest.raises(FrozenInstanceError):
            setattr(step, type(step).__slots__[0], "other")


def test_a_finding_and_a_case_have_data_of_their_own() -> None:
    assert (Finding("ok", "x").data, Finding("ok", "x").problems) == ({}, {})
    assert Case("x").facts is not Case("x").facts
