"""Exchange integration: APIs, pairs, makers, prices and the people behind them (IX)."""

from __future__ import annotations

from typing import Any

from twin.catalog import Settings, check, daily, every, runbook
from twin.desk.port import Desk, Pair
from twin.desk.port.contacts import CALL
from twin.desk.steps import Case, Decide, Finding, Keep, Look, Notify, Runbook, Wait, Work
from twin.errors import NoData
from twin.procedures.integration.venue_prices import (
    MarketData,
    audit_index,
    depths_of,
    reference,
    rejected,
)
from twin.procedures.integration.venue_probes import ExchangeWatch, behaviour
from twin.procedures.integration.venue_relations import (
    Relationship,
    answered,
    exposure,
    last_test,
    signals,
    tree_of,
)
from twin.procedures.prices import no_venue, wrong_of

__all__ = [
    "MakerReview",
    "coordinate_makers",
    "exchange_api",
    "market_data",
    "relationships",
    "trading_pairs",
]


@check(
    "IX1",
    "Integration Management / Exchange Integration / Exchange API monitoring",
    cadence=every(minutes=15),
    inputs=("venue REST heartbeat", "order and withdrawal probes", "status page"),
    evidence="scorecard per venue: heartbeat, clock, orders, withdrawals, status page",
    settings=ExchangeWatch,
    applies=no_venue,
)
def exchange_api(desk: Desk, settings: ExchangeWatch) -> Finding:
    """Exchange API monitoring.

    What a venue does is held against what its status page says: FTX was operational by its own
    account while withdrawals no longer left it (2022-11-08).
    """
    total: dict[str, int] = {}
    data: dict[str, Any] = {}
    for venue in desk.services.exchanges.names():
        problems, facts = behaviour(desk, venue, settings)
        data[venue] = {**facts, "problems": wrong_of(problems)}
        for name, count in problems.items():
            total[name] = total.get(name, 0) + count
    if not data:
        return Finding("no-data", "there is no venue to watch")
    wrong = wrong_of(total)
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"venues: {', '.join(wrong)}" if wrong else "venues do what they say",
        data=data,
        problems=total,
    )


def _metadata(pair: Pair) -> dict[str, Any]:
    """Return what must be as agreed, to the unit."""
    return {
        "symbol": pair.symbol, "api": pair.api, "tick": pair.tick, "lot": pair.lot,
        "fee": pair.fee, "decimals": pair.decimals,
    }  # fmt: skip


def _review(desk: Desk, venue: str) -> tuple[dict[str, int], dict[str, Any]]:
    """Return the problems of the pair at *venue*, and each field as [agreed, found]."""
    agreed = desk.services.exchanges.listing(venue)
    try:
        pair = desk.services.exchanges.pair(venue)
    except NoData as error:
        return {"unread": 1}, {"unread": str(error)}
    wanted, found = _metadata(agreed), _metadata(pair)
    differs = {name: [wanted[name], found[name]] for name in wanted if wanted[name] != found[name]}
    bands = not 0 < pair.band_low <= agreed.band_low or not pair.band_high >= agreed.band_high
    missing = not pair.band_low or not pair.band_high
    problems = {
        "metadata": len(differs),
        "listing": int(pair.status != "trading" or pair.delist_at is not None),
        "bands": int(bands or missing),
        "unread": 0,
    }
    facts: dict[str, Any] = {
        "differs": differs, "status": pair.status, "bands": [pair.band_low, pair.band_high],
    }  # fmt: skip
    if pair.delist_at is not None:
        facts["delisted_in"] = pair.delist_at - desk.now
    return problems, facts


@check(
    "IX2",
    "Integration Management / Exchange Integration / Trading pair maintenance",
    cadence=every(hours=6),
    inputs=("venue pair metadata", "register of listings"),
    evidence="difference between metadata and register: listing, symbol, tick, lot, fee, bands",
    applies=no_venue,
)
def trading_pairs(desk: Desk, settings: Settings) -> Finding:
    """Trading pair maintenance.

    The pair at each venue is held against the register: an order in a pair of other decimals is
    another order, and a market without price bands has no brake (LME nickel, 2022-03-08).
    """
    del settings
    total: dict[str, int] = {}
    data: dict[str, Any] = {}
    for venue in desk.services.exchanges.names():
        problems, data[venue] = _review(desk, venue)
        for name, count in problems.items():
            total[name] = total.get(name, 0) + count
    if not data or total.get("unread") == len(data):
        return Finding("no-data", "no venue shows its pair", data, {**total, "no-data": 1})
    wrong = wrong_of(total)
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"pairs differ: {', '.join(wrong)}" if wrong else "pairs as registered",
        data=data,
        problems=total,
    )


class MakerReview(Settings):
    """IX3 looks back *window* seconds; below *replace_ppm* of the owed uptime a maker is replaced."""

    window: int = 86_400
    replace_ppm: int = 700_000
    due: int = 2 * 86_400


def _obligations(desk: Desk, settings: MakerReview) -> list[dict[str, Any]]:
    """Look at each contract: what is owed, the uptime by the series, and the quotes now."""
    found = []
    for contract in desk.services.makers.contracts():
        labels = f'maker="{contract.maker}",venue="{contract.venue}"'
        uptime = desk.metrics.query(
            f"avg_over_time(fictra_maker_honoured{{{labels}}}[{settings.window}s])"
        )
        try:
            quotes = desk.services.makers.quotes(contract)
        except NoData:
            now: dict[str, Any] = {"spread": None, "depth": 0, "honoured": False}
        else:
            now = {
                "spread": quotes.spread,
                "depth": quotes.depth(contract.within),
                "honoured": quotes.honours(contract),
            }
        found.append(
            {"contract": contract.name, "maker": contract.maker, "venue": contract.venue,
             "owed": {"spread": contract.max_spread, "depth": contract.min_depth,
                      "uptime_ppm": contract.uptime},
             "uptime_ppm": round(uptime[0][1] * 10**6) if uptime else None,
             "now": now, "replacement": contract.replacement}
        )  # fmt: skip
    return found


def _missed(contract: dict[str, Any]) -> bool:
    uptime = contract["uptime_ppm"]
    return uptime is not None and uptime < contract["owed"]["uptime_ppm"]


def _advice(missed: list[dict[str, Any]], settings: MakerReview) -> str:
    """Advise to replace where the uptime is far below what is owed, else to warn."""
    far = any(
        item["uptime_ppm"] * 10**6 < settings.replace_ppm * item["owed"]["uptime_ppm"]
        for item in missed
    )
    return "replace" if far else "warn"


@runbook(
    "IX3",
    "Integration Management / Exchange Integration / Liquidity provision coordination",
    cadence=daily("09:00"),
    role="treasurer",
    effort=900,
    inputs=("book snapshots by maker", "maker contracts", "uptime series"),
    evidence="obligation report per contract: spread, depth, uptime; warning or replacement plan",
    settings=MakerReview,
    applies=no_venue,
)
def coordinate_makers(case: Case, settings: MakerReview) -> Runbook:
    """Liquidity provision coordination.

    Makers owe a spread, a depth and an uptime. Who misses them in calm will not be there at
    stress: it is warned, or replaced, and the plan for it is kept as an action.
    """
    contracts = yield Look("What do the makers owe, and quote?", _obligations, (settings,))
    facts = {"cause": case.cause, "contracts": contracts, "window": settings.window}
    blind = [item["contract"] for item in contracts if item["uptime_ppm"] is None]
    if not contracts or len(blind) == len(contracts):
        return Finding("no-data", "no uptime of any maker is known", facts, {"no-data": 1})
    missed = [item for item in contracts if _missed(item)]
    problems = {"obligation": len(missed), "unknown": len(blind)}
    if not missed:
        return Finding("ok", "makers keep their contracts", facts, problems)
    names = ", ".join(item["contract"] for item in missed)
    yield Work("treasurer", 900, f"review the obligation report on {names}")
    choice = yield Decide(
        "treasurer", f"{names} missed what is owed: what now?", ("replace", "warn", "accept"),
        _advice(missed, settings), facts,
    )  # fmt: skip
    kept = []
    for item in missed if choice != "accept" else []:
        yield Notify(f"maker:{item['maker']}", f"obligations at {item['venue']}",
                     f"uptime {item['uptime_ppm']} ppm of {item['owed']['uptime_ppm']}")  # fmt: skip
        what = f"replace {item['contract']}" if choice == "replace" else f"warn {item['contract']}"
        kept.append((yield Keep("action", subject=what, data={"replacement": item["replacement"]})))
    facts |= {"choice": choice, "actions": kept}
    return Finding("finding", f"obligations missed: {names}: {choice}", facts, problems)


@check(
    "IX4",
    "Integration Management / Exchange Integration / Market data verification",
    cadence=every(minutes=15),
    inputs=("venue tickers and trades", "venue indices", "pool price"),
    evidence="index audit: rejected prints, composition, arithmetic, distance from the median",
    settings=MarketData,
    applies=no_venue,
)
def market_data(desk: Desk, settings: MarketData) -> Finding:
    """Market data verification.

    Prints far from the median of all venues and the pool are rejected. The index that each venue
    marks by is recomputed, and its composition audited: one that rests on the venue's own thin
    book says nothing but what the venue trades.
    """
    fair, prices = reference(desk)
    depths = depths_of(desk)
    total: dict[str, int] = {}
    data: dict[str, Any] = {"reference": fair, "prices": prices, "venues": {}}
    for venue in desk.services.exchanges.names():
        try:
            prints = rejected(desk, venue, fair, settings)
            problems, facts = audit_index(
                desk, venue, prices, settings, fair=fair, depths=depths
            )  # fmt: skip
        except NoData as error:
            problems, facts, prints = {"unread": 1}, {"unread": str(error)}, []
        problems = {**problems, "print": len(prints)}
        data["venues"][venue] = {"index": facts, "rejected": prints, "problems": wrong_of(problems)}
        for name, count in problems.items():
            total[name] = total.get(name, 0) + count
    if not data["venues"] or total.get("unread") == len(data["venues"]):
        return Finding("no-data", "no venue shows its data", data, {**total, "no-data": 1})
    wrong = wrong_of(total)
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"market data: {', '.join(wrong)}" if wrong else "market data agree",
        data=data,
        problems={"unread": 0, **total},
    )


def _relations(desk: Desk, settings: Relationship) -> dict[str, Any]:
    """Look at exposures, signals, the tree, and when it was last called."""
    called = last_test(desk)
    return {
        "exposure": exposure(desk, settings),
        "news": signals(desk, settings),
        "tree": tree_of(desk),
        "tested_at": called,
        "test_due": desk.now - called >= settings.test_every,
        "risks": {
            str(item.data.get("venue")): item.id
            for item in desk.stores.entries("risk", unended=True)
        },
        "now": desk.now,
    }


@runbook(
    "IX5",
    "Integration Management / Exchange Integration / Exchange relationship management",
    level="C",
    cadence=daily("08:30"),
    role="liaison",
    effort=600,
    inputs=("contact tree and receipts", "account balances", "news feed"),
    evidence="call-tree result, exposure log per venue, early-warning signals, age of the news",
    settings=Relationship,
    applies=no_venue,
)
def relationships(case: Case, settings: Relationship) -> Runbook:
    """Exchange relationship management.

    Exposures against limits and the news on each venue every day; the contact tree is called when
    its last test is too old. What a venue's people say cannot be proved here: that they were
    called, answered, and when, can.
    """
    seen = yield Look("What is ours where, and what is said?", _relations, (settings,))
    facts: dict[str, Any] = {"cause": case.cause, **seen}
    alarming = seen["news"]["alarming"]
    warned = [venue for venue, said in alarming.items() if len(said) >= settings.max_signals]
    problems = {
        "exposure": len(seen["exposure"]["over"]),
        "unread": len(seen["exposure"]["unread"]),
        "signals": len(warned),
        "news-stale": int(seen["news"]["news_age"] < 0),
        "unreachable": 0,
    }
    if seen["test_due"]:
        yield Work("liaison", 600, "call the contact tree")
        for contact in seen["tree"]:
            text = f"Test of the call tree: please confirm over {contact['channel']}."
            yield Notify(f"{CALL}{contact['name']}", "call tree", text)
        yield Wait(settings.patience, "answers from the call tree")
        facts["called_at"] = seen["now"]
        facts["answers"] = yield Look("Who answered?", answered, (seen["now"],))
        problems["unreachable"] = len(facts["answers"]["unreachable"])
    facts["risks_kept"] = []
    for venue in warned:
        if venue not in seen["risks"]:
            kept = yield Keep(
                "risk", subject=f"{venue} may fail: reduce what is ours there",
                data={"venue": venue, "signals": alarming[venue]},
            )  # fmt: skip
            facts["risks_kept"].append(kept)
    wrong = wrong_of(problems)
    if not wrong:
        return Finding("ok", "venues within limits and reachable", facts, problems)
    return Finding("finding", f"venues: {', '.join(wrong)}", facts, problems)
