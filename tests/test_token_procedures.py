"""TP1, TP2 and TP5 on paper: quiet, each finding, no data."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_lab import ADDRESSES, HOUR
from paper_desk import NOW, PaperDesk, Stage, refused

from twin.desk.port import LogRecord, Simulation
from twin.desk.records import canonical
from twin.desk.steps import Case, Finding
from twin.errors import NoData, Reverted
from twin.procedures.tokens.pool import PoolPolicy, manage_pool, plan
from twin.procedures.tokens.stability import RunRisk, index_of, market_stability, points, stage_of
from twin.procedures.tokens.supply import SupplyLimits, token_supply

MILLION = 10**6 * 10**6
POOL, PT = "LiquidityPool", ADDRESSES["PaymentToken"]
RESERVE, TREASURY = ADDRESSES["Reserve"], ADDRESSES["treasury"]
ANN, BEN, DEPLOYER, ISSUER, MANAGER = (bytes([number]) * 20 for number in (1, 2, 3, 4, 5))
GONE = Reverted(b"", "NoObservation")


def met(finding: Finding) -> set[str]:
    canonical(finding.data)
    return {name for name, count in finding.problems.items() if count}


# -- TP2 -------------------------------------------------------------------------------------------


def market(
    *, spot: int = 10**6, average: int | None = 10**6, coverage: Any = None, depth: float = 50_000.0,
) -> PaperDesk:  # fmt: skip
    """Return a desk with a supply of four million; *coverage* declares a reserve."""
    desk = PaperDesk(addresses=dict(ADDRESSES))
    desk.answers[POOL, "reserves"] = (2 * MILLION, 2 * spot * 10**6, NOW)
    desk.answers[POOL, "consult"] = GONE if average is None else (average * 100, NOW - 1_800)
    desk.answers["PaymentToken", "totalSupply"] = 4 * MILLION
    desk.series = {"fictra_pool_depth_stable": [depth], "avg_over_time(": [50_000.0]}
    if coverage is not None:
        desk.approved = {"reserve.stable": 1, "reserve.bills": 0, "reserve.gold": 0}
        desk.answers["Reserve", "coverage"] = coverage
    return desk


def redeemed(amount: int, age: int = 600) -> LogRecord:
    return LogRecord(290, NOW - age, "Reserve", "Redeemed", {"ptAmount": amount})


def risk(desk: PaperDesk, before: int | None = None) -> Finding:
    if before is not None:
        filed = Finding("finding", "", {"coverage_best": 10**6}, {"stage": before})
        desk.evidence.file("TP2", NOW - 900, filed)
    return market_stability(desk, RunRisk())


def test_a_calm_market_is_at_stage_0() -> None:
    finding = risk(market())
    assert (finding.verdict, finding.data["index"], finding.data["actions"]) == ("ok", 0, [])


COMPONENTS: dict[str, tuple[PaperDesk, str, int]] = {
    "two percent off": (market(spot=980_000, average=980_000), "depeg", 50),
    "above par is no run": (market(spot=1_050_000, average=1_050_000), "depeg", 0),
    "a quarter of the depth": (market(depth=37_500.0), "depth", 50),
    "all of the depth": (market(depth=0.0), "depth", 100),
    "an average that lags": (market(spot=990_000), "lag", 50),
    "a lag is capped": (market(spot=900_000), "lag", 60),
    "coverage never filed before": (market(coverage=700_000), "coverage", 0),
    "coverage unread": (market(coverage=Reverted(b"", "Stale")), "coverage", 100),
}


@pytest.mark.parametrize(("desk", "name", "got"), COMPONENTS.values(), ids=COMPONENTS.keys())
def test_each_component_has_its_points(desk: PaperDesk, name: str, got: int) -> None:
    assert risk(desk).data["components"][name] == got


def test_coverage_counts_by_its_fall() -> None:
    finding = risk(market(coverage=975_000), before=0)
    assert finding.data["components"]["coverage"] == 50
    assert finding.data["coverage_best"] == 10**6


def test_redemptions_of_the_rate_of_march_2023_are_a_run() -> None:
    desk = market(coverage=10**6)
    desk.logs["Reserve", "Redeemed"] = [redeemed(100 * 10**9), redeemed(28 * 10**9)]
    finding = risk(desk)
    assert finding.data["exit_ppm"] == 32_000
    assert (finding.problems["stage"], finding.data["stage_before"]) == (3, 0)
    assert len(finding.data["actions"]) == 9


def test_what_was_redeemed_before_the_window_does_not_count() -> None:
    desk = market(coverage=10**6)
    desk.logs["Reserve", "Redeemed"] = [redeemed(128 * 10**9, age=28_801)]
    assert risk(desk).problems["stage"] == 0


def test_sales_to_the_pool_are_an_exit_too_and_purchases_offset_them() -> None:
    desk = market()
    args = {"sender": ANN, "tokenIn": PT, "amountIn": 64 * 10**9, "amountOut": 64 * 10**9}
    bought = {**args, "tokenIn": ANN}
    desk.logs[POOL, "Swapped"] = [LogRecord(1, NOW - 60, POOL, "Swapped", args)]
    assert risk(desk).data["components"]["exit"] == 50
    desk.logs[POOL, "Swapped"].append(LogRecord(1, NOW - 50, POOL, "Swapped", bought))
    assert risk(desk).data["components"]["exit"] == 0


def test_redemptions_against_a_lagging_average_are_a_spiral() -> None:
    desk = market(spot=985_000, coverage=10**6)
    desk.logs["Reserve", "Redeemed"] = [redeemed(10**9)]
    assert "spiral" in met(risk(desk))
    assert "spiral" not in met(risk(market(spot=985_000, coverage=10**6)))


def test_an_empty_pool_and_an_unread_coverage_are_no_pass() -> None:
    desk = market()
    desk.answers[POOL, "reserves"] = (0, 0, 0)
    assert risk(desk).verdict == "no-data"
    assert "coverage-unread" in met(risk(market(coverage=GONE)))


@pytest.mark.parametrize(
    ("index", "before", "stage"),
    [(39, 0, 0), (40, 0, 1), (70, 0, 2), (100, 0, 3), (31, 1, 1), (30, 1, 1), (29, 1, 0),
     (61, 2, 2), (59, 2, 1), (91, 3, 3), (89, 3, 2), (0, 3, 0)],
)  # fmt: skip
def test_a_stage_is_left_well_below_where_it_began(index: int, before: int, stage: int) -> None:
    assert stage_of(index, before, RunRisk()) == stage


@pytest.mark.parametrize(
    ("values", "index"),
    [({}, 0), ({"a": 40}, 40), ({"a": 40, "b": 40}, 50), ({"a": 100, "b": 100}, 100)],
)
def test_the_worst_counts_whole_and_the_others_a_quarter(
    values: dict[str, int], index: int
) -> None:
    assert index_of(values) == index


def test_points_are_bounded() -> None:
    assert [points(value, 10) for value in (-5, 0, 5, 10, 99)] == [0, 0, 50, 100, 100]


# -- TP5 -------------------------------------------------------------------------------------------


def minted(amount: int, by: bytes, *, block: int = 250, age: int = 900) -> LogRecord:
    return LogRecord(
        block, NOW - age, "PaymentToken", "Minted", {"to": ANN, "amount": amount, "by": by}
    )


def burned(amount: int, by: bytes, *, age: int = 900) -> LogRecord:
    return LogRecord(
        250, NOW - age, "PaymentToken", "Burned", {"from": ANN, "amount": amount, "by": by}
    )


def moved(who: bytes, to: bytes, *, age: int = 900) -> LogRecord:
    return LogRecord(1, NOW - age, "PaymentToken", "Transfer", {"from": who, "to": to, "value": 1})


class Ledger(PaperDesk):
    """A desk whose tokens are a table of balances, with a genesis of 100 for Ann."""


def ledger(
    *mints: LogRecord, reserve: int = 0, burned: int = 0, balances: dict[bytes, int] | None = None,
    **totals: int,
) -> Ledger:  # fmt: skip
    desk = Ledger(addresses=dict(ADDRESSES))
    genesis = minted(100, DEPLOYER, block=0, age=90_000)
    desk.logs["PaymentToken", "Minted"] = [genesis, *mints]
    total = 100
    for record in mints:
        total += record.args["amount"]
    held = {ANN: 30, BEN: 20} if balances is None else balances
    answers = {
        ("PaymentToken", "totalMinted"): total, ("PaymentToken", "totalBurned"): burned,
        ("PaymentToken", "totalSupply"): total - burned, ("Reserve", "totalMinted"): reserve,
        ("Reserve", "totalRedeemed"): 0,
        ("PaymentToken", "balanceOf"): lambda account: held.get(account, 0),
    }  # fmt: skip
    desk.answers |= answers | {("PaymentToken", name): value for name, value in totals.items()}
    desk.logs["PaymentToken", "Transfer"] = [
        moved(bytes(20), ANN, age=90_000), moved(ANN, BEN), moved(ANN, ADDRESSES[POOL]),
    ]  # fmt: skip
    return desk


def prove(desk: PaperDesk) -> Finding:
    finding = token_supply(desk, SupplyLimits())
    desk.evidence.file("TP5", desk.now, finding)
    return finding


SUPPLIES: dict[str, tuple[Ledger, set[str]]] = {
    "the founders' alone": (ledger(), set()),
    "taken in by the reserve": (ledger(minted(7, RESERVE), reserve=7), set()),
    "converted": (ledger(minted(7, ADDRESSES["Conversion"])), set()),
    "by the issuer's key": (ledger(minted(7, ISSUER)), {"unbacked"}),
    "the reserve's books differ": (ledger(minted(7, RESERVE), reserve=6), {"reserve-books", "unbacked"}),
    "a supply that does not add up": (ledger(totalSupply=101), {"identity"}),
    "minted without an event": (
        ledger(totalMinted=107, totalSupply=107), {"mint-events", "unbacked"}),
    "burned without an event": (ledger(burned=5), {"burn-events"}),
    "one holder of almost all": (ledger(balances={ANN: 60}), {"holder"}),
}  # fmt: skip


@pytest.mark.parametrize(("desk", "items"), SUPPLIES.values(), ids=SUPPLIES.keys())
def test_the_supply_is_proved_or_what_is_wrong_is_named(desk: Ledger, items: set[str]) -> None:
    finding = prove(desk)
    assert met(finding) == items
    assert finding.verdict == ("finding" if items else "ok")


def test_a_mint_that_a_change_record_approves_is_backed_by_it() -> None:
    desk = ledger(minted(7, ISSUER))
    change = desk.stores.create(
        "change", NOW, subject="seed", data={"mint_pt": 7}, state="requested"
    )
    assert "unbacked" in met(prove(desk))
    desk.stores.change(change.id, NOW, state="approved")
    assert met(prove(desk)) == set()


def test_a_mint_that_was_taken_back_is_unbacked_no_more() -> None:
    desk = ledger(minted(7, ISSUER), burned=5)
    desk.logs["PaymentToken", "Burned"] = [burned(5, MANAGER)]
    assert prove(desk).data["unbacked"] == 2
    desk.now += HOUR
    desk.logs["PaymentToken", "Minted"] = []
    desk.logs["PaymentToken", "Burned"] = [burned(2, MANAGER, age=-HOUR)]
    desk.answers |= {("PaymentToken", "totalBurned"): 7, ("PaymentToken", "totalSupply"): 100}
    assert met(prove(desk)) == set()


def test_what_the_reserve_burned_takes_no_mint_back() -> None:
    desk = ledger(minted(7, ISSUER), burned=7)
    desk.logs["PaymentToken", "Burned"] = [burned(7, RESERVE)]
    desk.answers["Reserve", "totalRedeemed"] = 7
    assert met(prove(desk)) == {"unbacked"}


def test_the_days_count_of_holders_stands_until_the_next_one() -> None:
    desk = ledger(balances={ANN: 60})
    assert met(prove(desk)) == {"holder"}
    desk.now += HOUR
    again = prove(desk)
    assert ("holders" in again.data, met(again)) == (False, {"holder"})


def test_each_run_goes_on_where_the_last_ended() -> None:
    desk = ledger(minted(7, RESERVE), reserve=7)
    first = prove(desk)
    desk.logs["PaymentToken", "Minted"] = []  # what was counted is not asked for again
    desk.now += HOUR
    again = prove(desk)
    assert (again.verdict, again.data["minted_by"]) == ("ok", first.data["minted_by"])
    assert again.data["checkpoint"] == "TP5-00001"
    assert "holders" not in again.data


def test_holders_are_counted_once_a_day_and_only_those_who_moved() -> None:
    desk = ledger()
    first = prove(desk)
    assert first.data["concentration"] == {
        "holders": 2, "largest": "0x" + ANN.hex(), "largest_ppm": 300_000, "ten_ppm": 500_000,
        "unseen": 50,
    }  # fmt: skip
    desk.now += 25 * HOUR
    desk.logs["PaymentToken", "Transfer"] = [moved(BEN, ANN, age=-HOUR)]
    desk.answers["PaymentToken", "balanceOf"] = {BEN: 5, ANN: 45}.get
    second = prove(desk)
    assert second.data["holders"] == {"0x" + ANN.hex(): 45, "0x" + BEN.hex(): 5}
    assert met(second) == {"holder"}


def test_a_run_that_failed_is_no_state_to_go_on_from() -> None:
    desk = ledger()
    prove(desk)
    desk.evidence.file("TP5", desk.now, Finding("failed", "reverted"))
    desk.now += HOUR
    assert prove(desk).verdict == "ok"


# -- TP1 -------------------------------------------------------------------------------------------


class Copy:
    """A fork on which each act grows the stable reserve by *grows*, or is refused."""

    def __init__(self, desk: PaperDesk, *, grows: int = 0, reason: str = "") -> None:
        self.desk, self.grows, self.reason = desk, grows, reason
        self.acts: list[str] = []

    def fork(self, purpose: str) -> Copy:
        assert purpose == "TP1"
        return self

    def act(self, authority: str, contract: str, function: str, args: Any) -> Simulation:
        assert authority == "treasury"
        assert all(value is not None for value in args)
        self.acts.append(f"{contract}.{function}")
        return Simulation(not self.reason, 1, self.reason)

    def read(self, contract: str, function: str) -> Any:
        pt, stable, at = self.desk.answers[contract, function]
        return pt, stable + self.grows, at


DEPTH = 49_390_153_191
"""What moves the price of a pool of two million by 5 %."""


def pool(
    *, stage: int | None = 0, spot: int = 10**6, held: int = MILLION, own: int = MILLION,
    removals: tuple[LogRecord, ...] = (), grows: int = 0, reason: str = "",
) -> PaperDesk:  # fmt: skip
    desk = PaperDesk(addresses=dict(ADDRESSES))
    desk.answers[POOL, "reserves"] = (2 * MILLION, 2 * spot * 10**6, NOW)
    desk.answers[POOL, "totalSupply"] = 2 * MILLION
    desk.answers[POOL, "balanceOf"] = own
    desk.answers["PaymentToken", "balanceOf"] = held
    desk.answers["StableAsset", "balanceOf"] = held
    desk.logs[POOL, "LiquidityRemoved"] = list(removals)
    desk.lab = Copy(desk, grows=grows, reason=reason)
    if stage is not None:
        desk.evidence.file("TP2", NOW - 60, Finding("ok", "", {}, {"stage": stage}))
    return desk


def taken(who: bytes, *, age: int = 600, block: int = 290) -> LogRecord:
    args = {"sender": who, "to": who, "shares": 10**9, "ptAmount": 10**9, "stableAmount": 10**9}
    return LogRecord(block, NOW - age, POOL, "LiquidityRemoved", args)


def manage(desk: PaperDesk, **policy: int) -> tuple[Finding, Stage]:
    stage = Stage(desk)
    finding = stage.play(manage_pool(Case("daily"), PoolPolicy(**policy)))
    return finding, stage


def test_without_a_policy_the_pool_is_watched_and_left_alone() -> None:
    finding, stage = manage(pool())
    assert (finding.verdict, stage.acts) == ("ok", [])
    assert finding.data["depth"] == DEPTH


def test_inside_its_band_it_is_left_alone() -> None:
    finding, stage = manage(pool(), low=40_000 * 10**6, high=60_000 * 10**6)
    assert (finding.verdict, stage.acts) == ("ok", [])


def test_a_thin_pool_is_deepened_by_rehearsed_and_decided_transactions() -> None:
    desk = pool(grows=200_000 * 10**6)
    finding, stage = manage(desk, low=54_000 * 10**6, high=80_000 * 10**6)
    assert [f"{act.contract}.{act.function}" for act in stage.acts] == desk.lab.acts == [
        "PaymentToken.approve", "StableAsset.approve", "LiquidityPool.addLiquidity",
    ]  # fmt: skip
    assert finding.data["rehearsal"]["success"]
    assert stage.log[-1] == "look: What is the depth now?"
    assert met(finding) == {"act"}, "on paper the pool did not follow, which is told"
    assert all(act.authority == "treasury" for act in stage.acts)


def test_one_move_is_bounded_by_what_the_treasury_has() -> None:
    seen = {"depth": 10, "stable": 1_000, "pt": 2_000, "held_stable": 400, "held_pt": 100}
    policy = PoolPolicy(low=20, high=30)
    assert plan(seen, policy) == {"move": "add", "pt": 25, "stable": 12}
    assert plan({**seen, "held_pt": 0}, policy)["move"] == "short"


def test_a_pool_that_is_thin_while_the_treasury_is_empty_is_a_finding() -> None:
    finding, stage = manage(pool(held=0), low=80_000 * 10**6)
    assert (finding.verdict, met(finding), stage.acts) == ("finding", {"short"}, [])


def test_a_deep_pool_is_thinned_in_calm() -> None:
    finding, stage = manage(pool(), low=10_000 * 10**6, high=40_000 * 10**6)
    assert [act.function for act in stage.acts] == ["removeLiquidity"]
    shares, pt, stable, to = stage.acts[0].args
    assert (shares, to) == (250_000 * 10**6, "0x" + TREASURY.hex())
    assert pt == stable == 248_750 * 10**6
    assert finding.verdict == "done"


UNCALM: dict[str, tuple[dict[str, Any], str]] = {
    "stage 1": ({"stage": 1}, "run risk at stage 1"),
    "no run risk is known": ({"stage": None}, "no run risk is known"),
    "off par": ({"spot": 994_000}, "6000 ppm off par"),
}


@pytest.mark.parametrize(("spoilt", "why"), UNCALM.values(), ids=UNCALM.keys())
def test_nothing_is_removed_unless_everything_is_calm(spoilt: dict[str, Any], why: str) -> None:
    finding, stage = manage(pool(**spoilt), low=10_000 * 10**6, high=40_000 * 10**6)
    assert (finding.verdict, stage.acts) == ("refused", [])
    assert why in finding.summary


def test_nothing_is_removed_during_an_incident() -> None:
    desk = pool()
    desk.store.create(0, summary="x", severity="P2", family="pool", alerts=[])
    finding, stage = manage(desk, low=10_000 * 10**6, high=40_000 * 10**6)
    assert (finding.verdict, stage.acts) == ("refused", [])


def test_a_removal_by_hand_is_told_and_kept_once() -> None:
    desk = pool(removals=(taken(TREASURY), taken(ANN)))
    finding, stage = manage(desk, low=10_000 * 10**6)
    assert (finding.verdict, met(finding)) == ("finding", {"off-policy"})
    assert len(finding.data["removals"]) == 1
    assert [step.audience for step in stage.notices] == ["team"]
    assert len(desk.stores.entries("action")) == 1
    desk.evidence.file("TP1", NOW, finding)
    desk.now += 86_400
    assert manage(desk)[0].data["removals"] == []


def test_our_own_removal_is_none_by_hand() -> None:
    desk = pool(removals=(taken(TREASURY, age=50, block=295),))
    filed = Finding("done", "", {"now": NOW - 100, "results": [{"block": 295}]})
    desk.evidence.file("TP1", NOW - 40, filed)
    assert manage(desk)[0].verdict == "ok"


def test_what_fails_in_the_rehearsal_is_not_signed() -> None:
    desk = pool(reason="SlippageExceeded")
    finding, stage = manage(desk, low=10_000 * 10**6, high=40_000 * 10**6)
    assert (finding.verdict, stage.acts) == ("failed", [])
    assert "SlippageExceeded" in finding.summary


def test_a_treasurer_may_leave_it_and_signers_may_be_missing() -> None:
    stage = Stage(pool(), choices={"remove liquidity": "leave"})
    policy = PoolPolicy(low=10_000 * 10**6, high=40_000 * 10**6)
    assert stage.play(manage_pool(Case("daily"), policy)).verdict == "refused"
    stage = Stage(pool(), on_act=refused)
    finding = stage.play(manage_pool(Case("daily"), policy))
    assert (finding.verdict, met(finding)) == ("failed", {"act"})


def test_an_empty_pool_is_no_data() -> None:
    desk = pool()
    desk.answers[POOL, "reserves"] = (0, 0, 0)
    with pytest.raises(NoData, match="empty"):
        manage(desk)
