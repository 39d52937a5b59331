"""The scorecard of oracle nodes: what each endpoint says beside what stands on chain."""

from __future__ import annotations

from typing import Any

from twin.desk.port import Desk, View
from twin.errors import NoData
from twin.procedures.reading import read_all

__all__ = ["feed_risks", "scorecard"]

PPM = 1_000_000


def _newest(desk: Desk, view: View) -> dict[bytes, int]:
    """Return the unix second of each node's newest report on any feed; 0 where it has none."""
    feeds = [desk.register.feed_id(name) for name in desk.register.commodities()]
    found: dict[bytes, int] = {}
    for nodes, _answers, observed in read_all(
        view, [("OracleNetwork", "reports", (feed,)) for feed in feeds]
    ):
        for node, at in zip(nodes, observed, strict=True):
            found[node] = max(found.get(node, 0), at)
    return found


def _reports(view: View, since: int) -> dict[bytes, list[int]]:
    """Return, by node, how far each report since then was from the answer accepted before, in ppm."""
    accepted: dict[bytes, int] = {}
    found: dict[bytes, list[int]] = {}
    updates = [
        (log.block, 1, log) for log in view.logs("OracleNetwork", "AnswerUpdated", since=since)
    ]
    sent = [
        (log.block, 0, log) for log in view.logs("OracleNetwork", "AnswerSubmitted", since=since)
    ]
    for _block, is_update, log in sorted([*updates, *sent], key=lambda item: item[:2]):
        feed, answer = log.args["feed"], log.args["answer"]
        if is_update:
            accepted[feed] = answer
            continue
        gaps = found.setdefault(log.args["node"], [])
        if feed in accepted:
            gaps.append(abs(answer - accepted[feed]) * PPM // max(1, abs(accepted[feed])))
    return found


def scorecard(
    desk: Desk, *, window: int, silent_after: int, min_gas: int, max_latency_ms: int, outlier_ppm: int
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Return what is known of every node, and under `wrong` what is below its mark.

    Where feeds beat slowly a node is silent later: after two and a half of the fastest heartbeat.
    NoData where no node has reported at all.
    """
    view = desk.at()
    newest, sent = _newest(desk, view), _reports(view, desk.now - window)
    if not any(newest.values()):
        raise NoData("no oracle node has ever reported")
    release = desk.services.operators.release()
    patience = max(silent_after, _fastest(desk, view) * 5 // 2)
    cards: dict[str, dict[str, Any]] = {}
    for name, account in desk.register.nodes().items():
        balance = view.account(account).balance
        gaps = sent.get(account, [])
        card: dict[str, Any] = {
            "reports": len(gaps), "age": desk.now - newest.get(account, 0), "gas_wei": balance,
            "outliers": sum(gap > outlier_ppm for gap in gaps),
        }  # fmt: skip
        wrong = [
            *(["silent"] if card["age"] > patience else []),
            *(["unfunded"] if balance < min_gas else []),
            *(["outlier"] if 2 * card["outliers"] > max(1, len(gaps)) else []),
        ]
        try:
            status = desk.services.operators.status(name)
        except NoData:
            wrong.append("down")
        else:
            card |= {
                "version": status.version, "latency_ms": status.latency_ms,
                "uptime": desk.now - status.started, "said_gas_wei": status.gas_wei,
            }  # fmt: skip
            wrong += ["slow"] if status.latency_ms > max_latency_ms else []
            wrong += ["outdated"] if status.version != release else []
        cards[name] = {**card, "wrong": wrong}
    return cards


def _fastest(desk: Desk, view: View) -> int:
    """Return the shortest heartbeat of all feeds, seconds."""
    feeds = [desk.register.feed_id(commodity) for commodity in desk.register.commodities()]
    configs = read_all(view, [("OracleNetwork", "feedConfig", (feed,)) for feed in feeds])
    return min((config[2] for config in configs), default=0)


def feed_risks(desk: Desk) -> dict[str, dict[str, int]]:
    """Return fresh reporters and quorum of each feed: with no spare one, the next death ends it."""
    view, found = desk.at(), {}
    for commodity in desk.register.commodities():
        feed = desk.register.feed_id(commodity)
        (_nodes, _answers, observed), config = read_all(
            view, [("OracleNetwork", "reports", (feed,)), ("OracleNetwork", "feedConfig", (feed,))]
        )
        fresh = sum(desk.now - at <= config[4] for at in observed)
        found[commodity] = {"fresh": fresh, "quorum": config[5]}
    return found
