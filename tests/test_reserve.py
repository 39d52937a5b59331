"""TR1, TR2 and TR5 on paper: what covers, what is allowed, what can be paid out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from paper_desk import NOW, PaperDesk, broken, log_of
from reserve_paper import CLOSE, DAY, HOUR, UNIT, bills, gold, reserve

from twin.desk.port import Fill, ServiceDesk
from twin.desk.steps import Finding
from twin.errors import Reverted
from twin.procedures.tokens.ladder import forecast
from twin.procedures.tokens.reserve import (
    AssetPolicy,
    Liquidity,
    Reconciliation,
    manage_liquidity,
    monitor_balances,
    verify_policy,
)

SUPPLY = 9_000 * UNIT


def wrong(finding: Finding) -> dict[str, int]:
    return {name: count for name, count in finding.problems.items() if count}


# -- TR1 ------------------------------------------------------------------------------------------


def reconciled(made: PaperDesk, **settings: Any) -> Finding:
    return monitor_balances(made, Reconciliation(**settings))


def test_a_reserve_that_is_there_covers_what_is_owed() -> None:
    finding = reconciled(reserve())
    assert (finding.verdict, finding.data["assets"]) == ("ok", 9_500 * UNIT)
    assert finding.data["coverage_ppm"] == 9_500 * 10**6 // 9_000
    assert set(finding.data["ages"]) == {"helvetia/reserve", "aegis", "bastion"}


def set_to(part: str, **values: Any) -> Callable[[PaperDesk], object]:
    def change(made: PaperDesk) -> None:
        for name, value in values.items():
            setattr(getattr(made, part), name, value)

    return change


SHORT: dict[str, tuple[Callable[[PaperDesk], object], dict[str, int]]] = {
    "the bank failed": (set_to("bank_desk", silent=("helvetia",)), {"silent": 1}),
    "a custodian is silent": (
        set_to("custody_desk", silent=("aegis",)), {"silent": 1, "coverage": 1}),
    "a statement a week old": (
        set_to("custody_desk", as_of=NOW - 7 * DAY), {"stale": 2, "coverage": 1}),
    "a tenth of the bills is gone": (
        set_to("custody_desk", lines={"aegis": (bills(3_600_000),), "bastion": (gold(),)}),
        {"missing": 1}),
    "the market fell by a third": (
        set_to("custody_desk", lines={"aegis": (bills(price=66 * 10**6),), "bastion": (gold(),)}),
        {"coverage": 1}),
    "tokens are gone": (
        lambda d: d.answers.update({("StableAsset", "balanceOf"): 3_900 * UNIT}), {"stable": 1}),
    "more is owed": (
        lambda d: d.answers.update({("PaymentToken", "totalSupply"): 9_501 * UNIT}),
        {"coverage": 1}),
}  # fmt: skip


@pytest.mark.parametrize(("change", "items"), SHORT.values(), ids=SHORT.keys())
def test_what_a_reserve_lacks_is_named(
    change: Callable[[PaperDesk], object], items: dict[str, int]
) -> None:
    made = reserve()
    change(made)
    finding = reconciled(made)
    assert (finding.verdict, wrong(finding)) == ("finding", items)


def test_cash_that_counts_as_bills_says_nothing_of_a_custodian_that_has_not_stated() -> None:
    made = reserve()
    made.approved["reserve.cash"] = ("helvetia/reserve",)
    assert wrong(reconciled(made)) == {}
    made.genesis, made.custody_desk.silent = NOW - HOUR, ("aegis",)
    finding = reconciled(made)
    assert (finding.data["awaited"], finding.data["missing"]) == (["aegis"], [])


def test_first_statements_are_awaited_and_an_answer_that_stopped_is_not() -> None:
    made = reserve()
    made.genesis = NOW - HOUR
    made.bank_desk.silent = ("helvetia",)
    finding = reconciled(made)
    assert (finding.verdict, finding.data["awaited"]) == ("ok", ["helvetia/reserve"])
    assert finding.data["coverage_ppm"] is None
    made.evidence.file("TR1", NOW - 60, Finding("ok", "x", {"ages": {"helvetia/reserve": 5}}))
    finding = reconciled(made)
    assert wrong(finding) == {"silent": 1}
    made.evidence.file("TR1", NOW, finding)
    assert wrong(reconciled(made)) == {"silent": 1}, "it stays silent"


def sliced(*, settled: int, to: int = 1, out: int = 400 * UNIT) -> PaperDesk:
    """Return a reserve into or out of whose bills a slice went at second *settled*."""
    made = reserve()
    source = 0 if to == 1 else 1
    made.logs = {
        ("Reserve", "SliceOpened"): [log_of("Reserve", "SliceOpened", age=2 * DAY, id=1,
                                            **{"from": source, "to": to}, amountIn=400 * UNIT)],
        ("Reserve", "SliceBooked"): [log_of("Reserve", "SliceBooked", age=60, id=1, amountOut=out)],
    }  # fmt: skip
    fill = Fill(1, "aegis", 400 * UNIT, out, NOW - DAY, NOW, "settled", settled)
    made.services = ServiceDesk(fills=replace_done(made, fill))
    return made


def replace_done(made: PaperDesk, *fills: Fill) -> Any:
    return replace(made.services.fills, done=list(fills))


def test_what_a_slice_brought_since_the_statement_is_not_missing() -> None:
    made = sliced(settled=CLOSE + 1)
    made.answers["Reserve", "holding"] = lambda index: (
        [3_600 * UNIT, 4_400 * UNIT, UNIT][index], 0, 0, 0, bytes(32), bytes(32),
    )  # fmt: skip
    made.answers["StableAsset", "balanceOf"] = 3_600 * UNIT
    finding = reconciled(made)
    assert (finding.verdict, finding.data["assets"]) == ("ok", 9_500 * UNIT)
    made.services.fills.done[0] = replace(made.services.fills.done[0], settled=CLOSE)
    assert wrong(reconciled(made)) == {"missing": 1}, "the statement should have it by now"


def test_what_a_slice_took_since_the_statement_counts_once() -> None:
    made = sliced(settled=CLOSE + 1, to=0)
    made.answers["Reserve", "holding"] = lambda index: (
        [4_400 * UNIT, 3_600 * UNIT, UNIT][index], 0, 0, 0, bytes(32), bytes(32),
    )  # fmt: skip
    made.answers["StableAsset", "balanceOf"] = 4_400 * UNIT
    finding = reconciled(made)
    assert (finding.verdict, finding.data["assets"]) == ("ok", 9_500 * UNIT)


def test_a_contract_that_does_not_answer_is_no_pass() -> None:
    with pytest.raises(Reverted):
        reconciled(reserve(holding=broken()))


# -- TR2 ------------------------------------------------------------------------------------------


def allowed(made: PaperDesk, **settings: Any) -> Finding:
    return verify_policy(made, AssetPolicy(**settings))


def test_a_reserve_within_policy_keeps_its_limits() -> None:
    finding = allowed(reserve(), issuers={"treasury": 500_000}, closed=True)
    assert (finding.verdict, wrong(finding)) == ("ok", {})
    assert {row["item"] for row in finding.data["limits"]} == {
        "issuer", "bank", "chain", "tenor", "liquidity", "weight",
    }  # fmt: skip


LIMITS: dict[str, tuple[dict[str, Any], Callable[[PaperDesk], object], dict[str, int]]] = {
    "one issuer": ({"max_issuer_ppm": 400_000}, lambda _d: None, {"issuer": 1}),
    "an issuer with a limit of its own": (
        {"issuers": {"treasury": 400_000}}, lambda _d: None, {"issuer": 1}),
    "another entity": (
        {"closed": True, "issuers": {"bundesbank": 500_000}}, lambda _d: None, {"diversion": 1}),
    "one bank": ({"max_bank_ppm": 50_000}, lambda _d: None, {"bank": 1}),
    "one chain": ({"max_chain_ppm": 400_000}, lambda _d: None, {"chain": 1}),
    "too long": ({"max_tenor": 27 * DAY}, lambda _d: None, {"tenor": 1}),
    "too slow": ({"min_liquid_ppm": 500_000}, lambda _d: None, {"liquidity": 1}),
    "a bank that pays on Monday": (
        {"min_liquid_ppm": 450_000}, set_to("bank_desk", due=NOW + 2 * DAY), {"liquidity": 1}),
    "off the weights": (
        {"band_ppm": 50_000},
        set_to("custody_desk", lines={"aegis": (bills(3_000_000),), "bastion": (gold(),)}),
        {"weight": 2}),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "change", "items"), LIMITS.values(), ids=LIMITS.keys())
def test_a_limit_that_is_broken_is_named(
    settings: dict[str, Any], change: Callable[[PaperDesk], object], items: dict[str, int]
) -> None:
    made = reserve()
    change(made)
    finding = allowed(made, **settings)
    assert (finding.verdict, wrong(finding)) == ("finding", items)


def test_a_breach_has_a_clock() -> None:
    made = reserve()
    first = allowed(made, max_bank_ppm=0, cure=DAY)
    (breach,) = first.data["breaches"]
    assert (breach["since"], breach["due"], breach["overdue"]) == (NOW, NOW + DAY, False)
    made.evidence.file("TR2", NOW, first)
    made.now += DAY + 1
    again = allowed(made, max_bank_ppm=0, cure=DAY)
    assert (again.data["breaches"][0]["since"], wrong(again)["overdue"]) == (NOW, 1)
    made.evidence.file("TR2", made.now, allowed(made))
    assert allowed(made, max_bank_ppm=0).data["breaches"][0]["since"] == made.now, "it was cured"


def test_policy_waits_for_the_first_statements() -> None:
    made = reserve()
    made.genesis, made.bank_desk.silent = NOW - HOUR, ("helvetia",)
    assert allowed(made, max_bank_ppm=0).summary == "first statements awaited"


# -- TR5 ------------------------------------------------------------------------------------------


def liquid(made: PaperDesk, **settings: Any) -> Finding:
    return manage_liquidity(made, Liquidity(**settings))


def test_the_ladder_counts_what_the_calendars_allow() -> None:
    finding = liquid(reserve())
    assert finding.verdict == "ok"
    # Tokens at once; cash with them, since the bank settles within the hour; assets less 1 %.
    assert finding.data["ladder"] == {
        "1h": 4_500 * UNIT, "1d": 4_500 * UNIT, "1w": 4_500 * UNIT + 4_950 * UNIT,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "seconds", "share"),
    [
        ("mild", 8 * HOUR, 30_000), ("mild", 2 * DAY, 60_000), ("mild", 4 * DAY, 100_000),
        ("mild", 21 * DAY, 250_000), ("mild", 60 * DAY, 250_000), ("mild", 4 * HOUR, 15_000),
        ("severe", 8 * HOUR, 50_000), ("severe", 2 * DAY, 160_000), ("severe", 4 * DAY, 380_000),
        ("severe", 21 * DAY, 900_000), ("severe", 0, 0),
    ],
)  # fmt: skip
def test_forecasts_by_the_published_profiles(*, profile: str, seconds: int, share: int) -> None:
    assert forecast(profile, SUPPLY, seconds) == SUPPLY * share // 10**6


def weekend(made: PaperDesk) -> None:
    """Close banks and custodians until Monday, with little on chain."""
    made.bank_desk.due, made.custody_desk.due = NOW + 3 * DAY, NOW + 4 * DAY
    made.answers["StableAsset", "balanceOf"] = 500 * UNIT
    made.answers["Reserve", "holding"] = lambda index: (
        [500 * UNIT, 4_000 * UNIT, UNIT][index], 0, 0, 0, bytes(32), bytes(32),
    )  # fmt: skip


def closed(made: PaperDesk) -> PaperDesk:
    made.answers["Reserve", "isOpen"] = False
    return made


def night(made: PaperDesk, until: int = NOW + 14 * HOUR) -> PaperDesk:
    """Close the bank by its calendar; its payments settle at *until*."""
    made.bank_desk.closed, made.bank_desk.due = ("helvetia",), until
    return made


PRESSED: dict[str, tuple[Callable[[PaperDesk], object], str, dict[str, int]]] = {
    "a weekend of closed banks": (weekend, "severe", {"shortfall-1d": 1}),
    "the same in a mild run": (weekend, "mild", {}),
    "a brake": (
        lambda d: d.answers.update({("Reserve", "paused"): True}), "mild",
        {"doors": 1, "shortfall-1h": 1, "shortfall-1d": 1, "shortfall-1w": 1}),
    "a brake at night": (
        lambda d: night(closed(d)).answers.update({("Reserve", "paused"): True}), "mild",
        {"doors": 1, "shortfall-1h": 1, "shortfall-1d": 1, "shortfall-1w": 1}),
    "a reserve that is closed with its bank": (lambda d: night(closed(d)), "mild", {}),
    "a weekend of closed doors, and little behind them": (
        lambda d: weekend(night(closed(d))),
        "severe", {"shortfall-1h": 1, "shortfall-1d": 1}),
    "a limit of the day that is used up": (
        lambda d: d.answers.update({("Reserve", "dailyLimit"): 300 * UNIT}), "severe",
        {"shortfall-1d": 1, "shortfall-1w": 1}),
    "a locked wallet": (set_to("custody_desk", locked=("aegis",)), "mild", {"shut": 1}),
    "a failed bank": (set_to("bank_desk", silent=("helvetia",)), "mild", {"shut": 3}),
    "a run": (
        lambda d: d.logs.update({("Reserve", "Redeemed"): [
            log_of("Reserve", "Redeemed", age=HOUR, ptAmount=271 * UNIT)]}),
        "mild", {"run": 1}),
}  # fmt: skip


@pytest.mark.parametrize(("change", "profile", "items"), PRESSED.values(), ids=PRESSED.keys())
def test_what_cannot_be_paid_out_is_named(
    *, change: Callable[[PaperDesk], object], profile: str, items: dict[str, int]
) -> None:
    made = reserve()
    change(made)
    finding = liquid(made, profile=profile)
    assert wrong(finding) == {name: count for name, count in items.items() if count}
    assert finding.verdict == ("finding" if items else "ok")


SHUT = {"doors": 1, "shortfall-1h": 1, "shortfall-1d": 1, "shortfall-1w": 1}


@pytest.mark.parametrize("failed", [False, True], ids=["its bank is open", "its bank failed"])
def test_a_reserve_that_nobody_opens_is_shut_at_the_second_look(*, failed: bool) -> None:
    made = reserve()
    closed(made)
    if failed:
        made.bank_desk.silent = ("helvetia",)
    first = liquid(made)
    assert "doors" not in wrong(first), "whoever opens it may be on the way"
    made.evidence.file("TR5", NOW, first)
    assert SHUT.items() <= wrong(liquid(made)).items()
    made.answers["Reserve", "isOpen"] = True
    made.evidence.file("TR5", NOW, liquid(made))
    closed(made)
    assert "doors" not in wrong(liquid(made)), "it was open in between"


def test_the_first_look_of_the_morning_is_no_second_one() -> None:
    made = reserve()
    closed(made)
    night(made)
    made.evidence.file("TR5", NOW, liquid(made))
    made.bank_desk.closed = ()
    assert wrong(liquid(made)) == {}


def test_a_closed_reserve_without_a_bank_is_shut_at_once() -> None:
    made = reserve()
    closed(made)
    made.bank_desk.cash = {}
    assert wrong(liquid(made)) == SHUT


def test_whoever_runs_faster_than_the_mild_profile_is_on_the_severe_one() -> None:
    made = reserve()
    made.logs["Reserve", "Redeemed"] = [
        log_of("Reserve", "Redeemed", age=HOUR, ptAmount=271 * UNIT)
    ]
    finding = liquid(made)
    assert (finding.data["profile"], finding.data["redeemed_8h"]) == ("severe", 271 * UNIT)
    made.logs["Reserve", "Redeemed"] = [
        log_of("Reserve", "Redeemed", age=HOUR, ptAmount=269 * UNIT)
    ]
    assert liquid(made).data["profile"] == "mild"
