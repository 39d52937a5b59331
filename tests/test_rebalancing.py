"""TR3 on paper: the way back to policy is planned, rehearsed, approved, opened and verified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from paper_desk import NOW, PaperDesk, Stage, log_of, refused
from reserve_paper import AEGIS, DAY, HOUR, UNIT, reserve

from twin.desk.port import Fill, ServiceDesk, Simulation
from twin.desk.steps import Act, Case, Finding
from twin.errors import NoData
from twin.procedures.tokens.rebalancing import plan
from twin.procedures.tokens.reserve import Rebalancing, rebalance

MALLORY = b"\x66" * 20


class Rehearsal:
    """A lab whose copies refuse for a *reason*, or let everything pass."""

    def __init__(self, reason: str = "") -> None:
        self.reason, self.log = reason, list[tuple[Any, ...]]()

    def fork(self, purpose: str) -> Rehearsal:
        assert purpose == "TR3"
        return self

    def act(self, authority: str, contract: str, function: str, args: Sequence[Any]) -> Simulation:
        self.log.append((authority, contract, function, *args))
        return Simulation(success=not self.reason, gas_used=90_000, reason=self.reason)


def off(**more: Any) -> PaperDesk:
    """Return a reserve with 700 too many of the stable asset and as many bills too few."""
    made = reserve(
        holding=lambda index: (
            [4_700 * UNIT, 3_300 * UNIT, UNIT][index], 0, NOW + DAY,
            [420_000, 460_000, 120_000][index], bytes(32), bytes(32),
        ),
        valueOf=lambda index: [4_700 * UNIT, 3_300 * UNIT, 1_000 * UNIT][index],
        **more,
    )  # fmt: skip
    made.answers["StableAsset", "balanceOf"] = 4_700 * UNIT
    made.lab = Rehearsal()
    made.services = ServiceDesk(fills=replace_fills(made, brings=999_000))
    return made


def replace_fills(made: PaperDesk, **changes: Any) -> Any:
    return replace(made.services.fills, **changes)


def settling(
    made: PaperDesk, *, out_ppm: int = 999_000, fate: str = "booked"
) -> Callable[[Act], dict[str, Any]]:
    """Return a chain that opens each slice, and settles it as *fate* says."""
    count = [0]
    opened = made.logs.setdefault(("Reserve", "SliceOpened"), [])
    event = {"booked": "SliceBooked", "returned": "SliceReturned"}.get(fate)

    def act(step: Act) -> dict[str, Any]:
        count[0] += 1
        number, (_from, _to, amount, _least, who) = count[0], step.args
        block = 300 + number
        opened.append(
            replace(
                log_of("Reserve", "SliceOpened", id=number, custodian=who, amountIn=amount, **{"from": 0, "to": 1}),
                block=block, timestamp=made.now,
            )
        )  # fmt: skip
        out = amount * out_ppm // 10**6
        if event:
            made.logs.setdefault(("Reserve", event), []).append(
                log_of("Reserve", event, id=number, amountOut=out)
            )
        fill = Fill(number, "aegis", amount, out, NOW, NOW, "settled", NOW)
        done: list[Fill] = made.services.fills.done
        done.append(fill)
        return {"success": True, "reason": "", "block": block, "timestamp": made.now}

    return act


def work(made: PaperDesk, **stage: Any) -> tuple[Finding, Stage]:
    stage.setdefault("on_act", settling(made))
    played = Stage(made, **stage)
    return played.play(rebalance(Case("daily"), Rebalancing())), played


def test_a_reserve_on_policy_is_left_alone() -> None:
    finding, played = work(reserve())
    assert (finding.verdict, finding.summary) == ("ok", "rebalancing: nothing to move")
    assert played.acts == []


def test_slices_are_rehearsed_approved_opened_and_verified() -> None:
    made = off()
    finding, played = work(made)
    assert (finding.verdict, finding.summary) == ("done", "2 slices settled")
    # The way is 840 of bills; the contract lets a tenth of what is held go at a time.
    assert [act.args for act in played.acts] == [
        (0, 1, 470 * UNIT, 465_300_000, f"0x{AEGIS.hex()}"),
        (0, 1, 370 * UNIT, 366_300_000, f"0x{AEGIS.hex()}"),
    ]
    assert [line for line in played.log if not line.startswith("look")] == [
        "work: plan the way back to policy",
        "decide: Move 470000000 of stable into bills at 1000 ppm?",
        "act: Reserve.openSlice as reserve_manager",
        "wait 3660 s: slices are spaced in time",
        "decide: Move 370000000 of stable into bills at 1000 ppm?",
        "act: Reserve.openSlice as reserve_manager",
    ]
    assert len(made.lab.log) == 2
    assert [row["cost_ppm"] for row in finding.data["fills"]] == [1000, 1000]


def test_the_band_the_size_and_the_number_of_slices_are_kept() -> None:
    made = off()
    assert plan(made, 100_000, 3, 0)["slices"] == []
    assert len(plan(made, 50_000, 1, 0)["slices"]) == 1
    made.answers["Reserve", "sliceLimit"] = 1_000_000
    (only,) = plan(made, 50_000, 3, 0)["slices"]
    assert (only["amount"], only["from"], only["to"]) == (840 * UNIT, 0, 1)
    made.genesis, made.bank_desk.silent = NOW - HOUR, ("helvetia",)
    assert plan(made, 50_000, 3, DAY)["slices"] == [], "first statements are awaited"


HELD_UP: dict[str, tuple[Callable[[PaperDesk], object], str]] = {
    "a forged instruction": (
        lambda d: setattr(d.services.fills, "address", MALLORY), "wrong-address"),
    "an address the register does not know": (
        lambda d: d.addresses.pop("aegis"), "wrong-address"),
    "a market too thin": (lambda d: setattr(d.services.fills, "brings", 989_000), "slippage"),
    "no quote": (lambda d: setattr(d.services.fills, "brings", None), "quote"),
    "a copy that refuses": (
        lambda d: setattr(d, "lab", Rehearsal("EnforcedPause()")), "simulation"),
    "nobody deals in it": (
        lambda d: setattr(d.custody_desk, "silent", ("aegis", "bastion")), "custodian"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "item"), HELD_UP.values(), ids=HELD_UP.keys())
def test_a_slice_that_must_not_be_opened_is_not(
    change: Callable[[PaperDesk], object], item: str
) -> None:
    made = off()
    change(made)
    finding, played = work(made)
    assert (finding.verdict, played.acts) == ("finding", [])
    assert finding.problems[item] == 1
    assert finding.data["refused"][0]["item"] == item


def test_the_treasurer_may_leave_it_and_signers_may_be_missing() -> None:
    finding, played = work(off(), choices={"Move": "leave"})
    assert (finding.verdict, played.acts) == ("refused", [])
    finding, played = work(off(), on_act=refused)
    assert (finding.verdict, finding.problems["act"]) == ("failed", 1)


def test_a_settlement_that_is_stuck_is_found_in_the_run_and_in_the_next() -> None:
    made = off()
    finding, _ = work(made, on_act=settling(made, fate="never"))
    assert (finding.verdict, finding.problems["stuck"]) == ("finding", 2)
    again, played = work(made)
    assert (again.problems["stuck"], played.acts) == (2, [])


@pytest.mark.parametrize(
    ("out_ppm", "fate", "items"),
    [
        (999_000, "returned", {"returned": 2}),
        (996_000, "booked", {"cost": 2}),
    ],
    ids=["it came back", "it cost more than it should"],
)
def test_what_came_of_the_slices_is_verified(
    *, out_ppm: int, fate: str, items: dict[str, int]
) -> None:
    made = off()
    finding, _ = work(made, on_act=settling(made, out_ppm=out_ppm, fate=fate))
    assert finding.verdict == "finding"
    assert {name: count for name, count in finding.problems.items() if count} == items


def test_a_slice_that_went_to_another_custodian_is_misrouted() -> None:
    made = off()
    act = settling(made)

    def elsewhere(step: Act) -> dict[str, Any]:
        result = act(step)
        done = made.services.fills.done
        done[-1] = replace(done[-1], custodian="bastion")
        return result

    finding, _ = work(made, on_act=elsewhere)
    assert finding.problems["misrouted"] == 2


def test_a_trade_desk_that_is_not_there_is_no_data() -> None:
    made = off()
    made.services = ServiceDesk()
    with pytest.raises(NoData, match="not connected to fills"):
        work(made, on_act=refused)
