from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from paper_desk import (
    BOUNDS,
    USD,
    PaperDesk,
    Stage,
    alarm,
    classified,
    quoting,
    refused,
    report,
    went_through,
)

from twin.desk.port import Simulation
from twin.desk.steps import Act, Finding
from twin.procedures.incident.response import (
    BRAKES,
    Containment,
    Recovery,
    contain_incident,
    recover,
)

PAUSED = ("AllocationBook", "paused")
LOOSE = (-100 * USD, 10_000_000 * USD, 3600, 5000, 7200, 4)
BROKEN = Simulation(success=False, gas_used=0, reason="AccessManagedUnauthorized")


def brakes(stage: Stage) -> Callable[[Act], dict[str, Any]]:
    """Let acts take effect on the paper: pause, unpause, configureFeed."""

    def act(step: Act) -> dict[str, Any]:
        answers = stage.desk.answers
        if step.function == "configureFeed":
            answers["OracleNetwork", "feedConfig"] = tuple(step.args[1])
        else:
            answers[step.contract, "paused"] = step.function == "pause"
        return went_through(step)

    return act


def in_turn(*tries: Callable[[Act], dict[str, Any]]) -> Callable[[Act], dict[str, Any]]:
    """Answer the first act by the first of *tries*, and so on."""
    left = iter(tries)

    def act(step: Act) -> dict[str, Any]:
        return next(left)(step)

    return act


def acting(**more: Any) -> Stage:
    stage = Stage(PaperDesk(alarms=[alarm()], answers=quoting(80_000 * USD)), **more)
    stage.on_act = brakes(stage)
    return stage


def contain(stage: Stage, settings: Containment | None = None, **about: Any) -> Finding:
    return stage.play(contain_incident(classified(stage.desk, **about), settings or Containment()))


# -- NR1 -------------------------------------------------------------------------------------------


def test_the_brake_is_checked_decided_signed_and_confirmed() -> None:
    stage = acting()
    finding = contain(stage)
    assert stage.log == [
        "work: choose the brake for INC-001",
        "look: Needed, and would it go through?",
        "decide: Pause AllocationBook? It stops issuance valued by the oracle.",
        "act: AllocationBook.pause as pauser",
        "look: Did it take effect?",
        "update: INC-001 contained",
        "notify market: AllocationBook paused",
        "trigger: contained",
    ]
    assert (finding.verdict, finding.data["paused"]) == ("done", True)
    assert stage.desk.store.get("INC-001").state == "contained"
    assert stage.triggers[0].case.facts["contract"] == "AllocationBook"
    assert stage.decisions[0].options[-1] == "wait"


def test_what_is_paused_already_is_not_paused_again() -> None:
    stage = acting()
    stage.desk.answers[PAUSED] = True
    finding = contain(stage)
    assert (finding.verdict, stage.acts, stage.decisions) == ("done", [], [])
    assert stage.desk.store.get("INC-001").state == "contained"


@pytest.mark.parametrize(
    ("severity", "family"),
    [("P2", "oracle"), ("P5", "pool"), ("P1", "venue"), ("P1", "unknown"), ("", "oracle")],
)
def test_what_has_no_brake_goes_on_to_recovery(severity: str, family: str) -> None:
    stage = acting()
    finding = contain(stage, severity=severity, family=family)
    assert (finding.verdict, stage.log) == ("ok", ["trigger: contained"])
    assert "contract" not in stage.triggers[0].case.facts


def test_severities_that_are_contained_are_a_setting() -> None:
    assert contain(acting(), Containment(severities=("P1", "P2")), severity="P2").verdict == "done"


@pytest.mark.parametrize("family", BRAKES)
def test_every_family_with_a_brake_pauses_its_contract(family: str) -> None:
    stage = acting()
    contain(stage, family=family)
    assert [act.contract for act in stage.acts] == [BRAKES[family].contract]


def test_a_brake_that_would_not_go_through_is_looked_at_again() -> None:
    stage = acting()
    stage.desk.simulations += [BROKEN, BROKEN]
    finding = contain(stage)
    assert (finding.verdict, len(stage.acts)) == ("done", 1)
    assert [entry["check"]["success"] for entry in finding.data["log"]] == [False, False, True]
    assert (
        stage.log.count("wait 60 s: the brake would not go through: AccessManagedUnauthorized") == 2
    )


def test_a_brake_that_never_would_is_not_signed_for() -> None:
    stage = acting()
    stage.desk.simulations += [BROKEN] * 3
    finding = contain(stage)
    assert (finding.verdict, finding.problems) == ("failed", {"containment": 1})
    assert (stage.acts, stage.triggers) == ([], [])
    assert stage.desk.store.get("INC-001").state == "open"


def test_a_failed_act_is_tried_again_and_each_try_is_on_record() -> None:
    stage = acting()
    stage.on_act = in_turn(refused, refused, brakes(stage))
    finding = contain(stage)
    assert [entry["result"]["success"] for entry in finding.data["log"]] == [False, False, True]
    assert finding.verdict == "done"


def test_after_the_last_attempt_it_fails_aloud() -> None:
    stage = acting(on_act=refused)
    stage.on_act = refused
    finding = contain(stage, Containment(attempts=2))
    assert (finding.verdict, len(stage.acts)) == ("failed", 2)
    assert (stage.notices, stage.triggers) == ([], [])


def test_an_act_that_says_success_without_effect_is_no_containment() -> None:
    stage = acting()
    stage.on_act = went_through  # the receipt is good, the contract is not paused
    finding = contain(stage)
    assert (finding.verdict, finding.data["paused"]) == ("failed", False)


def test_a_commander_may_wait_and_that_is_a_refusal() -> None:
    stage = acting(choices={"Pause": "wait"})
    finding = contain(stage)
    assert (finding.verdict, stage.acts) == ("refused", [])
    assert stage.desk.store.get("INC-001").state == "open"


# -- NR3 -------------------------------------------------------------------------------------------


def recovering(
    *, heal_at: int | None = 0, drifted: bool = False, contract: str | None = "AllocationBook",
    family: str = "oracle", **more: Any,
) -> tuple[Stage, Callable[..., Finding]]:  # fmt: skip
    """Return a stage whose oracle is sane from *heal_at* seconds on, and what plays NR3 there."""
    stage = acting(**more)
    desk, start = stage.desk, stage.desk.now
    desk.answers[PAUSED] = True

    def settle(desk: PaperDesk) -> None:
        healed = heal_at is not None and desk.now - start >= heal_at
        config = desk.answers["OracleNetwork", "feedConfig"]
        paused = desk.answers[PAUSED]
        age = 600 - (desk.now - start)
        desk.answers = quoting((80 if healed else 80_000) * USD, age=age)
        desk.answers["OracleNetwork", "feedConfig"], desk.answers[PAUSED] = config, paused
        desk.alarms = [] if healed else [alarm()]
        desk.signed = [report(n, age=age) for n in range(3)]

    settle(desk)
    stage.on_wait = settle
    if drifted:
        desk.answers["OracleNetwork", "feedConfig"] = LOOSE
    facts = {"contract": contract} if contract else {}

    def play(settings: Recovery | None = None) -> Finding:
        return stage.play(recover(classified(desk, family=family, **facts), settings or Recovery()))

    return stage, play


def waits(stage: Stage) -> int:
    return sum(line.startswith("wait 600 s: the hold") for line in stage.log)


def test_a_cause_that_is_gone_is_held_for_an_hour_then_noticed_and_released() -> None:
    stage, play = recovering()
    finding = play()
    assert (finding.verdict, stage.desk.answers[PAUSED]) == ("done", False)
    assert waits(stage) == 6  # seven sane looks, ten minutes apart, span the hour
    assert [line for line in stage.log if "the hold" not in line and "Is the cause gone" not in line] == [
        "update: INC-001 recovering",
        "look: Do the feeds' bounds match the register?",
        "look: Who else needs the brake?",
        "notify market: AllocationBook reopens",
        "wait 1800 s: users may act before the release",
        "look: Is the cause still gone?",
        "look: Would the release go through?",
        "look: What does a release do on a copy?",
        "decide: Release AllocationBook?",
        "act: AllocationBook.unpause as unpauser",
        *["look: Does the objective hold?", "wait 600 s: watch after the release"] * 3,
        "look: Does the objective hold?",
        "update: INC-001 closed",
        "notify market: INC-001 closed",
        "trigger: closed",
    ]  # fmt: skip
    assert stage.desk.store.get("INC-001").state == "closed"
    assert stage.decisions[0].options[-1] == "hold"


def test_the_hold_starts_anew_when_the_cause_flickers() -> None:
    stage, play = recovering(heal_at=0)
    settle = stage.on_wait

    def flicker(desk: PaperDesk) -> None:
        settle(desk)
        if waits(stage) == 4:
            desk.alarms = [alarm()]

    stage.on_wait = flicker
    assert play().verdict == "done"
    assert waits(stage) == 4 + 1 + 6


def test_bounds_that_drifted_are_put_back_to_the_register() -> None:
    stage, play = recovering(drifted=True)
    finding = play()
    (act, _release) = stage.acts
    assert (act.authority, act.function) == ("oracle_admin", "configureFeed")
    assert act.args == ("0x" + "0a" * 32, tuple(BOUNDS))
    assert stage.log[2:5] == [
        "work: prepare the bounds of WTI",
        "act: OracleNetwork.configureFeed as oracle_admin",
        "look: Do they match it now?",
    ]
    assert (finding.verdict, finding.data["drifted"]) == ("done", [])


def test_bounds_that_cannot_be_put_back_keep_the_brake_on() -> None:
    stage, play = recovering(drifted=True)
    stage.on_act = refused
    finding = play()
    assert (finding.verdict, finding.problems) == ("failed", {"restore": 1})
    assert [act.function for act in stage.acts] == ["configureFeed"] * 3
    assert stage.desk.answers[PAUSED] is True


def test_a_restore_that_fails_once_is_tried_again() -> None:
    stage, play = recovering(drifted=True)
    stage.on_act = in_turn(refused, brakes(stage), brakes(stage))
    assert play().verdict == "done"


def test_patience_runs_out_and_the_brake_stays_on() -> None:
    stage, play = recovering(heal_at=None)
    finding = play(Recovery(patience=7200))
    assert (finding.verdict, finding.problems) == ("failed", {"gate": 1})
    assert waits(stage) == 7200 // 600 + 1
    assert (stage.acts, stage.desk.answers[PAUSED]) == ([], True)
    assert stage.desk.store.get("INC-001").state == "recovering"


def spoil(**change: Any) -> Callable[[PaperDesk], None]:
    def damage(desk: PaperDesk) -> None:
        for name, value in change.items():
            setattr(desk, name, value)

    return damage


def saying(answer: int, **more: Any) -> Callable[[PaperDesk], None]:
    def damage(desk: PaperDesk) -> None:
        desk.answers |= {
            ("OracleNetwork", "latest"): quoting(answer, **more)["OracleNetwork", "latest"]
        }

    return damage


INSANE: dict[str, Callable[[PaperDesk], None]] = {
    "no index": spoil(prices={}),
    "off the index": saying(82 * USD, age=0),
    "old": saying(80 * USD, age=7201),
    "below quorum": saying(80 * USD, age=0, reporters=3),
    "one source": spoil(signed=[report(n, source="corvus", age=-(10**6)) for n in range(7)]),
    "the alert still fires": spoil(alarms=[alarm()]),
}


@pytest.mark.parametrize("damage", INSANE.values(), ids=INSANE.keys())
def test_an_insane_oracle_is_not_released(damage: Callable[[PaperDesk], None]) -> None:
    stage, play = recovering()
    settle = stage.on_wait

    def keep(desk: PaperDesk) -> None:
        settle(desk)
        damage(desk)

    stage.on_wait = keep
    damage(stage.desk)
    finding = play(Recovery(patience=3600))
    assert (finding.verdict, finding.problems, stage.acts) == ("failed", {"gate": 1}, [])


def test_another_familys_gate_is_its_own_alerts_alone() -> None:
    stage, play = recovering(heal_at=None, family="pool", contract="LiquidityPool")
    stage.desk.alarms = []
    settle = stage.on_wait

    def quiet(desk: PaperDesk) -> None:
        settle(desk)  # the oracle stays insane, which is not this incident's matter
        desk.alarms = []

    stage.on_wait = quiet
    assert play().verdict == "done"
    assert [act.function for act in stage.acts] == ["unpause"]


def test_a_cause_that_comes_back_while_notice_runs_is_contained_anew() -> None:
    stage, play = recovering()
    settle = stage.on_wait

    def relapse(desk: PaperDesk) -> None:
        settle(desk)
        if stage.log[-1].startswith("wait 1800 s: users"):
            desk.alarms = [alarm()]

    stage.on_wait = relapse
    finding = play()
    assert (finding.verdict, finding.problems) == ("failed", {"relapse": 1})
    assert (stage.acts, stage.desk.answers[PAUSED]) == ([], True)
    assert [item.event for item in stage.triggers] == ["classified"]


def test_a_relapse_after_the_release_goes_back_to_containment() -> None:
    stage, play = recovering()
    settle = stage.on_wait

    def relapse(desk: PaperDesk) -> None:
        settle(desk)
        if stage.log[-1].startswith("wait 600 s: watch"):
            desk.alarms = [alarm()]

    stage.on_wait = relapse
    finding = play()
    assert (finding.verdict, finding.problems) == ("failed", {"relapse": 1})
    (trigger,) = stage.triggers
    assert trigger.event == "classified"
    again = Stage(stage.desk, on_act=brakes(stage))
    assert again.play(contain_incident(trigger.case, Containment())).verdict == "done"
    assert stage.desk.answers[PAUSED] is True


@pytest.mark.parametrize(
    ("simulations", "choices"),
    [([BROKEN], {}), ([], {"Release": "hold"})],
    ids=["canary", "commander"],
)
def test_a_release_that_would_fail_or_is_held_leaves_the_brake_on(
    simulations: list[Simulation], choices: dict[str, str]
) -> None:
    stage, play = recovering(choices=choices)
    stage.desk.simulations += simulations
    finding = play()
    assert (finding.verdict, stage.acts, stage.desk.answers[PAUSED]) == ("refused", [], True)


def test_a_release_without_its_quorum_fails_and_does_not_close() -> None:
    stage, play = recovering()
    stage.on_act = refused
    finding = play()
    assert (finding.verdict, finding.problems) == ("failed", {"act": 1})
    assert stage.desk.store.get("INC-001").state == "recovering"


def test_a_brake_that_another_incident_needs_is_left_to_it() -> None:
    stage, play = recovering()
    desk = stage.desk
    other = classified(desk, family="allocation")
    desk.store.change(other.incident or "", desk.now, state="contained")
    finding = play()
    assert (finding.verdict, finding.data["left_to"], stage.acts) == ("done", ["INC-001"], [])
    assert [item.state for item in desk.store.all()] == ["contained", "closed"]


def test_an_incident_without_a_brake_closes_when_its_cause_is_gone() -> None:
    stage, play = recovering(contract=None)
    finding = play()
    assert (finding.verdict, stage.acts, stage.decisions) == ("done", [], [])
    assert stage.desk.store.get("INC-001").state == "closed"


def test_a_recovery_stands_back_when_its_incident_was_escalated() -> None:
    stage, play = recovering(heal_at=None)
    settle = stage.on_wait

    def escalate(desk: PaperDesk) -> None:
        settle(desk)
        desk.store.change("INC-001", desk.now, severity="P2")

    stage.on_wait = escalate
    finding = play()
    assert (finding.verdict, waits(stage)) == ("refused", 1)
    assert "another recovery" in finding.summary
