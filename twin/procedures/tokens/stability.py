"""Payment Token operations: how near a run is, and what is set to be done about it (TP2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.catalog import Settings, check, every
from twin.desk.port import Desk, View
from twin.desk.steps import Finding
from twin.errors import Reverted, UnknownName
from twin.procedures.monitoring.market import spots, volatility_ppm
from twin.procedures.prices import PPM

__all__ = ["ACTIONS", "RunRisk", "declared_reserve", "index_of", "market_stability", "stage_of"]

ACTIONS: Mapping[int, tuple[str, ...]] = {
    0: (),
    1: (
        "the treasury removes no liquidity (TP1)",
        "makers confirm their quotes (IX3)",
        "the reserve manager lines up what is redeemable within an hour",
    ),
    2: (
        "fees and other parameters are frozen (TP4, change calendar)",
        "pauser and unpauser signers confirm that they can be reached",
        "a holding statement for holders is prepared",
    ),
    3: (
        "an incident of severity P1 is opened",
        "opening hours and daily limits of redemption are decided on",
        "conversion of FT into PT is paused while the peg is off",
    ),
}
"""What is set for each stage, on top of those below it. Iron's first wave was judged normal."""


class RunRisk(Settings):
    """What counts as full alarm (100 points) for each component, and where stages begin.

    Shares are ppm: of the supply that left within *window* seconds (USDC in March 2023: 3.2 % in
    8 h), of the depth that is gone against the last day, of the price below par, of volatility a
    root day, of the coverage that is missing, and by which the average lags a falling spot. A stage
    is left *hysteresis* points below where it began.
    """

    window: int = 28_800
    volatility_window: int = 7_200
    full_exit: int = 32_000
    full_depth: int = 500_000
    full_depeg: int = 40_000
    full_volatility: int = 150_000
    full_coverage: int = 50_000
    full_lag: int = 20_000
    twap: int = 1_800
    stages: tuple[int, int, int] = (40, 70, 100)
    hysteresis: int = 10


def declared_reserve(desk: Desk) -> bool:
    """Say whether the register declares a reserve."""
    try:
        return any(
            desk.register.parameter(f"reserve.{name}") for name in ("stable", "bills", "gold")
        )
    except UnknownName:
        return False


def points(value: int, full: int) -> int:
    """Return *value* as points of 100 at *full*, from 0 to 100."""
    return max(0, min(100, value * 100 // max(1, full)))


CAPS: Mapping[str, int] = {"volatility": 35, "lag": 60}
"""Most points of what a single large trade brings about: less than a stage, or the first alone."""


def index_of(components: Mapping[str, int]) -> int:
    """Return the index: the worst component whole, the others a quarter, at most 100.

    Several half alarms are an alarm, and one alone is what it is.
    """
    ordered = sorted(components.values(), reverse=True)
    rest = 0
    for value in ordered[1:]:
        rest += value
    return min(100, ordered[0] + rest // 4) if ordered else 0


def stage_of(index: int, before: int, settings: RunRisk) -> int:
    """Return the stage at *index* where it was *before*: up at once, down only well below."""
    stage = 0
    for number, begins in enumerate(settings.stages, start=1):
        if index >= begins or (number <= before and index >= begins - settings.hysteresis):
            stage = number
    return stage


def _exit(desk: Desk, view: View, settings: RunRisk) -> dict[str, int]:
    """Return what left within the window in PT units: redeemed, and sold to the pool net."""
    since = desk.now - settings.window
    pt = desk.register.address("PaymentToken")
    redeemed = sold = 0
    for record in view.logs("Reserve", "Redeemed", since=since):
        redeemed += record.args["ptAmount"]
    for record in view.logs("LiquidityPool", "Swapped", since=since):
        args = record.args
        sold += args["amountIn"] if args["tokenIn"] == pt else -args["amountOut"]
    return {"redeemed": redeemed, "sold": max(0, sold)}


def _read(view: View, contract: str, function: str, *args: Any) -> Any:
    """Return a view's answer, None where it reverts: a price too old, a history too short."""
    try:
        return view.read(contract, function, *args)
    except Reverted:
        return None


def _depth_lost(desk: Desk) -> int | None:
    """Return the share of the last day's average depth that is gone, ppm; None without a series."""
    now = desk.metrics.query('fictra_pool_depth_stable{level="5"}')
    day = desk.metrics.query('avg_over_time(fictra_pool_depth_stable{level="5"}[1d])')
    if not now or not day or day[0][1] <= 0:
        return None
    return max(0, round((1 - now[0][1] / day[0][1]) * PPM))


def _previous(desk: Desk) -> int:
    record = desk.evidence.last("TP2")
    return record.problems.get("stage", 0) if record else 0


def _covered(desk: Desk, view: View) -> tuple[int | None, int]:
    """Return the coverage and the best that was ever filed, at most full; (None, ...) unread.

    What the founders minted before there was a reserve stays uncovered: a fall is what counts.
    """
    if not declared_reserve(desk):
        return PPM, PPM
    record = desk.evidence.last("TP2")
    best: int = desk.evidence.data(record.ref).get("coverage_best", 0) if record else 0
    coverage = _read(view, "Reserve", "coverage")
    return coverage, min(PPM, max(best, coverage or 0))


def _components(
    desk: Desk, view: View, settings: RunRisk
) -> tuple[dict[str, int], dict[str, Any], list[str]]:
    """Return points by component, the facts behind them, and what could not be read."""
    pt, stable, _updated = view.read("LiquidityPool", "reserves")
    supply = view.read("PaymentToken", "totalSupply")
    left = _exit(desk, view, settings)
    spot = stable * PPM // pt if pt else 0
    average = _read(view, "LiquidityPool", "consult", settings.twap)
    lag = max(0, average[0] // 100 - spot) if average else 0
    records = view.logs("LiquidityPool", "Synced", since=desk.now - settings.volatility_window)
    volatility = volatility_ppm(spots(records), settings.volatility_window)
    lost = _depth_lost(desk)
    coverage, best = _covered(desk, view)
    gone = (left["redeemed"] + left["sold"]) * PPM // max(1, supply)
    found = {
        "exit": points(gone, settings.full_exit),
        "depth": points(lost or 0, settings.full_depth),
        "depeg": points(PPM - spot, settings.full_depeg),
        "volatility": points(volatility, settings.full_volatility),
        "coverage": 100 if coverage is None else points(best - coverage, settings.full_coverage),
        "lag": points(lag, settings.full_lag),
    }
    found = {name: min(value, CAPS.get(name, 100)) for name, value in found.items()}
    unread = [name for name, value in (("depth", lost), ("coverage", coverage)) if value is None]
    facts = {
        **left, "supply": supply, "exit_ppm": gone, "spot": spot, "lag_ppm": lag,
        "volatility_ppm": volatility, "depth_lost_ppm": lost,
        "coverage_ppm": coverage if declared_reserve(desk) else None,
        "coverage_best": best, "block": view.block,
    }  # fmt: skip
    return found, facts, unread


@check(
    "TP2",
    "Token Management / Payment Token Operations / Market stability monitoring",
    cadence=every(minutes=15),
    inputs=(
        "Redeemed and Swapped logs",
        "pool reserves, average, depth series",
        "Reserve.coverage",
    ),
    evidence="run-risk index by component, stage and its change, the actions set for it",
    settings=RunRisk,
)
def market_stability(desk: Desk, settings: RunRisk) -> Finding:
    """Market stability monitoring.

    Redemption and sale, depth, price, volatility, coverage, and the lag of the average behind a
    falling spot make one index; stages begin at set points and carry set actions, so that nobody
    has to judge in the first wave whether this one is normal (Iron, 2021-06-16).
    """
    view = desk.at()
    components, facts, unread = _components(desk, view, settings)
    if not facts["spot"]:
        return Finding("no-data", "the pool is empty", facts, {"empty": 1})
    index, before = index_of(components), _previous(desk)
    stage = stage_of(index, before, settings)
    spiral = facts["redeemed"] > 0 and components["lag"] >= 50
    actions = [text for number in range(1, stage + 1) for text in ACTIONS[number]]
    data = {
        **facts, "components": components, "index": index, "stage": stage, "stage_before": before,
        "actions": actions, "unread": unread,
    }  # fmt: skip
    problems = {
        "stage": stage, "index": index if stage else 0, "spiral": int(spiral),
        "coverage-unread": int("coverage" in unread),
    }  # fmt: skip
    if not stage and not spiral and not problems["coverage-unread"]:
        return Finding("ok", f"run risk {index} of 100: stage 0", data, problems)
    moved = f", from {before}" if stage != before else ""
    return Finding("finding", f"run risk {index} of 100: stage {stage}{moved}", data, problems)
